"""What a checkpoint of execution on a chain keeps: the folds, and the bytes that may still land."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.event import Recorded
from contracts.transaction import TransactionLanded, TransactionSigned
from contracts.values import to_millis
from execution.domain.delegation import Delegation
from execution.onchain.standing import SLOTS_AGAIN, ChainStanding
from execution.signing.lately import SignedLately
from execution.venues.drift.reader import cursor_before
from kit.execution_events import ACCOUNT
from kit.execution_world import World, a_tape
from kit.signing_scene import DELEGATE, LEGAL, bracket, raw, unit_limit, unit_price


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
    assert (after.people, after.ahead) == (before.people, {7})
    assert after.people > 0
    for recorded in log[at + 1 :]:
        after.fold(recorded)
    assert after.planner.snapshot() == folded(log).planner.snapshot()


def signed_anew(log: list[Recorded], message: bytes, *, later_ms: int = 0) -> Recorded:
    """Give the log's first signature as if it stood for a message of the chain."""
    recorded = next(it for it in log if isinstance(it.event, TransactionSigned))
    event = recorded.event
    assert isinstance(event, TransactionSigned)
    clock = event.clock.model_copy(update={"at": event.clock.at + timedelta(milliseconds=later_ms)})
    text = base64.b64encode(message).decode()
    return replace(recorded, event=event.model_copy(update={"message": text, "clock": clock}))


async def test_a_checkpoint_keeps_the_fees_of_the_day_as_the_bytes_say_them() -> None:
    log = await a_log()
    standing = ChainStanding()
    # 200,000 units of 1,000, and of 50,000 microlamports.
    dear = raw(bracket(), offer=(unit_limit(200_000), unit_price(50_000))).data()
    first = signed_anew(log, LEGAL["stop"].data)
    standing.fold(first)
    standing.fold(signed_anew(log, dear, later_ms=120_000))

    event = first.event
    assert isinstance(event, TransactionSigned)
    at_ms = to_millis(event.clock.at)
    minute = at_ms // 60_000
    kept = SignedLately((at_ms + 120_000,), ((minute, 200), (minute + 2, 10_000)))
    assert standing.lately == {ACCOUNT: kept}
    again = ChainStanding.load(standing.save(ahead=[]), position=standing.position)
    assert again.lately == {ACCOUNT: kept}
    again.fold(signed_anew(log, dear, later_ms=86_400_000))
    assert again.lately[ACCOUNT].fees == ((minute + 2, 10_000), (minute + 1_440, 10_000))


async def test_what_the_owner_s_wallet_signs_is_not_counted() -> None:
    log = await a_log()
    standing = ChainStanding()
    standing.delegations[ACCOUNT] = Delegation(ACCOUNT, owner=str(DELEGATE))
    standing.fold(signed_anew(log, LEGAL["stop"].data))
    standing.fold(signed_anew(log, b"no message of the chain"))
    assert standing.lately == {}


async def test_a_state_of_another_form_is_no_checkpoint() -> None:
    kept = json.loads(folded(await a_log()).save(ahead=[]))
    del kept["lately"]
    former = json.dumps({**kept, "signed_ms": []}).encode()
    with pytest.raises(ValueError, match="signed_ms"):
        ChainStanding.load(former, position=1)
    with pytest.raises(ValueError, match="lately"):
        ChainStanding.load(json.dumps(kept).encode(), position=1)


async def test_records_are_read_again_from_before_the_last_snapshot() -> None:
    standing = ChainStanding()
    assert standing.cursor(ACCOUNT) is None
    log = await a_log()
    standing = folded(log)
    slot = standing.planner.account(ACCOUNT).slot
    assert standing.cursor(ACCOUNT) == cursor_before(slot - SLOTS_AGAIN)
