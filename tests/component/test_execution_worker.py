"""Execution at its edges: a live feed, people, bad data, a rival."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

import pytest

from contracts.event import Draft, Event
from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    SetupClosed,
    SideCancelIntended,
)
from contracts.routes import subject_of
from contracts.ticks import TapeEnd, Trade, encode_tick
from contracts.transaction import TransactionPlanned, TransactionSigned
from contracts.values import Leg
from contracts.venue import VenueAdvanced
from execution.progress import ForeignFeed
from execution.recorder import AnotherWriter
from execution.venues.paper.rules import PaperRules
from kit.execution_events import (
    BEGIN_MS,
    a_cancel,
    a_feed,
    a_kill,
    a_print,
    a_resume,
    an_account,
    an_approval,
    at,
)
from kit.execution_world import TRADES, World, a_tape, by_execution, by_subject

WAIT_S_MAX = 30.0
STRAY = "trades.binance-usdm.btcusdt"

E = TypeVar("E", bound=Event)
W = TypeVar("W", bound="Live")


class Live(World):
    """A world whose prints come when the test says so; nobody decides anything."""

    async def print(self, trade_id: int, price: str, milliseconds: int) -> None:
        """Publish a print."""
        await self.put(encode_tick(a_print(trade_id, price, milliseconds=milliseconds)))

    async def put(self, body: bytes, *, subject: str = TRADES) -> None:
        """Publish bytes."""
        await self.market.put(subject, body)

    async def record(self, source: str, *drafts: Draft) -> None:
        """Append as another service."""
        await self.log.as_service(source).append(list(drafts))

    async def seen(self, event_type: str, count: int = 1) -> None:
        """Wait for events of a type."""
        async with asyncio.timeout(WAIT_S_MAX):
            while self.types().count(event_type) < count:
                await self.turn()

    async def worked(self) -> None:
        """Wait until every message of the market stream is done."""
        async with asyncio.timeout(WAIT_S_MAX):
            while await self.waiting() > 0:
                await self.turn()

    async def turn(self, times: int = 1) -> None:
        """Let the others work."""
        for _ in range(times):
            await asyncio.sleep(0)

    def types(self) -> list[str]:
        """Name the events of the log."""
        return [it.event.event_type for it in self.log.recorded]

    def events(self, kind: type[E]) -> list[E]:
        """Give the events of a class."""
        return [it.event for it in self.log.recorded if isinstance(it.event, kind)]


@asynccontextmanager
async def live(
    kind: type[W] = Live,
    *,
    is_replayable: bool = False,
    is_open: bool = True,
    rules: PaperRules | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> AsyncGenerator[W]:
    """Run execution on a calm chain until the context ends."""
    world = kind([], rules=rules or PaperRules.calm(), is_replayable=is_replayable, clock=clock)
    if is_open:
        await world.open()
    running = asyncio.create_task(world.execute())
    try:
        yield world
        world.stopping.set()
        await running
    finally:
        running.cancel()


async def rests(world: Live) -> None:
    """Bring an entry and its stop to rest."""
    await world.print(1, "100.5", 1_000)
    await world.record("risk", an_approval(milliseconds=1_000))
    await world.seen("order_intended", 2)
    await world.print(2, "100.5", 2_000)
    await world.seen("order_placed", 2)


async def test_a_live_feed_waits_for_nobody() -> None:
    async with live() as world:
        for minute in range(5):
            await world.print(minute + 1, "100", minute * 60_000 + 600)
        await world.seen("venue_advanced", 4)
        await world.worked()


async def test_a_feed_that_can_be_replayed_waits_for_its_decisions() -> None:
    async with live(is_replayable=True) as world:
        await world.print(1, "100", 600)
        await world.print(2, "100", 61_000)
        await world.seen("venue_advanced")
        await world.turn(200)
        assert await world.waiting() > 0


async def test_a_kill_takes_the_entry_back_and_lasts_until_a_person_resumes() -> None:
    async with live() as world:
        await rests(world)
        await world.record("gateway", a_kill())
        await world.seen("setup_closed")
        (side,) = world.events(SideCancelIntended)
        assert side.reason is CancelReason.KILL_SWITCH
        await world.print(3, "99", 2_900)
        await world.worked()
        assert not world.events(OrderFilled)
        await world.record("risk", an_approval("while halted", milliseconds=3_000))
        await world.seen("setup_closed", 2)
        assert world.events(SetupClosed)[-1].outcome == "not-started-halted"
        await world.print(4, "100.5", 3_400)
        await world.record("gateway", a_resume())
        await world.record("risk", an_approval("after", milliseconds=3_000))
        await world.seen("order_intended", 4)


async def test_a_kill_lands_although_nobody_trades() -> None:
    seconds = iter(range(10**9))
    is_silent = asyncio.Event()
    slow = replace(PaperRules.calm(), landing_ms=((0, 1_500), (1_000, 1_500)))
    # Each look at the clock is a second later, once the feed is silent.
    async with live(rules=slow, clock=lambda: next(seconds) if is_silent.is_set() else 0) as world:
        await world.print(1, "100.5", 1_000)
        await world.record("risk", an_approval(milliseconds=1_000))
        await world.seen("order_intended", 2)
        await world.print(2, "100.5", 4_000)
        await world.seen("order_placed", 2)
        await world.worked()
        is_silent.set()
        await world.record("gateway", a_kill())
        await world.seen("setup_closed")
        assert {it.reason for it in world.events(OrderCanceled)} == {CancelReason.KILL_SWITCH}
        assert {it.clock.trade_id for it in world.events(OrderCanceled)} == {2}


async def test_what_people_say_before_the_first_print_is_heard_at_it() -> None:
    async with live() as world:
        await world.record("gateway", a_kill())
        await world.record("risk", an_approval(milliseconds=1_000))
        await world.turn(100)
        assert "venue_observed" not in world.types()
        await world.print(1, "100.5", 1_000)
        await world.seen("setup_closed")
        (closed,) = world.events(SetupClosed)
        assert closed.outcome == "not-started-halted"
        assert not world.events(OrderIntended)


class Interrupted(Live):
    """Lets people speak once, right before an append that sends something."""

    refused: tuple[str, ...] = ()
    """What the first append was to hold."""

    async def before_append(self, drafts: Sequence[Draft]) -> None:
        """Engage the kill between the first decision to send and its record."""
        sends = any(isinstance(it.event, TransactionPlanned) for it in drafts)
        if sends and not self.refused:
            self.refused = tuple(it.event.event_type for it in drafts)
            await self.record("gateway", a_kill())


async def test_a_kill_between_a_decision_and_its_record_is_decided_on_first() -> None:
    async with live(Interrupted) as world:
        await world.print(1, "100.5", 1_000)
        await world.record("risk", an_approval(milliseconds=1_000))
        await world.seen("setup_closed")
        # The decision to send was made and refused: nothing of it is in the log.
        assert "transaction_planned" in world.refused
        assert "transaction_planned" not in world.types()
        (closed,) = world.events(SetupClosed)
        assert closed.outcome == "not-started-halted"
        assert not world.events(OrderIntended)


async def test_a_kill_is_remembered_by_the_next_process() -> None:
    async with live() as world:
        await rests(world)
        await world.record("gateway", a_kill())
        await world.seen("setup_closed")
    again = Live(
        [], rules=PaperRules.calm(), log=world.log, market=world.market, is_replayable=False
    )
    running = asyncio.create_task(again.execute())
    await again.record("risk", an_approval("later", milliseconds=3_000))
    await again.print(3, "100.5", 3_000)
    await again.seen("setup_closed", 2)
    assert again.events(SetupClosed)[-1].outcome == "not-started-halted"
    assert len(again.events(OrderIntended)) == 2
    again.stopping.set()
    await running


async def test_a_person_cancels_an_order() -> None:
    async with live() as world:
        await rests(world)
        entry = next(it.event for it in world.log.recorded if it.event.event_type == "order_placed")
        await world.record("gateway", a_cancel(getattr(entry, "client_order_id", "")))
        await world.seen("cancel_intended")
        await world.print(3, "100.5", 3_000)
        await world.seen("order_canceled")
        assert world.events(OrderCanceled)[0].reason is CancelReason.REQUESTED


async def test_execution_waits_for_a_feed_and_for_an_account() -> None:
    async with live(is_open=False) as world:
        await world.print(1, "100.5", 600)
        await world.turn(100)
        assert await world.waiting() == 1
        await world.record("ingest", a_feed(is_replayable=False))
        await world.worked()
        await world.record("gateway", an_account())
        await world.record("risk", an_approval(milliseconds=1_000))
        await world.seen("order_intended", 2)


async def test_what_is_no_print_is_parked_and_the_rest_goes_on() -> None:
    async with live() as world:
        await rests(world)
        bad = [
            b"{",
            b'{"k":"trade","i":"3"}',
            encode_tick(a_print(3, "NaN", milliseconds=2_500)),
            encode_tick(a_print(4, "-99", milliseconds=2_500)),
            encode_tick(Trade(i=5, t=12, p="99", q="1", m=True)),
            encode_tick(Trade(i=6, t=BEGIN_MS * 1_000, p="99", q="1", m=True)),
            # It would close a minute, which the strategy refuses as well.
            encode_tick(a_print(7, "0.0", milliseconds=70_000)),
        ]
        for body in bad:
            await world.put(body)
        await world.print(8, "99.9", 3_000)
        await world.seen("order_filled")
        assert [it.body for it in world.dead_letters.parked] == bad
        assert {it.what for it in world.dead_letters.parked} == {"tick"}
        assert "venue_advanced" not in world.types()


@pytest.mark.parametrize("price", ["0.00000001", "100.5" + "0" * 30])
async def test_a_print_that_the_strategy_takes_is_taken_by_the_venue(price: str) -> None:
    async with live() as world:
        await world.print(1, price, 1_000)
        await world.print(1, "100", 61_000)  # a repeat, whatever it says
        await world.print(2, "100", 125_000)
        await world.seen("venue_advanced")
        await world.worked()
        assert not world.dead_letters.parked
        (mark,) = world.events(VenueAdvanced)
        assert (mark.last_trade_id, mark.closed_at) == (1, at(125_000))


async def test_a_trade_after_the_end_of_the_tape_is_parked() -> None:
    async with live() as world:
        await world.print(1, "100", 600)
        await world.put(encode_tick(TapeEnd(i=1, t=BEGIN_MS + 600)))
        await world.print(2, "100", 700)
        await world.worked()
        (letter,) = world.dead_letters.parked
        assert "after the end of the tape" in letter.reason


async def test_prints_that_come_twice_are_worked_once() -> None:
    async with live() as world:
        await rests(world)
        for _ in range(3):
            await world.put(
                encode_tick(a_print(3, "99.9", milliseconds=3_000, quantity="4")),
            )
        await world.worked()
        (fill,) = world.events(OrderFilled)
        assert fill.quantity_base == 4


@dataclass
class Strayed(World):
    """A world in whose market stream another symbol's prints come between ours."""

    strays: list[bytes] = field(default_factory=list[bytes])

    async def open(self) -> None:
        """Open the feed and the accounts, and publish the tape, each third print after a stray."""
        ticks, self.ticks = self.ticks, ()
        await super().open()
        self.ticks = ticks
        for number, tick in enumerate(ticks):
            if number % 3 == 0:
                # Later, dearer and further than ours: worked, it would fill and close everything.
                stray = a_print(10**6 + number, "200", milliseconds=10**7)
                self.strays.append(encode_tick(stray))
                await self.market.put(STRAY, self.strays[-1])
            await self.market.put(TRADES, encode_tick(tick))
        await self.market.put(STRAY, encode_tick(TapeEnd(i=1, t=BEGIN_MS)))
        self.strays.append(encode_tick(TapeEnd(i=1, t=BEGIN_MS)))


