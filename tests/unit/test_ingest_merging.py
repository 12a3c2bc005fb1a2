import random

from hypothesis import given
from hypothesis import strategies as st

from contracts.ticks import Liquidation, MarkPrice, TapeEnd, TopOfBook, Trade
from ingest.domain.handover import Handover
from ingest.domain.items import Item, Recovered
from ingest.domain.passage import Passage, Published
from ingest.domain.sequence import Place
from ingest.domain.silence import SilenceWatch
from kit.ingest_frames import NOON_MS


def trade(trade_id: int) -> Trade:
    return Trade(trade_id, NOON_MS + trade_id, "150", "1", m=False)


def top(update_id: int) -> TopOfBook:
    return TopOfBook(update_id, NOON_MS + update_id, "150", "1", "151", "1")


def mark(at: int) -> MarkPrice:
    return MarkPrice(NOON_MS + at, "150", "150", "0", 0)


def forced(at: int, quantity: str = "1") -> Liquidation:
    return Liquidation(NOON_MS + at, "long", "150", quantity)


def test_with_nothing_published_everything_passes() -> None:
    passage = Passage(Published())

    assert passage.trade(5, NOON_MS) is Place.NEXT
    assert passage.lets_top(top(5))
    assert passage.lets_mark(mark(5))
    assert passage.lets_liquidation(forced(5))


def test_what_was_published_does_not_pass_again() -> None:
    passage = Passage(Published(trade(5), top(5), mark(5), forced(5)))

    assert passage.trade(5, NOON_MS + 5) is Place.KNOWN
    assert [passage.lets_top(top(at)) for at in (4, 5, 6)] == [False, False, True]
    assert [passage.lets_mark(mark(at)) for at in (4, 5, 6)] == [False, False, True]
    assert [passage.lets_liquidation(forced(at)) for at in (4, 5, 6)] == [False, False, True]


def test_a_tick_that_is_too_far_ahead_to_be_true_ends_nothing() -> None:
    century_ms = 100 * 365 * 24 * 3_600_000
    marks, tops = [mark(5), mark(century_ms), mark(6)], [top(5), top(2**62), top(6)]
    passage, handover = Passage(Published()), Handover()

    assert [passage.lets_mark(it) for it in marks] == [True, False, True]
    assert [passage.lets_top(it) for it in tops] == [True, False, True]
    # Two connections are merged before anybody doubts: it goes on to be doubted.
    assert [handover.lets(it) for it in [*marks, mark(6)]] == [True, True, True, False]
    assert [handover.lets(it) for it in [*tops, top(6)]] == [True, True, True, False]


def test_a_liquidation_passes_when_it_stands_behind_the_last_at_the_same_time() -> None:
    passage = Passage(Published(liquidation=forced(5, "2")))

    found = [passage.lets_liquidation(forced(5, quantity)) for quantity in ("1", "2", "3")]

    assert found == [False, False, True]


def test_after_the_end_of_a_tape_nothing_passes() -> None:
    published = Published(TapeEnd(9, NOON_MS + 9))

    assert published.is_ended
    assert Passage(published).trade(9, NOON_MS + 9) is Place.KNOWN


def merged(stream: list[Item], *, old_ends: int, new_begins: int, seed: int) -> list[Item]:
    """Hear one stream over two connections, interleaved by chance, the first one dying."""
    handover, chance = Handover(), random.Random(seed)
    old, new = stream[:old_ends], stream[new_begins:]
    heard: list[Item] = []
    handover.begin()
    while old or new:
        if old and (not new or chance.random() < 0.5):
            heard += [it for it in [old.pop(0)] if handover.lets(it)]
        else:
            handover.new(new.pop(0))
        if handover.is_covered:
            break
    return [*heard, *handover.finish(), *(it for it in new if handover.lets(it))]


@given(
    st.integers(min_value=1, max_value=40),
    st.data(),
    st.integers(min_value=0, max_value=1_000),
)
def test_two_connections_that_overlap_give_each_trade_once_in_order(
    count: int, data: st.DataObject, seed: int
) -> None:
    stream: list[Item] = [trade(i) for i in range(1, count + 1)]
    new_begins = data.draw(st.integers(min_value=0, max_value=count - 1))
    old_ends = data.draw(st.integers(min_value=new_begins + 1, max_value=count))

    found = merged(stream, old_ends=old_ends, new_begins=new_begins, seed=seed)

    assert found == stream


@given(st.data(), st.integers(min_value=0, max_value=1_000))
def test_marks_and_liquidations_come_over_whole(data: st.DataObject, seed: int) -> None:
    stream: list[Item] = []
    for index in range(1, 12):
        stream += [trade(index), mark(index), forced(index), forced(index, "2")]
    new_begins = data.draw(st.integers(min_value=0, max_value=len(stream) - 8))

    found = merged(stream, old_ends=len(stream), new_begins=new_begins, seed=seed)

    assert [it for it in found if isinstance(it, Trade)] == [
        it for it in stream if isinstance(it, Trade)
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, stream))


def test_equal_liquidations_pass_as_often_as_the_connection_that_had_more() -> None:
    handover = Handover()
    handover.begin()
    passed = [it for it in (trade(1), forced(1), trade(2)) if handover.lets(it)]
    for item in (trade(2), forced(1), forced(1)):
        handover.new(item)

    assert handover.is_covered
    # The new one had two of them, the old one had given one.
    assert [*passed, *handover.finish()] == [trade(1), forced(1), trade(2), forced(1)]


def test_an_abandoned_connection_leaves_nothing_behind() -> None:
    handover = Handover()
    handover.begin()
    handover.new(trade(3))
    handover.abandon()

    assert not handover.is_overlapping
    assert handover.finish() == []


def test_a_stream_is_overdue_once_and_its_return_is_told() -> None:
    watch = SilenceWatch({"trades": 5.0})
    watch.start(100.0)

    assert watch.overdue(105.0) == []
    (stalled,) = watch.overdue(105.5)
    assert (stalled.stream, stalled.silence_ms) == ("trades", 5500)
    assert watch.overdue(106.0) == []
    assert watch.is_stalled("trades")
    assert watch.heard("trades", 107.5) == Recovered("trades", 2000)
    assert not watch.is_stalled()
    assert watch.heard("trades", 108.0) is None


def test_a_stream_without_a_deadline_may_be_silent() -> None:
    watch = SilenceWatch({"trades": 5.0})
    watch.start(0.0)
    watch.heard("liquidations", 0.0)
    watch.heard("trades", 1e6)

    assert watch.overdue(1e6 + 1) == []
