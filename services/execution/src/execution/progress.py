"""Tape time: which prints may be worked, given what is decided (ADR 0004).

A feed that can be replayed gives the same log at every speed, because the venue works a print
only when every decision on the data before it is in the log: the minutes that earlier prints
closed, and risk's verdict for every account on what was signaled then. A live feed waits for
nobody.
"""

from dataclasses import dataclass, field
from uuid import UUID

from contracts.control import AccountOpened
from contracts.event import Event, Recorded
from contracts.feed import FeedOpened
from contracts.ids import SourceVenue, Symbol
from contracts.minute import MinuteClosed
from contracts.minutes import MINUTE_MS, WATERMARK_LAG_MS, minute_of, open_minute
from contracts.signal import EntrySignaled, EntryWithheld
from contracts.subjects import trades
from contracts.values import to_millis
from contracts.venue import VenueAdvanced
from contracts.venues import VENUES
from contracts.verdict import OrderApproved, OrderDenied


class ForeignFeed(Exception):
    """The log holds data of another feed: one data folder holds one."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed of this log."""

    venue: str
    symbol: str
    market: str
    is_replayable: bool

    @property
    def subject(self) -> str:
        """Name the subject of its trades."""
        return trades(SourceVenue(self.venue), Symbol(self.symbol))


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A signal that risk has not answered for these accounts."""

    minute_ms: int
    accounts: tuple[str, ...]


@dataclass(slots=True)
class Progress:
    """What the log says about how far the feed is decided."""

    feed: Feed | None = None
    accounts: tuple[str, ...] = ()
    """Open accounts whose orders a venue holds, sorted."""
    open_ms: int | None = None
    """Start of the oldest bar that is still open; None before the first print."""
    announced_ms: int = -1
    """Start of the newest bar that we said is closed."""
    decided_ms: int = -1
    """Start of the newest bar that the strategy has answered."""
    unanswered: dict[UUID, Unanswered] = field(default_factory=dict[UUID, Unanswered])
    """Signals whose verdicts are not all in the log yet, by id."""
    is_ended: bool = False
    """Whether the recording is over."""

    @property
    def is_behind(self) -> bool:
        """Say whether a print has to wait for a decision.

        Signals of bars that we did not announce yet do not count: the strategy may run ahead, and
        risk answers them only after us.
        """
        if self.feed is None or not self.feed.is_replayable:
            return False
        return self.decided_ms < self.announced_ms or any(
            it.minute_ms <= self.announced_ms for it in self.unanswered.values()
        )

    @property
    def closes_ms(self) -> int:
        """Give the exchange time at which a print closes a bar; 0 before the first and after the
        end, where a print needs a closer look.
        """
        if self.open_ms is None or self.is_ended:
            return 0
        return self.open_ms + MINUTE_MS + WATERMARK_LAG_MS

    def begin(self, time_ms: int) -> None:
        """Open the first bar with the first print."""
        self.open_ms = minute_of(time_ms)

    def newest_closed_by(self, time_ms: int) -> int:
        """Give the start of the newest bar that a print at this time closes."""
        return open_minute(time_ms) - MINUTE_MS

    def fold(self, recorded: Recorded) -> None:
        """Take an event of the log; raise ForeignFeed for one of another feed."""
        event = recorded.event
        match event:
            case FeedOpened():
                self._bind(event)
            case AccountOpened() if event.venue in VENUES:
                self.accounts = tuple(sorted({*self.accounts, event.account}))
            case MinuteClosed():
                self._require_market(event, event.market, recorded.position)
            case EntryWithheld():
                self._require_market(event, event.market, recorded.position)
                self.decided_ms = max(self.decided_ms, to_millis(event.minute))
            case EntrySignaled():
                self._require_market(event, event.market, recorded.position)
                minute_ms = to_millis(event.minute)
                self.decided_ms = max(self.decided_ms, minute_ms)
                if self.accounts:
                    self.unanswered[recorded.id] = Unanswered(minute_ms, self.accounts)
            case OrderApproved() | OrderDenied():
                self._answer(event.proposal, event.account)
            case VenueAdvanced():
                self._advance(event)
            case _:
                pass

    def _bind(self, event: FeedOpened) -> None:
        found = Feed(
            venue=event.venue,
            symbol=event.symbol,
            market=event.market,
            is_replayable=event.is_replayable,
        )
        if self.feed is not None and self.feed != found:
            raise ForeignFeed(f"expected one feed in a log, {self.feed}, found {found} too")
        self.feed = found

    def _require_market(self, event: Event, market: str, position: int) -> None:
        if self.feed is not None and market != self.feed.market:
            raise ForeignFeed(
                f"expected events of {self.feed.market} only, found {event.event_type} of {market} "
                f"at position {position}"
            )

    def _answer(self, proposal: UUID, account: str) -> None:
        waiting = self.unanswered.pop(proposal, None)
        if waiting is None:
            return
        left = tuple(it for it in waiting.accounts if it != account)
        if left:
            self.unanswered[proposal] = Unanswered(waiting.minute_ms, left)

    def _advance(self, event: VenueAdvanced) -> None:
        minute_ms = to_millis(event.minute)
        self.announced_ms = minute_ms
        self.open_ms = minute_ms + MINUTE_MS
        # A print leaves the bar before it closed; only a tape's end closes the last bar as well.
        self.is_ended = self.open_ms > open_minute(to_millis(event.closed_at))
