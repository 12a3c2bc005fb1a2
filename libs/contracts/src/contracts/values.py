"""Values on the wire: decimals, times and codes.

A decimal is a plain JSON string in canonical form (no exponent, no trailing zeros), so equal
values have equal bytes. NaN, infinity and JSON numbers are refused. Times are aware and UTC.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

PLAIN_DECIMAL = r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$"
_PLAIN_DECIMAL = re.compile(PLAIN_DECIMAL)
_ISO_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T")
_DIGITS_MAX = 18  # on either side of the point
_REMEMBERED = 4096
"""Decimals that need no second look: limits and settings come again with every verdict."""


def plain(value: Decimal) -> str:
    """Write a finite decimal in canonical plain notation: `1.5`, `-0.001`, `0`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def refused(what: str) -> ValueError:
    """Give an error whose words a failed validation repeats as they are.

    Before those of a plain ValueError pydantic writes "Value error,", which tells a person nothing.
    """
    return PydanticCustomError("refused", "{what}", {"what": what})


def parse_decimal(text: object) -> Decimal:
    """Read a plain decimal string, or take a `Decimal` that can be written as one.

    Both hold at most 18 digits on either side of the point: what is written can be read again.
    Refuses all else with ValueError.
    """
    if isinstance(text, Decimal):
        if not text.is_finite():
            raise refused(f"expected a finite decimal, found {text}")
        if not _is_short(text):
            raise refused(
                f"expected at most {_DIGITS_MAX} digits beside the point, found {text!s:.80}"
            )
        return text
    if not isinstance(text, str):
        raise refused(f"expected a plain decimal string such as '1.5', found {text!r:.60}")
    return _read_decimal(text)


@lru_cache(_REMEMBERED)
def _read_decimal(text: str) -> Decimal:
    if not _PLAIN_DECIMAL.fullmatch(text):
        raise refused(f"expected a plain decimal string such as '1.5', found {text!r:.60}")
    return Decimal(text)


@lru_cache(_REMEMBERED)
def _is_short(value: Decimal) -> bool:
    if not value:
        return True
    return -_DIGITS_MAX <= value.adjusted() < _DIGITS_MAX and bool(
        _PLAIN_DECIMAL.fullmatch(plain(value))
    )


def parse_time(value: object) -> object:
    """Read an ISO 8601 time, and pass on all else; a plain number is no time."""
    if not isinstance(value, str):
        return value
    if _ISO_TIME.match(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    raise refused(f"expected a time such as '2026-01-31T12:00:00Z', found {value!r:.60}")


def _require_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() != timedelta(0):
        raise refused(f"expected a UTC time, found {value.isoformat()}")
    return value.astimezone(UTC)


DecimalString = Annotated[
    Decimal,
    BeforeValidator(parse_decimal),
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": PLAIN_DECIMAL}),
]
Positive = Annotated[DecimalString, Field(gt=0)]
NotNegative = Annotated[DecimalString, Field(ge=0)]
UtcTime = Annotated[datetime, BeforeValidator(parse_time), AfterValidator(_require_utc)]
Token = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
"""One token of a subject."""
Note = Annotated[str, Field(max_length=500)]
UserOrderId = Annotated[int, Field(ge=1, le=255)]
"""Our number of an order at the venue; unique among the account's open orders."""
VenueOrderId = Annotated[int, Field(ge=0)]
"""The venue's number of an order; a move gives it another one."""


class VenueClock(BaseModel):
    """How far the venue had come when it was seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: UtcTime
    """Chain time."""
    slot: int = Field(ge=0)
    trade_id: int | None = None
    """The last print of the feed that the paper venue had worked through; None on a chain."""


def from_millis(milliseconds: int) -> datetime:
    """Give the UTC time of an exchange's epoch milliseconds, exactly."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_millis(moment: datetime) -> int:
    """Give the epoch milliseconds of a UTC time; microseconds are cut off."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Side(StrEnum):
    """The direction of a position, or of the setup that opens one."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """Give +1 for long and -1 for short."""
        return 1 if self is Side.LONG else -1

    @property
    def opposite(self) -> "Side":
        """Give the other side."""
        return Side.SHORT if self is Side.LONG else Side.LONG


class Leg(StrEnum):
    """What an order is for within its setup."""

    ENTRY = "entry"
    STOP = "stop"
    TP1 = "tp1"
    TP2 = "tp2"
    TP3 = "tp3"
    CLOSE = "close"
    """Takes the whole position off at the market."""


class OrderKind(StrEnum):
    """How an order executes."""

    POST_ONLY_LIMIT = "post_only_limit"
    """Rests at its price or is refused; fills as maker."""
    TRIGGER_MARKET = "trigger_market"
    """Waits for its trigger price, then takes."""
    REDUCE_ONLY_LIMIT = "reduce_only_limit"
    """Rests at its price and can only shrink the position."""
    LIMIT = "limit"
    """Takes what it can up to its price, and rests."""
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    """Takes what it can up to its price, and ends."""


class Liquidity(StrEnum):
    """Which side of the fill we were."""

    MAKER = "maker"
    TAKER = "taker"
