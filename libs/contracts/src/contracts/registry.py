"""Every event that the log may hold, and the upcasters from their older versions.

A change of shape is a new `event_version` and an upcaster; stored bytes are never edited.
"""

from collections.abc import Callable, Mapping
from typing import Any

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
    transaction,
    venue,
    verdict,
)
from contracts.event import Event

Json = Any  # A parsed body on its way through upcasters: the wire, before validation.
Upcaster = Callable[[Json], Json]

EVENTS: tuple[type[Event], ...] = (
    feed.FeedOpened,
    feed.TradeGapDetected,
    feed.FrameRefused,
    feed.FeedStalled,
    feed.FeedRecovered,
    feed.HistoryMissed,
    feed.TapeEnded,
    minute.MinuteClosed,
    minute.MinutesBackfilled,
    signal.EntrySignaled,
    signal.EntryWithheld,
    verdict.OrderApproved,
    verdict.OrderDenied,
    order.OrderIntended,
    order.ReplaceIntended,
    order.CancelIntended,
    order.TriggerIntended,
    order.SideCancelIntended,
    order.OrderPlaced,
    order.OrderRejected,
    order.OrderReplaced,
    order.OrderCanceled,
    order.StopTriggered,
    order.OrderFilled,
    order.CancelDenied,
    order.SetupClosed,
    transaction.TransactionPlanned,
    transaction.TransactionSigned,
    transaction.SigningRefused,
    transaction.TransactionLanded,
    transaction.TransactionDied,
    venue.VenueObserved,
    venue.FundingSettled,
    venue.VenueFeeCharged,
    venue.AccountFunded,
    venue.CapitalMoved,
    venue.InterestSettled,
    venue.PositionLiquidated,
    venue.ForeignOrderFilled,
    venue.VenueAdvanced,
    venue.VenueTimePassed,
    engine.ModeChanged,
    engine.ReconciliationBroke,
    engine.ReconciliationPassed,
    engine.ForeignOrderSeen,
    engine.PositionAdopted,
    engine.CircuitOpened,
    control.AccountOpened,
    control.SettingsChanged,
    control.NotificationsChanged,
    control.KillSwitchEngaged,
    control.TradingResumed,
    control.ManualOrderRequested,
    control.CancelRequested,
    access.SignedIn,
    access.SignedOut,
    access.ActivityExported,
    delegation.OwnerNamed,
    delegation.ConsentGiven,
    delegation.DelegationAsked,
    delegation.RevokeAsked,
    delegation.OwnerTransactionReturned,
    delegation.AccountHandedOver,
    delegation.DelegateKeyBorn,
    delegation.DelegateKeyDestroyed,
    delegation.OwnerTransactionOffered,
    delegation.OwnerTransactionRefused,
    delegation.OwnerTransactionSent,
    delegation.OwnerTransactionLanded,
    delegation.OwnerTransactionDied,
    delegation.DelegationChanged,
    manual.SigningModeChanged,
    manual.TransactionReturned,
    manual.OfferDeclined,
    manual.SignatureAsked,
    manual.TransactionOffered,
    manual.OfferClosed,
    manual.ReturnRefused,
    process.ServiceStarted,
    process.ServiceStopped,
)

BY_TYPE: Mapping[str, type[Event]] = {event.event_type: event for event in EVENTS}


def _account_as_it_was(body: Json) -> Json:
    """Before version 2 the opening equity was always told."""
    return body


def _offer_of_nothing_else(body: Json) -> Json:
    """Before version 2 an offer opened no account and set no cap."""
    return {**body, "opens_account": False, "leverage_max": None}


def _offer_of_no_money(body: Json) -> Json:
    """Before version 3 an offer moved nothing of the wallet's."""
    return {**body, "deposit_usd": None, "delegate_lamports": 0}


def _offer_unrehearsed(body: Json) -> Json:
    """Before version 2 no node was asked about an offer."""
    return {**body, "rehearsed": None}


def _start_without_policy(body: Json) -> Json:
    """Before version 2 a start did not say by which rules its service decides."""
    return {**body, "policy": None}


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("account_opened", 1): _account_as_it_was,
    ("service_started", 1): _start_without_policy,
    ("owner_transaction_offered", 1): _offer_of_nothing_else,
    ("owner_transaction_offered", 2): _offer_of_no_money,
    ("transaction_offered", 1): _offer_unrehearsed,
}
"""From (type, version) to the body of the next version."""
