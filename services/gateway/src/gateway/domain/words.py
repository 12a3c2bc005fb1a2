"""How an event is named in the API, and how much it matters to a person."""

from collections.abc import Mapping
from enum import StrEnum

from contracts import (
    control,
    delegation,
    engine,
    feed,
    manual,
    minute,
    order,
    signal,
    transaction,
    venue,
    verdict,
)
from contracts.delegation import DelegationState
from contracts.event import Event
from contracts.values import Leg, Side


class Level(StrEnum):
    """How much an event matters to a person."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    NOISE = "noise"
    """True every minute or in every transaction; hidden at first."""


def bought(side: Side) -> str:
    """Say of an order what a trader says; of positions and signals it is long and short."""
    return "buy" if side is Side.LONG else "sell"


UNREADABLE = "unreadable"
"""Stands for the event type of what this build cannot read."""


def api_type(event: Event) -> str:
    """Give the name of the API contract v1, or the event's own type where it has none."""
    match event:
        case order.OrderPlaced():
            return "order_submitted"
        case order.OrderFilled():
            return _fill_type(event.leg)
        case order.OrderCanceled():
            return "cancelled"
        case order.OrderReplaced():
            return "replaced"
        case order.OrderRejected() | order.CancelDenied() | feed.FrameRefused():
            return "error"
        case control.KillSwitchEngaged():
            return "kill_switch"
        case _:
            return event.event_type


_CONTRACT_NAMES: Mapping[str, frozenset[str]] = {
    "order_submitted": frozenset({order.OrderPlaced.event_type}),
    "filled": frozenset({order.OrderFilled.event_type}),
    "sl_hit": frozenset({order.OrderFilled.event_type}),
    "tp_hit": frozenset({order.OrderFilled.event_type}),
    "closed": frozenset({order.OrderFilled.event_type}),
    "cancelled": frozenset({order.OrderCanceled.event_type}),
    "replaced": frozenset({order.OrderReplaced.event_type}),
    "kill_switch": frozenset({control.KillSwitchEngaged.event_type}),
    # What cannot be read has any type, or none.
    "error": frozenset(),
    UNREADABLE: frozenset(),
}


def log_types(name: str) -> frozenset[str]:
    """Name the types in the log that `api_type` may call so; empty when it may be any."""
    return _CONTRACT_NAMES.get(name, frozenset({name}))


def _fill_type(leg: Leg) -> str:
    match leg:
        case Leg.ENTRY:
            return "filled"
        case Leg.STOP:
            return "sl_hit"
        case Leg.TP1 | Leg.TP2 | Leg.TP3:
            return "tp_hit"
        case Leg.CLOSE:
            return "closed"


def level(event: Event) -> Level:
    """Give how much an event matters."""
    match event:
        case (
            minute.MinuteClosed()
            | minute.MinutesBackfilled()
            | signal.EntryWithheld()
            | venue.VenueAdvanced()
            | venue.VenueObserved()
            | venue.VenueTimePassed()
            | transaction.TransactionPlanned()
            | transaction.TransactionSigned()
            | manual.TransactionOffered()
        ):
            return Level.NOISE
        case transaction.TransactionLanded():
            return Level.NOISE if event.code is None else Level.WARNING
        case order.OrderFilled():
            return _fill_level(event.leg)
        case engine.ModeChanged():
            return _mode_level(event.mode)
        case delegation.DelegationChanged():
            return _DELEGATION_LEVELS.get(event.state, Level.INFO)
        case delegation.OwnerTransactionLanded():
            return Level.INFO if event.code is None else Level.WARNING
        case (
            signal.EntrySignaled()
            | verdict.OrderApproved()
            | control.TradingResumed()
            | engine.ReconciliationPassed()
        ):
            return Level.GOOD
        case (
            verdict.OrderDenied()
            | order.CancelDenied()
            | order.TriggerIntended()
            | feed.TradeGapDetected()
            | feed.FeedStalled()
            | feed.HistoryMissed()
            | transaction.TransactionDied()
            | venue.ForeignOrderFilled()
            | engine.ForeignOrderSeen()
            | engine.PositionAdopted()
            | delegation.DelegateKeyDestroyed()
            | delegation.OwnerTransactionRefused()
            | delegation.OwnerTransactionDied()
            | manual.SignatureAsked()
            | manual.ReturnRefused()
            | control.NotificationsChanged()
        ):
            return Level.WARNING
        case (
            order.OrderRejected()
            | feed.FrameRefused()
            | control.KillSwitchEngaged()
            | venue.PositionLiquidated()
            | engine.ReconciliationBroke()
            | engine.CircuitOpened()
            | transaction.SigningRefused()
        ):
            return Level.BAD
        case _:
            return Level.INFO


_DELEGATION_LEVELS = {
    DelegationState.ACTIVE: Level.GOOD,
    DelegationState.FOREIGN: Level.BAD,
    DelegationState.REVOKING: Level.WARNING,
    DelegationState.REVOKED: Level.WARNING,
}


def _fill_level(leg: Leg) -> Level:
    match leg:
        case Leg.STOP:
            return Level.BAD
        case Leg.CLOSE:
            return Level.WARNING
        case Leg.ENTRY | Leg.TP1 | Leg.TP2 | Leg.TP3:
            return Level.GOOD


def _mode_level(mode: engine.Mode) -> Level:
    match mode:
        case engine.Mode.RUN:
            return Level.GOOD
        case engine.Mode.REVOKED:
            return Level.BAD
        case _:
            return Level.WARNING
