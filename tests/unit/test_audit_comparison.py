from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from audit.domain.comparison import CoreComparison
from contracts.control import ManualOrderRequested
from contracts.event import Draft, Event, Recorded
from contracts.verdict import OrderApproved, OrderDenied
from kit.audit_history import JudgingCore, history, judge, recorded
from kit.audit_life import at


def compare(drafts: Sequence[Draft], core: JudgingCore | None = None) -> CoreComparison:
    """Replay drafts, recorded in their order."""
    comparison = CoreComparison("judging", core or JudgingCore())
    for event in recorded(drafts):
        comparison.step(event)
    return comparison


def verdicts(drafts: Sequence[Draft]) -> list[int]:
    """Give where the verdicts are; their positions are one more."""
    kinds = (OrderApproved, OrderDenied)
    return [index for index, draft in enumerate(drafts) if isinstance(draft.event, kinds)]


def test_a_record_that_a_core_derives_again_has_no_difference() -> None:
    comparison = compare(list(history(7)))

    assert comparison.finish() == []
    assert comparison.difference is None
    assert comparison.derived == comparison.matched == 7


def test_a_flipped_verdict_is_named_by_position_and_field() -> None:
    drafts = list(history(4))
    index = verdicts(drafts)[1]
    approved = drafts[index]
    denial = judge_as(OrderDenied, approved)
    drafts[index] = replace(denial, id=approved.id)

    comparison = compare(drafts)

    assert comparison.difference is not None
    assert comparison.difference.position == index + 1
    assert "order_denied differs in type" in comparison.difference.what
    assert "type order_approved" in comparison.difference.expected
    assert "type order_denied" in comparison.difference.found


def test_another_decision_on_the_same_cause_is_named_as_such() -> None:
    drafts = list(history(4))
    index = verdicts(drafts)[1]
    drafts[index] = judge_as(OrderDenied, drafts[index])

    comparison = compare(drafts)

    assert comparison.difference is not None
    assert comparison.difference.position == index + 1
    assert comparison.difference.what == f"judging: another decision on {index}"


def test_one_digit_is_named_by_its_field() -> None:
    drafts = list(history(3))
    index = verdicts(drafts)[2]
    event = drafts[index].event
    drafts[index] = replace(
        drafts[index],
        event=event.model_copy(update={"risk_usd": event.model_dump()["risk_usd"] + 1}),
    )

    comparison = compare(drafts)

    assert comparison.difference is not None
    assert comparison.difference.position == index + 1
    assert comparison.difference.what == "judging: order_denied differs in risk_usd"
    assert comparison.difference.expected == "risk_usd '101'"
    assert comparison.difference.found == "risk_usd '102'"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"causation_id": None}, "causation_id"),
        ({"occurred_at": at(999)}, "occurred_at"),
        ({"correlation_id": recorded(history(1))[0].id}, "correlation_id"),
    ],
)
def test_what_travels_with_a_decision_is_compared(change: dict[str, object], name: str) -> None:
    drafts = list(history(2))
    index = verdicts(drafts)[0]
    drafts[index] = replace(drafts[index], **change)

    comparison = compare(drafts)

    assert comparison.difference is not None
    assert comparison.difference.position == index + 1
    assert f"differs in {name}" in comparison.difference.what


def test_a_missing_verdict_is_found_at_the_next_one_of_its_subject() -> None:
    drafts = list(history(4))
    first, second = verdicts(drafts)[:2]
    del drafts[first]

    comparison = compare(drafts)

    assert comparison.difference is not None
    assert comparison.difference.position == second
    assert comparison.difference.what == "judging: missing"
    assert f"on position {first}" in comparison.difference.expected


def test_swapped_verdicts_are_a_difference() -> None:
    drafts = list(history(2, bars=0))
    proposals = [d for d in drafts if isinstance(d.event, ManualOrderRequested)]
    one, two = map(judge, proposals)

    comparison = compare([*proposals, two, one])

    assert comparison.difference is not None
    assert comparison.difference.position == 3
    assert comparison.difference.what == "judging: missing"


def test_an_extra_verdict_is_a_difference() -> None:
    drafts = list(history(1))
    index = verdicts(drafts)[0]

    comparison = compare([*drafts, drafts[index]])

    assert comparison.difference is not None
    assert comparison.difference.position == len(drafts) + 1
    assert comparison.difference.what == "judging: extra"


def test_decisions_on_the_last_inputs_may_be_pending() -> None:
    drafts = list(history(3))
    index = verdicts(drafts)[2]

    comparison = compare(drafts[:index])
    (pending,) = comparison.finish()

    assert comparison.difference is None
    assert pending.event_type == "order_denied"
    assert pending.cause_position == index


def test_a_decision_is_not_pending_when_a_later_one_is_recorded() -> None:
    drafts = list(history(2, bars=0))
    proposals = [d for d in drafts if isinstance(d.event, ManualOrderRequested)]
    other = replace(judge(proposals[1]), subject="verdicts.p00.other.sol-perp")

    comparison = CoreComparison("two", TwoSubjects())
    for event in recorded([*proposals, judge(proposals[1])]):
        comparison.step(replace(event, subject=other.subject) if event.position == 3 else event)
    left = comparison.finish()

    assert left == []
    assert comparison.difference is not None
    assert comparison.difference.position == 1
    assert comparison.difference.found == "later decisions without it"


def test_a_core_that_fails_is_a_difference_at_that_event() -> None:
    drafts = list(history(1))

    comparison = compare(drafts, FailingCore())

    assert comparison.difference is not None
    assert comparison.difference.position == 1
    assert "ZeroDivisionError" in comparison.difference.found


class FailingCore(JudgingCore):
    def step(self, recorded: Recorded) -> Sequence[Draft]:
        raise ZeroDivisionError(f"at {recorded.position}")


class TwoSubjects(JudgingCore):
    """Answers the second proposal on another subject than the first."""

    decides: ClassVar[tuple[type[Event], ...]] = (OrderApproved, OrderDenied)

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        drafts = super().step(recorded)
        if recorded.position == 2:
            return [replace(draft, subject="verdicts.p00.other.sol-perp") for draft in drafts]
        return drafts


def judge_as(kind: type[OrderDenied], draft: Draft) -> Draft:
    """Give a denial in place of an approval."""
    proposal = next(event for event in recorded(history(6)) if event.id == draft.causation_id)
    large = proposal.event.model_copy(
        update={"quantity_base": proposal.event.model_dump()["quantity_base"] * 100}
    )
    denial = judge(replace(proposal, event=large))
    assert isinstance(denial.event, kind)
    return denial
