"""What another build decided otherwise is neither a lie of the record nor proved by the replay."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace as changed

import pytest

from audit.domain.builds import UNKNOWN, Build
from audit.domain.entry import Message
from audit.replay import Replayed, replay
from audit.report import show_replayed
from contracts.event import Draft
from contracts.ids import derive_root_id
from contracts.process import ServiceStarted
from contracts.subjects import process
from contracts.verdict import OrderApproved, OrderDenied
from kit.audit_history import JudgingCore, history, messages
from kit.audit_life import at

OLD, NEW = Build("a" * 40, "0" * 64), Build("b" * 40, "0" * 64)


def starts(build: Build, number: int) -> Draft:
    """Give a start of the service that judges."""
    started = ServiceStarted(
        service="judging",
        instance="judging-0",
        revision=build.revision,
        python="3.13.0",
        packages_sha256=build.packages_sha256,
    )
    started_id = derive_root_id("service_started", "judging", "judging-0", number)
    return Draft(started, started_id, process("judging"), at(number), started_id)


async def replayed(drafts: Sequence[Draft], ours: Build) -> Replayed:
    """Replay drafts, recorded in their order, as a build."""

    async def source() -> AsyncIterator[Sequence[Message]]:
        yield messages(drafts)

    return await replay(source(), {"judging": JudgingCore()}, ours=ours)


def decided_otherwise(drafts: Sequence[Draft]) -> tuple[list[Draft], int]:
    """Give drafts whose last verdict risks another sum, and where that one stands."""
    kinds = (OrderApproved, OrderDenied)
    index = max(place for place, it in enumerate(drafts) if isinstance(it.event, kinds))
    event = drafts[index].event
    risk_usd = event.model_dump()["risk_usd"] + 1
    other = changed(drafts[index], event=event.model_copy(update={"risk_usd": risk_usd}))
    return [*drafts[:index], other, *drafts[index + 1 :]], index


async def test_a_lie_of_our_own_build_is_a_difference() -> None:
    lied, index = decided_otherwise(list(history(3)))

    found = await replayed([starts(NEW, 1), *lied], NEW)

    assert found.unjudged == []
    assert found.difference is not None
    assert found.difference.position == index + 2
    assert show_replayed(found, source="PostgreSQL").splitlines()[-1].startswith("first difference")


async def test_what_another_build_decided_otherwise_is_not_judged() -> None:
    lied, index = decided_otherwise(list(history(3)))

    found = await replayed([starts(OLD, 1), *lied, starts(NEW, 2)], NEW)

    assert found.difference is None
    [(core, difference, started)] = found.unjudged
    assert (core, difference.position, started.position) == ("judging", index + 2, 1)
    said = show_replayed(found, source="PostgreSQL")
    assert f"judging from position {index + 2} on: build aaaaaaaaaaaa decided there" in said
    assert "this is build bbbbbbbbbbbb" in said
    assert "clean" not in said


async def test_what_another_build_decided_alike_is_clean() -> None:
    found = await replayed([starts(OLD, 1), *history(3), starts(NEW, 2)], NEW)

    assert (found.difference, found.unjudged) == (None, [])
    assert show_replayed(found, source="PostgreSQL").splitlines()[-1] == "clean"


async def test_a_lie_after_the_change_of_builds_is_a_difference() -> None:
    lied, index = decided_otherwise(list(history(3)))

    found = await replayed([starts(OLD, 1), *lied[:index], starts(NEW, 2), *lied[index:]], NEW)

    assert found.unjudged == []
    assert found.difference is not None
    assert found.difference.position == index + 3


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        (OLD, NEW, False),
        (OLD, Build(OLD.revision, "1" * 64), True),
        (Build(UNKNOWN, "0" * 64), Build(UNKNOWN, "0" * 64), True),
        (Build(UNKNOWN, "0" * 64), Build(UNKNOWN, "1" * 64), False),
        (Build(UNKNOWN, "0" * 64), OLD, False),
    ],
)
def test_builds_are_the_same_by_revision_else_by_their_packages(
    one: Build, other: Build, *, are_same: bool
) -> None:
    assert one.is_same_as(other) is are_same
    assert other.is_same_as(one) is are_same
