"""Where the service stands: what a restart rebuilds, and what a checkpoint keeps.

The planner and the progress are folds over the log. The venue is a function of the feed's prints
and of what was recorded for it, each at its clock: the transactions that were submitted, and the
time that passed without a print. After a restart it works through the prints again, hears the
recorded when it comes to their clocks, and has nothing new to tell until it is past the last.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import msgspec

from chassis.market import MarketMessage
from contracts.control import AccountOpened
from contracts.delegation import (
    AccountHandedOver,
    DelegateKeyDestroyed,
    DelegationChanged,
    OwnerTransactionDied,
    OwnerTransactionLanded,
    OwnerTransactionOffered,
    OwnerTransactionSent,
)
from contracts.event import Draft, Recorded
from contracts.feed import FeedOpened
from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.ticks import Trade, decode_tick
from contracts.transaction import TransactionSigned
from contracts.values import VenueClock, to_millis
from contracts.venue import VenueAdvanced, VenueObserved, VenueTimePassed
from contracts.venues import PAPER
from execution.domain.account_fold import Observation
from execution.domain.delegation import Delegation, apply_all
from execution.domain.planner import PlannerCore
from execution.engine import Engine, transaction_of
from execution.progress import Progress
from execution.recorder import PEOPLE
from execution.signing.port import NamedSigner
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.hand import PaperHand
from execution.venues.paper.rules import PaperRules

VERSION = "execution-6"
"""Grows when the state of the planner, the venue or the progress takes another shape or meaning."""


_NULL = b"null"
_ForVenue = TransactionSigned | OwnerTransactionSent | AccountHandedOver | VenueTimePassed
"""What is recorded before the venue hears it."""

_OfDelegation = (
    OwnerTransactionOffered
    | OwnerTransactionLanded
    | OwnerTransactionDied
    | DelegateKeyDestroyed
    | DelegationChanged
)
"""What was said at a moment of the chain that a restart may not go back behind."""


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
    """JSON's null before there is a feed."""
    cursors: dict[str, int]
    ahead: list[int]
    """Positions past the checkpoint's that are folded: our own events, not come back yet."""
    progress: Progress
    people: int
    delegations: dict[str, Delegation]
    hint: Mark | None


