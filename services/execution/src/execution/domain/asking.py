"""Signing by hand: the plan becomes offers, and what the wallet gives back becomes transactions.

An offer stands for as long as the plan wants it: until its last block, until the plan wants it no
more, or until a newer one replaces it. The plan does not know what is offered, so what it does not
want now is not asked for again by the same look. An entry is another matter: it outlives what may
pass, and is never offered a second time while a block may still take the first, for the wallet may
have sent it without a word. All else is offered anew while there is time to sign it.
"""

import base64
from collections.abc import Mapping, Sequence
from uuid import UUID

from contracts.engine import Mode
from contracts.manual import (
    OfferClosed,
    OfferDeclined,
    OfferOutcome,
    ReturnRefused,
    SignatureAsked,
    TransactionReturned,
)
from contracts.transaction import TransactionPlanned
from contracts.values import Leg
from execution.domain.account import Heard
from execution.domain.commands import Command, Send
from execution.domain.deliberation import ByHand, Deliberation
from execution.domain.fees import priority_fee_lamports
from execution.domain.gates import is_hopeless, may_enter
from execution.domain.offers import Offer, lane_of, shape_of
from execution.domain.plan import plan
from execution.domain.transactions import lane
from execution.domain.view import View
from execution.owner.returned import NotTaken, require_offered

_LATE = {
    OfferOutcome.SIGNED: "tx-repeated",
    OfferOutcome.EXPIRED: "tx-expired",
    OfferOutcome.REPLACED: "tx-replaced",
    OfferOutcome.UNWANTED: "tx-unwanted",
    OfferOutcome.DECLINED: "tx-declined",
    OfferOutcome.MODE: "signing-mode",
}
"""Why a signature of an ended offer is not taken."""
_GOES_ON = (Mode.RUN, Mode.DEGRADED)
"""What an offered entry outlives: it may pass before the signature comes."""


def choose(so_far: Deliberation, wallet: str | None) -> None:
    """Let a wallet sign by hand from now on, or nobody; offers to another one end."""
    for offer in so_far.state.offers:
        if offer.asked().wallet != wallet:
            _close(so_far, offer, OfferOutcome.MODE)
    so_far.let_sign(wallet)


def decline(so_far: Deliberation, event: OfferDeclined, heard: Heard) -> None:
    """End an offer that the owner does not want, or say why there is none."""
    offer = _standing(so_far, event)
    if isinstance(offer, Offer):
        _close(so_far, offer, OfferOutcome.DECLINED, about=heard)
    else:
        _refuse(so_far, event, heard, offer)


def take(so_far: Deliberation, heard: Heard, event: TransactionReturned, mode: Mode) -> None:
    """Let what the wallet signed be intended and planned, or say why it is not taken."""
    offer = _standing(so_far, event)
    why = _why_not(so_far, event, offer, mode) if isinstance(offer, Offer) else offer
    if why is not None or not isinstance(offer, Offer):
        _refuse(so_far, event, heard, why or ("tx-unknown", "expected an offer, found none"))
        return
    asked = offer.asked()
    intents = tuple(so_far.say(intent).id for intent in asked.intents)
    planned = so_far.say(
        TransactionPlanned(
            **so_far.who,
            setup=asked.setup,
            intents=intents,
            retry_class=asked.retry_class,
            urgency=asked.urgency,
            attempt=1,
            priority_fee_lamports=asked.priority_fee_lamports,
        )
    )
    _close(so_far, offer, OfferOutcome.SIGNED, about=heard, transaction=planned.id)
    so_far.by_hand[planned.id] = ByHand(offer, event.signature, event.message)


def ask(so_far: Deliberation, commands: Sequence[Command], mode: Mode) -> None:
    """Ask for the signatures that the plan wants, and end the offers that it does not."""
    view = so_far.view
    wanted = _wanted(view, commands)
    for offer in so_far.state.offers:
        outcome = _end_of(view, offer, wanted, mode)
        if outcome is not None:
            _close(so_far, offer, outcome)
    standing = {it.lane for it in so_far.state.offers}
    for name, command in wanted.items():
        if name not in standing:
            _ask(so_far, command)


def is_wanted(view: View, offer: Offer, wanted: Mapping[str, Send], mode: Mode) -> bool:
    """Say whether an offer serves what the plan wants.

    A stop is for good also where the plan would rather leave: the market passes to and fro, and
    what protects can be signed on either side.
    """
    setup = view.setup
    if setup is None or offer.setup != setup.id:
        return False
    if offer.is_entry:
        return not setup.is_sent and mode in _GOES_ON and is_hopeless(view) is None
    return offer.lane in wanted or (offer.lane == Leg.STOP and Leg.CLOSE in wanted)


