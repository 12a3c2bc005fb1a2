"""The decision core: the log in, exactly one verdict per proposal and account out.

A signal is judged when its account's venue has said that every fill on the signal's data is in
the log (`venue_advanced`), so the verdict does not depend on which service was faster (ADR 0004).
An order by hand is judged at once. Accounts that open after a proposal get no verdict on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import localcontext
from typing import ClassVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from contracts.control import (
    AccountOpened,
    KillSwitchEngaged,
    ManualOrderRequested,
    SettingsChanged,
    TradingResumed,
)
from contracts.engine import (
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedOpened
from contracts.ids import EventId, MarketId
from contracts.markets import MARKETS, MarketSpec
from contracts.order import OrderFilled, SetupClosed
from contracts.process import ServiceStarted
from contracts.signal import EntrySignaled, EntryWithheld
from contracts.venue import (
    AccountFunded,
    CapitalMoved,
    ForeignOrderFilled,
    FundingSettled,
    InterestSettled,
    PositionLiquidated,
    VenueAdvanced,
    VenueFeeCharged,
)
from contracts.verdict import OrderApproved, OrderDenied
from risk.domain import account as accounts
from risk.domain.account import AccountState, Halt
from risk.domain.arithmetic import ARITHMETIC
from risk.domain.checks import Case
from risk.domain.policy import POLICY
from risk.domain.proposal import (
    Features,
    Marker,
    Proposal,
    from_manual_order,
    from_signal,
)
from risk.domain.sizing import size
from risk.domain.verdicts import decide

SERVICE = "risk"
REMEMBERED_MAX = 8_192
"""Ids kept to pass over an event that stands in the log twice. The log itself drops copies for a
day; this is more than a day of the events that count."""
WAITING_MAX = 4_096
"""Signals that may wait for a venue; past it the oldest is judged, and denied as not fresh. A
replayed feed cannot come near it: it stops when it is 20,000 trades ahead."""

_MARKET_SPECS: Mapping[MarketId, MarketSpec] = {spec.market: spec for spec in MARKETS}
_EVERY_ACCOUNT = "*"  # not a token, so no account has this name


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A proposal without a verdict: the account's venue has not caught up with it, or another
    policy judges it.
    """

    proposal: Proposal
    account: str


@dataclass(slots=True)
class _State:
    """All that the core knows. It changes in place, and only inside `RiskCore.step`."""

    policy: str = POLICY.version
    position: int = 0
    accounts: dict[str, AccountState] = field(default_factory=dict[str, AccountState])
    halts: dict[str, Halt] = field(default_factory=dict[str, Halt])
    """By account, and `_EVERY_ACCOUNT` for the global kill."""
    markers: dict[str, Marker] = field(default_factory=dict[str, Marker])
    """By `venue/market`."""
    features: dict[str, Features] = field(default_factory=dict[str, Features])
    is_live: dict[str, bool] = field(default_factory=dict[str, bool])
    """By market: whether its feed follows the clock of the world."""
    waiting: list[_Waiting] = field(default_factory=list[_Waiting])
    remembered: dict[UUID, None] = field(default_factory=dict[UUID, None])
    """Ids of events that must count once, oldest first."""
    is_told: bool = False
    """Whether another policy judges: its verdicts are in the log."""


_STATE = TypeAdapter(_State)
_OfAccount = (
    AccountFunded
    | CapitalMoved
    | ForeignOrderFilled
    | FundingSettled
    | InterestSettled
    | ModeChanged
    | OrderApproved
    | OrderFilled
    | PositionAdopted
    | PositionLiquidated
    | ReconciliationBroke
    | ReconciliationPassed
    | SettingsChanged
    | SetupClosed
    | VenueFeeCharged
)
"""What `account.evolve` folds."""
_Counted = (
    AccountOpened
    | EntrySignaled
    | FeedOpened
    | KillSwitchEngaged
    | ManualOrderRequested
    | OrderDenied
    | TradingResumed
    | _OfAccount
)