@dataclass
class Standing:
    """Planner, venue and progress after the events of the log up to `position`."""

    rules: PaperRules
    signer: NamedSigner
    planner: PlannerCore = field(default_factory=PlannerCore)
    progress: Progress = field(default_factory=Progress)
    delegations: dict[str, Delegation] = field(default_factory=dict[str, Delegation])
    """Of the accounts whose orders this venue holds."""
    position: int = 0
    venue: PaperChain | None = None
    """There once the market is known."""
    engine: Engine | None = None
    unheard: deque[_ForVenue] = field(default_factory=deque[_ForVenue])
    """What was recorded for the venue and it has not heard again yet, in order."""
    already: set[UUID] = field(default_factory=set[UUID])
    """Observations in the log that the venue will tell again."""
    told: VenueClock | None = None
    """Where the venue was when the log last heard of it; None once it is there again."""
    ahead: set[int] = field(default_factory=set[int])
    """Positions that a checkpoint was ahead of its own."""
    people: int = 0
    """Position of the last thing that people were heard to say."""
    hint: Mark | None = None
    """A print at or before the venue's clock, where reading the market stream may begin."""

    @property
    def has_key_store(self) -> bool:
        """Say whether keys of delegates can be kept."""
        return self.signer.keeps_keys

    @property
    def is_reworking(self) -> bool:
        """Say whether the venue has not come again to where the log says it was."""
        return self.told is not None

    def fold(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event of the log; give what it leads to at once."""
        self.position = max(self.position, recorded.position)
        if recorded.subject.startswith(PEOPLE):
            self.people = max(self.people, recorded.position)
        return self.fold_own(recorded)

    def fold_own(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event of ours as soon as it is recorded, before the log brings it."""
        event = recorded.event
        self.progress.fold(recorded)
        drafts = self.planner.step(recorded)
        if isinstance(event, FeedOpened) and self.venue is None:
            self._open_venue()
        if isinstance(event, AccountOpened) and event.venue == PAPER and self.venue is not None:
            self.venue.open_account(event.account, deposit_usd=event.equity_usd or Decimal(0))
        kill_level = self.planner.state.global_kill
        apply_all(self.delegations, recorded, on_paper=True, kill_level=kill_level)
        return drafts

    def fold_past(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event that was recorded before this process: the venue will tell it again."""
        event = recorded.event
        if isinstance(event, TransactionSigned):
            self.unheard.append(event)
        elif isinstance(event, VenueTimePassed | OwnerTransactionSent | AccountHandedOver):
            self.unheard.append(event)
            self.told = event.clock
        elif isinstance(event, VenueObserved | _OfDelegation):
            self.told = event.clock
        elif isinstance(event, VenueAdvanced):
            self.told = VenueClock(at=event.closed_at, slot=0, trade_id=event.last_trade_id)
        elif isinstance(event, Observation):
            self.already.add(recorded.id)
        return self.fold(recorded)

    def rework(self, trade: Trade) -> bool:
        """Work a print that the log is past already, with what the venue heard before it.

        With the last one the venue is where it was. Give False for a print that is new.
        """
        told = self.told
        if told is None or trade.i > (told.trade_id or 0):
            self.finish_rework()
            return False
        while self.unheard and (self.unheard[0].clock.trade_id or 0) < trade.i:
            self._hear_again()
        if self.venue is not None and self.engine is not None:
            self.venue.on_print(trade)
            self.engine.pass_told()
        if trade.i == told.trade_id:
            self.finish_rework()
        return True

    def finish_rework(self) -> None:
        """Bring the venue to where the log last heard of it."""
        while self.unheard:
            self._hear_again()
        if self.told is not None and self.venue is not None:
            self.venue.advance(to_millis(self.told.at))
        self.told = None

    def _hear_again(self) -> None:
        """Let the venue hear at its clock what was recorded for it next."""
        event = self.unheard.popleft()
        if self.venue is not None:
            self.venue.advance(to_millis(event.clock.at))
            if isinstance(event, TransactionSigned | OwnerTransactionSent):
                self.venue.submit(transaction_of(event))
            elif isinstance(event, AccountHandedOver):
                self.venue.hand_over(event.account, event.wallet)

    def save(self, *, ahead: list[int]) -> bytes:
        """Give a checkpoint of this place; `ahead` are positions past it that are folded."""
        return msgspec.json.encode(
            _Kept(
                planner=msgspec.Raw(self.planner.snapshot()),
                venue=msgspec.Raw(_NULL if self.venue is None else self.venue.dump()),
                cursors={} if self.engine is None else self.engine.cursors,
                ahead=ahead,
                progress=self.progress,
                people=self.people,
                delegations=self.delegations,
                hint=self.hint,
            )
        )

    @classmethod
    def load(
        cls, state: bytes, *, position: int, rules: PaperRules, signer: NamedSigner
    ) -> "Standing":
        """Read a checkpoint; raise ValueError when it is not one."""
        kept = msgspec.json.decode(state, type=_Kept)
        standing = cls(
            rules=rules,
            signer=signer,
            progress=kept.progress,
            delegations=kept.delegations,
            position=position,
            hint=kept.hint,
        )
        standing.ahead, standing.people = set(kept.ahead), kept.people
        standing.planner.restore(bytes(kept.planner))
        if bytes(kept.venue) != _NULL:
            standing._open_venue()
            if standing.venue is None or standing.engine is None:
                raise ValueError("expected a feed beside the venue's state, found none")
            standing.venue.load(bytes(kept.venue))
            standing.engine.cursors = kept.cursors
        return standing

    def _open_venue(self) -> None:
        market = self.planner.state.market
        if market is None:
            return
        self.venue = PaperChain(self.rules, market_spec(MarketId(market)), ours=self.signer.address)
        self.engine = Engine(self.planner, self.venue, self.signer, PaperHand(self.venue))
        self.engine.already = self.already
        for name, account in sorted(self.planner.state.accounts.items()):
            self.venue.open_account(name, deposit_usd=account.deposit_usd or Decimal(0))