def _wanted(view: View, commands: Sequence[Command]) -> dict[str, Send]:
    """Give what is to be signed by what it is about; nothing that a signed one may still do.

    A signed transaction is not signed anew: its bytes are sent until it landed or died. What the
    plan wants although one is on its way, like the next try to leave, waits for its fate a while.
    """
    since = view.slot - view.policy.offer_again_slots
    flying = {lane(it.intents[0], it.retry_class) for it in view.flights if it.planned_slot > since}
    wanted: dict[str, Send] = {}
    for command in commands:
        if not isinstance(command, Send):
            continue
        name = lane_of(command.intents, command.retry_class)
        is_held = view.state.declined.get(name, 0) > view.slot
        if name not in flying and not is_held:
            wanted.setdefault(name, command)
    return wanted


def _end_of(
    view: View, offer: Offer, wanted: Mapping[str, Send], mode: Mode
) -> OfferOutcome | None:
    if _is_over(view, offer):
        return OfferOutcome.EXPIRED
    if not is_wanted(view, offer, wanted, mode):
        return OfferOutcome.UNWANTED
    if offer.is_entry:
        return None
    left = offer.last_valid_block_height - view.seen.block_height
    is_late = left < view.policy.offer_blocks_min
    return OfferOutcome.REPLACED if is_late or _is_other(offer, wanted) else None


def _is_over(view: View, offer: Offer) -> bool:
    """Say whether no block can take an offer any more."""
    return view.seen.block_height > offer.last_valid_block_height


def _is_other(offer: Offer, wanted: Mapping[str, Send]) -> bool:
    """Say whether the plan wants something else of what an offer is about."""
    command = wanted.get(offer.lane)
    return command is not None and shape_of(command.intents) != offer.shape


def _ask(so_far: Deliberation, command: Send) -> None:
    state = so_far.state
    if state.wallet is None:
        raise LookupError("expected a wallet that signs by hand, found none")
    setup = state.setup
    fee = priority_fee_lamports(
        so_far.policy.fees,
        state.spending,
        urgency=command.urgency,
        attempt=1,
        market_microlamports=so_far.seen.fee_per_unit_microlamports,
        cap_microlamports=None if setup is None else setup.fee_cap_microlamports,
        at_ms=so_far.view.now_ms,
    )
    so_far.say(
        SignatureAsked(
            **so_far.who,
            setup=None if setup is None else setup.id,
            wallet=state.wallet,
            intents=command.intents,
            retry_class=command.retry_class,
            urgency=command.urgency,
            priority_fee_lamports=fee,
        )
    )


def _standing(
    so_far: Deliberation, event: TransactionReturned | OfferDeclined
) -> Offer | tuple[str, str]:
    """Give the offer that somebody means, or the code and the reason why it is none."""
    state = so_far.state
    if event.wallet != state.wallet:
        return "wrong-wallet", f"expected {state.wallet or 'nobody'}, found {event.wallet}"
    offer = next((it for it in state.offers if it.id == event.offer), None)
    if offer is not None:
        return offer
    ended = next((it for it in state.closed_offers if it.id == event.offer), None)
    if ended is None:
        return "tx-unknown", f"expected an offer that stands, found {event.offer}"
    return _LATE[ended.outcome], f"expected an offer that stands, found it {ended.outcome}"


def _why_not(
    so_far: Deliberation, event: TransactionReturned, offer: Offer, mode: Mode
) -> tuple[str, str] | None:
    view, last = so_far.view, offer.last_valid_block_height
    if _is_over(view, offer):
        return "tx-expired", f"expected block {last} at most, found {view.seen.block_height}"
    try:
        require_offered(
            base64.b64decode(offer.message),
            base64.b64decode(event.message),
            signature=event.signature,
        )
    except NotTaken as refusal:
        return refusal.code, str(refusal)
    wanted = _wanted(view, plan(view, mode))
    if not is_wanted(view, offer, wanted, mode):
        return "tx-unwanted", "expected what the plan wants now, found what it wanted before"
    if offer.is_entry:
        gate = may_enter(view, mode)
        return None if gate is None else ("not-now", f"expected every gate open, found {gate}")
    if _is_other(offer, wanted):
        return "tx-replaced", "expected what the plan wants now, found another size or order"
    return None


def _close(
    so_far: Deliberation,
    offer: Offer,
    outcome: OfferOutcome,
    *,
    about: Heard | None = None,
    transaction: UUID | None = None,
) -> None:
    event = OfferClosed(
        **so_far.who,
        offer=offer.id,
        outcome=outcome,
        about=None if about is None else about.id,
        transaction=transaction,
    )
    so_far.say(event)


def _refuse(
    so_far: Deliberation,
    event: TransactionReturned | OfferDeclined,
    heard: Heard,
    why: tuple[str, str],
) -> None:
    code, reason = why
    refused = ReturnRefused(
        **so_far.who, about=heard.id, offer=event.offer, code=code, reason=reason[:500]
    )
    so_far.drafts.add(refused, heard.correlation_id)
