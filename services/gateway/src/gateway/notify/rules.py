"""Which events people are told about: one event in, at most one notice out. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import msgspec

from contracts import access, control, delegation, engine, feed, manual, order, venue, verdict
from contracts.event import Event, Recorded
from contracts.ids import AccountId
from contracts.values import Leg, plain
from gateway.domain.sentences import summary
from gateway.guards.rates import network_of
from gateway.notify.kinds import CATALOGUE, Kind, Severity

DEVICES_MAX = 64
"""Devices remembered; one forgotten is told of as new again."""
BODY_BYTES_MAX = 700
_DAY = timedelta(days=1)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What people are told about one event."""

    kind: Kind
    severity: Severity
    position: int
    at: datetime
    title: str
    body: str
    change: int | None = None
    """The number of a change of these settings."""

    @property
    def is_urgent(self) -> bool:
        """Say whether it is told at once, quiet hours or not."""
        return self.severity is Severity.CRITICAL or CATALOGUE[self.kind].is_must_see

    @property
    def first_line(self) -> str:
        """Give the first line of the body."""
        return self.body.partition("\n")[0]


class Tally(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened since a daily summary."""

    since: datetime
    fills: int = 0
    stops: int = 0
    targets: int = 0
    closed: int = 0
    denied: int = 0
    made_usd: Decimal = Decimal(0)
    """Of setups that closed: price PnL with funding, less fees."""


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """Where the venue would take a position over, as it was seen last."""

    price_usd: Decimal
    is_long: bool


class Memory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the rules remember from event to event."""

    tally: Tally
    streak: int = 0
    """Denials in a row."""
    devices: tuple[str, ...] = ()
    """Digests, the one seen last at the end."""
    liquidation: Risk | None = None
    near_told: int = 0
    """How near it was told to be: 1 within the limit, 2 within half of it."""
    expiry_key: str = ""
    """The key whose end was told of."""
    expiry_told: int | None = None
    """The minutes before its end that were told last."""
    rpc_since: datetime | None = None
    is_rpc_told: bool = False


def remember(
    memory: Memory, recorded: Recorded, account: AccountId, *, veto_streak: int
) -> tuple[Memory, Notice | None]:
    """Take one event of the log; events of other accounts change nothing."""
    event = recorded.event
    if getattr(event, "account", None) not in (None, account):
        return memory, None
    memory = msgspec.structs.replace(memory, tally=_counted(memory.tally, event))
    match event:
        case verdict.OrderApproved():
            return msgspec.structs.replace(memory, streak=0), None
        case verdict.OrderDenied():
            streak = memory.streak + 1
            memory = msgspec.structs.replace(memory, streak=streak)
            if streak % veto_streak:
                return memory, None
            body = f"{streak} denials in a row. The last one: {summary(event)}"
            return memory, _notice(recorded, Kind.VETO_STREAK, body=body)
        case access.SignedIn():
            return _signed_in(memory, recorded, event)
        case venue.VenueObserved():
            return _observed(memory, event), None
        case _:
            return memory, _plain_notice(recorded)


def summary_due(memory: Memory, at: str | None, now: datetime) -> datetime | None:
    """Give the time of the daily summary that is due, if one is."""
    if at is None:
        return None
    last = datetime.combine(now.date(), time.fromisoformat(at), UTC)
    if last > now:
        last -= _DAY
    return last if memory.tally.since < last else None


def daily_summary(memory: Memory, *, position: int, now: datetime) -> tuple[Memory, Notice]:
    """Give the summary of what happened since the last one, and begin the next."""
    tally = memory.tally
    made = plain(tally.made_usd)
    body = (
        f"Since {tally.since:%d %b %H:%M} UTC: {tally.closed} setups closed, made {made} USD "
        f"after fees and funding; {tally.fills} fills, {tally.targets} take-profits, "
        f"{tally.stops} stops, {tally.denied} denials."
    )
    about = CATALOGUE[Kind.DAILY_SUMMARY]
    notice = Notice(
        kind=Kind.DAILY_SUMMARY,
        severity=about.severity,
        position=position,
        at=now,
        title=about.title,
        body=body,
    )
    return msgspec.structs.replace(memory, tally=Tally(since=now)), notice


def _plain_notice(recorded: Recorded) -> Notice | None:
    found = _kind_of(recorded.event)
    if found is None:
        return None
    kind, severity = found
    return _notice(recorded, kind, severity=severity)


_KINDS: Mapping[type[Event], Kind] = {
    order.SetupClosed: Kind.SETUP_CLOSED,
    feed.FeedStalled: Kind.FEED_STALLED,
    feed.FeedRecovered: Kind.FEED_RECOVERED,
    engine.CircuitOpened: Kind.CIRCUIT_OPENED,
    engine.ReconciliationBroke: Kind.RECONCILIATION,
    venue.PositionLiquidated: Kind.LIQUIDATION,
    venue.ForeignOrderFilled: Kind.FOREIGN_ACTIVITY,
    engine.ForeignOrderSeen: Kind.FOREIGN_ACTIVITY,
    engine.PositionAdopted: Kind.FOREIGN_ACTIVITY,
    control.KillSwitchEngaged: Kind.STOP_ENGAGED,
    control.TradingResumed: Kind.TRADING_RESUMED,
    control.SettingsChanged: Kind.SETTINGS_CHANGED,
    control.NotificationsChanged: Kind.NOTIFICATIONS_CHANGED,
    delegation.ConsentGiven: Kind.DELEGATION,
    delegation.AccountHandedOver: Kind.DELEGATION,
    delegation.DelegateKeyBorn: Kind.DELEGATION,
    delegation.DelegateKeyDestroyed: Kind.DELEGATION,
    delegation.OwnerTransactionRefused: Kind.DELEGATION,
    delegation.OwnerTransactionDied: Kind.DELEGATION,
    delegation.DelegationChanged: Kind.DELEGATION,
    manual.SigningModeChanged: Kind.DELEGATION,
    manual.SignatureAsked: Kind.DELEGATION,
    manual.ReturnRefused: Kind.DELEGATION,
}


def _kind_of(event: Event) -> tuple[Kind, Severity | None] | None:
    """Give what an event is told as; no severity where it is that of the kind."""
    match event:
        case order.OrderFilled():
            return _filled(event.leg), None
        case engine.ModeChanged(mode=engine.Mode.REVOKED):
            return Kind.ENGINE_REVOKED, None
        case engine.ModeChanged(mode=engine.Mode.RUN):
            return Kind.ENGINE_MODE, Severity.INFO
        case engine.ModeChanged():
            return Kind.ENGINE_MODE, None
        case engine.ReconciliationPassed():
            return Kind.RECONCILIATION, Severity.INFO
        case _:
            kind = _KINDS.get(type(event))
            return None if kind is None else (kind, None)


def _filled(leg: Leg) -> Kind:
    match leg:
        case Leg.ENTRY | Leg.CLOSE:
            return Kind.ORDER_FILLED
        case Leg.STOP:
            return Kind.STOP_HIT
        case Leg.TP1 | Leg.TP2 | Leg.TP3:
            return Kind.TARGET_HIT


def _signed_in(
    memory: Memory, recorded: Recorded, event: access.SignedIn
) -> tuple[Memory, Notice | None]:
    """Tell of a wallet in a browser or a network that it did not come from before."""
    seed = f"{event.wallet}\n{network_of(event.address)}\n{event.user_agent}"
    device = hashlib.sha256(seed.encode()).hexdigest()[:16]
    is_new = device not in memory.devices
    others = tuple(one for one in memory.devices if one != device)
    memory = msgspec.structs.replace(memory, devices=(*others, device)[-DEVICES_MAX:])
    if not is_new:
        return memory, None
    body = f"{summary(event)}. Browser: {event.user_agent or 'not named'}"
    return memory, _notice(recorded, Kind.SIGN_IN, body=body)


def _observed(memory: Memory, event: venue.VenueObserved) -> Memory:
    """Note where liquidation stands; that of another side is another one."""
    risk = None
    if event.position_base and event.liquidation_usd is not None:
        risk = Risk(price_usd=event.liquidation_usd, is_long=event.position_base > 0)
    before = memory.liquidation
    is_same = risk is not None and before is not None and risk.is_long is before.is_long
    told = memory.near_told if is_same else 0
    return msgspec.structs.replace(memory, liquidation=risk, near_told=told)


def _counted(tally: Tally, event: Event) -> Tally:
    change = msgspec.structs.replace
    match event:
        case order.OrderFilled(leg=Leg.STOP):
            return change(tally, fills=tally.fills + 1, stops=tally.stops + 1)
        case order.OrderFilled(leg=Leg.TP1 | Leg.TP2 | Leg.TP3):
            return change(tally, fills=tally.fills + 1, targets=tally.targets + 1)
        case order.OrderFilled():
            return change(tally, fills=tally.fills + 1)
        case order.SetupClosed():
            made = event.realized_pnl_usd + event.funding_usd - event.fees_usd
            return change(tally, closed=tally.closed + 1, made_usd=tally.made_usd + made)
        case verdict.OrderDenied():
            return change(tally, denied=tally.denied + 1)
        case _:
            return tally


def _notice(
    recorded: Recorded, kind: Kind, *, body: str = "", severity: Severity | None = None
) -> Notice:
    about = CATALOGUE[kind]
    event = recorded.event
    return Notice(
        kind=kind,
        severity=severity or about.severity,
        position=recorded.position,
        at=recorded.recorded_at,
        title=about.title,
        body=tame(body or summary(event)),
        change=event.number if isinstance(event, control.NotificationsChanged) else None,
    )


_TAMED = str.maketrans(
    {"@": "\uff20", "<": "\u2039", ">": "\u203a", "`": "\u02cb", "*": "\u2217", "[": "("}
)
"""What chat programs read as mentions, markup and code."""


def tame(text: str) -> str:
    """Make a text that others wrote parts of safe to show in any program, and short."""
    clean = "".join(char if char.isprintable() else " " for char in text).translate(_TAMED)
    data = clean.encode("utf-8", "replace")[:BODY_BYTES_MAX]
    return data.decode("utf-8", "ignore")
