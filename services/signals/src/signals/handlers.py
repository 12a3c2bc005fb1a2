"""The use cases: market messages in, closed minutes with their decisions into the log.

Folding does not wait for the log: while one append is under way, the minutes that close meanwhile
gather for the next. A minute and its decision are in one atomic append, guarded by the position
of the minute before: two processes can never both write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from chassis.appends import Appended, VersionConflict
from chassis.checkpoints import Keeps, keep
from chassis.fold import require_deciding
from chassis.market import MarketMessage
from contracts import codec, subjects
from contracts.event import Draft
from contracts.ids import MarketId, SourceVenue, Symbol
from contracts.minute import MinuteClosed, MinuteFact, MinutesBackfilled
from contracts.ticks import Candles, Tick
from contracts.values import from_millis
from signals.domain.bars import BadTick, TickFold, minute_draft
from signals.domain.history import HistoryFold
from signals.domain.resume import Resume, after
from signals.recovery import CHECKPOINT, VERSION
from signals.standing import Standing

MINUTES_PER_APPEND_MAX = 400
"""Two events each; an atomic batch holds 1,000. A history is less than this and comes before all
minutes, so it is in the log whole or not at all."""

_log = structlog.get_logger()
_batch = msgspec.json.Decoder(list[Tick | Candles])
_single: msgspec.json.Decoder[Tick | Candles] = msgspec.json.Decoder(Tick | Candles)


class AnotherWriter(Exception):
    """Another process writes this market's minutes: this one stops."""


class Appends(Protocol):
    """Where facts go."""

    async def append(
        self, drafts: Sequence[Draft], *, expected_last: Mapping[str, int] | None = None
    ) -> list[Appended]: ...


