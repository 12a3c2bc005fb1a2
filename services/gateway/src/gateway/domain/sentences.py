"""What an event says in one sentence, for a person who reads the activity."""

import re
from decimal import Decimal

from contracts import (
    access,
    control,
    engine,
    feed,
    minute,
    order,
    process,
    signal,
    transaction,
    venue,
    verdict,
)
from contracts.event import Event
from contracts.values import plain
from gateway.domain import manual_sentences, owner_sentences
from gateway.domain.kills import name_of
from gateway.domain.words import bought

_ABBREVIATION = re.compile(r"\b(atr|cvd|rsi|tp[123]?|vwap)\b")


def summary(event: Event) -> str:
    """Say what happened in one sentence, with the values that matter."""
    match event:
        case feed.FeedOpened() | feed.TapeEnded() | feed.FrameRefused():
            return _feed(event)
        case (
            feed.TradeGapDetected()
            | feed.FeedStalled()
            | feed.FeedRecovered()
            | feed.HistoryMissed()
        ):
            return _feed_health(event)
        case minute.MinuteClosed():
            delta = 2 * event.buy_volume_base - event.volume_base
            return (
                f"{event.minute:%H:%M} closed at {plain(event.close_usd)}, "
                f"{event.trades} trades, delta {_signed(delta)}"
            )
        case minute.MinutesBackfilled():
            return (
                f"{len(event.minutes)} minutes from {event.first_minute:%d %b %H:%M} on"
                f" come from {_spaced(event.source)}"
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
            return (
                _intent(event)
                or _observation(event)
                or _transaction(event)
                or _venue(event)
                or _money(event)
                or _engine(event)
                or _control(event)
                or _access(event)
                or owner_sentences.summary(event)
                or manual_sentences.summary(event)
                or _spaced(event.event_type)
            )


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


def _feed_health(
    event: feed.TradeGapDetected | feed.FeedStalled | feed.FeedRecovered | feed.HistoryMissed,
) -> str:
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
        case feed.HistoryMissed():
            return (
                f"No entries before 00:00 UTC, the session's beginning is missing: {event.reason}"
            )


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
    if headline is not None and _is_money_unknown(headline):
        why += ", the venue has not shown the account's money yet"
    elif headline is not None:
        why += f", observed {_known(headline.observed)}, limit {_known(headline.limit)}"
        why += f" {headline.unit}" if headline.unit else ""
    more = f"; {len(failed) - 1} more failed" if len(failed) > 1 else ""
    return f"Denied {what}: {why}{more}"


def _is_money_unknown(finding: verdict.Finding) -> bool:
    return finding.rule is verdict.Rule.RECONCILED and finding.observed is None


def _intent(event: Event) -> str:
    match event:
        case order.OrderIntended():
            size = "" if event.quantity_base is None else f" {plain(event.quantity_base)}"
            return f"Intends {event.leg}: {bought(event.side)}{size} at {plain(event.price_usd)}"
        case order.ReplaceIntended():
            where = f"{event.leg} to {plain(event.price_usd)}"
            return f"Intends to move {where}: {_spaced(event.reason)}"
        case order.CancelIntended():
            return f"Intends to cancel {event.leg}: {_spaced(event.reason)}"
        case order.TriggerIntended():
            return f"Intends to fire the {event.leg} itself: no keeper did"
        case order.SideCancelIntended():
            return f"Intends to cancel every {bought(event.side)} order: {_spaced(event.reason)}"
        case order.SetupClosed():
            return (
                f"Setup closed, {_spaced(event.outcome)}: made "
                f"{_usd(event.realized_pnl_usd)}, {_fees(event.fees_usd)}, "
                f"funding {_usd(event.funding_usd)}"
            )
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
        case order.StopTriggered():
            return f"Stop triggered at {plain(event.trigger_price_usd)}"
        case order.OrderFilled():
            return f"{event.leg} filled: {_fill(event)}"
        case _:
            return ""


def _fill(event: order.OrderFilled | venue.PositionLiquidated | venue.ForeignOrderFilled) -> str:
    made = f", made {_usd(event.realized_pnl_usd)}" if event.realized_pnl_usd else ""
    return (
        f"{bought(event.side)} {plain(event.quantity_base)} at {plain(event.price_usd)}{made}, "
        f"position {_signed(event.position_after_base)}"
    )


def _transaction(event: Event) -> str:
    match event:
        case transaction.TransactionPlanned():
            return (
                f"Transaction planned ({event.retry_class}, attempt {event.attempt}): "
                f"{_count(len(event.intents), 'intent')}, offers {event.priority_fee_lamports} "
                "lamports"
            )
        case transaction.TransactionSigned():
            return (
                f"Transaction {event.signature[:8]}… signed; "
                f"lands by block {event.last_valid_block_height} or never"
            )
        case transaction.SigningRefused():
            return (
                f"Our signer refused a transaction: {_spaced(event.code)}, "
                f"expected {event.expected}, found {event.found}"
            )
        case transaction.TransactionLanded():
            name = f"Transaction {event.signature[:8]}…"
            cost = f"in slot {event.slot}, cost {event.fee_lamports} lamports"
            if event.code is None:
                return f"{name} landed {cost}"
            return f"{name} failed {cost}: {_spaced(event.reason or 'refused')} ({event.code})"
        case transaction.TransactionDied():
            return (
                f"Transaction {event.signature[:8]}… died: no block can take it any more, "
                f"height {event.block_height}"
            )
        case _:
            return ""


def _venue(event: Event) -> str:
    match event:
        case venue.VenueAdvanced():
            return f"Venue worked through {event.minute:%H:%M}"
        case venue.VenueTimePassed():
            return f"Venue went on to {event.clock.at:%H:%M:%S} without a trade"
        case venue.VenueObserved():
            return (
                f"Venue holds position {_signed(event.position_base)} and "
                f"{_count(len(event.orders), 'open order')} at slot {event.clock.slot}; "
                f"oracle {plain(event.market_seen.oracle_usd)}"
            )
        case venue.PositionLiquidated():
            return f"Venue liquidated: {_fill(event)}"
        case venue.ForeignOrderFilled():
            return f"An order that is not ours filled: {_fill(event)}"
        case _:
            return ""


def _money(event: Event) -> str:
    match event:
        case venue.FundingSettled():
            way = "paid" if event.amount_usd < 0 else "received"
            amount, held = plain(abs(event.amount_usd)), _signed(event.position_base)
            return f"Funding {way}: {amount} USD on position {held}"
        case venue.VenueFeeCharged():
            return f"Venue charged {plain(event.fee_usd)} USD: {_spaced(event.reason)}"
        case venue.AccountFunded():
            return f"The account holds {plain(event.cash_usd)} USD to begin with"
        case venue.CapitalMoved():
            way = "Taken out of" if event.amount_usd < 0 else "Paid into"
            return f"{way} the account: {plain(abs(event.amount_usd))} USD"
        case venue.InterestSettled():
            way = "paid" if event.amount_usd < 0 else "received"
            balance = plain(event.quote.balance_usd)
            return f"Interest {way}: {plain(abs(event.amount_usd))} USD on {balance} USD"
        case _:
            return ""


_MODES = {
    engine.Mode.RUN: "on",
    engine.Mode.DEGRADED: "no new risk",
    engine.Mode.PAUSED: "entries paused",
    engine.Mode.OWNER_REDUCE_ONLY: "reduce-only by the owner",
    engine.Mode.KILL_CANCEL: "stopped, no entries",
    engine.Mode.KILL_FLATTEN: "stopped, flattened",
    engine.Mode.REVOKED: "off, may not sign",
}
"""The page's words too (`modeText`)."""


def _engine(event: Event) -> str:
    match event:
        case engine.ModeChanged():
            now, before = _MODES[event.mode], _MODES[event.before]
            return f"Trading: {now}, was {before}: {_spaced(event.reason)}"
        case engine.ReconciliationBroke():
            return (
                f"Log and venue disagree about the {_spaced(event.what)}: expected "
                f"{plain(event.expected)}, found {plain(event.found)}; no new risk"
            )
        case engine.ReconciliationPassed():
            return f"Log and venue agree about the {_spaced(event.what)} again"
        case engine.ForeignOrderSeen():
            return (
                f"An order that is not ours rests: {bought(event.side)} at "
                f"{plain(event.price_usd)}; no new entries"
            )
        case engine.PositionAdopted():
            return (
                f"Adopted a position of {_signed(event.position_base)} that no setup explains; "
                f"stop at {plain(event.stop_price_usd)}"
            )
        case engine.CircuitOpened():
            times = _count(event.refusals, "time")
            return (
                f"Venue refused the {_spaced(event.lane)} {times} in a row with code {event.code}: "
                "it is not sent for a while"
            )
        case _:
            return ""


def _control(event: Event) -> str:
    match event:
        case control.AccountOpened():
            money = (
                "what the venue shows"
                if event.equity_usd is None
                else (f"{plain(event.equity_usd)} USD")
            )
            return f"Account {event.account} opened with {money}"
        case control.SettingsChanged():
            return f"{event.by} changed {_difference(event.before, event.settings)}"
        case control.NotificationsChanged():
            return f"{event.by} changed notifications: {_retargeted(event)}"
        case control.KillSwitchEngaged():
            scope = "all accounts" if event.account is None else event.account
            level = _spaced(name_of(event.level))
            return f"Kill switch ({level}) on {scope} by {event.by}: {event.reason}"
        case control.TradingResumed():
            return f"Trading resumed by {event.by}: {event.reason}"
        case control.ManualOrderRequested():
            return (
                f"{event.by} asks to {bought(event.side)} {plain(event.quantity_base)} "
                f"at {plain(event.entry_price_usd)}, stop {plain(event.stop_price_usd)}"
            )
        case control.CancelRequested():
            return f"{event.by} asks to cancel {event.client_order_id}"
        case _:
            return ""


def _access(event: Event) -> str:
    match event:
        case access.SignedIn():
            return (
                f"{event.wallet} signed in to {event.domain} from {event.address}, "
                f"until {event.expires_at:%H:%M} UTC at the latest"
            )
        case access.SignedOut():
            return f"{event.wallet} ended session {event.session[:8]}: {_spaced(event.cause)}"
        case access.ActivityExported():
            what = f"{_count(event.count, 'event')} of {event.first} to {event.last}"
            some = "" if event.wanted == access.ExportFilter() else ", filtered"
            broke = "" if event.is_complete else "; the file broke off"
            return f"{event.by} exported {what} as {event.form}{some}{broke}"
        case _:
            return ""


def _difference(before: control.Settings, after: control.Settings) -> str:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    changed = [f"{name} {old[name]} to {new[name]}" for name in new if old[name] != new[name]]
    return ", ".join(changed) or "nothing"


def _retargeted(event: control.NotificationsChanged) -> str:
    found = [f"{name} leads elsewhere or is gone" for name in event.retargeted]
    found += ["another heartbeat"] if event.has_other_heartbeat else []
    return ", ".join(found) or "what is told, not where"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _known(value: Decimal | None) -> str:
    return "unknown" if value is None else plain(value)


def _signed(value: Decimal) -> str:
    return plain(value) if value <= 0 else f"+{plain(value)}"


def _usd(value: Decimal) -> str:
    """Write money to the cent, with its sign; the event itself has every digit."""
    return f"{value:+z.2f} USD"


def _fees(value: Decimal) -> str:
    """Write what fees sum up to; where rebates are more than they, those less the fees."""
    return f"rebates less fees {_usd(-value)}" if value < 0 else f"fees {value:z.2f} USD"


def _spaced(token: str) -> str:
    """Write a token as words: `cvd_against` is `CVD against`."""
    return _ABBREVIATION.sub(lambda one: one[0].upper(), token.replace("_", " ").replace("-", " "))
