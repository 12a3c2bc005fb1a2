"""The paper chain places orders in the program's order, with its codes (execution.md 2.2-2.4)."""

from decimal import Decimal

import pytest

from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.order import CancelReason, OrderIntended
from contracts.values import OrderKind, Side, from_millis
from contracts.venue import DelegateSeen, MarketStatus
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.clockwork import ChainNotBegun
from execution.venues.paper.codes import Code, Refused
from execution.venues.paper.state import HOUSE, OrderStatus
from execution.venues.paper.views import NoPriceYet
from execution.venues.paper.wire import paper_signature
from execution.venues.port import (
    EndedRecord,
    FeeRecord,
    MovedRecord,
    PlacedRecord,
    SignedTransaction,
)
from kit.paper_chain import (
    ACCOUNT,
    BEGIN_MS,
    LONG,
    SHORT,
    Desk,
    a_cancel,
    a_move,
    a_stop,
    a_take,
    a_target,
    a_trigger,
    an_order,
    calm,
    ids,
    long_position,
)


def test_a_success_leaves_an_order_and_a_record() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(LONG, "99", "2"))
    (order,) = desk.seen.orders
    assert (order.venue_order_id, order.user_order_id, order.side) == (order_id, 16, LONG)
    assert (order.price_usd, order.quantity_base, order.filled_base) == (99, 2, 0)
    (placed,) = desk.told(PlacedRecord)
    assert (placed.venue_order_id, placed.user_order_id, placed.price_usd) == (order_id, 16, 99)
    assert (placed.at_ms, placed.trade_id) == (BEGIN_MS, 2)


def test_an_account_that_its_owner_lets_only_shrink_takes_exits_only() -> None:
    desk = Desk()
    desk.chain.set_reduce_only(ACCOUNT, is_on=True)
    assert desk.seen.is_reduce_only
    assert desk.code(an_order()) == Code.ACCOUNT_REDUCE_ONLY
    assert desk.code(a_stop()) is None


def test_there_are_32_slots() -> None:
    desk = Desk()
    desk.place(*[a_target(number=1 + n) for n in range(32)])
    assert len(desk.seen.orders) == 32
    assert desk.code(an_order(number=99)) == Code.TOO_MANY_ORDERS
    desk.place(a_cancel(ids(desk)[0]))
    assert desk.code(an_order(number=99)) is None


def test_a_closed_order_stays_in_its_slot_until_the_slot_is_used() -> None:
    desk = Desk()
    first, second = desk.place(an_order(number=1), an_order(number=2))
    desk.place(a_cancel(first))
    slots = [(it.venue_order_id, it.status) for it in desk.chain.held_orders(ACCOUNT)]
    assert slots == [(first, OrderStatus.ENDED), (second, OrderStatus.OPEN)]
    (third,) = desk.place(an_order(number=3))
    assert [it.venue_order_id for it in desk.chain.held_orders(ACCOUNT)] == [third, second]


def test_a_number_is_unique_among_open_orders_only() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(number=7))
    assert desk.code(an_order(number=7)) == Code.USER_ORDER_ID_IN_USE
    assert desk.code(an_order(number=8), a_stop(number=8)) == Code.USER_ORDER_ID_IN_USE
    desk.place(a_cancel(order_id))
    assert desk.code(an_order(number=7)) is None


def test_an_order_by_hand_whose_time_is_over_is_skipped_too() -> None:
    desk = Desk()
    placed = desk.chain.place_foreign(
        ACCOUNT,
        side=LONG,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=Decimal(99),
        quantity_base=Decimal(1),
        expires_at=from_millis(BEGIN_MS - 1),
    )
    assert placed is None
    with pytest.raises(Refused, match="post_only_would_cross"):
        desk.chain.place_foreign(
            ACCOUNT,
            side=LONG,
            kind=OrderKind.POST_ONLY_LIMIT,
            price_usd=Decimal(101),
            quantity_base=Decimal(1),
        )
    assert desk.all_records == []


def test_orders_without_a_number_may_be_many() -> None:
    desk = Desk()
    for _ in range(2):
        desk.chain.place_foreign(
            ACCOUNT,
            side=LONG,
            kind=OrderKind.POST_ONLY_LIMIT,
            price_usd=Decimal(99),
            quantity_base=Decimal(1),
        )
    assert [it.user_order_id for it in desk.seen.orders] == [0, 0]


