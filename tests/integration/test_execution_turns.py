"""Execution's own append on a real server: who comes first is heard first, and one alone writes."""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import execution.engine
from chassis.log import Log, LogClient
from chassis.market import MarketMessage
from contracts.control import KillLevel
from contracts.event import Draft, Event, Recorded
from contracts.order import OrderCanceled, OrderIntended, SetupClosed
from contracts.ticks import encode_tick
from contracts.transaction import TransactionSigned
from contracts.values import Leg
from execution.handlers import Desk
from execution.recorder import AnotherWriter
from execution.recovery import recover
from execution.signing.paper import PaperSigner
from execution.signing.port import Asked, Signed
from execution.signing.refusals import Refusal
from execution.standing import Standing
from execution.venues.paper.rules import PaperRules
from kit.chassis_stage import RealStage, real_stage
from kit.execution_events import (
    ACCOUNT,
    a_cancel,
    a_feed,
    a_kill,
    a_print,
    an_account,
    an_approval,
)
from kit.execution_world import TRADES
from kit.memory import InMemoryDeadLetters

OTHER = "other"


class CountingSigner(PaperSigner):
    """Counts what it signs."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def sign(self, message: bytes, asked: Asked) -> Signed | Refusal:
        """Sign, and count it."""
        self.count += 1
        return super().sign(message, asked)


@dataclass
class Engine:
    """Execution on a real log; it hears what a test says it hears, and when."""

    log: Log
    standing: Standing
    desk: Desk
    signer: CountingSigner
    behind: deque[Recorded] = field(default_factory=deque[Recorded])
    """What it hears when it has to wait for the log."""

    async def hear(self, recorded: Recorded) -> None:
        """Hear an event of the log."""
        await self.desk.handle_event(recorded, self.wait_for_log)

    async def wait_for_log(self) -> None:
        """Hear the next event; fail when the test foresaw none."""
        await self.hear(self.behind.popleft())

    async def work(self, trade_id: int, price: str, *, milliseconds: int) -> None:
        """Work a print."""
        body = encode_tick(a_print(trade_id, price, milliseconds=milliseconds))
        await self.desk.work([MarketMessage(trade_id, TRADES, body)], self.wait_for_log)

    @property
    def held(self) -> int:
        """Count the orders that rest on its own venue: what it has sent."""
        assert self.standing.venue is not None
        return len(self.standing.venue.observe(ACCOUNT).orders)


async def an_engine(real: RealStage) -> Engine:
    """Start execution at the log's head, on a calm chain of its own, with one print worked."""
    log, signer = LogClient(real.connection, service="execution"), CountingSigner()
    standing, recorder = await recover(
        log, real.checkpoints, rules=PaperRules.calm(), signer=signer
    )
    desk = Desk(
        standing,
        recorder,
        dead_letters=InMemoryDeadLetters(),
        checkpoints=real.checkpoints,
        checkpoint_events=100_000,
        ready=lambda is_ready, reason: None,
        clock=lambda: 0.0,
    )
    engine = Engine(log, standing, desk, signer)
    await engine.work(1, "100.5", milliseconds=1_000)
    return engine


async def record(real: RealStage, source: str, draft: Draft) -> Recorded:
    """Append as another service; give the event as the log holds it."""
    log = LogClient(real.connection, service=source)
    await log.append([draft])
    last = await log.last(draft.subject)
    assert last is not None
    return last


async def events(real: RealStage) -> list[Event]:
    return [it.event async for it in real.log.read()]


async def begun(real: RealStage) -> None:
    """Open the feed and the account."""
    await record(real, "ingest", a_feed())
    await record(real, "gateway", an_account())


@pytest.mark.parametrize("account", [None, ACCOUNT])
async def test_a_kill_that_lands_between_decision_and_append_is_decided_on_first(
    tmp_path: Path, account: str | None
) -> None:
    async with real_stage(tmp_path) as real:
        await begun(real)
        engine = await an_engine(real)
        approval = await record(real, "risk", an_approval(milliseconds=1_000))
        engine.behind.append(await record(real, "gateway", a_kill(account=account)))
        await engine.hear(approval)  # It decides to send, is refused, and hears the kill.
        assert engine.signer.count == 1
        assert not engine.behind
        assert engine.held == 0
        found = await events(real)
        assert not [it for it in found if isinstance(it, OrderIntended | TransactionSigned)]
        (closed,) = [it for it in found if isinstance(it, SetupClosed)]
        assert closed.outcome == "not-started-halted"


