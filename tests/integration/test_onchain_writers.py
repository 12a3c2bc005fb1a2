"""Two execution processes for one account on the real program: one of them alone writes.

The second cannot record. What is not recorded is not sent, and once the first has recorded the
signer, who reads the log for itself, refuses the second. Without the checks of who writes, the
second does all of that.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from chassis.appends import Appended
from chassis.fold import Fence
from contracts.event import Draft
from contracts.transaction import TransactionLanded, TransactionPlanned, TransactionSigned
from execution.recorder import AnotherWriter, Recorder
from execution.signing.port import Asked, Signed
from execution.signing.refusals import Refusal
from execution.venues.port import SignedTransaction
from kit.memory import InMemoryLog
from kit.onchain_world import Life, OnChainWorld, onchain_world


class DelayedLog(InMemoryLog):
    """The log of the second process: before its first append that sends, something happens."""

    def __init__(self, log: InMemoryLog, before: Callable[[], Awaitable[None]]) -> None:
        self.__dict__.update(log.__dict__)
        self._before = before
        self.was_delayed = False

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        expected_last: Mapping[str, int] | None = None,
        guards: Mapping[str, int] | None = None,
    ) -> list[Appended]:
        if not self.was_delayed and any(isinstance(it.event, TransactionPlanned) for it in drafts):
            self.was_delayed = True
            await self._before()
        return await super().append(drafts, expected_last=expected_last, guards=guards)


@dataclass
class Second:
    """What became of the second process."""

    has_stopped: bool = False
    signed: int = 0
    sent: int = 0


async def a_second(world: OnChainWorld, log: InMemoryLog) -> Life:
    """Begin a second process at the log's end, with the key; it has read the chain a slot later."""
    first = world.log
    world.log = log
    life = await world.begin()
    world.log = first
    world.on.client.net.pace.step(slots=1)
    await life.desk.chain.step()
    assert life.desk.chain.is_ready
    return life


def counted(life: Life, patch: pytest.MonkeyPatch) -> Second:
    """Count what a life signs and sends."""
    second = Second()
    sign, submit = life.signer.sign, life.desk.chain.submit

    def counting_sign(message: bytes, asked: Asked) -> Signed | Refusal:
        answer = sign(message, asked)
        second.signed += isinstance(answer, Signed)
        return answer

    def counting_submit(transaction: SignedTransaction) -> None:
        second.sent += 1
        submit(transaction)

    patch.setattr(life.signer, "sign", counting_sign)
    patch.setattr(life.desk.chain, "submit", counting_submit)
    return second


async def hears(world: OnChainWorld, life: Life, second: Second) -> None:
    """Let the second process hear all that is in the log, and look at the chain."""
    try:
        for recorded in world.events[life.standing.position :]:
            await life.desk.handle_event(recorded)
        await life.desk.look()
    except AnotherWriter:
        second.has_stopped = True


async def after_the_first(world: OnChainWorld, patch: pytest.MonkeyPatch) -> Second:
    """Let both be at one place, the first decide and send, and then the second decide."""
    life = await a_second(world, world.log)
    second = counted(life, patch)
    await world.approve()
    await world.hear()
    assert len(world.found(TransactionSigned)) == 1
    await hears(world, life, second)
    return second


async def at_the_same_time(world: OnChainWorld, patch: pytest.MonkeyPatch) -> Second:
    """Let the first record and send after the second has signed, and before it records."""
    log = DelayedLog(world.log, world.hear)
    life = await a_second(world, log)
    second = counted(life, patch)
    await world.approve()
    await hears(world, life, second)
    assert log.was_delayed
    return second


def without_the_check(patch: pytest.MonkeyPatch) -> None:
    """Let anybody write."""

    async def expects_nothing(fence: Fence, drafts: Sequence[Draft]) -> dict[str, int]:
        del fence, drafts
        return {}

    async def last(recorder: Recorder, subject: str) -> int:
        """Take whatever stands there for what was folded."""
        found = await recorder._log.last(subject)  # pyright: ignore[reportPrivateUsage]
        return 0 if found is None else found.position

    def hears_all(*_arguments: object) -> None:
        return None

    async def takes_all(*_arguments: object) -> None:
        return None

    patch.setattr(Fence, "expected", expects_nothing)
    patch.setattr(Recorder, "last", last)
    patch.setattr(Recorder, "require_alone", hears_all)
    patch.setattr(Recorder, "_require_ours", takes_all)


async def test_a_second_process_neither_records_nor_signs_nor_sends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with onchain_world() as world:
        await world.steps(3)
        assert await after_the_first(world, monkeypatch) == Second(has_stopped=True)
        await require_one_entry(world)


async def test_what_a_second_process_signs_at_the_same_time_is_neither_recorded_nor_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with onchain_world() as world:
        await world.steps(3)
        second = await at_the_same_time(world, monkeypatch)
        assert second == Second(has_stopped=True, signed=1, sent=0)
        await require_one_entry(world)


@pytest.mark.parametrize("meeting", [after_the_first, at_the_same_time])
async def test_without_the_check_of_who_writes_a_second_process_would_send(
    meeting: Callable[[OnChainWorld, pytest.MonkeyPatch], Awaitable[Second]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with onchain_world() as world:
        await world.steps(3)
        without_the_check(monkeypatch)
        second = await meeting(world, monkeypatch)
        assert not second.has_stopped
        assert (second.signed, second.sent) == (1, 1)


async def require_one_entry(world: OnChainWorld) -> None:
    """Require that the chain saw what the first process recorded, and nothing else."""
    await world.steps(4)
    (signed,) = world.found(TransactionSigned)
    assert [it.signature for it in world.found(TransactionLanded)] == [signed.signature]
    assert len(world.on.rig.seen().orders) == 2  # The entry, and its stop.
