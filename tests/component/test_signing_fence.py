"""The signer's own reading of the log: kill, switch, cap and last positions, and how old it is."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import pytest

from contracts.control import KillLevel, SettingsChanged
from contracts.event import Draft, Recorded
from contracts.ids import derive_root_id
from contracts.routes import subject_of
from execution.signing.fence import FenceStale, LogFence
from kit.chassis_events import a_draft
from kit.execution_events import BEGIN, SETTINGS, a_kill, a_resume, an_account
from kit.execution_world import World, a_tape
from kit.memory import InMemoryLog

ACCOUNT, MARKET = "local", "sol-perp"


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def switched(*, on: bool) -> Draft:
    settings = SETTINGS.model_copy(update={"delegate_enabled": on, "leverage_max": Decimal(2)})
    event = SettingsChanged(account=ACCOUNT, before=SETTINGS, settings=settings, by="a person")
    name = derive_root_id("switch", on)
    return Draft(event, name, subject_of(event), BEGIN, name)


async def test_it_hears_what_people_said_to_the_end_of_the_log() -> None:
    log, seconds = InMemoryLog(service="gateway"), Seconds()
    fence = LogFence(log, clock=seconds)

    async def after(draft: Draft) -> tuple[int, bool, int]:
        (appended,) = await log.append([draft])
        await fence.refresh(ACCOUNT, MARKET)
        found = fence.read(ACCOUNT)
        assert found.control_position == appended.position
        return found.kill_level, found.is_revoked, int(fence.leverage_max(ACCOUNT))

    await fence.refresh(ACCOUNT, MARKET)
    assert fence.read(ACCOUNT).is_revoked  # Nobody has opened the account.
    assert fence.leverage_max(ACCOUNT) == 0
    assert await after(an_account(ACCOUNT, venue="localnet")) == (0, False, 5)
    assert await after(a_kill("1", level=KillLevel.PAUSE_ENTRIES)) == (1, False, 5)
    assert await after(a_kill("2", account=ACCOUNT, level=KillLevel.FLATTEN)) == (3, False, 5)
    assert await after(a_kill("3", account="other", level=KillLevel.FLATTEN)) == (3, False, 5)
    assert await after(a_resume("4", account=ACCOUNT)) == (1, False, 5)
    assert await after(a_resume("5")) == (0, False, 5)
    assert await after(switched(on=False)) == (0, True, 2)
    assert await after(switched(on=True)) == (0, False, 2)


async def test_it_knows_the_last_position_of_the_accounts_orders() -> None:
    world = World(a_tape(3, count=80))
    log = await world.run()
    fence = LogFence(world.log, clock=Seconds())
    await fence.refresh(ACCOUNT, MARKET)
    newest = max(it.position for it in log if it.subject.startswith("orders."))
    assert fence.read(ACCOUNT).orders_position == newest


async def test_it_reads_only_on_what_people_have_said_since() -> None:
    class Counting(InMemoryLog):
        reads = 0

        def read(
            self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
        ) -> AsyncIterator[Recorded]:
            self.reads += 1
            return super().read(after=after, until=until, subjects=subjects)

    log = Counting(service="gateway")
    await log.append([an_account(ACCOUNT, venue="localnet")])
    fence = LogFence(log, clock=Seconds())
    counts: list[int] = []
    for said in ([], [a_draft(1)], [a_kill("1")], []):
        if said:
            await log.append(said)
        await fence.refresh(ACCOUNT, MARKET)
        counts.append(log.reads)
    assert counts == [1, 1, 2, 2]
    assert fence.read(ACCOUNT).kill_level


async def test_what_was_not_read_just_now_is_not_believed() -> None:
    seconds = Seconds()
    fence = LogFence(InMemoryLog(service="gateway"), clock=seconds)
    with pytest.raises(FenceStale):
        fence.read(ACCOUNT)
    await fence.refresh(ACCOUNT, MARKET)
    fence.read(ACCOUNT)
    seconds.now = 1.5
    with pytest.raises(FenceStale):
        fence.read(ACCOUNT)
