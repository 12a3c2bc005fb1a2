"""From the fold of what is signed by hand to what the API answers: pure, no rule of its own."""

import base64

from contracts.manual import OfferOutcome, Rehearsed, SigningMode, SimulatedEffect
from contracts.transaction import RetryClass
from contracts.values import plain
from gateway import signing_views as views
from gateway.domain.manual import Ended, Offer, Signed, SigningState, Status
from gateway.domain.manual_sentences import line_of
from gateway.domain.program_words import why_refused
from gateway.live import Live
from gateway.owner_views import SummaryView
from gateway.present_owner import UNSIGNED
from gateway.present_preflight import reading_of
from gateway.stream.protocol import time_text

SUBMIT = "/api/signing/submit"
NOTES = (
    (
        "Nothing is sent without your wallet: an entry, a take-profit, a move of the stop, a "
        "cancel and a close each wait for you."
    ),
    (
        "The entry carries its stop from birth. If that stop is ever missing, this desk cannot put "
        "it up again by itself: it asks you, for as long as the position is open."
    ),
    "The kill switch stops entries at once; flattening waits for your signature.",
)
_TITLES = {
    "entry": "Open a position with its stop",
    "stop": "Put up the stop",
    "tp1": "Put up the take-profits",
    "tp2": "Put up the take-profits",
    "tp3": "Put up the take-profits",
    "close": "Close the position at the market",
}
_ACTS = {
    "replace_intended": "Move an order",
    "cancel_intended": "Cancel orders",
    "trigger_intended": "Fire the stop",
    "side_cancel_intended": "Cancel every order of one side",
}


def signing_view(live: Live, *, may_act: bool) -> views.SigningView:
    """Give all of it."""
    it: SigningState = live.state.signing
    height = _height(live)
    is_manual = it.mode is SigningMode.MANUAL
    return views.SigningView(
        mode=it.mode.value,
        wallet=it.wallet,
        may_act=may_act,
        notes=list(NOTES) if is_manual else [],
        block_height=height,
        offers=[found for one in it.offers if (found := offer_view(one, height)) is not None],
        ended=[
            ended_view(one)
            for one in reversed(it.ended)
            if one.outcome is not OfferOutcome.SIGNED and one.offer.offered is not None
        ],
        signed=[signed_view(one) for one in reversed(it.signed)],
    )


def offer_view(offer: Offer, height: int | None) -> views.SigningOfferView | None:
    """Give a transaction as a wallet takes it; None while its bytes are not there."""
    offered = offer.offered
    if offered is None:
        return None
    last = offered.last_valid_block_height
    is_entry = offer.asked.retry_class is RetryClass.EXPOSURE
    return views.SigningOfferView(
        tx_id=str(offer.id),
        base64=base64.b64encode(UNSIGNED + base64.b64decode(offered.message)).decode(),
        summary=_summary(offer),
        effect=None if offered.simulated is None else _effect(offered.simulated),
        rehearsed=None if offered.rehearsed is None else _rehearsed(offered.rehearsed),
        fee_payer=offered.wallet,
        blockhash=offered.blockhash,
        last_valid_block_height=last,
        blocks_left=None if height is None else max(0, last - height),
        is_replaced_early=not is_entry,
        asked_at=time_text(offer.asked_at),
        expires_at=time_text(offered.expires_at),
        submit_to=SUBMIT,
    )


def ended_view(it: Ended) -> views.EndedOfferView:
    """Give how an offer ended."""
    return views.EndedOfferView(
        tx_id=str(it.offer.id),
        title=_title(it.offer),
        outcome=it.outcome.value,
        ended_at=time_text(it.at),
    )


def signed_view(it: Signed) -> views.SignedView:
    """Give what became of a transaction."""
    return views.SignedView(
        tx_id=str(it.offer),
        transaction=str(it.transaction),
        signature=it.signature,
        status=it.status.value,
        slot=it.slot,
        code=it.code,
        reason=it.reason,
        why=None if it.status is not Status.FAILED else why_refused(it.code, it.reason),
    )


def height_of(live: Live) -> int | None:
    """Give the block height that execution read last; None while it does not answer."""
    return _height(live)


def _height(live: Live) -> int | None:
    reading = reading_of(live)
    return None if reading is None else reading.block_height


def _summary(offer: Offer) -> SummaryView:
    why = _refusal_of(offer)
    return SummaryView(
        title=_title(offer),
        lines=[
            *(_capital(line_of(it)) for it in offer.asked.intents),
            f"Sub-account 0 of {offer.asked.wallet}; the wallet pays the fee",
        ],
        warnings=[] if why is None else [f"It would have failed when it was offered: {why}."],
    )


def _title(offer: Offer) -> str:
    first = offer.asked.intents[0]
    leg = str(getattr(first, "leg", ""))
    title = _TITLES.get(leg, "") if first.event_type == "order_intended" else ""
    return title or _ACTS.get(first.event_type, "Change orders")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _refusal_of(offer: Offer) -> str | None:
    """Say why it would fail; None where it runs through, or where nobody could say."""
    offered = offer.offered
    if offered is not None and (told := offered.rehearsed) is not None:
        return why_refused(told.code, told.reason)
    if offered is None or offered.simulated is None:
        return None
    return why_refused(offered.simulated.code, None)


def _rehearsed(it: Rehearsed) -> views.RehearsedView:
    return views.RehearsedView(code=it.code, reason=it.reason, units=it.units, silence=it.silence)


def _effect(it: SimulatedEffect) -> views.EffectView:
    return views.EffectView(
        code=it.code,
        position_base=plain(it.position_base),
        position_after_base=plain(it.position_after_base),
        orders=it.orders,
        orders_after=it.orders_after,
        equity_usd=plain(it.equity_usd),
        margin_usd=plain(it.margin_usd),
        margin_after_usd=plain(it.margin_after_usd),
        fee_lamports=it.fee_lamports,
    )
