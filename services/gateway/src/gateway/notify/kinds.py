"""What people can be told, how much each kind matters, and which ones nobody can mute."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """How much a notice matters; a channel names the least that it takes."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3
    """Told at once, quiet hours or not."""


SEVERITIES = {severity.name.lower(): severity for severity in Severity}


class Kind(StrEnum):
    """What a notice is about; fixed for ever, because settings name them."""

    ORDER_FILLED = "order_filled"
    STOP_HIT = "stop_hit"
    TARGET_HIT = "target_hit"
    SETUP_CLOSED = "setup_closed"
    VETO_STREAK = "veto_streak"
    STOP_ENGAGED = "stop_engaged"
    TRADING_RESUMED = "trading_resumed"
    FEED_STALLED = "feed_stalled"
    FEED_RECOVERED = "feed_recovered"
    ENGINE_MODE = "engine_mode"
    ENGINE_REVOKED = "engine_revoked"
    CIRCUIT_OPENED = "circuit_opened"
    RECONCILIATION = "reconciliation"
    LIQUIDATION = "liquidation"
    FOREIGN_ACTIVITY = "foreign_activity"
    SIGN_IN = "sign_in"
    SETTINGS_CHANGED = "settings_changed"
    DELEGATION = "delegation"
    NOTIFICATIONS_CHANGED = "notifications_changed"
    DAILY_SUMMARY = "daily_summary"
    LIQUIDATION_NEAR = "liquidation_near"
    DELEGATE_EXPIRING = "delegate_expiring"
    RPC_DEGRADED = "rpc_degraded"


@dataclass(frozen=True, slots=True)
class About:
    """What is fixed about a kind."""

    title: str
    severity: Severity
    is_must_see: bool = False
    """Goes to every channel, whatever the matrix, the floor, the hour and the cap say."""


_I, _W, _C = Severity.INFO, Severity.WARNING, Severity.CRITICAL

CATALOGUE: dict[Kind, About] = {
    Kind.ORDER_FILLED: About("Order filled", _I),
    Kind.STOP_HIT: About("Stop hit", _W),
    Kind.TARGET_HIT: About("Take-profit hit", _I),
    Kind.SETUP_CLOSED: About("Setup closed", _I),
    Kind.VETO_STREAK: About("Risk denies one entry after another", _W),
    Kind.STOP_ENGAGED: About("Emergency stop engaged", _C, is_must_see=True),
    Kind.TRADING_RESUMED: About("Trading resumed", _C, is_must_see=True),
    Kind.FEED_STALLED: About("Feed stalled", _W),
    Kind.FEED_RECOVERED: About("Feed flows again", _I),
    Kind.ENGINE_MODE: About("Engine mode changed", _W),
    Kind.ENGINE_REVOKED: About("We may not sign any more", _C, is_must_see=True),
    Kind.CIRCUIT_OPENED: About("The venue refuses again and again", _C, is_must_see=True),
    Kind.RECONCILIATION: About("Log and venue compared", _W),
    Kind.LIQUIDATION: About("Liquidation", _C, is_must_see=True),
    Kind.LIQUIDATION_NEAR: About("Liquidation is near", _C, is_must_see=True),
    Kind.FOREIGN_ACTIVITY: About("Something that is not ours", _W),
    Kind.SIGN_IN: About("Sign-in from a new device", _C, is_must_see=True),
    Kind.SETTINGS_CHANGED: About("Settings changed", _W),
    Kind.DELEGATION: About("Delegation", _C, is_must_see=True),
    Kind.DELEGATE_EXPIRING: About("The delegate key runs out", _W),
    Kind.RPC_DEGRADED: About("The chain's nodes", _W),
    Kind.NOTIFICATIONS_CHANGED: About("Notifications changed", _C, is_must_see=True),
    Kind.DAILY_SUMMARY: About("Daily summary", _I),
}
"""In the order in which they are shown."""

MUST_SEE = frozenset(kind for kind, about in CATALOGUE.items() if about.is_must_see)
