"""What must stand in the log before an order may be signed, and what forbids to sign it.

An order serves a setup that risk approved or that execution adopted; its entry is of the approved
side and no larger, its stop no looser than the approved one. A transaction carries out
intents that are recorded, is planned before it is signed, and signed once, before its fate is seen;
its digest is that of its bytes. What adds exposure is not signed while a kill stands, nor while an
earlier signature of the same intents may still land.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field, replace
from uuid import UUID

from audit.domain.verification import Difference, shorten
from contracts.control import KillSwitchEngaged, TradingResumed
from contracts.engine import PositionAdopted
from contracts.event import Recorded
from contracts.manual import SignatureAsked
from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.transaction import (
    RetryClass,
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.values import Leg
from contracts.verdict import OrderApproved

_Intent = OrderIntended | ReplaceIntended | CancelIntended | TriggerIntended | SideCancelIntended
_Place = tuple[str, str]
"""Account and market."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A planned transaction, or an offered one, and its signature once it has one."""

    place: _Place
    adds_exposure: bool
    intents: tuple[UUID, ...]
    signature: str | None = None


@dataclass(slots=True)
class Permissions:
    """Folds events in position order and gives what stands there without permission."""

    _setups: dict[UUID, OrderApproved | PositionAdopted] = field(
        default_factory=dict[UUID, OrderApproved | PositionAdopted]
    )
    _intents: dict[UUID, _Place] = field(default_factory=dict[UUID, _Place])
    _plans: dict[UUID, _Plan] = field(default_factory=dict[UUID, _Plan])
    _alive: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    """Intents that add exposure, with the signed transaction that may still carry them out."""
    _kills: dict[str | None, int] = field(default_factory=dict[str | None, int])
    """Positions of the kills that stand, by account; None for the global one."""

    def fold(self, recorded: Recorded) -> list[Difference]:
        """Take one event; give what must hold of it and does not."""
        event = recorded.event
        match event:
            case OrderApproved() | PositionAdopted():
                self._setups[recorded.id] = event
            case KillSwitchEngaged():
                self._kills.setdefault(event.account, recorded.position)
            case TradingResumed():
                self._kills.pop(event.account, None)
            case SignatureAsked():
                adds_exposure = event.retry_class is RetryClass.EXPOSURE
                place = (event.account, event.market)
                self._plans[recorded.id] = _Plan(place, adds_exposure, ())
            case TransactionPlanned():
                return self._plan(event, recorded)
            case TransactionSigned():
                return self._sign(event, recorded)
            case SigningRefused():
                return self._refuse(event, recorded)
            case TransactionLanded() | TransactionDied():
                return self._see_fate(event, recorded)
            case _ if isinstance(event, _Intent):
                return self._intend(event, recorded)
            case _:
                pass
        return []

    def _intend(self, event: _Intent, recorded: Recorded) -> list[Difference]:
        place = self._intents[recorded.id] = (event.account, event.market)
        if not isinstance(event, OrderIntended):
            return []
        setup = self._setups.get(event.setup)
        if found := _other(None if setup is None else (setup.account, setup.market), place):
            permit = f"order_approved or position_adopted {event.setup}"
            return [_difference(recorded, f"{permit} before it, of {_text(place)}", found)]
        if isinstance(setup, OrderApproved):
            return [_difference(recorded, *it) for it in _beyond(setup, event)]
        is_entry = event.leg is Leg.ENTRY
        return [_difference(recorded, "no entry of what is adopted", "one")] if is_entry else []

    def _plan(self, event: TransactionPlanned, recorded: Recorded) -> list[Difference]:
        place = (event.account, event.market)
        adds_exposure = event.retry_class is RetryClass.EXPOSURE
        self._plans[recorded.id] = _Plan(place, adds_exposure, event.intents)
        return [
            _difference(recorded, f"intent {intent} before it, of {_text(place)}", found)
            for intent in event.intents
            if (found := _other(self._intents.get(intent), place))
        ]

    def _sign(self, event: TransactionSigned, recorded: Recorded) -> list[Difference]:
        place = (event.account, event.market)
        differences: list[Difference] = []
        plan = self._plans.get(event.transaction)
        if found := _other(None if plan is None else plan.place, place):
            expected = f"transaction_planned {event.transaction} before it, of {_text(place)}"
            differences.append(_difference(recorded, expected, found))
        if plan is not None:
            if plan.signature is not None:
                expected = f"one signature of it, {plan.signature}"
                differences.append(_difference(recorded, expected, event.signature))
            self._plans[event.transaction] = replace(plan, signature=event.signature)
            if plan.adds_exposure:
                differences += self._expose(plan, event, recorded)
        return differences + _differences_of_message(event, recorded)

    def _expose(
        self, plan: _Plan, event: TransactionSigned, recorded: Recorded
    ) -> list[Difference]:
        forbidden = [
            f"no more exposure while the kill at {kill} stands"
            for scope in (None, event.account)
            if (kill := self._kills.get(scope)) is not None
        ]
        alive = {self._alive[intent] for intent in plan.intents if intent in self._alive}
        forbidden += [
            f"no second signature while transaction {other} may land"
            for other in sorted(alive - {event.transaction})
        ]
        self._alive |= dict.fromkeys(plan.intents, event.transaction)
        return [_difference(recorded, expected, "a signature") for expected in forbidden]

    def _refuse(self, event: SigningRefused, recorded: Recorded) -> list[Difference]:
        plan = self._plans.get(event.transaction)
        place = (event.account, event.market)
        if found := _other(None if plan is None else plan.place, place):
            asked = f"transaction_planned or signature_asked {event.transaction}"
            expected = f"{asked} before it, of {_text(place)}"
            return [_difference(recorded, expected, found)]
        if plan is not None and plan.signature is not None:
            return [_difference(recorded, "no signature of what is refused", plan.signature)]
        return []

    def _see_fate(
        self, event: TransactionLanded | TransactionDied, recorded: Recorded
    ) -> list[Difference]:
        plan = self._plans.get(event.transaction)
        if plan is not None and plan.signature == event.signature:
            for intent in plan.intents:
                if self._alive.get(intent) == event.transaction:
                    del self._alive[intent]
            return []
        expected = f"transaction_signed of {event.transaction} before it, by {event.signature}"
        found = "none" if plan is None or plan.signature is None else plan.signature
        return [_difference(recorded, expected, found)]


