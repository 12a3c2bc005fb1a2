"""What people may ask of their notifications: closed, strict shapes."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from contracts.values import refused
from gateway.notify.config import (
    CHANNELS_MAX,
    DELEGATE_EXPIRY_MIN,
    EVERY_S,
    LIQUIDATION_PCT,
    RPC_SILENT_S,
    VETO_STREAK,
)
from gateway.notify.kinds import MUST_SEE, Kind
from gateway.notify.targets import TARGET_CHARS_MAX
from gateway.requests import Text

TUNABLE = tuple(kind for kind in Kind if kind not in MUST_SEE)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refused("expected the name of a time zone, such as Europe/Berlin") from None
    return name


def _kinds(matrix: dict[str, list[str]]) -> dict[str, list[str]]:
    if not set(matrix) <= set(TUNABLE):
        raise refused(f"expected kinds of {', '.join(TUNABLE)}; the others cannot be muted")
    return matrix


ChannelId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
Target = Annotated[SecretStr, Field(max_length=TARGET_CHARS_MAX)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class ChannelBody(_Body):
    """One way to a person."""

    id: ChannelId
    name: Annotated[Text, Field(min_length=1, max_length=40)]
    target: Target | None = None
    """An address in apprise's spelling; null keeps the one under this id."""
    floor: Literal["info", "warning", "critical"] = "info"
    """What matters less is not sent. What must be seen always is."""
    hourlyCap: Annotated[int, Field(ge=1, le=60)] = 20  # noqa: N815 - the API is camelCase
    """Messages an hour; what is above comes as one digest."""


class QuietHoursBody(_Body):
    """Local times between which only what is critical is told."""

    begin: Annotated[TimeOfDay, Field(alias="from")]
    end: Annotated[TimeOfDay, Field(alias="to")]
    zone: Annotated[str, Field(max_length=60), AfterValidator(_zone)]


class HeartbeatBody(_Body):
    """An address that is asked for while all is well."""

    target: Target | None = None
    """An https address; null keeps the one that is there."""
    everyS: Annotated[int, Field(ge=30, le=3600)] = EVERY_S  # noqa: N815


class NotificationsBody(_Body):
    """All settings of an account's notifications, whole."""

    channels: Annotated[list[ChannelBody], Field(max_length=CHANNELS_MAX)]
    matrix: Annotated[
        dict[str, list[ChannelId]], Field(max_length=len(Kind)), AfterValidator(_kinds)
    ]
    """Channels by kind. A kind that is absent goes nowhere."""
    quietHours: QuietHoursBody | None = None  # noqa: N815
    vetoStreak: Annotated[int, Field(ge=2, le=100)] = VETO_STREAK  # noqa: N815
    """Denials in a row that make a notice."""
    liquidationPct: Annotated[int, Field(ge=1, le=50)] = LIQUIDATION_PCT  # noqa: N815
    """Distance of the price from liquidation, in percent of it, below which it is told."""
    delegateExpiryMin: Annotated[  # noqa: N815
        list[Annotated[int, Field(ge=1, le=1440)]], Field(max_length=4)
    ] = list(DELEGATE_EXPIRY_MIN)
    """Minutes before the end of a delegate key at which it is told."""
    rpcSilentS: Annotated[int, Field(ge=10, le=3600)] = RPC_SILENT_S  # noqa: N815
    """Seconds that nodes of the chain may be silent before it is told."""
    dailySummaryAt: TimeOfDay | None = None  # noqa: N815
    """UTC."""
    heartbeat: HeartbeatBody | None = None

    @model_validator(mode="after")
    def _names_agree(self) -> "NotificationsBody":
        ids = [channel.id for channel in self.channels]
        if len(set(ids)) != len(ids):
            raise refused("expected every channel once, found an id twice")
        for named in self.matrix.values():
            if len(set(named)) != len(named) or not set(named) <= set(ids):
                raise refused("expected the matrix to name channels of this body, each once")
        return self


class TryBody(_Body):
    """Which channel to try."""

    channel: ChannelId