@pytest.mark.parametrize("crash_at", [None, 40, 90])
async def test_prints_of_another_feed_are_parked_and_change_nothing(crash_at: int | None) -> None:
    tape = a_tape(1, count=120)
    expected = await World(tape).run()
    world = Strayed(tape, crash_at=crash_at)
    found = await world.run()
    assert by_subject(found) == by_subject(expected)
    assert by_execution(found) == by_execution(expected)
    letters = world.dead_letters.parked
    assert {it.body for it in letters} <= set(world.strays)
    assert len(letters) >= 40  # 120 / 3; the last one may come when all is over
    for letter in letters:
        assert letter.reason == f"expected a message on {TRADES}, found one on {STRAY}"
        assert letter.origin.startswith(f"{STRAY} at ")
    assert (world.starts > 1) is (crash_at is not None)
    if crash_at is None:
        assert world.shown["parked_ticks"] == len(letters)


async def test_a_second_feed_in_the_log_stops_the_service() -> None:
    world = Live([], rules=PaperRules.calm(), is_replayable=False)
    await world.open()
    await world.record("ingest", a_feed(market="btc-perp", symbol="btcusdt"))
    with pytest.raises(ForeignFeed, match="expected one feed in a log"):
        await world.execute()


async def test_a_rival_that_writes_our_orders_stops_the_service() -> None:
    world = Live([], rules=PaperRules.calm(), is_replayable=False)
    await world.open()
    await world.print(1, "100.5", 1_000)
    running = asyncio.create_task(world.execute())
    await world.worked()
    approval = an_approval(milliseconds=1_000)
    canceled = CancelIntended(
        account="local",
        market="sol-perp",
        setup=approval.id,
        client_order_id="0" * 26,
        leg=Leg.ENTRY,
        venue_order_id=1,
        reason=CancelReason.REQUESTED,
    )
    rival = Draft(
        event=canceled,
        id=approval.correlation_id,
        subject=subject_of(canceled),
        occurred_at=approval.occurred_at,
        correlation_id=approval.correlation_id,
    )
    # In one append, so that the service hears of the rival only after it has decided.
    await world.log.as_service("risk").append([approval])
    await world.log.append([rival])
    with pytest.raises(AnotherWriter, match="expected to be the only writer of orders"):
        await running


