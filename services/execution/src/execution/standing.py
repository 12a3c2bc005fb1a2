"""Where the service stands in the log: what a restart rebuilds, and what a checkpoint keeps.

The log is the truth: planner, venue and progress are folds over it. Only the venue's clock runs
ahead, over prints that caused nothing, and reworking those gives nothing again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from chassis.market import MarketMessage
from contracts.event import Draft, Recorded
from contracts.order import (
    CancelIntended,
    EntryWentStale,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    StopTriggered,
    VenueAdvanced,
)
from contracts.ticks import Trade, decode_tick
from execution.domain.planner import PlannerCore
from execution.progress import Progress
from execution.venues.paper.rules import PaperRules, PaperVenue

VERSION = "execution-1"
"""Grows when the state of the planner, the venue or the progress takes another shape or meaning."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A print, and where it stood in the market stream when we read it."""

    trade_id: int
    sequence: int

    def is_first_of(self, messages: Sequence[MarketMessage]) -> bool:
        """Say whether messages still begin with the print that this marks."""
        return bool(messages) and mark_of(messages[0]) == self


def mark_of(message: MarketMessage) -> Mark | None:
    """Give the mark of a message of the market stream; None when it is no print."""
    try:
        tick = decode_tick(message.body)
    except ValueError:
        return None
    return Mark(tick.i, message.sequence) if isinstance(tick, Trade) else None


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a checkpoint."""

    planner: msgspec.Raw
    venue: msgspec.Raw
    progress: Progress
    hint: Mark | None


@dataclass
class Standing:
    """The planner, the venue and the progress after the events of the log up to `position`."""

    rules: PaperRules
    planner: PlannerCore = field(default_factory=PlannerCore)
    venue: PaperVenue = field(init=False)
    progress: Progress = field(default_factory=Progress)
    position: int = 0
    unreturned: set[UUID] = field(default_factory=set[UUID])
    """Our observations that the venue knows and the log has not given back yet."""
    hint: Mark | None = None
    """A print at or before the venue's clock, where reading the market stream may begin."""

    def __post_init__(self) -> None:
        self.venue = PaperVenue(self.rules)

    def fold(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event of the log; give the intents that it leads to.

        Intents reach the venue here, as events of the log and in its order, never before.
        """
        event = recorded.event
        self.position = recorded.position
        self.progress.fold(recorded)
        match event:
            case OrderIntended() | ReplaceIntended() | CancelIntended():
                self.venue.on_intent(recorded, event)
            case (
                OrderPlaced()
                | OrderRejected()
                | OrderReplaced()
                | OrderCanceled()
                | EntryWentStale()
                | StopTriggered()
                | OrderFilled()
            ):
                if recorded.id in self.unreturned:
                    self.unreturned.remove(recorded.id)
                else:
                    self.venue.on_observation(event)
            case VenueAdvanced():
                self.venue.on_advanced(event)
            case _:
                pass
        return self.planner.step(recorded)

    def save(self) -> bytes:
        """Give a checkpoint of this place; only while nothing is on its way to or from the log."""
        return msgspec.json.encode(
            _Kept(
                planner=msgspec.Raw(self.planner.snapshot()),
                venue=msgspec.Raw(self.venue.dump()),
                progress=self.progress,
                hint=self.hint,
            )
        )

    @classmethod
    def load(cls, state: bytes, *, position: int, rules: PaperRules) -> "Standing":
        """Read a checkpoint; raise ValueError when it is not one."""
        kept = msgspec.json.decode(state, type=_Kept)
        standing = cls(
            rules=rules,
            progress=kept.progress,
            position=position,
            hint=kept.hint,
        )
        standing.planner.restore(bytes(kept.planner))
        standing.venue.load(bytes(kept.venue))
        return standing
