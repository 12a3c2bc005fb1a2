"""Time on a live feed that is silent: it passes while something is on its way, and is recorded."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from chassis.market import MarketMessage
from contracts.control import KillLevel
from contracts.event import Draft, Event
from contracts.order import CancelReason, OrderCanceled, OrderFilled, OrderPlaced, SetupClosed
from contracts.ticks import encode_tick
from contracts.transaction import TransactionSigned
from contracts.values import Leg
from contracts.venue import VenueTimePassed
from execution.handlers import Desk
from execution.live_time import BEHIND_MS, STEP_MS
from execution.recovery import recover
from execution.signing.paper import PaperSigner
from execution.standing import Standing
from execution.status import status_of
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.rules import PaperRules
from kit.execution_events import (
    a_feed,
    a_kill,
    a_print,
    a_resume,
    an_account,
    an_approval,
    at,
)
from kit.execution_world import LIVELY, TRADES
from kit.memory import InMemoryCheckpoints, InMemoryDeadLetters, InMemoryLog

SLOW = replace(PaperRules.calm(), landing_ms=((0, 2_000), (1_000, 2_000)))
"""Everything lands 2 s after it was sent."""

E = TypeVar("E", bound=Event)


@dataclass
class Process:
    """One process of execution on a log, with a clock that is set by hand."""

    log: InMemoryLog
    standing: Standing
    desk: Desk
    clock: "HandClock"
    prints: list[MarketMessage] = field(default_factory=list[MarketMessage])

    @property
    def venue(self) -> PaperChain:
        """Give the chain."""
        assert self.standing.venue is not None
        return self.standing.venue

    async def say(self, source: str, draft: Draft) -> None:
        """Let another service append, and the process hear all that is new."""
        await self.log.as_service(source).append([draft])
        await self.hear()

    async def hear(self) -> None:
        """Hear all that is new in the log."""
        while self.standing.position < len(self.log.recorded):
            event = self.log.recorded[self.standing.position]
            await self.desk.handle_event(event, self.hear)

    async def print(self, trade_id: int, price: str, milliseconds: int) -> None:
        """Let a print come."""
        body = encode_tick(a_print(trade_id, price, milliseconds=milliseconds))
        await self.work([MarketMessage(len(self.prints) + 1, TRADES, body)])

    async def work(self, messages: Sequence[MarketMessage]) -> None:
        """Let messages of the market stream come, one by one."""
        for message in messages:
            self.prints.append(message)
            await self.desk.work([message], self.hear)
            await self.hear()

    async def wait(self, seconds: float) -> None:
        """Let time pass without a print, and the process wake as often as it wants to."""
        until = self.clock.now_s + seconds
        while (wake_s := self.desk.wake_s()) is not None and self.clock.now_s + wake_s <= until:
            self.clock.now_s += wake_s
            await self.desk.pass_time(self.hear)
            await self.hear()
        self.clock.now_s = until

    def events(self, kind: type[E]) -> list[E]:
        """Give the log's events of a class."""
        return [it.event for it in self.log.recorded if isinstance(it.event, kind)]


