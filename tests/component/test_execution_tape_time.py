"""Execution over one tape: the same log whatever the scheduling, the crashes and the batches."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from decimal import Decimal

import pytest

from contracts.event import Recorded
from contracts.order import OrderFilled, OrderIntended, OrderPlaced, SetupClosed
from contracts.ticks import TapeEnd, Trade
from contracts.transaction import TransactionPlanned, TransactionSigned
from contracts.values import Liquidity, Side, from_millis, to_millis
from contracts.venue import VenueAdvanced
from execution.domain.planner import PlannerCore
from execution.signing.paper import PaperSigner
from execution.standing import VERSION, Standing
from kit.execution_world import (
    TRADES,
    World,
    a_tape,
    approvals,
    by_execution,
    by_subject,
    minutes_of,
)
from kit.memory import InMemoryMarket

TAPE = a_tape(1, count=85)
SEEDS = [seed if seed < 6 else pytest.param(seed, marks=pytest.mark.soak) for seed in range(12)]


async def run(world: World) -> list[Recorded]:
    return await world.run()


def test_the_tape_exercises_what_the_other_tests_rely_on() -> None:
    log = asyncio.run(run(World(a_tape(1))))
    seen = {it.event.event_type for it in log}
    assert seen >= {
        "order_intended",
        "replace_intended",
        "cancel_intended",
        "order_placed",
        "order_rejected",
        "order_replaced",
        "order_canceled",
        "order_filled",
        "stop_triggered",
        "setup_closed",
    }
    assert approvals(log) == 5
    assert len([it for it in log if isinstance(it.event, SetupClosed)]) >= 3


async def test_a_crash_after_any_append_or_handled_message_changes_nothing() -> None:
    calm = World(TAPE)
    expected = await run(calm)
    assert calm.steps > 60
    for crash_at in range(1, calm.steps + 1):
        world = World(TAPE, crash_at=crash_at)
        log = await run(world)
        assert world.starts == 2, crash_at
        assert by_subject(log) == by_subject(expected), crash_at
        assert by_execution(log) == by_execution(expected), crash_at


async def test_a_crash_loses_nothing_with_a_checkpoint_after_every_batch_and_with_none() -> None:
    expected = await run(World(TAPE))
    for events, crash_at in itertools.product((1, 100_000), range(3, 70, 9)):
        log = await run(World(TAPE, seed=crash_at, crash_at=crash_at, checkpoint_events=events))
        assert by_subject(log) == by_subject(expected), (events, crash_at)


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_order_in_which_the_wire_delivers_changes_nothing(seed: int) -> None:
    accounts = ("one", "two", "three")
    tape = a_tape(100 + seed, count=160)
    expected = await run(World(tape, accounts=accounts))
    log = await run(World(tape, accounts=accounts, seed=seed))
    assert by_subject(log) == by_subject(expected)


async def test_crash_upon_crash_changes_nothing() -> None:
    expected = await run(World(TAPE))
    for seed in range(12):
        world = _CrashesOften(TAPE, seed=seed)
        log = await run(world)
        assert world.starts > 2
        assert by_subject(log) == by_subject(expected), seed


class _CrashesOften(World):
    def step(self) -> None:
        self.crash_at = self.steps + 1 if self.chance.random() < 0.12 else None
        super().step()


async def test_a_market_stream_that_loses_its_end_and_repeats_itself_changes_nothing() -> None:
    calm = World(TAPE)
    expected = await run(calm)
    world = World(TAPE, seed=3)
    running = asyncio.create_task(run(world))
    chance = random.Random(3)
    for part in range(1, 7):
        while world.steps < calm.steps * part // 7:  # noqa: ASYNC110  Nobody tells.
            await asyncio.sleep(0)
        assert not running.done()
        await world.market.interrupt(redelivered=chance.randint(1, 80))
    assert by_subject(await running) == by_subject(expected)


async def test_a_restart_from_the_log_alone_outlives_what_the_venue_forgets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("execution.venues.paper.scene.ENTRIES_KEPT", 8)
    tape = a_tape(1)
    calm = World(tape, checkpoint_events=100_000)
    expected = await run(calm)
    assert sum(isinstance(it.event, OrderFilled | OrderPlaced) for it in expected) > 3 * 8
    for part in (0.4, 0.6, 0.9):
        world = World(tape, checkpoint_events=100_000, crash_at=int(calm.steps * part))
        log = await run(world)
        assert world.starts == 2
        assert by_subject(log) == by_subject(expected)


class _Stopping(World):
    """Does something between a crash and the next start."""

    async def between(self) -> None:
        """Do it."""

    async def execute(self) -> None:
        if self.starts:
            await self.between()
        await super().execute()


async def test_a_restart_begins_where_its_checkpoint_stood() -> None:
    world = World(TAPE, checkpoint_events=1, crash_at=60, seed=5)
    await run(world)
    kept = await world.checkpoints.load("execution", version=VERSION)
    assert kept is not None
    begun = Standing.load(
        kept.state, position=kept.position, rules=world.rules, signer=PaperSigner()
    )
    assert begun.venue is not None
    assert begun.venue.last_trade_id
    assert begun.save(ahead=sorted(begun.ahead)) == kept.state


class _Damaging(_Stopping):
    async def between(self) -> None:
        self.checkpoints.damage("execution")


async def test_a_damaged_checkpoint_is_refused_and_costs_only_time() -> None:
    expected = await run(World(TAPE))
    world = _Damaging(TAPE, checkpoint_events=1, crash_at=60, seed=5)
    assert by_subject(await run(world)) == by_subject(expected)
    assert world.checkpoints.refused == ["digest"]


class _Reshaping(_Stopping):
    async def between(self) -> None:
        kept = await self.checkpoints.load("execution", version=VERSION)
        assert kept is not None
        await self.checkpoints.save(
            "execution", version=VERSION, position=kept.position, state=b'{"planner":{}}'
        )


async def test_a_checkpoint_of_another_shape_is_refused_and_costs_only_time() -> None:
    expected = await run(World(TAPE))
    world = _Reshaping(TAPE, checkpoint_events=1, crash_at=60, seed=5)
    assert by_subject(await run(world)) == by_subject(expected)


class _Shifting(_Stopping):
    async def between(self) -> None:
        first, *_ = self.market.messages
        shifted = InMemoryMarket()
        for message in (first, first, *self.market.messages):
            await shifted.put(TRADES, message.body)
        self.market = shifted


async def test_a_market_stream_that_begins_elsewhere_is_read_from_its_beginning() -> None:
    expected = await run(World(TAPE))
    world = _Shifting(TAPE, checkpoint_events=1, crash_at=60, seed=5)
    log = await run(world)
    assert len(world.market.messages) == len(TAPE) + 2
    assert by_subject(log) == by_subject(expected)


async def test_the_log_replays_to_the_same_intents() -> None:
    log = await run(World(a_tape(2)))
    core = PlannerCore()
    derived = [draft.id for recorded in log for draft in core.step(recorded)]
    assert derived == [it.id for it in log if isinstance(it.event, PlannerCore.decides)]


async def test_what_fills_was_signed_before_and_met_a_print_that_allows_it() -> None:
    log = await run(World(TAPE))
    prints = {it.i: it for it in TAPE if isinstance(it, Trade)}
    fills = [it for it in log if isinstance(it.event, OrderFilled)]
    assert fills
    for fill in fills:
        event = fill.event
        assert isinstance(event, OrderFilled)
        intent = next(
            it
            for it in log
            if isinstance(it.event, OrderIntended)
            and it.event.client_order_id == event.client_order_id
        )
        (planned,) = [
            it
            for it in log
            if isinstance(it.event, TransactionPlanned)
            and it.event.attempt == 1
            and intent.id in it.event.intents
        ]
        (signed,) = [
            it
            for it in log
            if isinstance(it.event, TransactionSigned) and it.event.transaction == planned.id
        ]
        assert intent.position < planned.position < signed.position < fill.position
        if event.liquidity is Liquidity.MAKER:
            met = prints[event.clock.trade_id or 0]
            assert met.t >= to_millis(signed.occurred_at)
            beyond = event.price_usd - Decimal(met.p)
            assert event.side.sign * beyond >= 0
            assert met.m is (event.side is Side.LONG)


async def test_the_venue_announces_each_minute_after_the_fills_before_it() -> None:
    log = await run(World(TAPE))
    closings = [it.event for it in log if isinstance(it.event, VenueAdvanced)]
    minutes = minutes_of(TAPE)
    assert [it.closed_at for it in closings] == [drafts[0].occurred_at for drafts in minutes]
    for recorded in log:
        if isinstance(recorded.event, OrderFilled):
            before = [
                it for it in closings if it.last_trade_id < (recorded.event.clock.trade_id or 0)
            ]
            later = [
                it.position
                for it in log
                if isinstance(it.event, VenueAdvanced) and it.event not in before
            ]
            assert all(recorded.position < position for position in later)


async def test_a_tape_that_ended_is_not_ended_again_by_the_next_start() -> None:
    world = World(TAPE)
    before, steps = by_subject(await run(world)), world.steps
    world.stopping.clear()
    again = asyncio.create_task(world.execute())
    while world.steps == steps or await world.waiting() > 0:  # noqa: ASYNC110  Nobody tells.
        await asyncio.sleep(0)
    world.stopping.set()
    await again
    assert by_subject(world.log.recorded) == before


async def test_silence_over_many_minutes_is_announced_once() -> None:
    first = TAPE[0]
    assert isinstance(first, Trade)
    later = Trade(i=2, t=first.t + 20 * 60_000, p="100", q="1", m=True)
    ticks: Sequence[Trade | TapeEnd] = [first, later, TapeEnd(i=2, t=later.t)]
    log = await run(World(ticks))
    marks = [it.event for it in log if isinstance(it.event, VenueAdvanced)]
    assert len(marks) == 2
    assert marks[0].closed_at == from_millis(later.t)
    assert marks[0].last_trade_id == 1
