"""What other rules decided is neither a lie of the record nor proved, and is never called clean."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace as changed
from datetime import timedelta

from audit.domain.entry import Message
from audit.replay import PENDING_MAX, Replayed, replay
from audit.report import show_replayed
from contracts.event import Draft
from contracts.verdict import OrderApproved, OrderDenied
from kit.audit_history import JudgingCore, history, messages
from kit.starts import REVISION, a_start_draft

OURS, OTHERS = JudgingCore.policy, "test-0"


def starts(policy: str | None, number: int, *, service: str = "judging") -> Draft:
    """Give a start of the service that judges."""
    return a_start_draft(service, policy, number=number)


async def replayed(drafts: Sequence[Draft]) -> Replayed:
    """Replay drafts, recorded in their order."""

    async def source() -> AsyncIterator[Sequence[Message]]:
        yield messages(drafts)

    return await replay(source(), {"judging": JudgingCore()})


def said(found: Replayed, *, revision: str = REVISION) -> list[str]:
    return show_replayed(found, source="PostgreSQL", revision=revision).splitlines()


def verdicts(drafts: Sequence[Draft]) -> list[int]:
    kinds = (OrderApproved, OrderDenied)
    return [index for index, draft in enumerate(drafts) if isinstance(draft.event, kinds)]


def decided_otherwise(drafts: Sequence[Draft]) -> tuple[list[Draft], int]:
    """Give drafts whose last verdict risks another sum, and where that one stands."""
    index = verdicts(drafts)[-1]
    event = drafts[index].event
    risk_usd = event.model_dump()["risk_usd"] + 1
    other = changed(drafts[index], event=event.model_copy(update={"risk_usd": risk_usd}))
    return [*drafts[:index], other, *drafts[index + 1 :]], index


async def test_a_lie_by_our_own_policy_is_a_difference() -> None:
    lied, index = decided_otherwise(list(history(3)))

    found = await replayed([starts(OURS, 1), *lied])

    assert found.is_judged
    assert found.difference is not None
    assert found.difference.position == index + 2
    assert said(found)[-1].startswith("first difference")
    assert not any(line.startswith("note") for line in said(found))
    other = said(found, revision="b" * 40)
    assert "note         judging ran build aaaaaaaaaaaa there; this is bbbbbbbbbbbb" in other


async def test_what_another_policy_decided_is_counted_and_never_clean() -> None:
    for drafts in (list(history(3)), decided_otherwise(list(history(3)))[0]):
        first, *_, last = verdicts(drafts)

        found = await replayed([starts(OTHERS, 1), *drafts, starts(OURS, 2)])

        assert (found.difference, found.is_judged) == (None, False)
        assert said(found)[-2:] == [
            (
                f"not judged   judging: 3 decisions at positions {first + 2} to {last + 2}, made by"
                " policy test-0 of build aaaaaaaaaaaa, started at 1; installed is test-1"
            ),
            "not judged: 3 decisions of other policies",
        ]


async def test_a_start_that_names_no_policy_judges_nothing() -> None:
    found = await replayed([starts(None, 1), *history(1)])

    assert not found.is_judged
    assert "made by a policy that it did not name of build" in said(found)[-2]


async def test_what_stands_behind_a_span_of_others_is_judged() -> None:
    drafts = list(history(4))
    lied, index = decided_otherwise(drafts)
    middle = verdicts(drafts)[1] + 1
    log = [starts(OURS, 1), *lied[:2], starts(OTHERS, 2), *lied[2:middle], starts(OURS, 3)]

    honest = await replayed([*log, *drafts[middle:]])
    found = await replayed([*log, *lied[middle:]])

    assert honest.difference is None
    assert [(span.decisions, span.started) for _, span in honest.unjudged] == [(2, 4)]
    assert found.difference is not None
    assert found.difference.position == index + 4
    assert said(found)[-1].startswith("first difference")
    assert said(found)[-2].startswith("not judged   judging: 2 decisions")


async def test_a_forged_start_hides_a_lie_but_not_that_something_is_hidden() -> None:
    lied, index = decided_otherwise(list(history(3)))
    hidden = [starts(OURS, 1), *lied[:index], starts(OTHERS, 2), lied[index], starts(OURS, 3)]

    found = await replayed([*hidden, *lied[index + 1 :]])

    assert (found.difference, found.is_judged) == (None, False)
    assert said(found)[-1] == "not judged: 1 decision of other policies"


async def test_starts_of_other_services_hide_nothing() -> None:
    lied, index = decided_otherwise(list(history(3)))

    found = await replayed([starts(OTHERS, 1, service="risk"), *lied])

    assert found.difference is not None
    assert found.difference.position == index + 2


async def test_a_verdict_that_is_missing_before_others_take_over_is_a_difference() -> None:
    drafts = list(history(3, bars=0))
    first = verdicts(drafts)[0]
    del drafts[first]

    found = await replayed([starts(OURS, 1), *drafts, starts(OTHERS, 2)])

    assert found.difference is not None
    assert "missing" in found.difference.what


async def test_a_decision_that_is_long_overdue_is_not_on_its_way() -> None:
    drafts = list(history(3))
    index = verdicts(drafts)[2]
    bar = messages([next(iter(history(1)))], begin=index + 1)[0]

    async def until(wait: timedelta) -> Replayed:
        async def source() -> AsyncIterator[Sequence[Message]]:
            *before, cause = messages(drafts[:index])
            yield [*before, cause, bar._replace(recorded_at=cause.recorded_at + wait)]

        return await replay(source(), {"judging": JudgingCore()})

    late, soon = await until(PENDING_MAX + timedelta(seconds=1)), await until(PENDING_MAX)
    assert [len(it.pending) for it in (late, soon)] == [1, 1]
    assert (late.is_judged, soon.is_judged) == (False, True)
    assert said(late)[-1] == "not judged: 1 decision overdue"
    assert said(soon)[-1] == "clean"
