"""Numbers of orders: unique while open, each leg in a ring of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import Leg
from execution.domain.uids import RingExhausted, Rings, next_user_order_id, used

RINGS = {
    Leg.ENTRY: range(16, 48),
    Leg.STOP: range(48, 112),
    Leg.TP1: range(112, 208),
    Leg.TP2: range(112, 208),
    Leg.TP3: range(112, 208),
    Leg.CLOSE: range(208, 240),
}
legs = st.sampled_from(Leg)
numbers = st.frozensets(st.integers(16, 239), max_size=200)


def taken_in_turn(leg: Leg, count: int) -> list[int]:
    rings: Rings = {}
    given_out: list[int] = []
    for _ in range(count):
        number = next_user_order_id(rings, leg, taken=frozenset())
        rings = used(rings, leg, number)
        given_out.append(number)
    return given_out


@pytest.mark.parametrize("leg", Leg)
def test_a_number_comes_round_again_only_after_its_whole_ring(leg: Leg) -> None:
    ring = list(RINGS[leg])
    assert taken_in_turn(leg, 2 * len(ring)) == ring + ring


def test_the_take_profits_share_a_ring() -> None:
    rings = used({}, Leg.TP1, 112)
    assert next_user_order_id(rings, Leg.TP2, taken=frozenset()) == 113


def test_the_rings_of_other_legs_stand_still() -> None:
    rings = used(used({}, Leg.ENTRY, 20), Leg.STOP, 60)
    assert next_user_order_id(rings, Leg.ENTRY, taken=frozenset()) == 21


@given(legs, numbers, st.data())
def test_a_number_is_of_its_ring_and_is_taken_by_nobody(
    leg: Leg, taken: frozenset[int], data: st.DataObject
) -> None:
    last = data.draw(st.sampled_from(list(RINGS[leg])))
    rings = used({}, leg, last)
    if taken >= set(RINGS[leg]):
        with pytest.raises(RingExhausted):
            next_user_order_id(rings, leg, taken=taken)
        return
    number = next_user_order_id(rings, leg, taken=taken)
    assert number in RINGS[leg]
    assert number not in taken
    # Whatever lies between the last one and this one, going round, is taken.
    ring = RINGS[leg]
    between = (number - last - 1) % len(ring)
    passed = {ring[(last - ring.start + step) % len(ring)] for step in range(1, between + 1)}
    assert passed <= taken


@pytest.mark.parametrize("leg", Leg)
def test_a_ring_whose_numbers_are_all_taken_says_so(leg: Leg) -> None:
    with pytest.raises(RingExhausted, match=f"for {leg}, found all taken"):
        next_user_order_id({}, leg, taken=frozenset(RINGS[leg]))
    free = RINGS[leg][5]
    assert next_user_order_id({}, leg, taken=frozenset(RINGS[leg]) - {free}) == free
