"""The paper chain moves and cancels orders as the program does (execution.md 2.4, 2.5)."""

from decimal import Decimal

from contracts.order import CancelReason
from contracts.values import Liquidity, OrderKind
from execution.venues.paper.codes import Code
from execution.venues.port import (
    EndedRecord,
    FeeRecord,
    FilledRecord,
    MovedRecord,
    PlacedRecord,
    TriggeredRecord,
)
from kit.paper_chain import (
    ACCOUNT,
    LONG,
    SHORT,
    Desk,
    a_cancel,
    a_move,
    a_side_cancel,
    a_stop,
    a_target,
    a_trigger,
    an_order,
    calm,
    ids,
    long_position,
)

STOP = OrderKind.TRIGGER_MARKET


def test_a_move_gives_another_id_and_keeps_number_side_and_exact_remainder() -> None:
    desk = Desk()
    (old,) = desk.place(an_order(LONG, "99", "2", number=7))
    desk.sell("98.99", "0.5")
    (new,) = desk.place(a_move(old, "98.5"))
    (order,) = desk.seen.orders
    assert new != old
    assert (order.user_order_id, order.side, order.price_usd) == (7, LONG, Decimal("98.5"))
    assert (order.quantity_base, order.filled_base) == (Decimal("1.5"), 0)
    (moved,) = desk.told(MovedRecord)
    assert (moved.venue_order_id, moved.former_order_id) == (new, old)
    assert moved.price_usd == Decimal("98.5")
    assert len(desk.told(PlacedRecord)) == 1
    assert desk.told(EndedRecord) == []


def test_a_second_copy_of_a_move_fails_for_the_id_is_gone() -> None:
    desk = Desk()
    (old,) = desk.place(an_order())
    assert desk.code(a_move(old, "98.5")) is None
    assert desk.code(a_move(old, "98.5")) == Code.ORDER_DOES_NOT_EXIST
    assert len(desk.seen.orders) == 1


def test_a_filled_order_cannot_be_moved() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(LONG, "99"))
    desk.sell("98.9")
    assert desk.code(a_move(order_id, "98")) == Code.ORDER_DOES_NOT_EXIST


def test_a_move_that_fails_leaves_the_old_order_alive() -> None:
    desk = Desk()
    (old,) = desk.place(an_order(LONG, "99"))
    assert desk.code(a_move(old, "100.01")) == Code.POST_ONLY_WOULD_CROSS
    assert ids(desk) == [old]
    desk.sell("98.99")
    assert [it.venue_order_id for it in desk.fills] == [old]


def test_a_move_loses_the_place_in_the_queue() -> None:
    desk = Desk(calm(queue_ahead_usd=Decimal(198)))
    (order_id,) = desk.place(an_order(LONG, "99", "1"))
    desk.sell("99", "2")  # 198 USD: the queue is gone
    assert desk.chain.held_orders(ACCOUNT)[0].queue_ahead_usd == 0
    (order_id,) = desk.place(a_move(order_id, "99"))
    assert desk.chain.held_orders(ACCOUNT)[0].queue_ahead_usd == 198
    desk.sell("99", "2")
    assert desk.fills == []
    desk.sell("99", "1")
    assert [it.venue_order_id for it in desk.fills] == [order_id]


def test_a_move_with_a_time_that_is_over_cancels_and_places_nothing() -> None:
    desk = Desk()
    (entry,) = desk.place(an_order(LONG, "99", expires_ms=10_000))
    desk.wait(1_000)
    assert desk.code(a_move(entry, "98", expires_ms=999)) is None
    assert desk.seen.orders == ()
    (ended,) = desk.told(EndedRecord)
    assert (ended.venue_order_id, ended.reason) == (entry, CancelReason.EXPIRED)


def test_a_stop_moved_with_a_time_that_is_over_leaves_the_position_naked() -> None:
    desk = Desk()
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "98"))
    assert desk.code(a_move(stop, "99", kind=STOP, expires_ms=1)) is None
    assert desk.seen.orders == ()
    assert desk.seen.position_base == 1
    (ended,) = desk.told(EndedRecord)
    assert (ended.reason, ended.unfilled_base) == (CancelReason.EXPIRED, None)


def test_a_move_inherits_no_time() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(LONG, "99", expires_ms=10_000))
    desk.place(a_move(order_id, "98.9"))
    assert desk.seen.orders[0].expires_at is None
    desk.wait(11_000)
    desk.sell("98")
    assert len(desk.fills) == 1


def test_a_stop_keeps_the_positions_size_when_it_is_moved() -> None:
    desk = Desk()
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "98"))
    desk.place(a_move(stop, "99", kind=STOP))
    (order,) = desk.seen.orders
    assert (order.price_usd, order.quantity_base, order.is_reduce_only) == (99, None, True)


def test_a_fired_stop_is_armed_anew_by_a_move() -> None:
    desk = Desk(calm(auction_slots=20))
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "99"))
    desk.sell("98.9")
    assert desk.code(a_trigger(stop)) is None
    assert desk.seen.orders[0].is_triggered
    desk.place(a_move(stop, "98", kind=STOP))
    assert not desk.seen.orders[0].is_triggered
    desk.wait(60_000)
    assert [it.liquidity for it in desk.fills] == [Liquidity.MAKER]  # the entry's only
    assert len(desk.told(TriggeredRecord)) == 1


def test_a_cancel_by_id_loses_the_race_against_a_move() -> None:
    desk = Desk()
    (old,) = desk.place(an_order())
    desk.place(a_move(old, "98.5"))
    assert desk.code(a_cancel(old)) is None
    assert len(desk.seen.orders) == 1


