"""What the environment says to ingest."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from chassis.settings import (
    ConfigurationError,
    Requirement,
    ServiceSettings,
    complaints_of,
    read_settings,
)
from contracts.ids import Symbol
from contracts.markets import UnknownMarket, market_of
from contracts.values import refused

SPEED_MAX = 1e6


class FeedChoice(StrEnum):
    """Which feed is wanted."""

    AUTO = "auto"
    """Live when the exchange can be heard, else synthetic. A log that holds one stays with it."""
    BINANCE = "binance"
    SYNTHETIC = "synthetic"
    TAPE = "tape"


def _speed(value: object) -> object:
    if value == "max":
        return math.inf
    try:
        speed = float(str(value))
    except ValueError:
        speed = 0.0
    if not 0 < speed <= SPEED_MAX:
        raise refused(f"expected a number above 0 and at most {SPEED_MAX:g}, or max")
    return speed


Speed = Annotated[float, BeforeValidator(_speed), Field(gt=0)]
"""Exchange seconds per second; infinite for `max`."""


class IngestSettings(ServiceSettings):
    """The shared settings, and where ticks come from."""

    feed: FeedChoice = FeedChoice.AUTO
    feed_symbol: Annotated[str, Field(pattern=r"^[a-z0-9]{1,40}$")] = "solusdt"
    """The exchange's name in lower case; of tick files that do not tell, too."""
    tape_files: str = ""
    """Files, folders or patterns, separated by commas."""
    tape_speed: Speed = 1.0
    synthetic_seed: int = 7
    synthetic_speed: Speed = 60.0
    synthetic_warmup_minutes: Annotated[int, Field(ge=0, le=1440)] = 80
    """Exchange minutes that go out at once, so that the indicators stand when a person looks: the
    first setup of the first day is complete in minute 104."""
    binance_ws_url: Annotated[str, Field(pattern=r"^wss?://")] = "wss://fstream.binance.com"
    binance_rest_url: Annotated[str, Field(pattern=r"^https?://")] = "https://fapi.binance.com"
    auto_probe_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0

    @property
    def tape_names(self) -> tuple[str, ...]:
        """Give the names of the tape's files."""
        return tuple(name.strip() for name in self.tape_files.split(",") if name.strip())

    def requirements(self) -> tuple[Requirement, ...]:
        """Do as ServiceSettings.requirements."""
        return (self._has_market,)

    def _has_market(self) -> None:
        try:
            market_of(Symbol(self.feed_symbol))
        except UnknownMarket as unknown:
            raise ConfigurationError(f"FEED_SYMBOL: {unknown}") from None


def check(over: Mapping[str, str]) -> list[str]:
    """Give what is wrong with the settings of an ingest that is to start."""
    return complaints_of(lambda: read_settings(IngestSettings, over))
