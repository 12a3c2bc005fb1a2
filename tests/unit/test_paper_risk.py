"""Which orders ask for initial margin on the paper chain (execution.md 2.2 step 12, 2.5, 2.6)."""

from decimal import Decimal

import pytest

from contracts.values import OrderKind, Side
from contracts.venue import ObservedOrder
from execution.venues.paper.codes import Code
from kit.paper_chain import (
    LONG,
    SHORT,
    Desk,
    a_move,
    a_stop,
    a_take,
    a_target,
    an_order,
    long_position,
)

STALE_MS = 200_000


def short_of_initial_margin() -> Desk:
    """Give a long of 100 SOL from 100 at an oracle of 94, before any keeper comes.

    Equity is 1,000 + 2.50 of rebate - 600 USD; initial margin is 470 USD, maintenance 282 USD.
    """
    desk = Desk(deposit="1000")
    long_position(desk, "100")
    desk.sell("94")
    return desk


def only_order(desk: Desk) -> ObservedOrder:
    (order,) = desk.seen.orders
    return order


def test_a_move_of_an_entry_asks_for_initial_margin_again() -> None:
    desk = Desk(deposit="1000")
    (entry,) = desk.place(an_order(LONG, "99", "199"))  # 5 % of 19,900 USD
    desk.buy("104")  # 5 % of 20,696 USD: more than there is
    assert desk.code(a_move(entry, "98")) == Code.INSUFFICIENT_COLLATERAL
    assert (only_order(desk).venue_order_id, only_order(desk).price_usd) == (entry, 99)


def test_a_move_of_an_entry_asks_for_a_fresh_oracle() -> None:
    desk = Desk()
    (entry,) = desk.place(an_order(LONG, "99"))
    desk.wait(STALE_MS)
    assert desk.code(a_move(entry, "98")) == Code.INVALID_ORACLE
    assert only_order(desk).venue_order_id == entry


def test_a_stop_is_moved_on_a_stale_oracle_and_short_of_initial_margin() -> None:
    desk = short_of_initial_margin()
    (stop,) = desk.place(a_stop(SHORT, "90"))
    stop_kind = OrderKind.TRIGGER_MARKET
    assert desk.code(a_move(stop, "91", kind=stop_kind)) is None
    desk = Desk()
    long_position(desk)
    (stop,) = desk.place(a_stop(SHORT, "90"))
    desk.wait(STALE_MS)
    assert desk.code(a_move(stop, "91", kind=stop_kind)) is None
    assert only_order(desk).price_usd == 91


@pytest.mark.parametrize(
    ("side", "quantity", "code"),
    [
        (SHORT, "100", None),  # closes the position, and no more
        (SHORT, "100.01", Code.INSUFFICIENT_COLLATERAL),
        (LONG, "0.01", Code.INSUFFICIENT_COLLATERAL),
    ],
)
def test_an_order_that_may_do_more_than_close_asks_for_initial_margin(
    side: Side, quantity: str, code: Code | None
) -> None:
    desk = short_of_initial_margin()
    price = "96" if side is SHORT else "93"
    assert desk.code(an_order(side, price, quantity, number=17)) == code


def test_orders_of_one_side_count_together() -> None:
    desk = short_of_initial_margin()
    assert desk.code(an_order(SHORT, "96", "60", number=17)) is None
    assert desk.code(an_order(SHORT, "97", "40.01", number=18)) == Code.INSUFFICIENT_COLLATERAL
    assert desk.code(an_order(SHORT, "97", "40", number=18)) is None


@pytest.mark.parametrize("is_first", [True, False])
def test_one_order_that_adds_risk_asks_for_initial_margin_for_all(*, is_first: bool) -> None:
    desk = short_of_initial_margin()
    orders = [an_order(LONG, "93", "0.01", number=17), a_stop(SHORT, "90")]
    code = desk.code(*(orders if is_first else reversed(orders)))
    assert code == Code.INSUFFICIENT_COLLATERAL
    assert desk.seen.orders == ()


def test_a_reduce_only_order_larger_than_the_position_adds_no_risk() -> None:
    desk = short_of_initial_margin()
    # It counts as an open ask: at its worst a short of 20 more than the long, and 3 % of 11,280.
    assert desk.code(a_target(SHORT, "96", "220")) is None
    desk = Desk()
    long_position(desk)
    desk.wait(STALE_MS)
    assert desk.code(a_target(SHORT, "101", "3")) is None


def test_an_exit_larger_than_the_position_closes_it_short_of_initial_margin() -> None:
    desk = short_of_initial_margin()
    assert desk.code(a_take(SHORT, "90", "220")) is None
    assert desk.seen.position_base == 0
    assert [it.quantity_base for it in desk.fills] == [Decimal(100), Decimal(100)]
