"""Execution in its world: a tape, and stand-ins for signals and risk that work at their own pace.

The stand-ins keep the real services' promises and nothing more: a minute and its decision in one
append, one verdict per signal and account once the venue has caught up. A seed shuffles who comes
when; a crash ends execution at a chosen step, and the next one continues from the log.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

from chassis.appends import Appended
from chassis.log import Follower, Log
from chassis.market import Market, MarketFollower, MarketMessage, MarketPublisher
from contracts import codec
from contracts.event import Draft, Recorded
from contracts.ids import SourceVenue, Symbol, derive_id, derive_root_id
from contracts.minute import MinuteClosed
from contracts.minutes import MINUTE_MS, minute_of, open_minute
from contracts.routes import subject_of
from contracts.signal import EntrySignaled, EntryWithheld, Features, Phase, WithheldReason
from contracts.subjects import trades
from contracts.ticks import TapeEnd, Tick, Trade, encode_tick
from contracts.values import Side, from_millis, to_millis
from contracts.venue import VenueAdvanced
from execution.consumers import follow
from execution.handlers import Desk
from execution.recovery import recover
from execution.signing.paper import PaperSigner
from execution.signing.port import NamedSigner
from execution.venues.paper.rules import PaperRules
from kit.execution_events import (
    ACCOUNT,
    BEGIN_MS,
    MARKET,
    SYMBOL,
    VENUE,
    a_feed,
    an_account,
    an_approval,
)
from kit.memory import InMemoryCheckpoints, InMemoryDeadLetters, InMemoryLog, InMemoryMarket

LIVELY = replace(
    PaperRules(), participation=Decimal(1), queue_ahead_usd=Decimal(0), drop_rate=Decimal("0.2")
)
"""Rules under which a short tape shows something of everything."""
TRADES = trades(SourceVenue(VENUE), Symbol(SYMBOL))
FEATURES = Features(
    close_usd=Decimal(100),
    session_vwap_usd=None,
    session_cvd_base=Decimal(0),
    atr_5m_usd=None,
    rsi=None,
)


class Crash(Exception):
    """kill -9."""


def a_tape(seed: int, *, count: int = 240, apart_ms: int = 4_000) -> list[Tick]:
    """Walk a price about at random, so that entries, stops and take-profits are met."""
    chance = random.Random(seed)
    price, time_ms = Decimal(100), BEGIN_MS + 100
    ticks: list[Tick] = []
    for trade_id in range(1, count + 1):
        price += Decimal(chance.randint(-60, 60)) / 1000
        time_ms += chance.choice((1, apart_ms, apart_ms, 2 * apart_ms))
        quantity = str(Decimal(chance.randint(1, 900)) / 100)
        ticks.append(
            Trade(i=trade_id, t=time_ms, p=str(price), q=quantity, m=chance.random() < 0.5)
        )
    return [*ticks, TapeEnd(i=count, t=time_ms)]


def minutes_of(ticks: Sequence[Tick], *, signal_every: int = 3) -> list[list[Draft]]:
    """Give each closed minute with its decision; every few minutes an entry, of either side."""
    minutes: list[list[Draft]] = []
    open_ms, close = -1, "100"
    for tick in ticks:
        if isinstance(tick, TapeEnd):
            until = open_ms + MINUTE_MS
        else:
            open_ms = minute_of(tick.t) if open_ms < 0 else open_ms
            until = open_minute(tick.t)
        while open_ms < until:
            number = len(minutes)
            is_signal = isinstance(tick, Trade) and number % signal_every == 0
            side = (Side.LONG, Side.SHORT)[number // signal_every % 2] if is_signal else None
            minutes.append(_minute(open_ms, tick, close, side))
            open_ms += MINUTE_MS
        close = tick.p if isinstance(tick, Trade) else close
    return minutes


def _minute(minute_ms: int, tick: Tick, close: str, side: Side | None) -> list[Draft]:
    minute, closed_at = from_millis(minute_ms), from_millis(tick.t)
    price = Decimal(close)
    closed = MinuteClosed(
        venue=VENUE,
        symbol=SYMBOL,
        market=MARKET,
        minute=minute,
        closed_at=closed_at,
        is_complete=isinstance(tick, Trade),
        open_usd=price,
        high_usd=price,
        low_usd=price,
        close_usd=price,
        volume_base=Decimal(0),
        buy_volume_base=Decimal(0),
        turnover_usd=Decimal(0),
        trades=0,
        late_trades=0,
        missing_trades=0,
        silence_ms_max=0,
        first_trade_id=None,
        last_trade_id=tick.i,
        ticks_sha256="0" * 64,
    )
    identity = derive_root_id("minute_closed", VENUE, SYMBOL, minute_ms)
    if side is None:
        decision = EntryWithheld(
            market=MARKET,
            strategy="test",
            minute=minute,
            reason=WithheldReason.VWAP_NOT_LOST,
            long_phase=Phase.IDLE,
            short_phase=Phase.IDLE,
            features=FEATURES,
        )
    else:
        reach = side.sign * Decimal("0.15")
        decision = EntrySignaled(
            market=MARKET,
            side=side,
            strategy="test",
            minute=minute,
            closed_at=closed_at,
            entry_price_usd=price,
            stop_price_usd=price - reach,
            tp_prices_usd=(price + reach, price + 2 * reach, price + 3 * reach),
            features=FEATURES,
            missing_trades_in_window=0,
        )
    decision_id = derive_id(identity, decision.event_type)
    correlation = decision_id if side is not None else identity
    return [
        Draft(closed, identity, subject_of(closed), closed_at, identity),
        Draft(decision, decision_id, subject_of(decision), closed_at, correlation, identity),
    ]


async def at_once() -> None:
    """Let nobody come first."""


Dawdle = Callable[[], Awaitable[object]]


async def play_signals(log: Log, ticks: Sequence[Tick], dawdle: Dawdle = at_once) -> None:
    """Say everything that signals would say about a tape."""
    for drafts in minutes_of(ticks):
        await dawdle()
        await log.append(drafts)


async def play_risk(log: Log, accounts: Sequence[str], dawdle: Dawdle = at_once) -> None:
    """Approve every signal for every account, once the venue has caught up."""
    waiting: list[Recorded] = []
    closed_ms = -1
    async with log.follow("risk-judge-proposals", after=0) as events:
        while True:
            await dawdle()
            for recorded in await events.next():
                if isinstance(recorded.event, EntrySignaled):
                    waiting.append(recorded)
                if isinstance(recorded.event, VenueAdvanced):
                    closed_ms = max(closed_ms, to_millis(recorded.event.closed_at))
                while waiting and to_millis(waiting[0].occurred_at) <= closed_ms:
                    signal = waiting.pop(0)
                    for account in accounts:
                        await dawdle()
                        await log.append([_approval(signal, account)])


def _approval(signal: Recorded, account: str) -> Draft:
    assert isinstance(signal.event, EntrySignaled)
    tp1, tp2, tp3 = signal.event.tp_prices_usd
    return an_approval(
        signal.id,
        account=account,
        side=signal.event.side,
        entry=str(signal.event.entry_price_usd),
        stop=str(signal.event.stop_price_usd),
        tps=(str(tp1), str(tp2), str(tp3)),
        milliseconds=to_millis(signal.occurred_at) - BEGIN_MS,
        lives_ms=120_000,
    )


@dataclass
class World:
    """Everything around execution, and the steps that it has taken."""

    ticks: Sequence[Tick]
    rules: PaperRules = LIVELY
    seed: int | None = None
    """Shuffles the order in which messages come; None lets everything come at once."""
    accounts: tuple[str, ...] = (ACCOUNT,)
    is_replayable: bool = True
    checkpoint_events: int = 20
    signer: NamedSigner = field(default_factory=PaperSigner)
    clock: Callable[[], float] = lambda: 0.0
    """In seconds; on a live feed it makes the time that passes without prints."""
    crash_at: int | None = None
    """Step after which execution is killed, once; a step is an append or a handled message."""
    log: InMemoryLog = field(default_factory=lambda: InMemoryLog(service="execution"))
    market: InMemoryMarket = field(default_factory=InMemoryMarket)
    dead_letters: InMemoryDeadLetters = field(default_factory=InMemoryDeadLetters)
    steps: int = 0
    starts: int = 0

    def __post_init__(self) -> None:
        self.checkpoints = InMemoryCheckpoints(self.log)
        self.chance = random.Random(self.seed)
        self.stopping = asyncio.Event()
        self.desk: Desk | None = None

    async def open(self) -> None:
        """Open the feed and the accounts, and publish the tape."""
        await self.log.as_service("ingest").append([a_feed(is_replayable=self.is_replayable)])
        for account in self.accounts:
            await self.log.as_service("gateway").append([an_account(account)])
        for tick in self.ticks:
            await self.market.put(TRADES, encode_tick(tick))

    async def run(self) -> list[Recorded]:
        """Run until the tape is worked; give the log."""
        await self.open()
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            others = [
                tasks.create_task(
                    play_signals(self.log.as_service("signals"), self.ticks, self.dawdle)
                ),
                tasks.create_task(
                    play_risk(self.log.as_service("risk"), self.accounts, self.dawdle)
                ),
                tasks.create_task(self._watch()),
            ]
            while True:
                try:
                    await self.execute()
                    break
                except Crash:
                    continue
            for other in others:
                other.cancel()
        return self.log.recorded

    async def execute(self) -> None:
        """Run one process of execution."""
        self.starts += 1
        log = _Crashing(self)
        standing, recorder = await recover(
            log, self.checkpoints, rules=self.rules, signer=self.signer
        )
        desk = Desk(
            standing,
            recorder,
            dead_letters=self.dead_letters,
            checkpoints=self.checkpoints,
            checkpoint_events=self.checkpoint_events,
            ready=lambda is_ready, reason: None,
            clock=self.clock,
        )
        self.desk = desk
        await follow(log, _Shuffled(self), desk, hint=standing.hint, stopping=self.stopping)

    @property
    def shown(self) -> dict[str, object]:
        """Give what the process that runs shows of itself."""
        assert self.desk is not None
        return self.desk.status()

    def step(self) -> None:
        """Count a step of execution; crash at the chosen one."""
        self.steps += 1
        if self.steps == self.crash_at:
            raise Crash

    async def dawdle(self) -> None:
        """Let others come first, a few times or not at all."""
        if self.seed is not None:
            for _ in range(self.chance.choice((0, 0, 0, 1, 3, 10, 40))):
                await asyncio.sleep(0)

    async def waiting(self) -> int:
        """Count the messages of the market stream that are not done."""
        lags = await self.market.lags()
        return lags.get("execution-work-prints", len(self.market.messages))

    async def before_append(self, drafts: Sequence[Draft]) -> None:
        """Do what happens between a decision of execution and its append."""
        await self.dawdle()

    async def _watch(self) -> None:
        """Stop execution once it has said that the tape is worked."""
        end = self.ticks[-1]
        async with self.log.follow("gateway-show-log", after=0) as events:
            while True:
                for recorded in await events.next():
                    event = recorded.event
                    if isinstance(event, VenueAdvanced) and is_end(event, end):
                        self.stopping.set()


def is_end(event: VenueAdvanced, end: Tick) -> bool:
    """Say whether the venue has said that the whole tape is worked."""
    minute_ms = to_millis(event.minute)
    return event.closed_at == from_millis(end.t) and minute_ms >= open_minute(end.t)


class _Crashing(InMemoryLog):
    """The log, as a process sees it that may be killed after any append or handled event."""

    def __init__(self, world: World) -> None:
        self.__dict__.update(world.log.__dict__)
        self._world = world

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        expected_last: Mapping[str, int] | None = None,
        guards: Mapping[str, int] | None = None,
    ) -> list[Appended]:
        await self._world.before_append(drafts)
        appended = await super().append(drafts, expected_last=expected_last, guards=guards)
        self._world.step()
        return appended

    @asynccontextmanager
    async def follow(self, consumer: str, *, after: int) -> AsyncGenerator[Follower]:
        async with super().follow(consumer, after=after) as follower:
            yield _LogFollower(self._world, follower)


class _LogFollower:
    def __init__(self, world: World, follower: Follower) -> None:
        self._world = world
        self._follower = follower
        self._kept: list[Recorded] = []

    async def next(self, timeout_s: float | None = None) -> list[Recorded]:
        await self._world.dawdle()
        if not self._kept:
            self._kept = await self._follower.next(timeout_s)
        size = len(self._kept) if self._world.seed is None else self._world.chance.randint(1, 4)
        taken, self._kept = self._kept[:size], self._kept[size:]
        return taken

    def acknowledge(self, position: int) -> None:
        self._follower.acknowledge(position)
        self._world.step()


class _Shuffled:
    """The market stream, in batches of any size."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._market: Market = world.market

    def publisher(self, *, window: int = 512) -> AbstractAsyncContextManager[MarketPublisher]:
        return self._market.publisher(window=window)

    async def last(self, subject: str) -> MarketMessage | None:
        return await self._market.last(subject)

    def read(self, subject: str) -> AsyncIterator[MarketMessage]:
        return self._market.read(subject)

    async def lags(self) -> dict[str, int]:
        return await self._market.lags()

    @asynccontextmanager
    async def follow(self, consumer: str, *, after: int) -> AsyncGenerator[MarketFollower]:
        async with self._market.follow(consumer, after=after) as follower:
            yield _MarketFollower(self._world, follower)


