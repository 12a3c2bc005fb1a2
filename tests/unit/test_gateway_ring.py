"""The ring of the newest events: contiguous, bounded, and paged both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stream.ring import Entry, Ring


def ring_of(first: int, count: int, **bounds: int) -> Ring:
    ring = Ring(**bounds)
    for position in range(first, first + count):
        ring.add(Entry(position, f"event {position}"))
    return ring


@given(
    first=st.integers(1, 50),
    count=st.integers(0, 40),
    events_max=st.integers(1, 20),
    position=st.integers(0, 120),
    limit=st.integers(1, 30),
)
def test_pages_are_what_a_list_would_give(
    first: int, count: int, events_max: int, position: int, limit: int
) -> None:
    ring = ring_of(first, count, events_max=events_max)
    held = list(range(first, first + count))[-events_max:]
    after = [entry.position for entry in ring.after(position, limit=limit)]
    before = [entry.position for entry in ring.before(position, limit=limit)]
    assert after == [one for one in held if one > position][:limit]
    assert before == [one for one in reversed(held) if one < position][:limit]
    found = ring.get(position)
    assert (None if found is None else found.position) == (position if position in held else None)


def test_many_bytes_drop_the_oldest_but_never_the_newest() -> None:
    ring = Ring(bytes_max=10)
    for position in (1, 2, 3):
        ring.add(Entry(position, "x" * 6))
    assert (ring.first, ring.last) == (3, 3)
    ring.add(Entry(4, "x" * 60))
    assert (ring.first, ring.last) == (4, 4)


def test_a_hole_is_an_error_that_names_both_positions() -> None:
    ring = ring_of(5, 1)
    with pytest.raises(ValueError, match="expected position 6, found 8"):
        ring.add(Entry(8, ""))


def test_an_empty_ring_begins_after_nothing() -> None:
    ring = Ring()
    assert (ring.first, ring.last, ring.after(0, limit=5)) == (1, 0, [])
