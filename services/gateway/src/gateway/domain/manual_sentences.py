"""What happened to a signature by hand, in one sentence for a person."""

from contracts import manual
from contracts.event import Event
from contracts.manual import AskedIntent, OfferOutcome, SigningMode
from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.values import OrderKind, plain
from gateway.domain.actor import acting
from gateway.domain.words import bought

_MODES = {
    SigningMode.DELEGATE: "a delegate key signs",
    SigningMode.MANUAL: "the owner's wallet signs every transaction",
}
_OUTCOMES = {
    OfferOutcome.SIGNED: "was signed by hand",
    OfferOutcome.EXPIRED: "was not signed in time",
    OfferOutcome.REPLACED: "was replaced by a newer one",
    OfferOutcome.UNWANTED: "is not wanted any more",
    OfferOutcome.DECLINED: "was declined by the owner",
    OfferOutcome.MODE: "ended: somebody else signs now",
}


def summary(event: Event) -> str:
    """Say it in one sentence; nothing for any other event."""
    match event:
        case manual.SigningModeChanged():
            return f"From now on {_MODES[event.mode]}, by {event.by}"
        case manual.SignatureAsked():
            lines = "; ".join(line_of(it) for it in event.intents)
            return f"Waits for {event.wallet} to sign: {lines}"
        case manual.TransactionOffered():
            return (
                f"A transaction lies ready for {event.wallet}; it lands by block "
                f"{event.last_valid_block_height} or never"
            )
        case manual.TransactionReturned():
            return f"{event.wallet} signed transaction {event.signature[:8]}… by hand"
        case manual.OfferDeclined():
            return f"{acting(event.by, event.wallet)} does not want to sign"
        case manual.OfferClosed():
            return f"What the owner was asked to sign {_OUTCOMES[event.outcome]}"
        case manual.ReturnRefused():
            return f"What the owner gave back was not taken, {event.code}: {event.reason}"
        case _:
            return ""


def line_of(intent: AskedIntent) -> str:
    """Say what one instruction would do."""
    match intent:
        case OrderIntended():
            return _order(intent)
        case ReplaceIntended():
            return f"move the {intent.leg} to {plain(intent.price_usd)}"
        case CancelIntended():
            return f"cancel the {intent.leg}"
        case TriggerIntended():
            return f"fire the {intent.leg}"
        case SideCancelIntended():
            return f"cancel every {bought(intent.side)} order"


def _order(intent: OrderIntended) -> str:
    price = plain(intent.price_usd)
    if intent.kind is OrderKind.TRIGGER_MARKET:
        return f"stop for the whole position: {bought(intent.side)} it at {price}"
    size = "the whole position" if intent.quantity_base is None else plain(intent.quantity_base)
    only = ", reduce-only" if intent.is_reduce_only else ""
    return f"{intent.leg}: {bought(intent.side)} {size} at {price}{only}"