async def test_a_word_that_changes_nothing_only_delays_the_order(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        await begun(real)
        engine = await an_engine(real)
        approval = await record(real, "risk", an_approval(milliseconds=1_000))
        engine.behind.append(await record(real, "gateway", a_cancel("0" * 26)))
        await engine.hear(approval)
        assert not engine.behind
        assert [it.leg for it in await events(real) if isinstance(it, OrderIntended)] == [
            "entry",
            "stop",
        ]
        assert engine.held == 2


async def test_a_word_that_was_heard_holds_nothing_up(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        await begun(real)
        engine = await an_engine(real)
        await engine.hear(await record(real, "gateway", a_cancel("0" * 26)))
        await engine.hear(await record(real, "risk", an_approval(milliseconds=1_000)))
        assert engine.held == 2


async def two_entries(real: RealStage) -> Engine:
    """Start execution with an entry at rest for each of two accounts."""
    await begun(real)
    await record(real, "gateway", an_account(OTHER))
    engine = await an_engine(real)
    for account in (ACCOUNT, OTHER):
        approval = an_approval(account, account=account, milliseconds=1_000)
        await engine.hear(await record(real, "risk", approval))
    return engine


async def test_what_one_account_hears_lets_nobody_else_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_stage(tmp_path) as real:
        engine = await two_entries(real)
        looked_at: set[str] = set()
        turn = execution.engine.Engine.turn

        def watched(self: execution.engine.Engine, account: str) -> execution.engine.Turn | None:
            looked_at.add(account)
            return turn(self, account)

        monkeypatch.setattr(execution.engine.Engine, "turn", watched)
        await engine.hear(await record(real, "gateway", a_kill("one", account=ACCOUNT)))
        assert looked_at == {ACCOUNT}
        assert await entries_canceled(real) == [ACCOUNT]
        await engine.hear(await record(real, "gateway", a_kill("all")))
        assert looked_at == {ACCOUNT, OTHER}
        assert await entries_canceled(real) == [ACCOUNT, OTHER]


async def test_a_kill_of_somebody_else_between_decision_and_append_is_carried_out(
    tmp_path: Path,
) -> None:
    async with real_stage(tmp_path) as real:
        engine = await two_entries(real)
        cancel = await record(real, "gateway", a_kill("one", account=ACCOUNT))
        engine.behind.append(await record(real, "gateway", a_kill("other", account=OTHER)))
        await engine.hear(cancel)  # It decides to cancel, is refused, and hears the other kill.
        assert not engine.behind
        assert sorted(await entries_canceled(real)) == [ACCOUNT, OTHER]


async def entries_canceled(real: RealStage) -> list[str]:
    """Name the accounts whose entries the log says are canceled, in order."""
    found = await events(real)
    return [it.account for it in found if isinstance(it, OrderCanceled) and it.leg is Leg.ENTRY]


async def test_of_two_engines_for_one_account_the_second_cannot_record_or_send(
    tmp_path: Path,
) -> None:
    async with real_stage(tmp_path) as real:
        await begun(real)
        first, second = await an_engine(real), await an_engine(real)
        approval = await record(real, "risk", an_approval(milliseconds=1_000))
        await first.hear(approval)
        after_the_first = await real.log.head()
        with pytest.raises(AnotherWriter, match="expected to be the only writer of"):
            await second.hear(approval)
        assert (first.held, second.held) == (2, 0)
        assert await real.log.head() == after_the_first


async def test_an_engine_that_slept_through_its_successor_cannot_record_or_send(
    tmp_path: Path,
) -> None:
    async with real_stage(tmp_path) as real:
        await begun(real)
        first = await an_engine(real)
        await first.hear(await record(real, "risk", an_approval(milliseconds=1_000)))
        successor = await an_engine(real)  # It begins at the head, and works the prints again.
        await successor.work(2, "99.9", milliseconds=3_000)
        filled = await real.log.head()
        with pytest.raises(AnotherWriter, match="expected to be the only writer of"):
            await first.work(2, "99.9", milliseconds=3_000)
        assert await real.log.head() == filled
        # The stop rests on both; the three take-profits only with the one that recorded them.
        assert (first.held, successor.held) == (1, 4)
        flatten = await record(real, "gateway", a_kill(level=KillLevel.FLATTEN))
        await successor.hear(flatten)
        assert await real.log.head() > flatten.position


async def test_an_append_of_the_predecessor_that_lands_late_is_read_by_a_new_start_only(
    tmp_path: Path,
) -> None:
    async with real_stage(tmp_path) as real:
        await begun(real)
        predecessor, successor = await an_engine(real), await an_engine(real)
        approval = await record(real, "risk", an_approval(milliseconds=1_000))
        await predecessor.hear(approval)
        late = [it async for it in real.log.read(after=approval.position)]
        # Its venue would know nothing of what was sent with that append.
        with pytest.raises(AnotherWriter, match="found venue_observed of another process at"):
            await successor.hear(late[0])
        fresh = await an_engine(real)
        await fresh.work(2, "99.9", milliseconds=3_000)
        assert fresh.held == 4  # The stop and three take-profits.


async def test_an_engine_whose_successor_decided_the_same_a_moment_before_cannot_send_its_own(
    tmp_path: Path,
) -> None:
    async with real_stage(tmp_path) as real:
        await begun(real)
        first = await an_engine(real)
        await first.hear(await record(real, "risk", an_approval(milliseconds=1_000)))
        successor = await an_engine(real)
        # Both hear the same kill, in other slots of the chain: the same ids, other bytes.
        await successor.work(2, "100.6", milliseconds=2_000)
        await first.work(2, "100.6", milliseconds=2_900)
        kill = await record(real, "gateway", a_kill())
        await successor.hear(kill)
        recorded, held = await real.log.head(), first.held
        assert recorded > kill.position
        with pytest.raises(AnotherWriter, match="expected to be the only writer of"):
            await first.hear(kill)
        assert (await real.log.head(), first.held) == (recorded, held)
