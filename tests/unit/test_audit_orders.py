"""A move or a fill that no intended order covers is named by its position."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from audit.domain.orders import Orders
from audit.domain.verification import Difference
from contracts.event import Draft, Event
from contracts.ids import derive_root_id
from contracts.order import CancelIntended, OrderFilled, OrderIntended, ReplaceIntended
from contracts.routes import subject_of
from contracts.values import Leg, Side
from kit.audit_history import history, recorded
from kit.engine_checks import Watch
from kit.engine_runs import approve_any, rough_world, to_the_end

LIFE = tuple(history(1))


def found(drafts: Sequence[Draft]) -> list[Difference]:
    orders = Orders()
    return [each for event in recorded(drafts) for each in orders.fold(event)]


def index(kind: type[Event], occurrence: int = 1) -> int:
    """Give where the n-th event of a type stands; its position is one more."""
    return [i for i, draft in enumerate(LIFE) if isinstance(draft.event, kind)][occurrence - 1]


def with_another(where: int, **changes: object) -> list[Draft]:
    """Give the life with other fields in one of its events."""
    changed = replace(LIFE[where], event=LIFE[where].event.model_copy(update=changes))
    return [*LIFE[:where], changed, *LIFE[where + 1 :]]


def a_move(nth: int, price: str) -> list[Draft]:
    """Give the life in which one of its orders moves, once it rests."""
    order = LIFE[index(OrderIntended, nth)].event
    assert isinstance(order, OrderIntended)
    event = ReplaceIntended(
        account=order.account,
        market=order.market,
        setup=order.setup,
        client_order_id=order.client_order_id,
        leg=order.leg,
        venue_order_id=1,
        generation=1,
        kind=order.kind,
        price_usd=Decimal(price),
        expires_at=None,
        reason="break-even",
    )
    after = index(OrderFilled)
    move = replace(LIFE[after], event=event, id=derive_root_id("a move"), subject=subject_of(event))
    return [*LIFE[:after], move, *LIFE[after:]]


def test_no_move_loosens_an_approved_stop() -> None:
    (difference,) = found(a_move(2, "98.5"))

    assert str(difference) == (
        f"position {index(OrderFilled) + 1}: replace_intended: expected a stop no looser than 99,"
        " found 98.5"
    )
    assert found(a_move(2, "99")) == found(a_move(2, "100")) == []
    assert found(a_move(1, "98.5")) == []  # the entry


def test_what_is_moved_or_canceled_was_intended() -> None:
    cancel = index(CancelIntended)
    stranger = found(with_another(cancel, client_order_id="0" * 26))
    other_leg = found(with_another(cancel, leg=Leg.STOP))

    assert [(it.position, it.found) for it in stranger] == [(cancel + 1, "none")]
    assert [it.position for it in other_leg] == [cancel + 1]
    assert other_leg[0].found.startswith("tp1 of ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_order_id": "0" * 26}, "order_intended 00000000000000000000000000 before it"),
        ({"setup": derive_root_id("another")}, "order_intended "),
        ({"side": Side.SHORT}, "a fill of the side long"),
        ({"quantity_base": Decimal("4.01")}, "fills of 10 at most"),
    ],
)
def test_a_fill_is_of_an_intended_order_and_no_more_of_it(
    changes: dict[str, object], expected: str
) -> None:
    differences = found(with_another(index(OrderFilled), **changes))

    assert differences
    assert differences[0].what == "order_filled"
    assert differences[0].expected.startswith(expected)


def test_the_entries_of_a_setup_fill_what_was_approved_together() -> None:
    entry, fill = LIFE[index(OrderIntended)], LIFE[index(OrderFilled)]
    other: dict[str, object] = {"client_order_id": "0" * 26}
    second = replace(
        entry, event=entry.event.model_copy(update=other), id=derive_root_id("second entry")
    )
    other |= {"fill_id": "another", "quantity_base": Decimal(1)}
    filled = replace(
        fill, event=fill.event.model_copy(update=other), id=derive_root_id("second fill")
    )

    (difference,) = found([*LIFE, second, filled])

    assert difference.expected == "entries of the setup that fill 10 at most"
    assert difference.found == "11"


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_rough_life_records_is_covered(seed: int) -> None:
    chance, watch = Random(seed), Watch()
    world = rough_world(seed, watch)
    for _ in range(2):
        approve_any(world, chance)
        world.walk(40)
        to_the_end(world, watch)
    orders = Orders()

    assert world.events(OrderFilled)
    assert [each for event in world.log for each in orders.fold(event)] == []
