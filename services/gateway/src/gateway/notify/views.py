"""What the API answers about notifications; no answer holds a target."""

import msgspec

from gateway.notify.bodies import TUNABLE
from gateway.notify.config import Channel, Config
from gateway.notify.kinds import CATALOGUE
from gateway.notify.outbox import Delivery, Outbox, Ping
from gateway.notify.targets import SCHEMES, masked
from gateway.stream.protocol import time_text
from gateway.view import View


class KindView(View, frozen=True):
    """What people can be told."""

    kind: str
    title: str
    severity: str
    is_must_see: bool
    """It goes to every channel at once, and nobody can mute it."""


class OutcomeView(View, frozen=True):
    """What came of the last attempt; `error` is a code."""

    at: str
    status: str
    """`delivered`, `failed` (it is tried again), or `gave_up`."""
    error: str


class ChannelView(View, frozen=True):
    """One way to a person."""

    id: str
    name: str
    scheme: str
    target: str
    """Masked."""
    floor: str
    hourly_cap: int
    waiting: int
    """Messages to be sent."""
    held: int
    """Notices for the next digest."""
    last_delivery: OutcomeView | None


class QuietHoursView(View, frozen=True):
    """Local times between which only what is critical is told."""

    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    zone: str


class HeartbeatView(View, frozen=True):
    """An address that is asked for while all is well."""

    target: str
    """Masked."""
    every_s: int
    last_ping: OutcomeView | None


class DeliveryView(View, frozen=True):
    """One attempt."""

    at: str
    channel: str
    kind: str
    """A kind, or `digest`."""
    position: str
    """The last event of the log that it tells of."""
    status: str
    attempt: int
    error: str


class NotificationsView(View, frozen=True):
    """All settings of an account's notifications, and how their deliveries go."""

    is_available: bool
    unavailable_reason: str
    kinds: list[KindView]
    schemes: list[str]
    channels: list[ChannelView]
    matrix: dict[str, list[str]]
    """Channels of every kind that can be muted."""
    quiet_hours: QuietHoursView | None
    veto_streak: int
    liquidation_pct: int
    delegate_expiry_min: list[int]
    rpc_silent_s: int
    daily_summary_at: str | None
    heartbeat: HeartbeatView | None
    deliveries: list[DeliveryView]
    """The newest first."""


class TriedView(View, frozen=True):
    """What came of a test."""

    status: str
    error: str


def notifications_view(
    config: Config, outbox: Outbox | None, *, is_available: bool
) -> NotificationsView:
    """Give settings and deliveries in the API's words."""
    quiet, beat = config.quiet_hours, config.heartbeat
    return NotificationsView(
        is_available=is_available,
        unavailable_reason="" if is_available else "This desk has no key to keep targets with",
        kinds=[
            KindView(
                kind=kind,
                title=about.title,
                severity=about.severity.name.lower(),
                is_must_see=about.is_must_see,
            )
            for kind, about in CATALOGUE.items()
        ],
        schemes=list(SCHEMES),
        channels=[_channel(one, outbox) for one in config.channels],
        matrix={kind: list(config.matrix.get(kind, ())) for kind in TUNABLE},
        quiet_hours=quiet and QuietHoursView(begin=quiet.begin, end=quiet.end, zone=quiet.zone),
        veto_streak=config.veto_streak,
        liquidation_pct=config.liquidation_pct,
        delegate_expiry_min=list(config.delegate_expiry_min),
        rpc_silent_s=config.rpc_silent_s,
        daily_summary_at=config.summary_at,
        heartbeat=beat
        and HeartbeatView(
            target=masked("https"), every_s=beat.every_s, last_ping=_ping(outbox and outbox.ping)
        ),
        deliveries=[] if outbox is None else [_delivery(it, config) for it in outbox.deliveries],
    )


def _channel(channel: Channel, outbox: Outbox | None) -> ChannelView:
    place = channel.place
    pending = () if outbox is None else outbox.pending
    held = () if outbox is None else outbox.held
    deliveries = () if outbox is None else outbox.deliveries
    last = next((one for one in deliveries if one.place == place), None)
    return ChannelView(
        id=channel.id,
        name=channel.name,
        scheme=channel.scheme,
        target=masked(channel.scheme),
        floor=channel.floor,
        hourly_cap=channel.hourly_cap,
        waiting=sum(one.place == place for one in pending),
        held=sum(sum(one.counts.values()) for one in held if one.place == place),
        last_delivery=last
        and OutcomeView(at=time_text(last.at), status=last.status, error=last.error),
    )


def _ping(ping: Ping | None) -> OutcomeView | None:
    if ping is None:
        return None
    status = "failed" if ping.error else "delivered"
    return OutcomeView(at=time_text(ping.at), status=status, error=ping.error)


def _delivery(delivery: Delivery, config: Config) -> DeliveryView:
    channel = config.channel(delivery.place)
    return DeliveryView(
        at=time_text(delivery.at),
        channel="" if channel is None else channel.id,
        kind=delivery.kind,
        position=str(delivery.position),
        status=delivery.status,
        attempt=delivery.attempt,
        error=delivery.error,
    )
