"""Fills add up: what each says of its profit is what the fills before it make of it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain.sums import Sums
from contracts.event import Recorded
from contracts.ids import derive_root_id
from contracts.order import OrderFilled
from contracts.values import Side
from contracts.venue import AccountFunded
from execution.domain.ledger import FLAT
from kit.engine_checks import Watch
from kit.engine_runs import approve_any, rough_world, to_the_end
from kit.golden import EXAMPLES
from kit.risk_events import BEGIN, draft, in_log

FILL = next(it for it in EXAMPLES if isinstance(it, OrderFilled))


def found(fills: Sequence[Recorded]) -> list[str]:
    sums = Sums()
    return [str(it) for recorded in fills for it in sums.fold(recorded)]


def filled(number: int, side: Side, quantity: str, price: str, *, pnl: str) -> Recorded:
    event = FILL.model_copy(
        update={
            "fill_id": str(number),
            "side": side,
            "quantity_base": Decimal(quantity),
            "price_usd": Decimal(price),
            "realized_pnl_usd": Decimal(pnl),
        }
    )
    (recorded,) = in_log([draft(event, derive_root_id("fill", number), BEGIN)], after=number - 1)
    return recorded


FILLS = (
    filled(1, Side.LONG, "2", "100", pnl="0"),
    filled(2, Side.LONG, "1", "103", pnl="0"),
    # A third of 303 USD goes with the first; what is left over, 202, with the last.
    filled(3, Side.SHORT, "1", "102", pnl="1"),
    filled(4, Side.SHORT, "3", "100", pnl="-2"),
    filled(5, Side.LONG, "1", "99", pnl="1"),
)


def test_fills_that_add_up_have_no_difference() -> None:
    assert found(FILLS) == []


@pytest.mark.parametrize("at", range(len(FILLS)))
def test_one_that_does_not_is_named(at: int) -> None:
    fill = FILLS[at].event
    pnl = fill.model_dump()["realized_pnl_usd"] + Decimal("0.01")
    wrong = fill.model_copy(update={"realized_pnl_usd": pnl})
    fills = [*FILLS[:at], replace(FILLS[at], event=wrong), *FILLS[at + 1 :]]

    (only,) = found(fills)
    assert only.startswith(f"position {at + 1}: order_filled realized_pnl_usd: expected ")


def test_a_fill_that_stands_twice_is_named() -> None:
    again = replace(FILLS[0], position=9)

    assert found([*FILLS, again]) == [
        "position 9: order_filled: expected fill 1 once, at 1, found it again"
    ]


def test_an_account_is_funded_once_or_a_loss_could_be_forgotten() -> None:
    fill = FILLS[0].event
    assert isinstance(fill, OrderFilled)
    example = next(it for it in EXAMPLES if isinstance(it, AccountFunded))
    funded = example.model_copy(update={"account": fill.account, "market": fill.market})
    bought = filled(7, Side.LONG, "2", "100", pnl="0")
    sold = filled(9, Side.SHORT, "2", "50", pnl="0")
    first, second = (
        replace(it, event=funded, position=position) for it, position in ((bought, 6), (bought, 8))
    )

    assert found([first, bought]) == []
    assert found([first, bought, second, sold]) == [
        f"position 8: account_funded: expected {fill.account} funded once, at 6, found it again",
        "position 9: order_filled realized_pnl_usd: expected -100, found 0",
    ]


sides = st.sampled_from((Side.LONG, Side.SHORT))
amounts = st.decimals("0.01", "9", places=2)


@given(st.lists(st.tuples(sides, amounts, amounts), max_size=12))
def test_the_ledger_of_execution_adds_up_the_same(
    orders: list[tuple[Side, Decimal, Decimal]],
) -> None:
    ledger, fills = FLAT, list[Recorded]()
    for number, (side, quantity, price) in enumerate(orders, start=1):
        before = ledger
        ledger = ledger.filled(
            side=side, price_usd=price, quantity_base=quantity, fee_usd=Decimal(0)
        )
        pnl = ledger.realized_pnl_usd - before.realized_pnl_usd
        fills.append(filled(number, side, str(quantity), str(price), pnl=str(pnl)))

    assert found(fills) == []


@pytest.mark.parametrize("seed", range(3))
def test_what_the_engine_records_of_fills_liquidations_and_strangers_adds_up(seed: int) -> None:
    chance, watch = Random(seed), Watch()
    world = rough_world(seed, watch)
    for _ in range(2):
        approve_any(world, chance)
        world.walk(40)
        to_the_end(world, watch)

    assert world.events(OrderFilled)
    assert found(world.log) == []
