"""What a node of the paper chain shows, how late, and what bad weather does to it."""

from decimal import Decimal

import pytest

from contracts.values import OrderKind
from execution.venues.paper.scene import ENTRIES_KEPT
from execution.venues.paper.telling import RecordsForgotten
from execution.venues.paper.weather import ViewFault
from execution.venues.port import EndedRecord, PlacedRecord, TriggeredRecord
from kit.paper_chain import (
    ACCOUNT,
    BEGIN_MS,
    LONG,
    SHORT,
    Desk,
    a_cancel,
    a_stop,
    a_target,
    an_order,
    calm,
    ids,
    long_position,
)

LAGGING = calm(view_lag_slots_max=4)


def foreign_order(desk: Desk, account: str) -> int:
    order_id = desk.chain.place_foreign(
        account,
        side=LONG,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=Decimal(99),
        quantity_base=Decimal(1),
    )
    assert order_id is not None
    return order_id


def test_the_account_is_shown_up_to_four_slots_late_and_never_turns_back() -> None:
    desk = Desk(LAGGING)
    lags: set[int] = set()
    last = 0
    for _ in range(200):
        desk.wait(400)
        shown = desk.seen.clock.slot
        assert last <= shown
        last = shown
        lags.add(desk.chain.slot - shown)
    assert lags <= {0, 1, 2, 3, 4}
    assert len(lags) > 1


def test_the_lag_does_not_depend_on_who_looks_when() -> None:
    often, seldom = Desk(LAGGING), Desk(LAGGING)
    for _ in range(50):
        often.wait(400)
        often.chain.observe(ACCOUNT)
    seldom.wait(50 * 400)
    assert often.seen == seldom.seen


def test_what_is_shown_is_the_account_at_the_end_of_the_shown_slot() -> None:
    desk = Desk(LAGGING)
    at_slot: dict[int, tuple[int, ...]] = {}
    for number in range(1, 60):
        desk.send(a_target(number=number) if number < 30 else a_cancel(number - 29))
        at_slot[desk.chain.slot] = tuple(
            it.venue_order_id for it in desk.chain.held_orders(ACCOUNT) if it.status.value == "open"
        )
        assert ids(desk) == list(at_slot.get(desk.seen.clock.slot, ()))
        desk.wait(400)


def test_records_and_fates_come_as_late_as_the_account_is_shown() -> None:
    desk = Desk(LAGGING)
    for number in range(1, 30):
        signature = desk.send(a_target(number=number))
        landed_slot = desk.chain.slot
        while desk.seen.clock.slot < landed_slot:
            assert desk.chain.fate(signature) is None
            assert all(it.user_order_id != number for it in desk.told(PlacedRecord))
            desk.wait(400)
        assert desk.chain.fate(signature) is not None
        assert desk.told(PlacedRecord)[-1].user_order_id == number


def test_the_market_is_shown_as_it_is_and_the_clock_s_time_is_the_chain_s() -> None:
    desk = Desk(calm(view_lag_slots_max=4))
    for _ in range(20):
        desk.sell("99.5", after_ms=400)
        seen = desk.seen
        assert seen.clock.trade_id == desk.trade_id
        assert seen.clock.at.timestamp() * 1_000 == desk.time_ms
        assert seen.block_height == seen.clock.slot <= desk.chain.block_height
        assert seen.market_seen.oracle_usd == Decimal("99.5")


def test_the_oracle_ages_in_slots_once_the_feed_was_silent_for_long() -> None:
    desk = Desk(calm(oracle_silence_ms=60_000))
    desk.wait(60_000)
    assert desk.seen.market_seen.oracle_age_slots == 0
    desk.wait(5 * 400)
    assert desk.seen.market_seen.oracle_age_slots == 5


def test_records_are_told_after_a_cursor() -> None:
    desk = Desk()
    desk.place(an_order(number=1), an_order(number=2))
    (one, _), (two, _) = desk.chain.records(ACCOUNT, after=0)
    assert [cursor for cursor, _ in desk.chain.records(ACCOUNT, after=one)] == [two]
    assert desk.chain.records(ACCOUNT, after=two) == ()


def test_record_keys_are_unique_among_accounts() -> None:
    desk = Desk()
    desk.chain.open_account("other", deposit_usd=Decimal(1_000))
    for account in (ACCOUNT, "other"):
        foreign_order(desk, account)
    keys = {
        record.key
        for account in (ACCOUNT, "other")
        for _, record in desk.chain.records(account, after=0)
    }
    assert len(keys) == 2