@pytest.mark.parametrize(
    ("status", "placing", "taking", "canceling"),
    [
        (MarketStatus.ACTIVE, None, None, None),
        (MarketStatus.FILLS_PAUSED, None, Code.FILLING_PAUSED, None),
        (MarketStatus.PAUSED, Code.PLACING_PAUSED, Code.PLACING_PAUSED, None),
        (
            MarketStatus.HALTED,
            Code.EXCHANGE_PAUSED,
            Code.EXCHANGE_PAUSED,
            Code.EXCHANGE_PAUSED,
        ),
    ],
)
def test_the_market_status_decides_what_is_taken(
    status: MarketStatus, placing: Code | None, taking: Code | None, canceling: Code | None
) -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order(number=1))
    desk.chain.set_status(status)
    assert desk.seen.market_seen.status is status
    assert desk.code(an_order(number=2)) == placing
    assert desk.code(a_move(order_id, "98.5")) == placing
    assert desk.code(a_take(LONG, "101", reduce_only=False)) == taking
    assert desk.code(a_cancel(order_id)) == canceling


def test_a_size_below_a_step_is_refused_and_a_size_between_steps_is_floored() -> None:
    desk = Desk()
    assert desk.code(an_order(quantity="0.009")) == Code.BELOW_STEP_SIZE
    desk.place(an_order(quantity="1.019"))
    assert desk.seen.orders[0].quantity_base == Decimal("1.01")


def test_a_reduce_only_order_is_exempt_from_the_minimum_but_not_from_the_step() -> None:
    desk = Desk(market="btc-perp")  # step 0.0001, minimum 0.001

    def small(quantity: str, *, reduce_only: bool) -> int | None:
        return desk.code(
            an_order(
                LONG,
                "99",
                quantity,
                reduce_only=reduce_only,
                market="btc-perp",
                number=desk.sent + 1,
            )
        )

    assert small("0.0009", reduce_only=False) == Code.BELOW_MINIMUM_SIZE
    assert small("0.0009", reduce_only=True) is None
    assert small("0.00009", reduce_only=True) == Code.BELOW_STEP_SIZE


def test_a_time_that_is_over_is_skipped_without_an_error_an_order_or_a_record() -> None:
    desk = Desk()
    desk.wait(1_000)
    desk.place(an_order(expires_ms=999), a_stop())
    (order,) = desk.seen.orders
    assert (order.venue_order_id, order.user_order_id) == (1, 48)  # no id was consumed
    assert [it.user_order_id for it in desk.told(PlacedRecord)] == [48]


def test_a_time_that_is_now_is_not_over() -> None:
    desk = Desk()
    desk.wait(1_000)
    assert len(desk.place(an_order(expires_ms=1_000))) == 1


@pytest.mark.parametrize(
    ("order", "price"),
    [
        (an_order(LONG, "98.9999"), "98.999"),
        (an_order(SHORT, "101.0001"), "101.001"),
        (a_stop(SHORT, "98.0001"), "98.001"),  # a sell-stop up: it fires earlier
        (a_stop(LONG, "102.0009"), "102"),
    ],
)
def test_prices_go_to_the_tick_a_buy_down_and_a_sell_up(order: OrderIntended, price: str) -> None:
    desk = Desk()
    desk.place(order)
    assert desk.seen.orders[0].price_usd == Decimal(price)


@pytest.mark.parametrize(
    ("side", "price", "is_refused"),
    [
        (LONG, "100.01", True),  # the last buyer met an ask there
        (LONG, "100.009", False),
        (SHORT, "100", True),  # the last seller met a bid there
        (SHORT, "100.001", False),
    ],
)
def test_a_post_only_order_that_crosses_the_book_is_refused(
    side: Side, price: str, *, is_refused: bool
) -> None:
    desk = Desk()
    assert desk.code(an_order(side, price)) == (Code.POST_ONLY_WOULD_CROSS if is_refused else None)


