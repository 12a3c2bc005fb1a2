"""The deciding services over one tape, in one process: ticks in, the log of what they did out.

Risk and execution are the real ones. The signals are those of the real strategy, or of an eager
one that enters every few minutes, so that a short tape shows many trades.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

from contracts import subjects
from contracts.control import AccountOpened, Settings
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import EventId, SourceVenue, derive_id, derive_root_id
from contracts.markets import MarketSpec
from contracts.minute import MinuteClosed
from contracts.routes import subject_of
from contracts.signal import EntrySignaled, EntryWithheld
from contracts.ticks import TapeEnd, Tick, Trade, encode_tick
from contracts.values import Side, from_millis
from contracts.venue import VenueAdvanced
from execution.consumers import follow
from execution.handlers import Desk
from execution.recovery import recover
from execution.signing.paper import PaperSigner
from execution.venues.paper.rules import PaperRules
from kit.execution_world import is_end
from kit.memory import InMemoryCheckpoints, InMemoryDeadLetters, InMemoryLog, InMemoryMarket
from kit.risk_rig import Rig
from signals.domain.bars import TickFold
from signals.domain.core import State, decide

_S_MAX = 3_600
"""A whole tape on a busy machine; tests have shorter limits of their own."""
_STOP_BPS = Decimal(20)
SETTINGS = Settings(
    leverage_max=Decimal(20),
    risk_per_trade_bps=Decimal(50),
    daily_drawdown_limit_pct=Decimal(90),
    priority_fee_cap_microlamports=50_000,
    delegate_enabled=True,
    strategy_enabled=True,
)
"""Guardrails so wide that a losing day does not end the trading."""


@dataclass
class TapeDesk:
    """One desk, one account, one tape."""

    trades: Sequence[Trade]
    spec: MarketSpec
    venue: str
    rules: PaperRules = field(default_factory=PaperRules)
    every_minutes: int | None = None
    """Enter every so many minutes, a long and a short in turn; None lets the strategy say when."""
    equity_usd: Decimal = Decimal(10_000)
    kind: FeedKind = FeedKind.TAPE
    log: InMemoryLog = field(default_factory=lambda: InMemoryLog(service="execution"))
    market: InMemoryMarket = field(default_factory=InMemoryMarket)

    async def run(self) -> list[Recorded]:
        """Work the tape to its end; give the log."""
        last = self.trades[-1]
        ticks: list[Tick] = [*self.trades, TapeEnd(i=last.i, t=last.t)]
        await self._open(ticks)
        stopping = asyncio.Event()
        rig = Rig(log=self.log)
        async with asyncio.timeout(_S_MAX), rig.risk(is_killed=True), self._execution(stopping):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._signal(ticks))
                tasks.create_task(self._until_worked(ticks[-1]))
            stopping.set()
        return self.log.recorded

    async def _open(self, ticks: Sequence[Tick]) -> None:
        begins_at = from_millis(ticks[0].t)
        feed = FeedOpened(
            venue=self.venue,
            symbol=self.spec.symbol,
            market=self.spec.market,
            kind=self.kind,
            identity=f"test:{self.venue}:{self.spec.symbol}",
            is_replayable=True,
            description="a tape of a test",
        )
        account = AccountOpened(
            account="local",
            venue="paper",
            equity_usd=self.equity_usd,
            priority_fee_microlamports=10_000,
            settings=SETTINGS,
        )
        await self.log.as_service("ingest").append([_root(feed, begins_at)])
        await self.log.as_service("gateway").append([_root(account, begins_at)])
        subject = subjects.trades(SourceVenue(self.venue), self.spec.symbol)
        for tick in ticks:
            await self.market.put(subject, encode_tick(tick))

    @asynccontextmanager
    async def _execution(self, stopping: asyncio.Event) -> AsyncGenerator[None]:
        checkpoints = InMemoryCheckpoints(self.log)
        standing, recorder = await recover(
            self.log, checkpoints, rules=self.rules, signer=PaperSigner()
        )
        desk = Desk(
            standing,
            recorder,
            dead_letters=InMemoryDeadLetters(),
            checkpoints=checkpoints,
            checkpoint_events=100_000,
            ready=lambda is_ready, reason: None,
            clock=lambda: 0.0,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                follow(self.log, self.market, desk, hint=standing.hint, stopping=stopping)
            )
            yield

    async def _signal(self, ticks: Sequence[Tick]) -> None:
        """Say what signals says: each minute and its decision in one append."""
        log = self.log.as_service("signals")
        fold = TickFold(
            venue=SourceVenue(self.venue), symbol=self.spec.symbol, market=self.spec.market
        )
        state = State()
        for tick in ticks:
            for minute in fold.fold(tick):
                state, decision = decide(state, minute)
                if self.every_minutes is not None and isinstance(decision, EntryWithheld):
                    decision = self._eager(minute, decision)
                await log.append(_drafts(minute, decision))

    def _eager(
        self, minute: MinuteClosed, withheld: EntryWithheld
    ) -> EntrySignaled | EntryWithheld:
        every = self.every_minutes or 1
        number = int(minute.minute.timestamp()) // 60
        if not minute.is_complete or number % every:
            return withheld
        side = (Side.LONG, Side.SHORT)[number // every % 2]
        tick = self.spec.tick_usd
        wish = minute.close_usd * _STOP_BPS / 10_000
        reach = side.sign * tick * max(1, (wish / tick).to_integral_value(ROUND_FLOOR))
        entry = minute.close_usd
        return EntrySignaled(
            market=self.spec.market,
            side=side,
            strategy="eager",
            minute=minute.minute,
            closed_at=minute.closed_at,
            entry_price_usd=entry,
            stop_price_usd=entry - reach,
            tp_prices_usd=(entry + reach, entry + 2 * reach, entry + 3 * reach),
            features=withheld.features.model_copy(update={"atr_5m_usd": abs(reach)}),
            missing_trades_in_window=0,
        )

    async def _until_worked(self, end: Tick) -> None:
        async with self.log.follow("gateway-show-log", after=0) as events:
            while True:
                for recorded in await events.next():
                    if isinstance(recorded.event, VenueAdvanced) and is_end(recorded.event, end):
                        return


def _root(event: Event, at: datetime) -> Draft:
    identity = derive_root_id(event.event_type, "tape-desk")
    return Draft(event, identity, subject_of(event), at, identity)


def _drafts(minute: MinuteClosed, decision: EntrySignaled | EntryWithheld) -> list[Draft]:
    at = minute.closed_at
    identity = derive_root_id(
        minute.event_type, minute.venue, minute.symbol, int(minute.minute.timestamp() * 1_000)
    )
    decision_id = derive_id(identity, decision.event_type)
    is_entry = isinstance(decision, EntrySignaled)
    correlation: UUID = decision_id if is_entry else identity
    return [
        Draft(minute, identity, subject_of(minute), at, identity),
        Draft(decision, decision_id, subject_of(decision), at, EventId(correlation), identity),
    ]
