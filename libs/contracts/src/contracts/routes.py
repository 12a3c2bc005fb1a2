"""Which event goes on which subject, as data.

A subject is an aggregate: everything that one writer must see in order stands on one. The codec
refuses an event on any other subject, and the event catalogue is written from this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from contracts import (
    access,
    control,
    delegation,
    engine,
    feed,
    manual,
    minute,
    order,
    process,
    signal,
    subjects,
    ticks,
    transaction,
    venue,
    verdict,
)
from contracts.event import Event


@dataclass(frozen=True, slots=True)
class Route:
    """Where events of one type stand in the log.

    `patterns` name the subjects with a field of the event in each brace; `{part}` is the
    partition of `{account}`.
    """

    patterns: tuple[str, ...]
    subject: Callable[[Any], str]  # Any: each takes the event classes that the table gives it.


class UnroutedEvent(KeyError):
    """The table has no route for a class of events."""


def subject_of(event: Event) -> str:
    """Give the subject that an event belongs on; raise UnroutedEvent for a class without one."""
    return route_of(type(event)).subject(event)


def route_of(event_class: type[Event]) -> Route:
    """Give the route of a class of events; raise UnroutedEvent when it has none."""
    route = ROUTES.get(event_class)
    if route is None:
        raise UnroutedEvent(f"expected a class with a route, found {event_class.__name__}")
    return route


_FEED = Route(("feed.{venue}.{symbol}",), lambda it: subjects.feed(it.venue, it.symbol))
_MINUTE = Route(("market.minute.{market}",), lambda it: subjects.minute(it.market))
_SIGNALS = Route(("signals.{market}",), lambda it: subjects.signals(it.market))
_VERDICTS = Route(
    ("verdicts.{part}.{account}.{market}",), lambda it: subjects.verdicts(it.account, it.market)
)
_ORDERS = Route(
    ("orders.{part}.{account}.{market}",), lambda it: subjects.orders(it.account, it.market)
)
_FILLS = Route(
    ("fills.{part}.{account}.{market}",), lambda it: subjects.fills(it.account, it.market)
)
_VENUE = Route(("venue.{venue}.{market}",), lambda it: subjects.venue(it.venue, it.market))
_ACCOUNT = Route(("control.{part}.{account}",), lambda it: subjects.control(it.account))
_ALL_OR_ACCOUNT = Route(
    ("control.all", "control.{part}.{account}"), lambda it: subjects.control(it.account)
)
_DELEGATION = Route(("delegation.{part}.{account}",), lambda it: subjects.delegation(it.account))
_PROCESS = Route(("process.{service}",), lambda it: subjects.process(it.service))

ROUTES: Mapping[type[Event], Route] = {
    feed.FeedOpened: _FEED,
    feed.TradeGapDetected: _FEED,
    feed.FrameRefused: _FEED,
    feed.FeedStalled: _FEED,
    feed.FeedRecovered: _FEED,
    feed.HistoryMissed: _FEED,
    feed.TapeEnded: _FEED,
    minute.MinuteClosed: _MINUTE,
    minute.MinutesBackfilled: _MINUTE,
    signal.EntrySignaled: _SIGNALS,
    signal.EntryWithheld: _SIGNALS,
    verdict.OrderApproved: _VERDICTS,
    verdict.OrderDenied: _VERDICTS,
    order.OrderIntended: _ORDERS,
    order.ReplaceIntended: _ORDERS,
    order.CancelIntended: _ORDERS,
    order.TriggerIntended: _ORDERS,
    order.SideCancelIntended: _ORDERS,
    order.OrderPlaced: _ORDERS,
    order.OrderRejected: _ORDERS,
    order.OrderReplaced: _ORDERS,
    order.OrderCanceled: _ORDERS,
    order.StopTriggered: _ORDERS,
    order.OrderFilled: _FILLS,
    order.CancelDenied: _ORDERS,
    order.SetupClosed: _ORDERS,
    transaction.TransactionPlanned: _ORDERS,
    transaction.TransactionSigned: _ORDERS,
    transaction.SigningRefused: _ORDERS,
    transaction.TransactionLanded: _ORDERS,
    transaction.TransactionDied: _ORDERS,
    venue.VenueObserved: _ORDERS,
    venue.FundingSettled: _ORDERS,
    venue.VenueFeeCharged: _ORDERS,
    venue.AccountFunded: _ORDERS,
    venue.CapitalMoved: _ORDERS,
    venue.InterestSettled: _ORDERS,
    venue.PositionLiquidated: _FILLS,
    venue.ForeignOrderFilled: _FILLS,
    venue.VenueAdvanced: _VENUE,
    venue.VenueTimePassed: _VENUE,
    engine.ModeChanged: _ORDERS,
    engine.ReconciliationBroke: _ORDERS,
    engine.ReconciliationPassed: _ORDERS,
    engine.ForeignOrderSeen: _ORDERS,
    engine.PositionAdopted: _ORDERS,
    engine.CircuitOpened: _ORDERS,
    control.AccountOpened: _ACCOUNT,
    control.SettingsChanged: _ACCOUNT,
    control.NotificationsChanged: _ACCOUNT,
    control.KillSwitchEngaged: _ALL_OR_ACCOUNT,
    control.TradingResumed: _ALL_OR_ACCOUNT,
    control.ManualOrderRequested: _ACCOUNT,
    control.CancelRequested: _ACCOUNT,
    access.SignedIn: _ACCOUNT,
    access.SignedOut: _ACCOUNT,
    access.ActivityExported: _ACCOUNT,
    delegation.OwnerNamed: _ACCOUNT,
    delegation.ConsentGiven: _ACCOUNT,
    delegation.DelegationAsked: _ACCOUNT,
    delegation.RevokeAsked: _ACCOUNT,
    delegation.OwnerTransactionReturned: _ACCOUNT,
    delegation.AccountHandedOver: _DELEGATION,
    delegation.DelegateKeyBorn: _DELEGATION,
    delegation.DelegateKeyDestroyed: _DELEGATION,
    delegation.OwnerTransactionOffered: _DELEGATION,
    delegation.OwnerTransactionRefused: _DELEGATION,
    delegation.OwnerTransactionSent: _DELEGATION,
    delegation.OwnerTransactionLanded: _DELEGATION,
    delegation.OwnerTransactionDied: _DELEGATION,
    delegation.DelegationChanged: _DELEGATION,
    manual.SigningModeChanged: _ACCOUNT,
    manual.TransactionReturned: _ACCOUNT,
    manual.OfferDeclined: _ACCOUNT,
    manual.SignatureAsked: _ORDERS,
    manual.TransactionOffered: _ORDERS,
    manual.OfferClosed: _ORDERS,
    manual.ReturnRefused: _ORDERS,
    process.ServiceStarted: _PROCESS,
    process.ServiceStopped: _PROCESS,
}

TICK_PATTERNS: Mapping[type[msgspec.Struct], str] = {
    ticks.Trade: "trades.{venue}.{symbol}",
    ticks.TapeEnd: "trades.{venue}.{symbol}",
    ticks.Candles: "history.{venue}.{symbol}",
    ticks.TopOfBook: "book.{venue}.{symbol}",
    ticks.MarkPrice: "mark.{venue}.{symbol}",
    ticks.Liquidation: "liquidations.{venue}.{symbol}",
}
"""Where the messages of MARKET stand. A tick does not repeat the names in its subject."""
TICK_OWNER = "ingest"