async def test_what_it_shows() -> None:
    async with live() as world:
        await rests(world)
        await world.print(3, "99.9", 3_000)
        await world.seen("order_placed", 5)
        await world.worked()
        shown = json.loads(json.dumps(world.shown))
        assert (shown["market"], shown["is_replayable"], shown["is_reworking"]) == (
            "sol-perp",
            False,
            False,
        )
        assert shown["clock"] == {
            "at": "2026-03-02T12:00:03+00:00",
            "slot": (BEGIN_MS + 3_000) // 400,
            "trade_id": 3,
        }
        account = shown["accounts"]["local"]
        assert (account["mode"], account["kill_level"], account["broken"]) == ("run", 0, [])
        assert account["position_base"] == "10"
        assert account["open_transactions"] == []
        setup = account["setup"]
        assert [it["leg"] for it in setup["orders"]] == ["stop", "tp1", "tp2", "tp3"]
        assert {it["status"] for it in setup["orders"]} == {"working"}
        assert setup["average_entry_usd"] == "100"


async def test_it_shows_a_transaction_that_has_no_fate_yet() -> None:
    lost = replace(PaperRules.calm(), drop_rate=Decimal(1))
    async with live(rules=lost) as world:
        await world.print(1, "100.5", 1_000)
        await world.record("risk", an_approval(milliseconds=1_000))
        await world.seen("transaction_signed")
        await world.turn(50)
        (sent,) = json.loads(json.dumps(world.shown))["accounts"]["local"]["open_transactions"]
        (signed,) = world.events(TransactionSigned)
        assert sent == {
            "signature": signed.signature,
            "retry_class": "exposure",
            "urgency": "normal",
            "attempt": 1,
        }


async def test_venue_advanced_tells_the_last_print_before_it() -> None:
    async with live() as world:
        await world.print(5, "100", 600)
        await world.print(9, "100", 59_000)
        await world.print(12, "100", 60_499)  # the watermark is not there yet
        await world.print(13, "100", 60_500)
        await world.seen("venue_advanced")
        (mark,) = world.events(VenueAdvanced)
        assert mark.last_trade_id == 12
        assert Decimal(mark.closed_at.timestamp()) * 1_000 == BEGIN_MS + 60_500