def _beyond(approved: OrderApproved, event: OrderIntended) -> list[tuple[str, str]]:
    """Give what an order of a setup wants beyond its approval, with what was approved first."""
    if event.leg is Leg.ENTRY:
        size, most = event.quantity_base, approved.quantity_base
        if event.side is approved.side and size is not None and size <= most:
            return []
        return [(f"an entry {approved.side} of {most} at most", f"{event.side} of {size}")]
    # A stop of the other side belongs to a position that somebody turned over.
    is_stop = event.leg is Leg.STOP and event.side is approved.side.opposite
    loosest = approved.stop_price_usd
    if is_stop and approved.side.sign * (event.price_usd - loosest) < 0:
        return [(f"a stop no looser than {loosest}", str(event.price_usd))]
    return []


def _differences_of_message(event: TransactionSigned, recorded: Recorded) -> list[Difference]:
    try:
        message = base64.b64decode(event.message, validate=True)
    except binascii.Error as error:
        return [_difference(recorded, "a message in base64", str(error))]
    digest = hashlib.sha256(message).hexdigest()
    if digest == event.message_sha256:
        return []
    return [_difference(recorded, f"message_sha256 {digest}", event.message_sha256)]


def _difference(recorded: Recorded, expected: str, found: str) -> Difference:
    what = recorded.event.event_type
    return Difference(recorded.position, what, shorten(expected), shorten(found))


def _other(found: _Place | None, wanted: _Place) -> str:
    """Say what is there instead of what is wanted; nothing when it is that."""
    if found == wanted:
        return ""
    return "none" if found is None else _text(found)


def _text(place: _Place) -> str:
    return " in ".join(place)