def test_a_post_only_order_that_crosses_the_vamm_is_refused() -> None:
    desk = Desk()
    desk.sell("99.8")  # the ask that prints show is still 100.01; the vAMM's is 99.8 + 2 bp
    assert desk.seen.market_seen.ask_usd == Decimal("99.82")  # 99.81996, up to the tick
    assert desk.code(an_order(LONG, "99.82")) == Code.POST_ONLY_WOULD_CROSS
    assert desk.code(an_order(LONG, "99.819")) is None


def test_the_vamm_does_not_quote_on_an_old_oracle() -> None:
    desk = Desk(calm(oracle_silence_ms=0))
    desk.sell("99.8")
    desk.wait(10 * 400)
    assert desk.seen.market_seen.ask_usd == Decimal("99.82")
    desk.wait(400)
    assert desk.seen.market_seen.ask_usd == Decimal("100.01")


def test_basis_and_venue_spread_move_the_book() -> None:
    rules = calm(basis_bps=Decimal(10), venue_spread_bps=Decimal(2), amm_spread_bps=Decimal(50))
    market = Desk(rules).seen.market_seen
    assert market.bid_usd == Decimal("100.08")  # 100 * (1 + 10 bp - 2 bp)
    assert market.ask_usd == Decimal("100.131")  # 100.01 * (1 + 12 bp) = 100.130012, up
    assert market.trigger_usd == Decimal("100.1")  # the mark
    assert market.oracle_usd == 100


def test_one_refusal_undoes_the_whole_transaction() -> None:
    desk = Desk()
    before = desk.chain.observe(ACCOUNT)
    assert desk.code(a_stop(), an_order(LONG, "100.01")) == Code.POST_ONLY_WOULD_CROSS
    after = desk.chain.observe(ACCOUNT)
    assert after.orders == () == before.orders
    assert desk.all_records == []
    assert [it.venue_order_id for it in desk.chain.held_orders(ACCOUNT)] == []


def test_own_orders_whose_time_is_over_end_first_and_free_of_charge() -> None:
    desk = Desk()
    (old,) = desk.place(an_order(number=7, expires_ms=500))
    desk.wait(501)
    desk.place(an_order(number=7))  # its number is free again
    (ended,) = desk.told(EndedRecord)
    assert (ended.venue_order_id, ended.reason) == (old, CancelReason.EXPIRED)
    assert ended.unfilled_base == 1
    assert desk.told(FeeRecord) == []


# Margin and open interest


def test_risk_needs_initial_margin_with_the_open_orders_at_their_worst() -> None:
    desk = Desk(deposit="1000")  # 5 % of 20,000 USD: 200 SOL at an oracle of 100
    assert desk.code(an_order(LONG, "99", "200", number=1)) == Code.INSUFFICIENT_COLLATERAL
    desk.place(an_order(LONG, "99", "199", number=1))  # 995 USD and a cent for the order
    assert desk.code(an_order(LONG, "99", "1", number=2)) == Code.INSUFFICIENT_COLLATERAL
    assert desk.code(an_order(SHORT, "101", "199", number=3)) is None  # the other side


def test_margin_is_checked_once_for_all_orders_of_a_transaction() -> None:
    desk = Desk(deposit="1000")
    code = desk.code(an_order(LONG, "99", "199", number=1), an_order(LONG, "98", "1", number=2))
    assert code == Code.INSUFFICIENT_COLLATERAL
    assert desk.seen.orders == ()


def test_what_adds_no_risk_needs_maintenance_only() -> None:
    desk = Desk(deposit="1000")
    long_position(desk, "199", "100")
    desk.sell("99")  # equity about 801 USD: below initial (985), above maintenance (591)
    assert desk.code(an_order(LONG, "98", "1", number=1)) == Code.INSUFFICIENT_COLLATERAL
    assert desk.code(a_stop()) is None
    assert desk.code(a_target(quantity="199")) is None


def test_reduce_only_limits_count_for_margin_and_reduce_only_stops_do_not() -> None:
    desk = Desk(deposit="1000")
    long_position(desk, "199")
    assert desk.code(a_stop(SHORT, "98", "600", number=48)) is None
    # counted as if it could flip: 3 % of |199 - 600| * 100 are 1,203 USD
    assert desk.code(a_target(SHORT, "101", "600")) == Code.INSUFFICIENT_COLLATERAL


