"""What stands in the log without what permits it is named by its position."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest

from audit.domain.permission import Permissions
from audit.domain.verification import Difference
from contracts.control import KillLevel, KillSwitchEngaged, TradingResumed
from contracts.engine import PositionAdopted
from contracts.event import Draft, Event
from contracts.ids import EventId, derive_root_id
from contracts.order import OrderIntended
from contracts.routes import subject_of
from contracts.transaction import (
    RetryClass,
    SigningRefused,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.values import Side
from contracts.verdict import OrderApproved
from kit.audit_history import history, recorded
from kit.audit_life import ACCOUNT, BEGIN, MARKET, a_draft
from kit.engine_checks import Watch
from kit.engine_runs import approve_any, rough_world, to_the_end

LIFE = tuple(history(1))


def found(drafts: Sequence[Draft]) -> list[Difference]:
    permissions = Permissions()
    return [each for event in recorded(drafts) for each in permissions.fold(event)]


def only(drafts: Sequence[Draft]) -> Difference:
    (difference,) = found(drafts)
    return difference


def index(kind: type[Event], occurrence: int = 1, *, drafts: Sequence[Draft] = LIFE) -> int:
    """Give where the n-th event of a type stands; its position is one more."""
    return [i for i, draft in enumerate(drafts) if isinstance(draft.event, kind)][occurrence - 1]


def without(where: int) -> list[Draft]:
    return [draft for i, draft in enumerate(LIFE) if i != where]


def with_another(where: int, **changes: object) -> list[Draft]:
    """Give the life with other fields in one of its events."""
    event = LIFE[where].event.model_copy(update=changes)
    changed = replace(LIFE[where], event=event, subject=subject_of(event))
    return [*LIFE[:where], changed, *LIFE[where + 1 :]]


def control(event: Event, number: int = 0) -> Draft:
    event_id = derive_root_id(event.event_type, number)
    return a_draft(event, event_id, event_id, None, BEGIN)


def a_kill(account: str | None, level: KillLevel = KillLevel.PAUSE_ENTRIES) -> Draft:
    return control(KillSwitchEngaged(account=account, level=level, reason="", by="a person"))


def a_resume(account: str | None) -> Draft:
    return control(TradingResumed(account=account, reason="", by="a person"))


def test_a_life_as_execution_records_it_is_permitted() -> None:
    assert found(list(history(4))) == []


def test_an_order_needs_an_approval_of_its_market_before_it() -> None:
    approved = index(OrderApproved)
    entry, stop, target = (index(OrderIntended, nth) for nth in (1, 2, 3))

    missing = found(without(approved))
    late = found([*without(approved), LIFE[approved]])
    elsewhere = found(with_another(approved, market="btc-perp"))

    assert [each.position for each in missing] == [entry, stop, target]  # each moved up by one
    assert [each.position for each in late] == [entry, stop, target]
    assert [each.position for each in elsewhere] == [entry + 1, stop + 1, target + 1]
    assert missing[0].what == "order_intended"
    assert missing[0].found == "none"
    assert elsewhere[0].found == "local in btc-perp"


def test_a_denial_permits_no_order() -> None:
    drafts = list(history(3))
    denied = index(type(drafts[-1].event), drafts=drafts)
    assert drafts[denied].event.event_type == "order_denied"
    order = LIFE[index(OrderIntended)]
    event = order.event.model_copy(update={"setup": drafts[denied].id})
    drafts.append(replace(order, event=event, id=derive_root_id("an order")))

    assert only(drafts).position == len(drafts)


def test_an_order_of_an_adopted_position_is_permitted() -> None:
    order = LIFE[index(OrderIntended, 2)]
    assert isinstance(order.event, OrderIntended)
    event = PositionAdopted(
        account=ACCOUNT,
        market=MARKET,
        position_base=Decimal(3),
        oracle_usd=Decimal(100),
        stop_price_usd=Decimal(90),
    )
    adoption = a_draft(event, EventId(order.event.setup), order.id, None, BEGIN)

    assert found([adoption, order]) == []
    assert len(found([order])) == 1


def test_a_signature_needs_its_plan_before_it() -> None:
    planned = index(TransactionPlanned)
    differences = found(without(planned))
    elsewhere = only(with_another(planned + 1, market="btc-perp"))

    assert [(each.position, each.what) for each in differences] == [
        (planned + 1, "transaction_signed"),
        (planned + 2, "transaction_landed"),
    ]
    assert differences[0].expected.startswith("transaction_planned ")
    assert (elsewhere.position, elsewhere.found) == (planned + 2, "local in sol-perp")


def test_a_plan_needs_all_its_intents_before_it() -> None:
    stop, planned = index(OrderIntended, 2), index(TransactionPlanned)
    missing = only(without(stop))
    late = only([*without(stop)[: planned + 2], LIFE[stop], *without(stop)[planned + 2 :]])

    assert missing.position == late.position == planned
    assert missing.what == "transaction_planned"
    assert str(LIFE[stop].id) in missing.expected


def test_a_plan_may_not_carry_the_intents_of_another_account() -> None:
    drafts = list(LIFE)
    planned = index(TransactionPlanned)
    event = drafts[planned].event.model_copy(update={"account": "other"})
    drafts[planned] = replace(drafts[planned], event=event, subject=subject_of(event))

    differences = found(drafts)

    assert [each.found for each in differences[:2]] == ["local in sol-perp"] * 2
    assert [each.position for each in differences] == [planned + 1, planned + 1, planned + 2]


def test_the_digest_is_that_of_the_bytes() -> None:
    signed = index(TransactionSigned)
    other = base64.b64encode(b"another message").decode()

    changed = only(with_another(signed, message=other))
    malformed = only(with_another(signed, message="A"))

    assert (changed.position, changed.what) == (signed + 1, "transaction_signed")
    assert changed.expected.startswith("message_sha256 ")
    assert malformed.expected == "a message in base64"


@pytest.mark.parametrize("level", list(KillLevel))
@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_nothing_that_adds_exposure_is_signed_while_a_kill_stands(
    account: str | None, level: KillLevel
) -> None:
    difference = only([a_kill(account, level), *LIFE])

    assert difference.position == index(TransactionSigned) + 2
    assert difference.expected == "no more exposure while the kill at 1 stands"


def test_a_kill_between_the_plan_and_the_signature_counts() -> None:
    signed = index(TransactionSigned)

    assert only([*LIFE[:signed], a_kill(None), *LIFE[signed:]]).position == signed + 2


def test_a_resume_permits_again_what_its_own_kill_forbade() -> None:
    both = [a_kill(None), replace(a_kill(ACCOUNT), id=derive_root_id("another kill"))]

    assert found([*both, a_resume(None), a_resume(ACCOUNT), *LIFE]) == []
    assert only([*both, a_resume(ACCOUNT), *LIFE]).expected.endswith("the kill at 1 stands")
    assert only([*both, a_resume(None), *LIFE]).expected.endswith("the kill at 2 stands")


def test_a_kill_of_another_account_forbids_nothing() -> None:
    assert found([a_kill("other"), *LIFE]) == []


def test_what_protects_or_reduces_may_be_signed_while_a_kill_stands() -> None:
    after_entry = index(TransactionSigned) + 1

    assert found([*LIFE[:after_entry], a_kill(None, KillLevel.FLATTEN), *LIFE[after_entry:]]) == []


def test_a_fate_needs_the_signature_before_it() -> None:
    signed = index(TransactionSigned)
    unsigned = only(without(signed))
    other = only(with_another(index(TransactionLanded), signature="1" * 64))

    assert (unsigned.position, unsigned.what) == (signed + 1, "transaction_landed")
    assert unsigned.found == "none"
    assert other.position == index(TransactionLanded) + 1
    assert "by 1111" in other.expected


def signed_twice(*, first_fate: bool, retry_class: RetryClass) -> list[Draft]:
    """Sign the intents of the bracket a second time, before or after the first has landed."""
    planned, signed, landed = (
        LIFE[index(kind)] for kind in (TransactionPlanned, TransactionSigned, TransactionLanded)
    )
    first = replace(planned, event=planned.event.model_copy(update={"retry_class": retry_class}))
    plan = first.event.model_copy(update={"attempt": 2})
    again = replace(planned, event=plan, id=derive_root_id("attempt 2"))
    signing = signed.event.model_copy(update={"transaction": again.id})
    second = replace(signed, event=signing, id=derive_root_id("signature 2"))
    fate = [landed] if first_fate else []
    return [*LIFE[: index(TransactionPlanned)], first, signed, *fate, again, second]


def test_what_adds_exposure_is_not_signed_twice_before_the_first_fate_is_known() -> None:
    drafts = signed_twice(first_fate=False, retry_class=RetryClass.EXPOSURE)
    difference = only(drafts)

    assert difference.position == len(drafts)
    assert difference.expected.startswith("no second signature while transaction ")
    assert found(signed_twice(first_fate=True, retry_class=RetryClass.EXPOSURE)) == []
    assert found(signed_twice(first_fate=False, retry_class=RetryClass.PROTECTIVE)) == []


@pytest.mark.parametrize("kind", [TransactionSigned, TransactionLanded])
def test_a_plan_is_signed_once_whatever_became_of_it(kind: type[Event]) -> None:
    signed = LIFE[index(TransactionSigned)]
    event = signed.event.model_copy(update={"signature": "1" * 64})
    after = index(kind) + 1

    second = replace(signed, event=event, id=derive_root_id("signature 2"))
    difference = found([*LIFE[:after], second])[0]

    assert difference.position == after + 1
    assert difference.expected.startswith("one signature of it, ")


def test_a_refusal_needs_its_plan_and_no_signature() -> None:
    signed = index(TransactionSigned)
    event = LIFE[signed].event
    assert isinstance(event, TransactionSigned)
    refused = SigningRefused(
        account=event.account,
        market=event.market,
        transaction=event.transaction,
        code="price-band",
        expected="",
        found="",
        message_sha256=event.message_sha256,
        clock=event.clock,
    )
    draft = replace(LIFE[signed], event=refused)

    assert found([*LIFE[:signed], draft]) == []
    assert (
        "no signature"
        in only([*LIFE[: signed + 1], replace(draft, id=EventId(UUID(int=9)))]).expected
    )
    assert "transaction_planned" in only([draft]).expected


@pytest.mark.parametrize(
    ("nth", "change", "expected", "instead"),
    [
        (1, {"quantity_base": Decimal("10.01")}, "an entry long of 10 at most", "long of 10.01"),
        (1, {"quantity_base": None}, "an entry long of 10 at most", "long of None"),
        (1, {"side": Side.SHORT}, "an entry long of 10 at most", "short of 10"),
        (2, {"price_usd": Decimal("98.99")}, "a stop no looser than 99", "98.99"),
    ],
)
def test_an_order_wants_no_more_than_was_approved(
    nth: int, change: dict[str, object], expected: str, instead: str
) -> None:
    where = index(OrderIntended, nth)

    difference = only(with_another(where, **change))

    assert difference.position == where + 1
    assert (difference.expected, difference.found) == (expected, instead)


def test_a_tighter_stop_and_a_smaller_entry_are_permitted() -> None:
    entry, stop = index(OrderIntended, 1), index(OrderIntended, 2)
    assert found(with_another(entry, quantity_base=Decimal(9))) == []
    assert found(with_another(stop, price_usd=Decimal("99.5"))) == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_rough_life_records_is_permitted(seed: int) -> None:
    chance, watch = Random(seed), Watch()
    world = rough_world(seed, watch)
    for _ in range(2):
        approve_any(world, chance)
        world.walk(40)
        to_the_end(world, watch)
    permissions = Permissions()

    assert world.events(OrderIntended)
    assert [each for event in world.log for each in permissions.fold(event)] == []
