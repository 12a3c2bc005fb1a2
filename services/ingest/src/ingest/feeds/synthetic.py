"""The synthetic market: generated, seeded, endless, and named synthetic wherever it shows.

Its frames are bytes of the exchange's own format and pass the same decoder as real ones. It can
begin at any trade without generating those before: only the plans of the days are needed.
"""

import random
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.settings import ConfigurationError
from contracts.feed import FeedKind
from contracts.ids import Symbol
from contracts.markets import market_of
from contracts.values import to_millis
from ingest.domain import source as sources
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Item, Refusal
from ingest.domain.source import Source
from ingest.domain.synthetic.episodes import open_cents, plan_day
from ingest.domain.synthetic.plan import MINUTES_PER_DAY, Dice, MinutePlan
from ingest.domain.synthetic.wire import MINUTE_MS, MinuteWire

SYMBOL = Symbol("solusdt")
FIRST_TRADE_ID = 1_000_001
BEGINS_AT = datetime(2026, 1, 1, tzinfo=UTC)
BEGINS_MS = to_millis(BEGINS_AT)
GENERATOR = "1"
"""Version of the generator: another one gives other ticks for a seed."""


class BrokenGenerator(Exception):
    """The generator wrote a frame that the decoder refuses."""


@dataclass(frozen=True, slots=True)
class Day:
    """The plan of a day and the id of its first trade."""

    number: int
    first_id: int
    minutes: tuple[MinutePlan, ...]

    @property
    def next_first_id(self) -> int:
        """Give the id of the first trade of the next day."""
        return self.first_id + sum(minute.ids for minute in self.minutes)


class SyntheticFeed:
    """Plays the synthetic market of a seed."""

    def __init__(self, *, symbol: str, seed: int) -> None:
        if symbol != SYMBOL:
            raise ConfigurationError(f"expected {SYMBOL} as synthetic symbol, found {symbol}")
        self._dice: Dice = lambda name: random.Random(f"{seed}/{name}")  # noqa: S311 - a simulation
        self._source = Source(
            venue=sources.SYNTHETIC,
            symbol=SYMBOL,
            market=market_of(SYMBOL).market,
            kind=FeedKind.SYNTHETIC,
            identity=f"synthetic:{SYMBOL}:generator={GENERATOR}:seed={seed}",
            is_replayable=True,
            description=f"synthetic market (generated, not real), seed {seed}",
            begins_at=BEGINS_AT,
        )

    @property
    def source(self) -> Source:
        """Do as Feed.source."""
        return self._source

    async def items(self, *, after: int | None) -> AsyncGenerator[Item, None]:
        """Do as Feed.items; begins at the minute of the trade `after`."""
        decoder = FrameDecoder(SYMBOL)
        for frame in self.frames(after=after):
            item = decoder.decode(frame)
            if isinstance(item, Refusal):
                raise BrokenGenerator(f"{item.reason} in {frame!r:.300}")
            yield item

    def frames(self, *, after: int | None = None) -> Iterator[bytes]:
        """Give the frames from the minute of the trade `after` on, without end."""
        wanted = FIRST_TRADE_ID if after is None else after
        for day in self.days():
            first_id = day.first_id
            if day.next_first_id <= wanted:
                continue
            for number, plan in enumerate(day.minutes):
                minute = day.number * MINUTES_PER_DAY + number
                if first_id + plan.ids > wanted:
                    yield from MinuteWire(
                        plan,
                        start_ms=BEGINS_MS + minute * MINUTE_MS,
                        first_id=first_id,
                        chance=self._dice(f"minute/{minute}"),
                    ).frames()
                first_id += plan.ids

    def days(self) -> Iterator[Day]:
        """Give the plans of the days, without end."""
        number, first_id = 0, FIRST_TRADE_ID
        while True:
            minutes = plan_day(
                number,
                opens_at=open_cents(number, self._dice(f"open/{number}")),
                next_opens_at=open_cents(number + 1, self._dice(f"open/{number + 1}")),
                chance=self._dice(f"day/{number}"),
            )
            day = Day(number, first_id, minutes)
            yield day
            number, first_id = number + 1, day.next_first_id