def test_asking_for_forgotten_records_is_an_error_and_not_a_gap() -> None:
    desk = Desk()
    for _ in range(ENTRIES_KEPT // 2 + 1):  # two records each
        order_id = foreign_order(desk, ACCOUNT)
        desk.chain.cancel_foreign(ACCOUNT, order_id)
    with pytest.raises(RecordsForgotten):
        desk.chain.records(ACCOUNT, after=1)
    assert len(desk.chain.records(ACCOUNT, after=2)) == ENTRIES_KEPT


# Weather


def test_a_node_that_stands_still_shows_what_it_showed_and_no_height_passes() -> None:
    desk = Desk()
    desk.place(an_order(number=1))
    desk.chain.weather.views[ACCOUNT] = ViewFault(since_slot=desk.chain.slot, lag_slots=None)
    before = desk.seen
    desk.wait(400)
    signature = desk.send(an_order(number=2))
    desk.wait(300 * 400)
    after = desk.seen
    assert (after.clock.slot, after.block_height) == (before.clock.slot, before.block_height)
    assert after.orders == before.orders
    assert after.clock.at > before.clock.at
    assert desk.chain.fate(signature) is None
    assert len(desk.told(PlacedRecord)) == 1
    del desk.chain.weather.views[ACCOUNT]
    assert len(desk.seen.orders) == 2
    assert len(desk.told(PlacedRecord)) == 2


def test_a_node_that_falls_behind_stands_still_until_it_has_its_lag() -> None:
    desk = Desk()
    begin = desk.chain.slot
    desk.chain.weather.views[ACCOUNT] = ViewFault(since_slot=begin, lag_slots=10)
    desk.wait(400)
    desk.send(an_order())
    assert (desk.seen.clock.slot, desk.seen.orders) == (begin, ())
    desk.wait(9 * 400)
    assert (desk.seen.clock.slot, desk.seen.orders) == (begin, ())
    desk.wait(400)
    assert desk.seen.clock.slot == begin + 1
    assert len(desk.seen.orders) == 1


def test_a_fault_of_one_account_s_node_leaves_the_others_alone() -> None:
    desk = Desk()
    desk.chain.open_account("other", deposit_usd=Decimal(1_000))
    desk.chain.weather.views["other"] = ViewFault(since_slot=desk.chain.slot, lag_slots=None)
    desk.wait(4_000)
    assert desk.seen.clock.slot == desk.chain.slot
    assert desk.chain.observe("other").clock.slot < desk.chain.slot


def test_fates_can_be_hidden_and_can_lie() -> None:
    desk = Desk()
    signature = desk.send(an_order(quantity="0.001"))
    desk.chain.weather.fates_are_hidden = True
    assert desk.chain.fate(signature) is None
    desk.chain.weather.fates_are_hidden = False
    desk.chain.weather.fates_lie = True
    landed = desk.chain.fate(signature)
    assert landed is not None
    assert landed.code is None
    desk.chain.weather.fates_lie = False
    landed = desk.chain.fate(signature)
    assert landed is not None
    assert landed.code is not None


def test_records_can_be_repeated_shuffled_and_hidden() -> None:
    desk = Desk()
    desk.place(*[a_target(number=1 + n) for n in range(20)])
    whole = desk.chain.records(ACCOUNT, after=0)
    weather = desk.chain.weather
    weather.records_are_hidden = True
    assert desk.chain.records(ACCOUNT, after=0) == ()
    weather.records_are_hidden = False
    weather.records_repeat = True
    assert list(desk.chain.records(ACCOUNT, after=20)) == list(whole[12:])
    weather.records_repeat = False
    weather.records_are_shuffled = True
    shuffled = desk.chain.records(ACCOUNT, after=0)
    assert shuffled != whole
    assert sorted(shuffled, key=lambda it: it[0]) == list(whole)


def test_a_frozen_oracle_ages_while_the_book_goes_on() -> None:
    desk = Desk()
    desk.chain.weather.oracle_is_frozen = True
    desk.sell("99", after_ms=800)
    market = desk.seen.market_seen
    assert (market.oracle_usd, market.trigger_usd, market.oracle_age_slots) == (100, 100, 2)
    desk.chain.weather.oracle_is_frozen = False
    desk.sell("99")
    assert desk.seen.market_seen.oracle_usd == 99


def test_while_keepers_are_down_no_stop_fires_and_makers_still_fill() -> None:
    desk = Desk()
    long_position(desk)
    desk.place(a_stop(SHORT, "98"), an_order(LONG, "97", number=1))
    desk.chain.weather.keeper_is_down = True
    desk.sell("96.9")
    desk.wait(30_000)
    assert desk.told(TriggeredRecord) == []
    assert len(desk.fills) == 2
    desk.chain.weather.keeper_is_down = False
    desk.wait(1_000)
    assert len(desk.told(TriggeredRecord)) == 1


def test_what_others_pay_can_rise() -> None:
    desk = Desk()
    assert desk.seen.fee_per_unit_microlamports == 10_000
    desk.chain.weather.fee_per_unit_microlamports = 1_000_000
    assert desk.seen.fee_per_unit_microlamports == 1_000_000


# Idle or not


@pytest.mark.parametrize("prepare", ["nothing", "order", "position", "flight"])
def test_an_account_is_idle_without_order_position_and_flight(prepare: str) -> None:
    desk = Desk()
    if prepare == "order":
        desk.place(an_order())
    elif prepare == "position":
        long_position(desk)
    elif prepare == "flight":
        desk.chain.weather.drop_rate = Decimal(1)
        desk.send(an_order())
    assert desk.chain.is_account_idle(ACCOUNT) is (prepare == "nothing")
    assert desk.chain.is_idle is (prepare == "nothing")


def test_the_next_thing_that_is_due_is_known() -> None:
    desk = Desk()
    assert desk.chain.next_due_ms() is None
    desk.place(an_order())
    assert desk.chain.next_due_ms() is None  # only a print can stir it
    desk.place(a_target(SHORT, "99"))
    assert desk.chain.next_due_ms() == BEGIN_MS + 1_000  # its keeper


def test_a_cancel_ends_what_was_due() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(expires_ms=1_000))
    due = desk.chain.next_due_ms()
    assert due is not None
    assert due >= BEGIN_MS + 16_000
    desk.place(a_cancel(order_id))
    assert desk.chain.next_due_ms() is None
    assert len(desk.told(EndedRecord)) == 1
