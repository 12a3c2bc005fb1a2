from dataclasses import replace
from decimal import Decimal

import pytest

from audit.domain.projections import OrderKey, PositionKey, Projections, keys_of
from contracts.event import Draft
from contracts.order import OrderFilled, OrderIntended, OrderRejected, OrderReplaced, VenueClock
from contracts.queries import OrderRow, OrderStatus, PositionRow
from contracts.values import Leg
from kit.audit_history import ACCOUNT, BEGIN, MARKET, history, recorded


def folded(drafts: list[Draft]) -> Projections:
    """Fold all events of some drafts."""
    state = Projections()
    for event in recorded(drafts):
        state.fold(event)
    return state


def order(state: Projections, leg: Leg) -> OrderRow:
    """Give the only order of a leg."""
    (found,) = (row for row in state.orders.values() if row.leg is leg)
    return found


def until(drafts: list[Draft], event_type: str, occurrence: int = 1) -> list[Draft]:
    """Give the drafts until the n-th of a type."""
    where = [i for i, draft in enumerate(drafts) if draft.event.event_type == event_type]
    return drafts[: where[occurrence - 1] + 1]


def test_an_entry_goes_from_intended_over_resting_to_filled() -> None:
    drafts = list(history(1))

    statuses = [
        order(folded(until(drafts, event_type, nth)), Leg.ENTRY).status
        for event_type, nth in (
            ("order_intended", 1),
            ("order_placed", 1),
            ("order_filled", 1),
            ("order_filled", 2),
        )
    ]

    assert statuses == [
        OrderStatus.INTENDED,
        OrderStatus.RESTING,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.FILLED,
    ]


def test_a_stop_triggers_and_the_target_is_canceled_when_flat() -> None:
    state = folded(list(history(1)))

    assert order(state, Leg.STOP).status is OrderStatus.FILLED
    assert order(state, Leg.TP1).status is OrderStatus.CANCELED
    assert order(state, Leg.TP1).reason == "flat"
    assert order(folded(until(list(history(1)), "stop_triggered")), Leg.STOP).status is (
        OrderStatus.TRIGGERED
    )


def test_a_position_grows_with_its_mean_price_and_ends_flat() -> None:
    drafts = list(history(1))

    half = folded(until(drafts, "order_filled", 1)).positions[ACCOUNT, MARKET]
    full = folded(until(drafts, "order_filled", 2)).positions[ACCOUNT, MARKET]
    flat = folded(drafts).positions[ACCOUNT, MARKET]

    assert (half.quantity_base, half.entry_price_usd) == (Decimal(4), Decimal(100))
    assert (full.quantity_base, full.entry_price_usd) == (Decimal(10), Decimal(100))
    assert (flat.quantity_base, flat.entry_price_usd) == (Decimal(0), None)
    assert flat.realized_pnl_usd == Decimal(-11)
    assert flat.fees_usd == Decimal("0.6")  # three fills, 0.2 each
    assert flat.fills == 3


@pytest.mark.parametrize(
    ("fills", "price"),
    [
        ([("buy", "1", "100", "1"), ("buy", "3", "104", "4")], "103"),  # (100 + 3 x 104) / 4
        ([("buy", "4", "100", "4"), ("sell", "1", "110", "3")], "100"),
        ([("buy", "1", "100", "1"), ("sell", "3", "90", "-2")], "90"),
        ([("sell", "2", "100", "-2"), ("sell", "2", "101", "-4")], "100.5"),
        ([("buy", "1", "100", "1"), ("buy", "2", "101", "3")], "100.666666666667"),
        ([("buy", "9" * 18, "9" * 18, "9" * 18), ("buy", "1", "1", "1" + "0" * 18)], "-"),
    ],
)
def test_only_a_fill_that_grows_a_position_moves_its_price(
    fills: list[tuple[str, str, str, str]], price: str
) -> None:
    pattern = next(d for d in history(1) if isinstance(d.event, OrderFilled))
    drafts: list[Draft] = []
    for side, quantity, at, after in fills:
        change = {
            "side": "long" if side == "buy" else "short",
            "quantity_base": Decimal(quantity),
            "price_usd": Decimal(at),
            "position_after_base": Decimal(after[:18]),
        }
        event = OrderFilled.model_validate(pattern.event.model_dump() | change, strict=False)
        drafts.append(replace(pattern, event=event))

    found = folded(drafts).positions[ACCOUNT, MARKET].entry_price_usd

    if price != "-":  # the last case only shows that no digits are too many
        assert found == Decimal(price)


def test_every_third_verdict_is_a_denial_with_its_finding() -> None:
    verdicts = folded(list(history(6))).verdicts

    assert [row.is_approved for row in verdicts] == [True, True, False, True, True, False]
    assert verdicts[2].headline is not None
    assert verdicts[2].findings[0].observed == Decimal(101)


def test_a_rejected_replace_leaves_the_order_where_it_was() -> None:
    drafts = until(list(history(1)), "order_placed")
    placed = drafts[-1]
    clock = VenueClock(at=BEGIN, trade_id=1)
    common = {
        name: getattr(placed.event, name)
        for name in ("account", "market", "setup", "client_order_id", "leg")
    }
    moved = OrderReplaced(**common, clock=clock, generation=1, price_usd=Decimal("99.5"))
    refused = OrderRejected(**common, clock=clock, code=7, reason="would-cross")
    drafts += [replace(placed, event=moved), replace(placed, event=refused)]

    row = order(folded(drafts), Leg.ENTRY)

    assert row.status is OrderStatus.RESTING
    assert (row.price_usd, row.generation, row.reason) == (Decimal("99.5"), 1, "would-cross")


def test_a_rejected_order_is_rejected() -> None:
    drafts = until(list(history(1)), "order_intended")
    intended = drafts[-1]
    assert isinstance(intended.event, OrderIntended)
    common = {
        name: getattr(intended.event, name)
        for name in ("account", "market", "setup", "client_order_id", "leg")
    }
    clock = VenueClock(at=BEGIN, trade_id=1)
    refused = OrderRejected(**common, clock=clock, code=7, reason="would-cross")

    row = order(folded([*drafts, replace(intended, event=refused)]), Leg.ENTRY)

    assert row.status is OrderStatus.REJECTED


def test_an_observation_of_an_unknown_order_makes_no_row() -> None:
    placed = next(d for d in history(1) if d.event.event_type == "order_placed")

    assert folded([placed]).orders == {}


def test_folding_in_batches_gives_the_same_rows() -> None:
    events = recorded(list(history(5)))
    whole = Projections()
    orders: dict[OrderKey, OrderRow] = {}
    positions: dict[PositionKey, PositionRow] = {}
    for event in events:
        whole.fold(event)
    for start in range(0, len(events), 7):
        batch = events[start : start + 7]
        keys = keys_of(batch)
        state = Projections(
            orders={key: orders[key] for key in keys.orders if key in orders},
            positions={key: positions[key] for key in keys.positions if key in positions},
        )
        for event in batch:
            state.fold(event)
        orders |= state.orders
        positions |= state.positions

    assert orders == whole.orders
    assert positions == whole.positions
