"""The tape: a recording, played from its beginning to its end.

A play always begins at the first line, whatever the pump already has: so the totals, the gaps and
the refusals are those of the recording, in every run.
"""

import heapq
from collections.abc import AsyncGenerator, Iterator

from contracts.ticks import Trade
from ingest.domain.csv_rows import HEADER, decode_row
from ingest.domain.decode import FrameDecoder
from ingest.domain.items import Decoded, Finished, Item, OtherTrade, Refusal, Refused
from ingest.domain.sequence import Gap, Implausible, Place, TradeSequence
from ingest.domain.source import Source
from ingest.domain.totals import Totals, TotalsCounter
from ingest.feeds.lines import Break, Line, read_lines
from ingest.feeds.tape_files import Tape, TapeFile, TapeKind

_Row = tuple[int, int, Line | Break, Decoded]
"""Id to sort by, index of the file, the line and what it says."""


class TapeFeed:
    """Plays a tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    @property
    def source(self) -> Source:
        """Do as Feed.source."""
        return self._tape.source

    async def items(self, *, after: int | None) -> AsyncGenerator[Item, None]:
        """Do as Feed.items; the last item is Finished."""
        for item in play(self._tape):
            yield item


def play(tape: Tape) -> Iterator[Item]:
    """Give every item of a tape, duplicates dropped; the last one is Finished."""
    player = _Player()
    rows = _ticks(tape) if tape.kind is TapeKind.TICKS else _frames(tape)
    for _, index, line, decoded in rows:
        item = player.take(tape.files[index], line, decoded)
        if item is not None:
            yield item
    yield Finished(player.totals())


class _Player:
    """Decides about each line: an item, a refusal, or nothing for a duplicate."""

    def __init__(self) -> None:
        self._sequence = TradeSequence()
        self._counter = TotalsCounter()
        self._last: Trade | OtherTrade | None = None
        self._refusals = 0

    def totals(self) -> Totals:
        return self._counter.totals()

    def take(self, file: TapeFile, line: Line | Break, decoded: Decoded) -> Item | None:
        if isinstance(decoded, Trade | OtherTrade):
            return self._trade(file, line, decoded)
        if isinstance(decoded, Refusal):
            return self._refuse(file, line, decoded.reason)
        return decoded

    def _trade(self, file: TapeFile, line: Line | Break, trade: Trade | OtherTrade) -> Item | None:
        place = self._sequence.step(trade.i, trade.t)
        if isinstance(place, Implausible):
            return self._refuse(file, line, place.reason)
        if place is Place.KNOWN:
            if self._last is not None and trade.i == self._last.i and trade != self._last:
                return self._refuse(
                    file, line, f"expected trade {trade.i} as it was before, found another"
                )
            return None
        self._last = trade
        if isinstance(place, Gap):
            self._counter.add_gap(place)
        if isinstance(trade, Trade):
            self._counter.add(trade)
        return trade

    def _refuse(self, file: TapeFile, line: Line | Break, reason: str) -> Refused:
        self._refusals += 1
        if isinstance(line, Break) or not line.is_whole:
            self._counter.is_truncated = True
        origin = f"{file.path.name}:{line.number}"
        return Refused(reason, line.text, origin, self._refusals)


def _frames(tape: Tape) -> Iterator[_Row]:
    """Give the frames of files that continue each other, one file after the other."""
    decoder = FrameDecoder(tape.source.symbol)
    for index, file in enumerate(tape.files):
        for line in read_lines(file.path):
            if line.text or isinstance(line, Break):
                yield 0, index, line, _decode_frame(decoder, line)


def _decode_frame(decoder: FrameDecoder, line: Line | Break) -> Decoded:
    if isinstance(line, Break):
        return Refusal(line.reason)
    received, space, frame = line.text.partition(b" ")
    if not space or not received.isdigit():
        return Refusal(f"expected '<received_ns> <json>', found {line.text!r:.100}")
    return decoder.decode(frame)


def _ticks(tape: Tape) -> Iterator[_Row]:
    """Merge files that overlap, by trade id; a file is opened when its first id is due."""
    waiting = sorted(enumerate(tape.files), key=lambda pair: -pair[1].start)
    heads: list[tuple[int, int, _Row, Iterator[_Row]]] = []
    while waiting or heads:
        while waiting and (not heads or waiting[-1][1].start <= heads[0][0]):
            index, file = waiting.pop()
            rows = _file_ticks(index, file)
            first = next(rows, None)
            if first is not None:
                heapq.heappush(heads, (first[0], index, first, rows))
        if not heads:
            continue
        _, index, row, rows = heads[0]
        yield row
        following = next(rows, None)
        if following is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (following[0], index, following, rows))


def _file_ticks(index: int, file: TapeFile) -> Iterator[_Row]:
    """Give a file's rows; what is no trade stands right behind the trade before it."""
    last_id = 0
    for line in read_lines(file.path):
        if isinstance(line, Break):
            yield last_id, index, line, Refusal(line.reason)
            continue
        text = line.text.rstrip(b"\r")
        if not text or (line.number == 1 and text == HEADER):
            continue
        decoded = decode_row(text)
        if isinstance(decoded, Trade):
            if decoded.i < last_id:
                decoded = Refusal(f"expected a trade id of {last_id} or more, found {decoded.i}")
            else:
                last_id = decoded.i
        yield last_id, index, line, decoded
