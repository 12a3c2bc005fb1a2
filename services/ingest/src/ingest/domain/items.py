"""What a feed hands out, in order: ticks, what could not be read, and the feed's own health."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.ticks import Candles, Liquidation, MarkPrice, TopOfBook, Trade
from ingest.domain.totals import Totals


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why bytes are not a tick: what was expected and what was found."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame that could not be read, with its bytes.

    `ordinal` counts the refusals of a recording from 1, the same in every run.
    """

    reason: str
    frame: bytes
    origin: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class OtherTrade:
    """A trade outside the order book (insurance fund, ADL): only its id is used."""

    i: int
    t: int


class Passed(StrEnum):
    """What is read and passed over."""

    DEPTH = "depth"
    SNAPSHOT = "snapshot"
    REPLY = "reply"
    SERVER_ERROR = "server_error"
    OTHER_BUSINESS = "other_business"
    UNFILLED_LIQUIDATION = "unfilled_liquidation"
    UNKNOWN_EVENT = "unknown_event"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A well-formed frame that carries no tick for us."""

    what: Passed
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stalled:
    """A stream is silent for longer than its deadline, lost its connection, or lost trades."""

    stream: str
    reason: str
    silence_ms: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """Data of a stalled stream flows again."""

    stream: str
    stalled_ms: int


@dataclass(frozen=True, slots=True)
class Missed:
    """What was before the first trade of a live feed could not be had."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The recording is over; the totals are those of the whole recording."""

    totals: Totals


Tick = Trade | TopOfBook | MarkPrice | Liquidation
Decoded = Tick | OtherTrade | Ignored | Refusal
Item = Tick | Candles | OtherTrade | Ignored | Refused | Stalled | Recovered | Missed | Finished
