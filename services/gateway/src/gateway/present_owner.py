"""From the fold of a delegation to what the API answers: pure, no rule of its own."""

import base64
from collections.abc import Iterator
from decimal import Decimal

from contracts.delegation import (
    CanceledOrders,
    OwnerTransactionKind,
    OwnerTransactionOffered,
)
from contracts.values import plain
from gateway import owner_views as views
from gateway.domain.consent import LOST_SOL, ConsentText, consent_text
from gateway.domain.desk import DeskState, equity_usd
from gateway.domain.owner import Offer, OwnerState
from gateway.live import Live
from gateway.place import Place
from gateway.present_preflight import Reading, preflight, reading_of
from gateway.stream.protocol import time_text
from gateway.written import maybe_time

SUBMIT = {
    OwnerTransactionKind.DELEGATE: "/api/delegation/submit",
    OwnerTransactionKind.REVOKE: "/api/delegation/revoke/submit",
}
UNSIGNED = b"\x01" + bytes(64)
"""One empty signature, before a message."""
_NO_OWNER = (
    "This paper desk signs for itself: no wallet owns the account, and no delegate is needed. Set "
    "OWNER_WALLET, or SIGN_IN_WALLETS, to trade by delegation."
)


def text_of(state: DeskState, place: Place) -> ConsentText | None:
    """Give the text that stands for the owner; None without an owner or an account."""
    wallet, account = state.owner.wallet, state.account
    if wallet is None or account is None:
        return None
    return consent_text(
        wallet=wallet,
        account=state.account_id,
        venue=place.title,
        is_on_chain=not place.is_paper,
        has_venue_page=bool(place.account_url),
        settings=account.settings,
    )


def delegation_view(
    live: Live, place: Place, *, is_owner: bool, may_act: bool
) -> views.DelegationView:
    """Give the delegation whole."""
    state, it = live.state, live.state.owner
    reading, text = reading_of(live), text_of(live.state, place)
    is_required = it.wallet is not None
    return views.DelegationView(
        is_required=is_required,
        note="" if is_required else _NO_OWNER,
        state=it.state.value if reading is not None else "unknown",
        state_at=maybe_time(it.state_at),
        chain_time=None if reading is None else time_text(reading.at),
        owner=it.wallet,
        is_owner=is_owner,
        may_act=may_act,
        venue=views.VenuePlaceView(
            name=place.title,
            cluster=place.venue,
            program=place.program,
            program_name=place.program_name,
            quote=place.quote,
            sub_account=place.sub_account,
            user=it.sub_account,
            account_page=place.account_page(owner=it.wallet, account=it.sub_account),
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
        offer=_open_offer(live, place, it, reading),
        sent=None
        if it.sent is None
        else views.SentView(
            tx_id=str(it.sent.offer),
            kind=it.sent.kind.value,
            delegate=it.sent.delegate,
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
        preflight=preflight(live, reading, _consent(it, text), quote=place.quote)
        if is_required
        else [],
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


def offer_view(live: Live, place: Place, offer: Offer) -> views.OfferView:
    """Give a transaction as a wallet takes it."""
    event = offer.event
    return views.OfferView(
        tx_id=str(offer.id),
        kind=event.kind.value,
        base64=base64.b64encode(UNSIGNED + base64.b64decode(event.message)).decode(),
        summary=_summary(live, place, offer),
        delegate=event.delegate,
        fee_payer=event.wallet,
        blockhash=event.blockhash,
        last_valid_block_height=event.last_valid_block_height,
        expires_at=time_text(event.expires_at),
        submit_to=SUBMIT[event.kind],
    )


def _open_offer(
    live: Live, place: Place, it: OwnerState, reading: Reading | None
) -> views.OfferView | None:
    """Give the newest offer that can still be signed, by the chain's time."""
    open_ones = [
        one
        for one in it.offers
        if not one.is_answered and (reading is None or one.event.expires_at > reading.at)
    ]
    return offer_view(live, place, open_ones[-1]) if open_ones else None


def _summary(live: Live, place: Place, offer: Offer) -> views.SummaryView:
    state, event = live.state, offer.event
    account = f"ub-account {place.sub_account} of {event.wallet}"
    if event.kind is OwnerTransactionKind.DELEGATE:
        return views.SummaryView(
            title="Name this desk's key as delegate",
            lines=[
                f"S{account}",
                f"Delegate {event.delegate}",
                *_set_up_lines(event, quote=place.quote),
            ],
            warnings=[] if place.is_paper else [f"{LOST_SOL[:1].upper()}{LOST_SOL[1:]}."],
        )
    exposure = _exposure(state)
    all_orders = event.cancels is CanceledOrders.ALL
    cancels = "all open orders" if all_orders else "orders that would add to the position"
    warnings = list(_lost_sol(live, place))
    if exposure.is_open:
        warnings.append(
            f"A position of {exposure.base} is open: this desk can no longer close it. Its "
            "stop and take-profits on the venue stay. Flatten first if you want to be out."
        )
    return views.SummaryView(
        title="Take the right to sign back",
        lines=[
            f"Cancel {cancels} of s{account}",
            "Name no delegate",
            "Both or neither; moves no funds",
        ],
        warnings=warnings,
    )


def _lost_sol(live: Live, place: Place) -> Iterator[str]:
    """Say how much SOL ends with the key that a revoke ends."""
    key, reading = live.state.owner.key, reading_of(live)
    if key is None or place.is_paper:
        return
    left = "the SOL"
    if reading is not None:
        left = f"{plain(Decimal(reading.fee_payer_lamports).scaleb(-9))} SOL"
    yield f"Lost with the key {key.address}: {left} that it has not spent on fees."


def _set_up_lines(event: OwnerTransactionOffered, *, quote: str) -> Iterator[str]:
    """Say what else a delegation does, and what it costs."""
    deposit, lamports = event.deposit_usd, event.delegate_lamports
    if event.opens_account:
        yield "Opens the sub-account; its rent of about 0.034 SOL comes back when it is deleted"
    if deposit is not None:
        yield f"Deposits {plain(deposit)} {quote} of the wallet in the sub-account"
    if event.leverage_max is not None:
        yield f"Cap leverage at {plain(event.leverage_max)} in the program itself"
    if lamports:
        yield f"Sends {plain(Decimal(lamports).scaleb(-9))} SOL to the delegate, for fees"
    if not (deposit or lamports or event.opens_account):
        yield "Moves no funds; the wallet pays the fee of one signature"
    elif event.opens_account and deposit is None:
        yield "Moves no other funds; deposit the quote asset yourself afterwards"
    else:
        yield "Moves no other funds"


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