def test_a_cancel_by_id_ends_the_order_for_no_reason_of_the_venue() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(LONG, "99", "2"))
    desk.sell("98.99", "0.5")
    desk.place(a_cancel(order_id))
    (ended,) = desk.told(EndedRecord)
    assert (ended.venue_order_id, ended.reason) == (order_id, None)
    assert ended.unfilled_base == Decimal("1.5")
    assert desk.told(FeeRecord) == []


def test_a_cancel_by_side_takes_every_order_of_that_side_and_no_other() -> None:
    desk = Desk()
    entry, stop, target = desk.place(an_order(LONG), a_stop(), a_target())
    foreign = desk.chain.place_foreign(
        ACCOUNT,
        side=LONG,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=Decimal(98),
        quantity_base=Decimal(1),
    )
    desk.place(a_side_cancel(LONG))
    assert ids(desk) == [stop, target]
    assert [it.venue_order_id for it in desk.told(EndedRecord)] == [entry, foreign]
    desk.place(a_side_cancel(SHORT))
    assert ids(desk) == []


def test_instructions_of_one_transaction_run_in_order_and_together() -> None:
    desk = Desk()
    (old,) = desk.place(an_order(number=7))
    desk.place(a_cancel(old), an_order(number=7, price="98"))
    assert desk.seen.orders[0].price_usd == 98
    assert desk.code(a_side_cancel(LONG), a_move(77, "98")) == Code.ORDER_DOES_NOT_EXIST
    assert len(desk.seen.orders) == 1


def test_the_owner_may_cancel_any_order() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order())
    desk.chain.cancel_foreign(ACCOUNT, order_id)
    assert desk.seen.orders == ()
    assert [type(it) for it in desk.all_records] == [PlacedRecord, EndedRecord]


# A maker that turns into a taker


def test_an_entry_that_is_converted_is_filled_by_keepers_after_a_delay() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(LONG, "99", "2"))
    (order_id,) = desk.place(a_move(order_id, "100.2", kind=OrderKind.LIMIT, expires_ms=8_000))
    desk.wait(999)
    assert desk.fills == []
    desk.wait(1)
    (fill,) = desk.fills
    assert (fill.venue_order_id, fill.liquidity, fill.quantity_base) == (
        order_id,
        Liquidity.TAKER,
        2,
    )
    # 100 + 2 bp spread + 200 USD of 250,000 a percent: 0.08 bp = 100.0208, up to the tick
    assert fill.price_usd == Decimal("100.021")
    assert desk.seen.orders == ()


def test_a_converted_entry_never_pays_more_than_its_price() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(LONG, "99"))
    desk.place(a_move(order_id, "100.01", kind=OrderKind.LIMIT))
    desk.wait(60_000)
    assert desk.fills == []  # the spread alone is more than that
    desk.sell("100.005")  # a print through its price: now it rests, and fills as maker
    (fill,) = desk.fills
    assert (fill.price_usd, fill.liquidity) == (Decimal("100.01"), Liquidity.MAKER)


def test_a_converted_entry_takes_what_its_price_allows_each_time_that_a_keeper_comes() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(LONG, "99", "40"))
    desk.place(a_move(order_id, "100.03", kind=OrderKind.LIMIT))
    desk.wait(1_000)
    (fill,) = desk.fills
    # 100.03 leaves 1 bp of impact after 2 bp of spread: a 100th of 250,000 USD, 25 SOL
    assert (fill.price_usd, fill.quantity_base) == (Decimal("100.03"), 25)
    assert fill.remaining_base == 15
    desk.buy("100.1")  # and now nothing is for sale for it
    desk.wait(1_000)
    assert len(desk.fills) == 1
    desk.sell("100.02", "15")  # what is left rests
    assert [it.liquidity for it in desk.fills] == [Liquidity.TAKER, Liquidity.MAKER]


def test_a_converted_entry_that_margin_does_not_allow_to_take_rests() -> None:
    desk = Desk(calm(depth_usd=Decimal(10_000)), deposit="1000")
    (order_id,) = desk.place(an_order(LONG, "99", "199"))
    desk.place(a_move(order_id, "102.5", kind=OrderKind.LIMIT))
    desk.wait(1_000)
    # 199 SOL move the price by 2 %: 400 of 1,000 USD lost at once, and 796 are needed
    assert desk.fills == []
    assert len(desk.seen.orders) == 1


def test_a_converted_entry_is_not_filled_after_its_time() -> None:
    desk = Desk(calm(keeper_ms=((0, 9_000), (1_000, 9_000))))
    (order_id,) = desk.place(an_order(LONG, "99"))
    desk.place(a_move(order_id, "101", kind=OrderKind.LIMIT, expires_ms=8_000))
    desk.wait(60_000)
    assert desk.told(FilledRecord) == []
    assert desk.told(EndedRecord)[0].reason is CancelReason.EXPIRED


def test_a_limit_that_does_not_cross_rests_at_once() -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99", kind=OrderKind.LIMIT))
    desk.sell("98.99")
    (fill,) = desk.fills
    assert (fill.price_usd, fill.liquidity) == (99, Liquidity.MAKER)


def test_a_target_that_the_market_has_passed_takes_for_a_takers_fee() -> None:
    desk = Desk()
    long_position(desk, "1")
    desk.place(a_target(SHORT, "99.5"))
    desk.wait(1_000)
    fill = desk.fills[-1]
    assert fill.liquidity is Liquidity.TAKER
    # 99.999 less 2 bp and less 100 USD of impact, 0.04 bp: 99.978…, down to the tick
    assert fill.price_usd == Decimal("99.978")
    assert desk.seen.position_base == 0
