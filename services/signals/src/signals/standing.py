"""Where the service stands in the log: what a restart rebuilds, and what a checkpoint keeps.

The log is the truth. Everything here is a fold over its minutes and decisions, except the hint,
which only says where in the market stream reading may begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from chassis.market import MarketMessage
from contracts.event import Draft, Recorded
from contracts.ids import EventId
from contracts.minute import MinuteClosed, MinuteFact, MinutesBackfilled
from contracts.ticks import Trade, decode_tick
from signals.domain.core import SignalsCore
from signals.domain.resume import Resume, after, last_minute_ms

_MARKS_APART = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """A trade, and where it stood in the market stream when we read it."""

    trade_id: int
    sequence: int

    def is_first_of(self, messages: Sequence[MarketMessage]) -> bool:
        """Say whether messages still begin with the trade that this marks."""
        if not messages or messages[0].sequence != self.sequence:
            return False
        return read_trade_id(messages[0].body) == self.trade_id


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a checkpoint."""

    core: msgspec.Raw
    resume: Resume | None
    minute_position: int
    hint: Mark | None


@dataclass
class Standing:
    """The core and the fold's place after the events of the log up to `position`."""

    core: SignalsCore = field(default_factory=SignalsCore)
    resume: Resume | None = None
    position: int = 0
    minute_position: int = 0
    """Position of the last minute: the lock of the minutes' subject."""
    hint: Mark | None = None
    marks: list[Mark] = field(default_factory=list[Mark])
    """Trades seen since, in order; one of them becomes the next hint."""
    unanswered: dict[EventId, Draft] = field(default_factory=dict[EventId, Draft])
    """Decisions that follow from the log and are not in it."""

    @property
    def is_bound(self) -> bool:
        """Say whether the log has a feed."""
        return self.core.state.feed is not None

    @property
    def feed(self) -> tuple[str, str, str]:
        """Give the log's source venue, symbol and market; there must be one."""
        feed = self.core.state.feed
        if feed is None:
            raise ValueError("expected a log with a feed, found no feed_opened in it")
        return feed

    def fold(self, recorded: Recorded) -> None:
        """Fold an event of the log."""
        drafts = self.core.step(recorded)
        self.unanswered.update({draft.id: draft for draft in drafts})
        self.unanswered.pop(recorded.id, None)
        if isinstance(recorded.event, MinuteClosed | MinutesBackfilled):
            self.take(recorded.event, position=recorded.position)
        self.position = recorded.position

    def take(self, fact: MinuteFact, *, position: int) -> None:
        """Move on past a fact that is in the log."""
        if self.resume is None or last_minute_ms(fact) > self.resume.minute_ms:
            self.resume = after(self.resume, fact)
        self.minute_position = self.position = position

    def mark(self, message: MarketMessage, *, folded_id: int) -> None:
        """Remember where a trade stands; not one that was refused, and not every one."""
        trade_id = read_trade_id(message.body)
        if trade_id is None or trade_id > folded_id:
            return
        if not self.marks or trade_id >= self.marks[-1].trade_id + _MARKS_APART:
            self.marks.append(Mark(trade_id, message.sequence))

    def save(self) -> bytes:
        """Give a checkpoint of this place; only while nothing is unanswered."""
        self._choose_hint()
        return msgspec.json.encode(
            _Kept(msgspec.Raw(self.core.snapshot()), self.resume, self.minute_position, self.hint)
        )

    @classmethod
    def load(cls, state: bytes, *, position: int) -> "Standing":
        """Read a checkpoint; raise ValueError when it is not one."""
        kept = msgspec.json.decode(state, type=_Kept)
        standing = cls(
            resume=kept.resume,
            position=position,
            minute_position=kept.minute_position,
            hint=kept.hint,
        )
        standing.core.restore(bytes(kept.core))
        return standing

    def _choose_hint(self) -> None:
        """Take the newest mark from which every trade that a restart needs is read again."""
        cut_id = -1 if self.resume is None else self.resume.cut_id
        passed = [mark for mark in self.marks if mark.trade_id <= cut_id]
        if passed:
            self.hint = passed[-1]
            self.marks = self.marks[len(passed) - 1 :]


def read_trade_id(body: bytes) -> int | None:
    """Give the id of the trade in a message of the market stream; None when it is not a trade."""
    try:
        tick = decode_tick(body)
    except ValueError:
        return None
    return tick.i if isinstance(tick, Trade) else None