def test_the_ratio_grows_with_the_size() -> None:
    rules = calm(open_interest_max_usd=Decimal(10**9))
    # 30,000 SOL: 4/5 of 5 % and sqrt(30,000e9 * 10) * 50 / 1e7 = 86 of 10,000 -> still 5 %
    # 100,000 SOL: 4 % + 1.58 % = 5.58 % of 10,000,000 USD
    desk = Desk(rules, deposit="557000")
    assert desk.code(an_order(LONG, "99", "100000")) == Code.INSUFFICIENT_COLLATERAL
    assert Desk(rules, deposit="559000").code(an_order(LONG, "99", "100000")) is None


def test_nobody_adds_to_the_market_beyond_its_open_interest() -> None:
    desk = Desk(deposit="1000000")  # 1,350,000 USD less 675,000 of the others: 6,750 SOL
    assert desk.code(an_order(LONG, "99", "6750.01")) == Code.MAX_OPEN_INTEREST
    assert desk.code(an_order(LONG, "99", "6750")) is None


def test_risk_is_not_taken_on_a_stale_oracle() -> None:
    desk = Desk(calm(oracle_silence_ms=0))
    desk.wait(120 * 400)
    assert desk.code(an_order(number=1)) is None
    desk.wait(400)
    assert desk.code(an_order(number=2)) == Code.INVALID_ORACLE
    assert desk.code(a_stop()) is None


# What else is refused


def test_taking_at_once_is_not_for_place_orders() -> None:
    desk = Desk()
    (order_id,) = desk.place(an_order())
    code = desk.code(a_move(order_id, "99", kind=OrderKind.IMMEDIATE_OR_CANCEL))
    assert code == Code.IMMEDIATE_OR_CANCEL_IN_PLACE


def test_only_a_reduce_only_stop_may_have_the_positions_size() -> None:
    desk = Desk()
    with pytest.raises(ValueError, match="expected a quantity of a post_only_limit"):
        desk.send(an_order(quantity=None))


def test_neither_owner_nor_delegate_signs_nothing() -> None:
    desk = Desk()
    for delegate, seen in ((None, DelegateSeen.NONE), ("somebody", DelegateSeen.FOREIGN)):
        desk.chain.set_delegate(ACCOUNT, delegate)
        assert desk.code(an_order()) == Code.NOT_A_SIGNER
        assert desk.seen.delegate is seen
    desk.chain.set_delegate(ACCOUNT, HOUSE)
    assert desk.code(an_order()) is None


def test_a_revoke_leaves_the_orders_alive() -> None:
    desk = Desk()
    desk.place(an_order(LONG, "99"))
    desk.chain.set_delegate(ACCOUNT, None)
    desk.sell("98.9")
    assert desk.seen.position_base == 1


def test_a_fired_stop_cannot_be_fired_again() -> None:
    desk = Desk(calm(auction_slots=20))
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "99"))
    desk.sell("98.999")
    assert desk.code(a_trigger(stop)) is None
    assert desk.code(a_trigger(stop)) == Code.NOT_TRIGGERABLE


def test_unknown_orders_are_no_error_to_cancel_or_fire_and_one_to_move() -> None:
    desk = Desk()
    assert desk.code(a_cancel(77)) is None
    assert desk.code(a_move(77, "99")) == Code.ORDER_DOES_NOT_EXIST
    assert desk.code(a_trigger(77)) is None
    assert desk.told(MovedRecord) == []


def test_before_the_first_print_nothing_is_placed_and_nothing_is_shown() -> None:
    chain = PaperChain(calm(), market_spec(MarketId("sol-perp")))
    chain.open_account(ACCOUNT, deposit_usd=Decimal(1_000))
    with pytest.raises(ChainNotBegun):
        chain.advance(BEGIN_MS)
    chain.begin(BEGIN_MS)
    blockhash = chain.blockhash()
    message = chain.message(
        ACCOUNT, [a_stop()], blockhash=blockhash, priority_fee_lamports=0, serial=0
    )
    chain.submit(SignedTransaction(ACCOUNT, paper_signature(message), message, blockhash))
    landed = chain.fate(paper_signature(message))
    assert landed is not None
    assert landed.code == Code.INVALID_ORACLE
    with pytest.raises(NoPriceYet):
        chain.observe(ACCOUNT)
