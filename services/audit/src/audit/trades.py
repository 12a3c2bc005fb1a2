"""`audit trades`: what became of every setup, from the recorded log and the recorded prints.

The log is read once, into rows; then the prints of its feed are read once, for the markouts.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points

from audit.domain.entry import Message, recorded_of
from audit.domain.trades.journal import Journal
from audit.domain.trades.markouts import Markouts
from chassis.market import Market
from contracts import codec
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import SourceVenue, Symbol
from contracts.subjects import trades as trades_subject
from contracts.tapes import TAPES_GROUP, NotARecording, RecordingReader
from contracts.ticks import Trade, decode_tick


@dataclass(slots=True)
class Reported:
    """What the log and the prints say."""

    journal: Journal = field(default_factory=Journal)
    source: str = ""
    events: int = 0
    first: int = 0
    last: int = 0
    unreadable: int = 0
    first_unreadable: str = ""
    prints: int = 0
    prints_source: str = ""

    @property
    def feed(self) -> FeedOpened | None:
        """Give the log's feed; None when it has none yet."""
        return self.journal.feeds[-1] if self.journal.feeds else None


async def read_log(source: AsyncIterator[Sequence[Message]], *, name: str) -> Reported:
    """Gather the rows of a log; what this build cannot read is counted and passed over."""
    result = Reported(source=name)
    async for messages in source:
        for message in messages:
            _step(message, result)
    return result


def _step(message: Message, result: Reported) -> None:
    result.events += 1
    result.first, result.last = result.first or message.position, message.position
    try:
        recorded = recorded_of(message)
    except codec.UndecodableMessage as error:
        result.unreadable += 1
        result.first_unreadable = result.first_unreadable or f"position {message.position}: {error}"
        return
    result.journal.step(recorded)


async def mark_out(result: Reported, prints: AsyncIterable[Trade], *, name: str) -> None:
    """Measure the markouts of all fills on the feed's prints, in their order."""
    fills = [fill for setup in result.journal.setups.values() for fill in setup.fills]
    markouts = Markouts(fills)
    async for trade in prints:
        markouts.see(trade)
        if markouts.is_done:
            break
    if fills:
        result.prints, result.prints_source = markouts.prints, name


async def streamed_prints(market: Market, feed: FeedOpened) -> AsyncIterator[Trade]:
    """Give the prints of a feed that MARKET still holds."""
    subject = trades_subject(SourceVenue(feed.venue), Symbol(feed.symbol))
    async for message in market.read(subject):
        tick = decode_tick(message.body)
        if isinstance(tick, Trade):
            yield tick


async def taped_prints(names: Sequence[str], feed: FeedOpened) -> AsyncIterator[Trade]:
    """Give the prints of a recording; raise NotARecording when it is not of the log's feed."""
    for trade in _recorded(names, feed):
        yield trade


def _recorded(names: Sequence[str], feed: FeedOpened) -> Iterable[Trade]:
    readers = list(entry_points(group=TAPES_GROUP))
    if not readers:
        raise NotARecording("expected an installed service that reads recordings, found none")
    read: RecordingReader = readers[0].load()
    recording = read(names, feed.symbol)
    if (recording.venue, recording.symbol) != (feed.venue, feed.symbol):
        raise NotARecording(
            f"expected a recording of {feed.venue} {feed.symbol}, as the log's feed,"
            f" found one of {recording.venue} {recording.symbol}"
        )
    if feed.kind is FeedKind.TAPE and recording.identity != feed.identity:
        raise NotARecording(
            f"expected the recording that the log was made from, {feed.identity},"
            f" found {recording.identity}"
        )
    return recording.trades
