from hypothesis import given
from hypothesis import strategies as st

from ingest.domain.sequence import (
    ID_JUMP_MAX,
    RUN_MIN,
    TIME_JUMP_MS_MAX,
    Gap,
    Implausible,
    Place,
    TradeSequence,
)
from kit.ingest_frames import NOON_MS


def test_contiguous_ids_are_next() -> None:
    sequence = TradeSequence()

    assert [sequence.step(i, NOON_MS + i) for i in (5, 6, 7)] == [Place.NEXT] * 3


def test_a_jump_is_a_gap_with_its_edges() -> None:
    sequence = TradeSequence(last_id=5, last_ms=NOON_MS)

    gap = sequence.step(9, NOON_MS + 40)

    assert gap == Gap(6, 8, NOON_MS, NOON_MS + 40)
    assert isinstance(gap, Gap)
    assert gap.missing_trades == 3


def test_what_is_not_above_the_last_id_is_known() -> None:
    sequence = TradeSequence(last_id=5, last_ms=NOON_MS)

    assert sequence.step(5, NOON_MS) is Place.KNOWN
    assert sequence.step(2, NOON_MS + 1) is Place.KNOWN
    assert sequence.step(6, NOON_MS + 2) is Place.NEXT


def test_an_impossible_jump_of_the_time_moves_nothing() -> None:
    sequence = TradeSequence(last_id=5, last_ms=NOON_MS)

    for trade_id in range(6, 12):
        assert isinstance(sequence.step(trade_id, NOON_MS + TIME_JUMP_MS_MAX + 1), Implausible)
    assert sequence.step(12, NOON_MS + 1) == Gap(6, 11, NOON_MS, NOON_MS + 1)


def test_one_impossible_id_moves_nothing() -> None:
    sequence = TradeSequence(last_id=5, last_ms=NOON_MS)

    assert isinstance(sequence.step(7 + ID_JUMP_MAX, NOON_MS), Implausible)
    assert sequence.step(6, NOON_MS) is Place.NEXT


def test_a_run_of_contiguous_far_ids_is_believed() -> None:
    sequence = TradeSequence(last_id=5, last_ms=NOON_MS)
    far = 7 + ID_JUMP_MAX

    doubted = [sequence.step(far + index, NOON_MS) for index in range(RUN_MIN - 1)]

    assert all(isinstance(place, Implausible) for place in doubted)
    assert sequence.step(far + RUN_MIN - 1, NOON_MS) == Gap(6, far + RUN_MIN - 2, NOON_MS, NOON_MS)


ids = st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=80)


@given(ids)
def test_gaps_and_trades_cover_every_id_between_first_and_last_once(stream: list[int]) -> None:
    sequence = TradeSequence()
    covered: list[int] = []
    for trade_id in stream:
        place = sequence.step(trade_id, NOON_MS + trade_id)
        if isinstance(place, Gap):
            covered += range(place.first_missing_id, place.last_missing_id + 1)
        if place is not Place.KNOWN:
            covered.append(trade_id)

    assert covered == list(range(stream[0], max(stream[0], *stream) + 1))


@given(ids, st.data())
def test_a_stream_that_repeats_itself_from_anywhere_adds_nothing(
    stream: list[int], data: st.DataObject
) -> None:
    again = data.draw(st.integers(min_value=0, max_value=len(stream) - 1))
    sequence = TradeSequence()
    for trade_id in stream:
        sequence.step(trade_id, NOON_MS + trade_id)

    assert {sequence.step(i, NOON_MS + i) for i in stream[again:]} <= {Place.KNOWN}


@given(ids, st.data())
def test_stopping_and_resuming_gives_the_same_gaps(stream: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(min_value=1, max_value=len(stream)))
    whole = TradeSequence()
    expected = [whole.step(i, NOON_MS + i) for i in stream]
    first = TradeSequence()
    found = [first.step(i, NOON_MS + i) for i in stream[:cut]]
    second = TradeSequence(last_id=first.last_id, last_ms=first.last_ms)
    found += [second.step(i, NOON_MS + i) for i in stream[cut:]]

    assert found == expected