class RiskCore:
    """Risk's decisions, as a `contracts.core.Core`."""

    decides: ClassVar[tuple[type[Event], ...]] = (OrderApproved, OrderDenied)

    def __init__(self) -> None:
        self._state = _State()

    @property
    def policy(self) -> str:
        """Name the version of its rules."""
        return POLICY.version

    @property
    def is_told(self) -> bool:
        """Say whether another policy judges."""
        return self._state.is_told

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold one recorded event; give the verdicts that it leads to."""
        if recorded.position <= self._state.position:
            return ()
        self._state.position = recorded.position
        with localcontext(ARITHMETIC):
            return self._step(recorded.event, recorded)

    def snapshot(self) -> bytes:
        """Give the whole state as JSON; equal states give equal bytes."""
        return _STATE.dump_json(self._state)

    def restore(self, state: bytes) -> None:
        """Take a state that `snapshot` gave; raise ValueError when it is not one."""
        try:
            restored = _STATE.validate_json(state)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise ValueError(f"expected a state of {POLICY.version}, found {first:.200}") from None
        if restored.policy != POLICY.version:
            raise ValueError(f"expected a state of {POLICY.version}, found {restored.policy!r:.80}")
        if _STATE.dump_json(restored) != state:
            raise ValueError("expected the bytes of a snapshot, found others that read as one")
        self._state = restored

    def _step(self, event: Event, recorded: Recorded) -> Sequence[Draft]:
        if isinstance(event, VenueAdvanced):
            self._keep_marker(event, recorded.id)
            return self._judge_ready()
        if isinstance(event, ServiceStarted) and event.service == SERVICE:
            return self._take_over(event)
        if isinstance(event, EntrySignaled | EntryWithheld):
            self._keep_features(event, recorded.id)
        if isinstance(event, _Counted) and self._remember(recorded.id):
            return self._count(event, recorded)
        return ()

    def _count(self, event: _Counted, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event that must count once."""
        state = self._state
        match event:
            case EntrySignaled():
                proposal = from_signal(event, event_id=recorded.id)
                heard = (_Waiting(proposal, account) for account in sorted(state.accounts))
                return [draft for one in heard for draft in self._hear(one)]
            case ManualOrderRequested():
                return self._judge_manual_order(event, recorded)
            case AccountOpened():
                opened = accounts.opened(event, event_id=recorded.id)
                state.accounts.setdefault(event.account, opened)
            case KillSwitchEngaged():
                state.halts[event.account or _EVERY_ACCOUNT] = Halt(True, recorded.id)
            case TradingResumed():
                state.halts[event.account or _EVERY_ACCOUNT] = Halt(False, recorded.id)
            case FeedOpened():
                state.is_live[event.market] = not event.is_replayable
            case OrderApproved() | OrderDenied():
                self._take_verdict(event, recorded)
            case _:
                self._evolve(event.account, event, event_id=recorded.id, at=recorded.occurred_at)
        return ()

    def _judge_manual_order(
        self, event: ManualOrderRequested, recorded: Recorded
    ) -> Sequence[Draft]:
        account = self._state.accounts.get(event.account)
        if account is None:
            return ()
        proposal = from_manual_order(
            event,
            event_id=recorded.id,
            requested_at=recorded.occurred_at,
            is_live=self._state.is_live.get(event.market, True),
            marker=self._marker(event.venue, event.market),
            features=self._state.features.get(event.market),
        )
        if self._state.is_told:
            return self._hear(_Waiting(proposal, event.account))
        return (self._judge(proposal, account),)

    def _take_over(self, event: ServiceStarted) -> Sequence[Draft]:
        """Know who judges from here on; judge what another policy has left without a verdict."""
        self._state.is_told = event.policy != POLICY.version
        return self._judge_ready()

    def _take_verdict(self, event: OrderApproved | OrderDenied, recorded: Recorded) -> None:
        """Take a verdict that this core did not give: it stands, whatever our rules would say."""
        self._state.waiting = [
            one
            for one in self._state.waiting
            if (one.proposal.id, one.account) != (event.proposal, event.account)
        ]
        self._evolve(event.account, event, event_id=recorded.id, at=recorded.occurred_at)

    def _hear(self, one: _Waiting) -> Sequence[Draft]:
        """Judge a new proposal, or let it wait for its venue or its verdict."""
        if not self._state.is_told and self._is_ready(one):
            return (self._judge(one.proposal, self._state.accounts[one.account]),)
        waiting = self._state.waiting
        waiting.append(one)
        if len(waiting) <= WAITING_MAX:
            return ()
        oldest = waiting.pop(0)
        if self._state.is_told:
            return ()
        return (self._judge(oldest.proposal, self._state.accounts[oldest.account]),)

    def _judge_ready(self) -> Sequence[Draft]:
        """Judge the waiting proposals whose venue has caught up, in the order of the log."""
        if self._state.is_told:
            return []
        waiting = self._state.waiting
        self._state.waiting = [one for one in waiting if not self._is_ready(one)]
        return [
            self._judge(one.proposal, self._state.accounts[one.account])
            for one in waiting
            if self._is_ready(one)
        ]

    def _is_ready(self, one: _Waiting) -> bool:
        if one.proposal.manual is not None:
            return True
        venue = self._state.accounts[one.account].venue
        marker = self._marker(venue, one.proposal.market)
        return marker is not None and marker.closed_at >= one.proposal.closed_at

    def _judge(self, proposal: Proposal, account: AccountState) -> Draft:
        """Give the verdict, and count it at once."""
        market = _MARKET_SPECS.get(MarketId(proposal.market))
        venue = account.venue if proposal.manual is None else proposal.manual.venue
        draft = decide(
            Case(
                proposal=proposal,
                account=account,
                halts=self._halts(account.account),
                marker=self._marker(venue, proposal.market) if venue == account.venue else None,
                market=market,
                sizing=size(proposal, account, market),
                policy=POLICY,
            )
        )
        self._remember(draft.id)
        self._evolve(account.account, draft.event, event_id=draft.id, at=draft.occurred_at)
        return draft

    def _evolve(self, account: str, event: Event, *, event_id: EventId, at: datetime) -> None:
        state = self._state.accounts.get(account)
        if state is not None:
            self._state.accounts[account] = accounts.evolve(
                state, event, event_id=event_id, occurred_at=at
            )

    def _halts(self, account: str) -> tuple[Halt, ...]:
        known = (self._state.halts.get(key) for key in (_EVERY_ACCOUNT, account))
        return tuple(halt for halt in known if halt is not None)

    def _marker(self, venue: str, market: str) -> Marker | None:
        return self._state.markers.get(f"{venue}/{market}")

    def _keep_marker(self, event: VenueAdvanced, event_id: EventId) -> None:
        before = self._marker(event.venue, event.market)
        if before is None or event.closed_at > before.closed_at:
            key = f"{event.venue}/{event.market}"
            self._state.markers[key] = Marker(event.closed_at, event_id)

    def _keep_features(self, event: EntrySignaled | EntryWithheld, event_id: EventId) -> None:
        before = self._state.features.get(event.market)
        if before is None or event.minute > before.minute:
            features = Features(event.minute, event.features.atr_5m_usd, event_id)
            self._state.features[event.market] = features

    def _remember(self, event_id: EventId) -> bool:
        """Say whether an event is new, and know it from now on."""
        remembered = self._state.remembered
        if event_id in remembered:
            return False
        remembered[event_id] = None
        if len(remembered) > REMEMBERED_MAX:
            del remembered[next(iter(remembered))]
        return True
