"""What a checkpoint of execution on a chain keeps: the folds, and the bytes that may still land."""

from contracts.event import Recorded
from contracts.transaction import TransactionLanded, TransactionSigned
from execution.onchain.standing import SLOTS_AGAIN, ChainStanding
from execution.venues.drift.reader import cursor_before
from kit.execution_events import ACCOUNT
from kit.execution_world import World, a_tape


async def a_log() -> list[Recorded]:
    log = await World(a_tape(3, count=80)).run()
    assert [it for it in log if isinstance(it.event, TransactionLanded)]
    return log


def folded(log: list[Recorded]) -> ChainStanding:
    standing = ChainStanding()
    for recorded in log:
        standing.fold(recorded)
    return standing


async def test_a_signature_is_kept_until_its_fate_is_in_the_log() -> None:
    log = await a_log()
    at = next(n for n, it in enumerate(log) if isinstance(it.event, TransactionSigned))
    signed = log[at].event
    assert isinstance(signed, TransactionSigned)
    assert folded(log[: at + 1]).flying == {signed.transaction: signed}
    fate = next(n for n, it in enumerate(log) if isinstance(it.event, TransactionLanded))
    assert folded(log[: fate + 1]).flying == {}


async def test_a_checkpoint_gives_the_same_place_again() -> None:
    log = await a_log()
    at = next(n for n, it in enumerate(log) if isinstance(it.event, TransactionSigned))
    before = folded(log[: at + 1])
    after = ChainStanding.load(before.save(ahead=[7]), position=before.position)
    assert (after.planner.snapshot(), after.flying) == (before.planner.snapshot(), before.flying)
    assert (after.people, after.signed_ms, after.ahead) == (before.people, before.signed_ms, {7})
    assert after.people > 0
    assert len(after.signed_ms) == 1
    for recorded in log[at + 1 :]:
        after.fold(recorded)
    assert after.planner.snapshot() == folded(log).planner.snapshot()


async def test_records_are_read_again_from_before_the_last_snapshot() -> None:
    standing = ChainStanding()
    assert standing.cursor(ACCOUNT) is None
    log = await a_log()
    standing = folded(log)
    slot = standing.planner.account(ACCOUNT).slot
    assert standing.cursor(ACCOUNT) == cursor_before(slot - SLOTS_AGAIN)