class Parks(Protocol):
    """Where messages go that cannot be handled."""

    async def park(
        self,
        *,
        what: str,
        reason: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        origin: str = "",
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Folded:
    """What messages up to `sequence` closed."""

    minutes: Sequence[MinuteFact]
    sequence: int


class FoldTrades:
    """Folds one feed's messages, from where the log stands, in order."""

    def __init__(self, standing: Standing, *, dead_letters: Parks) -> None:
        venue, symbol, market = standing.feed
        self.subject = subjects.trades(SourceVenue(venue), Symbol(symbol))
        self._history_subject = subjects.history(SourceVenue(venue), Symbol(symbol))
        self.parked = 0
        self.history = HistoryFold(
            venue=SourceVenue(venue), symbol=Symbol(symbol), market=MarketId(market)
        )
        self.fold = TickFold(
            venue=SourceVenue(venue),
            symbol=Symbol(symbol),
            market=MarketId(market),
            resume=standing.resume,
        )
        self._standing = standing
        self._dead_letters = dead_letters

    async def handle(self, messages: Sequence[MarketMessage]) -> Folded:
        """Fold messages, at least one; park what cannot be read and what another feed said."""
        minutes: list[MinuteFact] = []
        fold, subject = self.fold.fold, self.subject
        for message, tick in zip(messages, decode_ticks(messages), strict=True):
            if message.subject not in (subject, self._history_subject):
                await self._park(message, _foreign(message, subject))
                continue
            if isinstance(tick, ValueError):
                await self._park(message, tick)
                continue
            try:
                closed = self._begin(tick) if isinstance(tick, Candles) else fold(tick)
            except BadTick as bad:
                await self._park(message, bad)
                continue
            if closed:
                minutes.extend(closed)
        ours = next((message for message in messages if message.subject == subject), None)
        if ours is not None:
            self._standing.mark(ours, folded_id=self.fold.last_id)
        return Folded(minutes, messages[-1].sequence)

    def _begin(self, part: Candles) -> Sequence[MinutesBackfilled]:
        """Let the fold continue a history; what comes after its beginning is known."""
        if self.fold.has_begun:
            return ()
        facts = self.history.fold(part)
        resume: Resume | None = None
        for fact in facts:
            resume = after(resume, fact)
        if resume is not None:
            self.fold.continue_after(resume)
        return facts

    async def _park(self, message: MarketMessage, reason: ValueError) -> None:
        self.parked += 1
        origin = f"{message.subject} at {message.sequence} of the market stream"
        _log.warning("tick_parked", reason=str(reason), origin=origin)
        await self._dead_letters.park(
            what="tick", reason=str(reason), body=message.body, origin=origin
        )


class RecordMinutes:
    """Decides on minutes and appends both, in order; keeps a checkpoint now and then."""

    def __init__(
        self, standing: Standing, *, log: Appends, checkpoints: Keeps, checkpoint_minutes: int
    ) -> None:
        self._standing = standing
        self._subject = subjects.minute(MarketId(standing.feed[2]))
        self._log = log
        self._checkpoints = checkpoints
        self._checkpoint_minutes = checkpoint_minutes
        self._minutes_since_checkpoint = 0
        self._is_whole = True

    async def handle(self, minutes: Sequence[MinuteFact]) -> None:
        """Record minutes with their decisions; return when the log has them on disk.

        Raises AnotherWriter, and FollowerReplaced when a process with other rules took over.
        """
        for start in range(0, len(minutes), MINUTES_PER_APPEND_MAX):
            await self._record(minutes[start : start + MINUTES_PER_APPEND_MAX])
        self._minutes_since_checkpoint += len(minutes)
        if self._minutes_since_checkpoint >= self._checkpoint_minutes:
            await self.checkpoint()

    async def checkpoint(self) -> None:
        """Keep the place in the log, so that a restart folds less."""
        standing = self._standing
        if self._minutes_since_checkpoint == 0:
            return
        self._minutes_since_checkpoint = 0
        await keep(
            self._checkpoints,
            CHECKPOINT,
            version=VERSION,
            position=standing.position,
            state=standing.save(),
        )

    async def _record(self, minutes: Sequence[MinuteFact]) -> None:
        standing = self._standing
        require_deciding(standing.core)
        drafts: list[Draft] = []
        for minute in minutes:
            draft = minute_draft(minute)
            recorded = codec.as_recorded(
                draft, source="signals", position=0, recorded_at=draft.occurred_at
            )
            drafts += (draft, *standing.core.step(recorded))
            self._tell_session()
        guard = {self._subject: standing.minute_position}
        try:
            appended = await self._log.append(drafts, expected_last=guard)
        except VersionConflict as conflict:
            raise AnotherWriter(
                f"expected to be the only writer of {conflict.subject}, whose last position"
                f" would be {conflict.expected}; found {conflict.found}"
            ) from conflict
        for draft, place in zip(drafts, appended, strict=True):
            if isinstance(draft.event, MinuteClosed | MinutesBackfilled):
                standing.take(draft.event, position=place.position)
            standing.position = place.position

    def _tell_session(self) -> None:
        """Say when entries begin to be withheld for want of a whole session, and when they end."""
        state = self._standing.core.state
        session = state.session
        if session.is_whole == self._is_whole:
            return
        self._is_whole = session.is_whole
        tell = _log.info if self._is_whole else _log.warning
        tell(
            "session_whole" if self._is_whole else "session_incomplete",
            minute=from_millis(state.minute_ms or 0).isoformat(),
            since=from_millis(session.since_ms).isoformat(),
            missing_trades=session.missing_trades,
        )


def _foreign(message: MarketMessage, subject: str) -> ValueError:
    return ValueError(f"expected a message on {subject}, found one on {message.subject}")


def decode_ticks(messages: Sequence[MarketMessage]) -> Sequence[Tick | Candles | ValueError]:
    """Read a batch at once; where one cannot be read, give the reason in its place."""
    try:
        ticks = _batch.decode(b"[" + b",".join([it.body for it in messages]) + b"]")
    except ValueError:
        ticks = []
    if len(ticks) == len(messages):
        return ticks
    return [_decode(message.body) for message in messages]


def _decode(body: bytes) -> Tick | Candles | ValueError:
    try:
        return _single.decode(body)
    except ValueError as error:
        return ValueError(f"expected a trade or the end of a tape, found {error}")
