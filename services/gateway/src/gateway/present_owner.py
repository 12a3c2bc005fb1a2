"""From the fold of a delegation to what the API answers: pure, no rule of its own."""

import base64
from datetime import datetime
from decimal import Decimal

import msgspec

from contracts.control import KillLevel
from contracts.delegation import CanceledOrders, DelegationState, OwnerTransactionKind
from contracts.values import plain
from gateway import owner_views as views
from gateway.domain.consent import ConsentText, consent_text
from gateway.domain.desk import DeskState, equity_usd
from gateway.domain.owner import Offer, OwnerState
from gateway.live import Live
from gateway.stream.protocol import time_text

PROGRAM = "dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH"
"""The program that the paper chain stands for."""
OWNER_LAMPORTS_MIN = 20_000
"""Two signatures, and what a wallet may add."""
DELEGATE_LAMPORTS_MIN = 20_000_000
"""Below this the key is soon out of fees (execution.md 1.5)."""
SUBMIT = {
    OwnerTransactionKind.DELEGATE: "/api/delegation/submit",
    OwnerTransactionKind.REVOKE: "/api/delegation/revoke/submit",
}
_UNSIGNED = b"\x01" + bytes(64)
_NO_OWNER = (
    "This paper desk signs for itself: no wallet owns the account, and no delegate is needed. Set "
    "OWNER_WALLET, or SIGN_IN_WALLETS, to trade by delegation."
)


class Reading(msgspec.Struct, frozen=True):
    """What execution says that it read from the chain."""

    at: datetime
    """The chain's time; on a recorded or made-up feed it is not the clock's."""
    owner_lamports: int
    fee_payer_lamports: int
    has_key_store: bool


def reading_of(live: Live) -> Reading | None:
    """Give what execution reads now; None while it does not answer."""
    execution = next((one for one in live.services if one.name == "execution"), None)
    if execution is None or not (execution.is_up and execution.is_ready):
        return None
    try:
        told = execution.details.get(f"delegation.{live.account_id}"[:40], "")
        return msgspec.json.decode(told, type=Reading)
    except msgspec.DecodeError:
        return None


def text_of(state: DeskState) -> ConsentText | None:
    """Give the text that stands for the owner; None without an owner or an account."""
    wallet, account = state.owner.wallet, state.account
    if wallet is None or account is None:
        return None
    return consent_text(
        wallet=wallet,
        account=state.account_id,
        venue=account.opened.venue,
        settings=account.settings,
    )


def delegation_view(live: Live, *, is_owner: bool) -> views.DelegationView:
    """Give the delegation whole."""
    state, it = live.state, live.state.owner
    reading, text = reading_of(live), text_of(live.state)
    is_required = it.wallet is not None
    return views.DelegationView(
        is_required=is_required,
        note="" if is_required else _NO_OWNER,
        state=it.state.value if reading is not None else "unknown",
        state_at=_time(it.state_at),
        chain_time=None if reading is None else time_text(reading.at),
        owner=it.wallet,
        is_owner=is_owner,
        venue=views.VenuePlaceView(
            name="paper",
            cluster="paper",
            program=PROGRAM,
            quote="USDC",
            sub_account=0,
            user=it.sub_account,
        ),
        key=None
        if it.key is None
        else views.KeyView(
            address=it.key.address,
            born_at=time_text(it.key.born_at),
            expires_at=time_text(it.key.expires_at),
        ),
        on_chain=it.on_chain,
        consent=_consent(it, text),
        offer=_open_offer(live, it, reading),
        sent=None
        if it.sent is None
        else views.SentView(
            tx_id=str(it.sent.offer),
            kind=it.sent.kind.value,
            signature=it.sent.signature,
            status=it.sent.status,
            slot=it.sent.slot,
            code=it.sent.code,
        ),
        destroyed=None
        if it.ended is None
        else views.EndedKeyView(
            address=it.ended.address, reason=it.ended.reason.value, at=time_text(it.ended.at)
        ),
        position=_exposure(state),
        preflight=_preflight(state, reading, text) if is_required else [],
    )


def consent_view(live: Live, text: ConsentText) -> views.ConsentTextView:
    """Give the text that is to be agreed to."""
    price = live.market.price
    equity = equity_usd(live.state, None if price is None else price.last_usd)
    money = None if equity is None else plain(equity.quantize(Decimal("0.01")))
    limits = text.limits
    return views.ConsentTextView(
        title=text.title,
        sections=[
            views.SectionView(heading=it.heading, points=list(it.points)) for it in text.sections
        ],
        limits=views.ConsentLimitsView(
            leverage_max=plain(limits.leverage_max),
            risk_per_trade_bps=plain(limits.risk_per_trade_bps),
            daily_drawdown_limit_pct=plain(limits.daily_drawdown_limit_pct),
            equity_usd=money,
            worst_case_loss_usd=money,
        ),
        key_hours=limits.key_hours,
        text=text.text,
        text_sha256=text.sha256,
    )