class _MarketFollower:
    def __init__(self, world: World, follower: MarketFollower) -> None:
        self._world = world
        self._follower = follower
        self._kept: list[MarketMessage] = []

    async def next(self, timeout_s: float | None = None) -> list[MarketMessage]:
        await self._world.dawdle()
        if not self._kept:
            self._kept = await self._follower.next(timeout_s)
        size = len(self._kept) if self._world.seed is None else self._world.chance.randint(1, 60)
        taken, self._kept = self._kept[:size], self._kept[size:]
        return taken

    def acknowledge(self, sequence: int) -> None:
        self._follower.acknowledge(sequence)
        self._world.step()


def by_subject(log: Sequence[Recorded]) -> dict[str, list[bytes]]:
    """Give what each subject holds, in order, without what two runs may not share."""
    subjects: dict[str, list[bytes]] = {}
    for recorded in log:
        subjects.setdefault(recorded.subject, []).append(codec.canonical(recorded))
    return subjects


def by_execution(log: Sequence[Recorded]) -> list[bytes]:
    """Give what execution wrote, over all subjects, in order."""
    return [codec.canonical(it) for it in log if it.source == "execution"]


def approvals(log: Sequence[Recorded]) -> int:
    """Count the approvals."""
    return sum(it.event.event_type == "order_approved" for it in log)
