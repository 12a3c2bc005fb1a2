"""How an event is named in the API, how much it matters, and what it says in one sentence."""

from decimal import Decimal
from enum import StrEnum

from contracts import control, feed, minute, order, process, signal, verdict
from contracts.event import Event
from contracts.values import Leg, plain


class Level(StrEnum):
    """How much an event matters to a person."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    NOISE = "noise"
    """True every minute; hidden at first."""


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


def _fill_type(leg: Leg) -> str:
    match leg:
        case Leg.ENTRY:
            return "filled"
        case Leg.STOP:
            return "sl_hit"
        case Leg.TP1 | Leg.TP2 | Leg.TP3:
            return "tp_hit"


def level(event: Event) -> Level:
    """Give how much an event matters."""
    match event:
        case minute.MinuteClosed() | signal.EntryWithheld() | order.VenueAdvanced():
            return Level.NOISE
        case order.OrderFilled():
            return Level.BAD if event.leg is Leg.STOP else Level.GOOD
        case signal.EntrySignaled() | verdict.OrderApproved() | control.TradingResumed():
            return Level.GOOD
        case (
            verdict.OrderDenied()
            | order.CancelDenied()
            | feed.TradeGapDetected()
            | feed.FeedStalled()
            | order.EntryWentStale()
        ):
            return Level.WARNING
        case order.OrderRejected() | feed.FrameRefused() | control.KillSwitchEngaged():
            return Level.BAD
        case _:
            return Level.INFO


def summary(event: Event) -> str:
    """Say what happened in one sentence, with the values that matter."""
    match event:
        case feed.FeedOpened() | feed.TapeEnded() | feed.FrameRefused():
            return _feed(event)
        case feed.TradeGapDetected() | feed.FeedStalled() | feed.FeedRecovered():
            return _feed_health(event)
        case minute.MinuteClosed():
            delta = 2 * event.buy_volume_base - event.volume_base
            return (
                f"{event.minute:%H:%M} closed at {plain(event.close_usd)}, "
                f"{event.trades} trades, delta {_signed(delta)}"
            )
        case signal.EntrySignaled():
            targets = " / ".join(map(plain, event.tp_prices_usd))
            return (
                f"Wants {event.side} at {plain(event.entry_price_usd)}, "
                f"stop {plain(event.stop_price_usd)}, targets {targets}"
            )
        case signal.EntryWithheld():
            return f"No entry: {_spaced(event.reason)}"
        case verdict.OrderApproved() | verdict.OrderDenied():
            return _verdict(event)
        case process.ServiceStarted():
            return f"{event.service} started"
        case process.ServiceStopped():
            return f"{event.service} stopped"
        case _:
            return _order(event) or _control(event) or _spaced(event.event_type)


def _feed(event: feed.FeedOpened | feed.TapeEnded | feed.FrameRefused) -> str:
    match event:
        case feed.FeedOpened():
            return f"{event.kind} feed drives {event.market}: {event.description}"
        case feed.TapeEnded():
            broken = ", truncated" if event.is_truncated else ""
            return (
                f"Tape ended after {event.trades} trades; "
                f"{event.gaps} gaps, {event.missing_trades} trades missing{broken}"
            )
        case feed.FrameRefused():
            return f"Frame refused ({event.origin}): {event.reason}"


def _feed_health(event: feed.TradeGapDetected | feed.FeedStalled | feed.FeedRecovered) -> str:
    match event:
        case feed.TradeGapDetected():
            return (
                f"{event.missing_trades} trades missing, "
                f"ids {event.first_missing_id} to {event.last_missing_id}"
            )
        case feed.FeedStalled():
            return f"Feed stalled ({event.stream}): {event.reason}"
        case feed.FeedRecovered():
            return f"Feed flows again ({event.stream}) after {event.stalled_ms} ms"


def _verdict(event: verdict.OrderApproved | verdict.OrderDenied) -> str:
    what = (
        f"{event.side} {plain(event.quantity_base)} {event.market} "
        f"at {plain(event.entry_price_usd)}"
    )
    if isinstance(event, verdict.OrderApproved):
        return f"Approved {what}: all {len(event.findings)} rules passed"
    failed = [finding for finding in event.findings if not finding.passed]
    headline = next((found for found in failed if found.rule is event.headline), None)
    why = _spaced(event.headline)
    if headline is not None:
        why += f", observed {_known(headline.observed)}, limit {_known(headline.limit)}"
        why += f" {headline.unit}" if headline.unit else ""
    more = f"; {len(failed) - 1} more failed" if len(failed) > 1 else ""
    return f"Denied {what}: {why}{more}"


def _order(event: Event) -> str:
    return _intent(event) or _observation(event)


def _intent(event: Event) -> str:
    match event:
        case order.OrderIntended():
            size = "" if event.quantity_base is None else f" {plain(event.quantity_base)}"
            return f"Intends {event.leg}: {event.side}{size} at {plain(event.price_usd)}"
        case order.ReplaceIntended():
            return f"Intends to move {event.leg} to {plain(event.price_usd)}: {event.reason}"
        case order.CancelIntended():
            return f"Intends to cancel {event.leg}: {_spaced(event.reason)}"
        case order.SetupClosed():
            return (
                f"Setup closed, {_spaced(event.outcome)}: made "
                f"{_signed(event.realized_pnl_usd)}, fees {plain(event.fees_usd)}"
            )
        case order.VenueAdvanced():
            return f"Venue worked through {event.minute:%H:%M}"
        case _:
            return ""


def _observation(event: Event) -> str:
    match event:
        case order.OrderPlaced():
            return f"{event.leg} rests at {plain(event.price_usd)}"
        case order.OrderReplaced():
            return f"{event.leg} moved to {plain(event.price_usd)}"
        case order.OrderRejected():
            return f"Venue rejected {event.leg}: {event.reason} ({event.code})"
        case order.OrderCanceled():
            return f"{event.leg} canceled: {_spaced(event.reason)}"
        case order.CancelDenied():
            return f"Cancel of {event.client_order_id} not passed on: {_spaced(event.reason)}"
        case order.EntryWentStale():
            return (
                f"{event.leg} went stale after {event.resting_ms / 1000:g} s; "
                f"market at {plain(event.last_price_usd)}"
            )
        case order.StopTriggered():
            return f"Stop triggered at {plain(event.trigger_price_usd)}"
        case order.OrderFilled():
            made = f", made {_signed(event.realized_pnl_usd)}" if event.realized_pnl_usd else ""
            return (
                f"{event.leg} filled: {event.side} {plain(event.quantity_base)} "
                f"at {plain(event.price_usd)}{made}, position {_signed(event.position_after_base)}"
            )
        case _:
            return ""


def _control(event: Event) -> str:
    match event:
        case control.AccountOpened():
            return f"Account {event.account} opened with {plain(event.equity_usd)} USD"
        case control.SettingsChanged():
            return f"{event.by} changed {_difference(event.before, event.settings)}"
        case control.KillSwitchEngaged():
            scope = "all accounts" if event.account is None else event.account
            return f"Kill switch on {scope} by {event.by}: {event.reason}"
        case control.TradingResumed():
            return f"Trading resumed by {event.by}: {event.reason}"
        case control.ManualOrderRequested():
            return (
                f"{event.by} asks for {event.side} {plain(event.quantity_base)} "
                f"at {plain(event.entry_price_usd)}, stop {plain(event.stop_price_usd)}"
            )
        case control.CancelRequested():
            return f"{event.by} asks to cancel {event.client_order_id}"
        case _:
            return ""


def _difference(before: control.Settings, after: control.Settings) -> str:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    changed = [f"{name} {old[name]} to {new[name]}" for name in new if old[name] != new[name]]
    return ", ".join(changed) or "nothing"


def _known(value: Decimal | None) -> str:
    return "unknown" if value is None else plain(value)


def _signed(value: Decimal) -> str:
    return plain(value) if value <= 0 else f"+{plain(value)}"


def _spaced(token: str) -> str:
    return token.replace("_", " ").replace("-", " ")
