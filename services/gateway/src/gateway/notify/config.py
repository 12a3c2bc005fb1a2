"""What one account's people want to be told, and where: kept whole, with a number that grows."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import msgspec

from gateway.notify.kinds import CATALOGUE, SEVERITIES, Kind, Severity

CHANNELS_MAX = 8
FORMER_MAX = 16
VETO_STREAK = 5
EVERY_S = 60
LIQUIDATION_PCT = 10
DELEGATE_EXPIRY_MIN = (120, 15)
RPC_SILENT_S = 60


class _Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Channel(_Kept, frozen=True, kw_only=True):
    """One way to a person. Its target is sealed for its place."""

    id: str
    """The person's name of it, for the matrix."""
    name: str
    place: str
    """Ours; another target has another one."""
    scheme: str
    sealed: str
    floor: str = "info"
    hourly_cap: int = 20

    @property
    def least(self) -> Severity:
        """Give the least that it takes."""
        return SEVERITIES[self.floor]


class Former(_Kept, frozen=True, kw_only=True):
    """A channel that change `number` took away; it hears of that change still."""

    channel: Channel
    number: int


class QuietHours(_Kept, frozen=True, kw_only=True):
    """Local times `HH:MM` between which only what is critical is told."""

    begin: str
    end: str
    zone: str

    def holds(self, now: datetime) -> bool:
        """Say whether it is quiet now."""
        local = now.astimezone(ZoneInfo(self.zone)).time()
        begin, end = time.fromisoformat(self.begin), time.fromisoformat(self.end)
        if begin <= end:
            return begin <= local < end
        return local >= begin or local < end


class Heartbeat(_Kept, frozen=True, kw_only=True):
    """An address that is asked for while all is well: somebody else's alarm waits for silence."""

    place: str
    sealed: str
    every_s: int = EVERY_S


class Change(_Kept, frozen=True, kw_only=True):
    """What the log is to say about a change that it does not hold yet."""

    by: str
    at: datetime
    retargeted: tuple[str, ...]
    """Channels that were added, replaced or removed."""
    has_other_heartbeat: bool


class Config(_Kept, frozen=True, kw_only=True):
    """The settings of one account; number 0 before the first change."""

    number: int = 0
    channels: tuple[Channel, ...] = ()
    matrix: dict[str, tuple[str, ...]] = {}
    """Ids of channels by kind; a kind that is absent goes nowhere, but for must-see ones."""
    quiet_hours: QuietHours | None = None
    veto_streak: int = VETO_STREAK
    liquidation_pct: int = LIQUIDATION_PCT
    """Below this distance of the price, in percent of it, liquidation is near."""
    delegate_expiry_min: tuple[int, ...] = DELEGATE_EXPIRY_MIN
    """So many minutes before a delegate key ends it is told, the longest first."""
    rpc_silent_s: int = RPC_SILENT_S
    """How long nodes of the chain may be silent before it is told."""
    summary_at: str | None = None
    """UTC, `HH:MM`."""
    heartbeat: Heartbeat | None = None
    former: tuple[Former, ...] = ()
    unrecorded: Change | None = None

    def channel(self, place: str) -> Channel | None:
        """Give the channel at a place, one that was taken away included."""
        every = (*self.channels, *(one.channel for one in self.former))
        return next((one for one in every if one.place == place), None)

    def takers(self, kind: Kind, severity: Severity) -> tuple[Channel, ...]:
        """Give the channels that a notice goes to."""
        if CATALOGUE[kind].is_must_see:
            return self.channels
        wanted = self.matrix.get(kind, ())
        return tuple(it for it in self.channels if it.id in wanted and severity >= it.least)

    def is_quiet(self, now: datetime) -> bool:
        """Say whether only what is critical is told now."""
        return self.quiet_hours is not None and self.quiet_hours.holds(now)