def offer_view(state: DeskState, offer: Offer) -> views.OfferView:
    """Give a transaction as a wallet takes it."""
    event = offer.event
    return views.OfferView(
        tx_id=str(offer.id),
        kind=event.kind.value,
        base64=base64.b64encode(_UNSIGNED + base64.b64decode(event.message)).decode(),
        summary=_summary(state, offer),
        delegate=event.delegate,
        fee_payer=event.wallet,
        blockhash=event.blockhash,
        last_valid_block_height=event.last_valid_block_height,
        expires_at=time_text(event.expires_at),
        submit_to=SUBMIT[event.kind],
    )


def _open_offer(live: Live, it: OwnerState, reading: Reading | None) -> views.OfferView | None:
    """Give the newest offer that can still be signed, by the chain's time."""
    open_ones = [
        one
        for one in it.offers
        if not one.is_answered and (reading is None or one.event.expires_at > reading.at)
    ]
    return offer_view(live.state, open_ones[-1]) if open_ones else None


def _summary(state: DeskState, offer: Offer) -> views.SummaryView:
    event = offer.event
    if event.kind is OwnerTransactionKind.DELEGATE:
        return views.SummaryView(
            title="Name this desk's key as delegate",
            lines=[
                f"Sub-account 0 of {event.wallet}",
                f"Delegate {event.delegate}",
                "Moves no funds; the wallet pays the fee of one signature",
            ],
            warnings=[],
        )
    exposure = _exposure(state)
    all_orders = event.cancels is CanceledOrders.ALL
    cancels = "all open orders" if all_orders else "orders that would add to the position"
    warnings = (
        [
            (
                f"A position of {exposure.base} is open: this desk can no longer close it. Its "
                "stop and take-profits on the venue stay. Flatten first if you want to be out."
            )
        ]
        if exposure.is_open
        else []
    )
    return views.SummaryView(
        title="Take the right to sign back",
        lines=[
            f"Cancel {cancels} of sub-account 0 of {event.wallet}",
            "Name no delegate",
            "Both or neither; moves no funds",
        ],
        warnings=warnings,
    )


def _consent(it: OwnerState, text: ConsentText | None) -> views.ConsentView | None:
    if it.consent is None:
        return None
    return views.ConsentView(
        id=str(it.consent.id),
        at=time_text(it.consent.at),
        text_sha256=it.consent.text_sha256,
        is_current=text is not None and text.sha256 == it.consent.text_sha256,
    )


def _exposure(state: DeskState) -> views.ExposureView:
    base = state.book.holding.quantity_base
    open_orders = [it for it in state.book.orders if not it.status.is_over]
    return views.ExposureView(is_open=bool(base), base=plain(base), orders=len(open_orders))


def _preflight(
    state: DeskState, reading: Reading | None, text: ConsentText | None
) -> list[views.CheckView]:
    """Give everything that a delegation needs, met or not, in the order in which to mend it."""
    it = state.owner
    kill = state.kill_level
    foreign = it.state is DelegationState.FOREIGN
    consent = _consent(it, text)
    return [
        _check(
            "venue_reading",
            is_ok=reading is not None,
            found="the venue is read" if reading else "execution does not answer",
            remedy="Wait for execution, or restart it; what is shown is as of the time beside it.",
        ),
        _check(
            "sub_account",
            is_ok=it.sub_account is not None,
            found=it.sub_account or "none",
            remedy="The paper venue opens it with the first price of the feed: wait for it.",
        ),
        _check(
            "quote_mint",
            is_ok=state.account is not None,
            found="USDC, paper" if state.account else "no account",
            remedy="Deposit the quote asset into the sub-account.",
        ),
        _funds("owner_sol", reading and reading.owner_lamports, OWNER_LAMPORTS_MIN, "your wallet"),
        _funds(
            "delegate_sol",
            reading and reading.fee_payer_lamports,
            DELEGATE_LAMPORTS_MIN,
            "the delegate key",
        ),
        _check(
            "delegate",
            is_ok=not foreign,
            found=it.on_chain or "nobody",
            remedy="Somebody else, or a key of ours that is gone, may sign: delegate anew, or "
            "revoke.",
        ),
        _check(
            "delegate_transfer",
            is_ok=True,
            found="off: the paper chain knows no transfer by a delegate",
            remedy="",
        ),
        _check(
            "key_store",
            is_ok=reading is None or reading.has_key_store,
            found="sealed" if reading and reading.has_key_store else "none",
            remedy="Set DELEGATE_KEYS_DIR and KEY_ENCRYPTION_FILE for execution.",
        ),
        _check(
            "kill",
            is_ok=kill is None or kill < KillLevel.REVOKE_DELEGATE,
            found="none" if kill is None else kill.name.lower(),
            remedy="Resume trading first: this level of the kill switch ends every key.",
        ),
        _check(
            "consent",
            is_ok=consent is not None and consent.is_current,
            found="none" if consent is None else consent.at,
            remedy="Read and agree to the text that stands now.",
        ),
    ]


def _check(code: str, *, is_ok: bool, found: str, remedy: str) -> views.CheckView:
    return views.CheckView(code=code, is_ok=is_ok, found=found, remedy="" if is_ok else remedy)


def _funds(code: str, lamports: int | None, least: int, who: str) -> views.CheckView:
    found = "unknown" if lamports is None else f"{lamports} lamports"
    return _check(
        code,
        is_ok=lamports is not None and lamports >= least,
        found=found,
        remedy=f"Send SOL to {who}: at least {least} lamports for fees.",
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)