class HandClock:
    """Seconds, set by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


async def a_process(log: InMemoryLog, rules: PaperRules = SLOW) -> Process:
    """Start execution on a log, without a checkpoint."""
    checkpoints, clock = InMemoryCheckpoints(InMemoryLog(service="execution")), HandClock()
    standing, recorder = await recover(log, checkpoints, rules=rules, signer=PaperSigner())
    desk = Desk(
        standing,
        recorder,
        dead_letters=InMemoryDeadLetters(),
        checkpoints=checkpoints,
        checkpoint_events=100_000,
        ready=lambda is_ready, reason: None,
        clock=clock,
    )
    return Process(log, standing, desk, clock)


async def a_live_log(*, is_replayable: bool = False) -> InMemoryLog:
    """Open a feed and an account."""
    log = InMemoryLog(service="execution")
    await log.as_service("ingest").append([a_feed(is_replayable=is_replayable)])
    await log.as_service("gateway").append([an_account()])
    return log


async def resting(log: InMemoryLog) -> Process:
    """Bring an entry and its stop to rest; the last print is at 4 s."""
    process = await a_process(log)
    await process.print(1, "100.5", 1_000)
    await process.say("risk", an_approval(milliseconds=1_000))
    await process.print(2, "100.5", 4_000)
    assert [it.leg for it in process.events(OrderPlaced)] == [Leg.ENTRY, Leg.STOP]
    return process


async def test_a_kill_takes_the_entry_back_although_nobody_trades() -> None:
    process = await resting(await a_live_log())
    await process.wait(60)
    await process.say("gateway", a_kill())
    # It is decided at the time that the chain has by now, not at the last print's.
    killed_at = process.events(TransactionSigned)[-1].clock.at
    assert killed_at == at(4_000 + 60_000 - BEHIND_MS)
    assert not process.events(OrderCanceled)
    # Entries land by the side after 2 s, then the stop by its id after 2 s; a step is 1 s.
    await process.wait(7)
    canceled = process.events(OrderCanceled)
    assert [(it.leg, it.reason) for it in canceled] == [
        (Leg.ENTRY, CancelReason.KILL_SWITCH),
        (Leg.STOP, CancelReason.KILL_SWITCH),
    ]
    assert canceled[0].clock.at == at(4_000 + 60_000 - BEHIND_MS + 2 * STEP_MS)
    assert [it.outcome for it in process.events(SetupClosed)] == ["not-filled"]
    assert process.events(TransactionSigned)[-1].clock.trade_id == 2
    # A print that was on its way all the time finds nothing.
    await process.print(3, "99", 4_500)
    assert not process.events(OrderFilled)


async def test_a_flatten_closes_the_position_although_nobody_trades() -> None:
    process = await resting(await a_live_log())
    await process.print(3, "99.9", 4_100)
    await process.print(4, "99.9", 7_000)
    assert process.venue.observe("local").position_base == 10
    await process.wait(30)
    await process.say("gateway", a_kill(level=KillLevel.FLATTEN))
    await process.wait(10)
    assert process.events(OrderFilled)[-1].leg is Leg.CLOSE
    assert [it.outcome for it in process.events(SetupClosed)] == ["closed"]


async def test_time_that_leads_to_nothing_leaves_no_trace() -> None:
    process = await resting(await a_live_log())
    events = len(process.log.recorded)
    await process.wait(3_600)
    assert process.desk.wake_s() is None
    assert len(process.log.recorded) == events


async def test_steps_are_a_second_apart_and_begin_when_a_print_is_overdue() -> None:
    process = await resting(await a_live_log())
    await process.say("gateway", a_kill())
    assert not process.events(VenueTimePassed)
    await process.wait(10)
    steps = [it.clock.at for it in process.events(VenueTimePassed)]
    assert steps == [at(4_000 + step * STEP_MS) for step in range(1, len(steps) + 1)]
    assert len(steps) <= 5


async def test_a_feed_that_can_be_replayed_knows_no_other_time_than_its_prints() -> None:
    process = await resting(await a_live_log(is_replayable=True))
    await process.say("gateway", a_kill())
    assert process.desk.wake_s() is None
    await process.wait(60)
    assert not process.events(VenueTimePassed)
    assert not process.events(OrderCanceled)


async def test_a_restart_in_the_silence_goes_on_without_a_new_print() -> None:
    process = await resting(await a_live_log())
    again = await a_process(process.log)
    await again.work(process.prints)
    await again.wait(60)
    await again.say("gateway", a_kill())
    await again.wait(7)
    assert [it.outcome for it in again.events(SetupClosed)] == ["not-filled"]


@pytest.mark.parametrize("seed", range(4))
async def test_a_restart_lets_the_same_time_pass_at_the_same_place(seed: int) -> None:
    chance = random.Random(seed)
    process = await a_process(await a_live_log(), LIVELY)
    price, now_ms = 100_000, 1_000
    for number in range(1, 40):
        price += chance.randint(-80, 80)
        now_ms += chance.choice((10, 900, 3_000))
        await process.print(number, f"{price / 1_000:.3f}", now_ms)
        if chance.random() < 0.3:
            key = f"{number}"
            approval = an_approval(key, milliseconds=now_ms, entry=f"{price / 1_000 - 0.05:.3f}")
            await process.say("risk", approval)
        if chance.random() < 0.1:
            await process.say("gateway", a_kill(f"kill {number}"))
            await process.wait(chance.choice((0.5, 5, 15)))
            await process.say("gateway", a_resume(f"resume {number}"))
        if chance.random() < 0.4:
            # The feed may fall behind the chain: its next prints come late.
            await process.wait(chance.choice((0.5, 2.5, 4, 9)))
    assert process.events(VenueTimePassed)
    before = len(process.log.recorded)

    again = await a_process(process.log, LIVELY)
    await again.work(process.prints)
    assert len(again.log.recorded) == before
    assert again.venue.dump() == process.venue.dump()
    assert status_of(again.standing, parked=0) == status_of(process.standing, parked=0)
