from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from audit.domain.projections import MarketKey, OrderKey, Projections, TransactionKey, keys_of
from contracts.event import Draft, Event
from contracts.ids import derive_id
from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    SideCancelIntended,
    StopTriggered,
    TriggerIntended,
)
from contracts.queries import (
    FillKind,
    OrderRow,
    OrderStatus,
    PositionRow,
    TransactionRow,
    TransactionStatus,
)
from contracts.routes import subject_of
from contracts.transaction import (
    RetryClass,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.values import Leg, OrderKind, Side, VenueClock
from contracts.venue import ForeignOrderFilled, PositionLiquidated, VenueFeeCharged
from kit.audit_history import history, recorded
from kit.audit_life import ACCOUNT, BEGIN, FEE_LAMPORTS, MARKET

CLOCK = VenueClock(at=BEGIN, slot=9, trade_id=1)


def folded(drafts: Sequence[Draft]) -> Projections:
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


def of(leg: Leg, event: type[Event], /, **fields: Any) -> Draft:
    """Give any event about the first setup's order of a leg."""
    pattern = next(
        draft
        for draft in history(1)
        if isinstance(draft.event, OrderIntended) and draft.event.leg is leg
    )
    names = ("account", "market", "setup", "client_order_id", "leg")
    about = {name: getattr(pattern.event, name) for name in names}
    if "clock" in event.model_fields:
        about["clock"] = CLOCK
    return another(pattern, event(**about, **fields))


def another(pattern: Draft, event: Event) -> Draft:
    """Give an event beside one that is there."""
    identity = derive_id(pattern.id, f"another {event!r}")
    return replace(pattern, event=event, id=identity, subject=subject_of(event))


def statuses(drafts: list[Draft], leg: Leg, *more: Draft) -> list[OrderStatus]:
    """Give an order's status at the end of some drafts, and after each of the others."""
    return [order(folded([*drafts, *more[:count]]), leg).status for count in range(len(more) + 1)]


def test_an_entry_goes_from_intended_over_resting_to_filled() -> None:
    drafts = list(history(1))

    found = [
        order(folded(until(drafts, event_type, nth)), Leg.ENTRY)
        for event_type, nth in (
            ("order_intended", 1),
            ("order_placed", 1),
            ("order_filled", 1),
            ("order_filled", 2),
        )
    ]

    assert [row.status for row in found] == [
        OrderStatus.INTENDED,
        OrderStatus.RESTING,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.FILLED,
    ]
    assert [row.venue_order_id for row in found] == [None, 16, 16, 16]
    assert {row.user_order_id for row in found} == {16}


def test_a_stop_triggers_and_the_target_is_canceled_when_flat() -> None:
    drafts = list(history(1))
    state = folded(drafts)

    assert order(state, Leg.STOP).status is OrderStatus.FILLED
    assert order(state, Leg.TP1).status is OrderStatus.CANCELED
    assert order(state, Leg.TP1).reason == "flat"
    assert statuses(until(drafts, "stop_triggered"), Leg.STOP) == [OrderStatus.TRIGGERED]
    assert statuses(until(drafts, "cancel_intended"), Leg.TP1) == [OrderStatus.CANCELING]


MOVE: dict[str, Any] = {
    "venue_order_id": 16,
    "generation": 1,
    "kind": OrderKind.LIMIT,
    "price_usd": Decimal("99.5"),
    "expires_at": None,
    "reason": "convert",
}


def test_a_move_changes_id_price_kind_and_generation_once_the_venue_made_it() -> None:
    drafts = until(list(history(1)), "order_placed")
    intended = of(Leg.ENTRY, ReplaceIntended, **MOVE)
    made = of(Leg.ENTRY, OrderReplaced, venue_order_id=17, generation=1, price_usd=Decimal("99.5"))

    before, after = (
        order(folded([*drafts, *more]), Leg.ENTRY) for more in ([intended], [intended, made])
    )

    assert (before.status, before.kind, before.kind_after_move) == (
        OrderStatus.REPLACING,
        OrderKind.POST_ONLY_LIMIT,
        OrderKind.LIMIT,
    )
    assert (before.venue_order_id, before.price_usd, before.generation) == (16, Decimal(100), 0)
    assert (after.status, after.kind, after.kind_after_move) == (
        OrderStatus.RESTING,
        OrderKind.LIMIT,
        None,
    )
    assert (after.venue_order_id, after.price_usd, after.generation) == (17, Decimal("99.5"), 1)


def test_a_rejected_move_leaves_the_order_where_it_was() -> None:
    intended = of(Leg.ENTRY, ReplaceIntended, **MOVE)
    refused = of(Leg.ENTRY, OrderRejected, code=6057, reason="would-cross")
    resting, partly = (
        until(list(history(1)), event_type) for event_type in ("order_placed", "order_filled")
    )

    row = order(folded([*resting, intended, refused]), Leg.ENTRY)

    assert (row.status, row.reason) == (OrderStatus.RESTING, "would-cross")
    assert (row.price_usd, row.kind, row.kind_after_move) == (
        Decimal(100),
        OrderKind.POST_ONLY_LIMIT,
        None,
    )
    assert statuses(partly, Leg.ENTRY, intended, refused) == [
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.REPLACING,
        OrderStatus.PARTIALLY_FILLED,
    ]


def test_a_rejected_move_of_an_order_that_is_being_canceled_leaves_it_so() -> None:
    resting = until(list(history(1)), "order_placed")
    move = of(Leg.ENTRY, ReplaceIntended, **MOVE)
    cancel = of(Leg.ENTRY, CancelIntended, venue_order_id=16, reason=CancelReason.EXPIRED)
    refused = of(Leg.ENTRY, OrderRejected, code=6061, reason="order-gone")

    assert statuses(resting, Leg.ENTRY, move, cancel, refused)[1:] == [
        OrderStatus.REPLACING,
        OrderStatus.CANCELING,
        OrderStatus.CANCELING,
    ]


def test_an_order_that_the_venue_never_held_is_over_when_it_is_rejected() -> None:
    intended = until(list(history(1)), "order_intended", 2)
    cancel = a_side_cancel(Side.LONG)
    refused = of(Leg.ENTRY, OrderRejected, code=6057, reason="would-cross")

    assert statuses(intended, Leg.ENTRY, refused)[-1] is OrderStatus.REJECTED
    assert statuses(intended, Leg.ENTRY, cancel, refused) == [
        OrderStatus.INTENDED,
        OrderStatus.CANCELING,
        OrderStatus.REJECTED,
    ]
    assert statuses(intended, Leg.STOP, refused)[-1] is OrderStatus.INTENDED


def test_our_own_firing_of_a_stop_shows_and_may_be_refused() -> None:
    resting = until(list(history(1)), "order_placed", 2)
    firing = of(Leg.STOP, TriggerIntended, venue_order_id=48)
    refused = of(Leg.STOP, OrderRejected, code=6111, reason="not-reached")
    fired = of(Leg.STOP, StopTriggered, trigger_price_usd=Decimal(99))
    late = of(Leg.STOP, OrderRejected, code=6110, reason="already-triggered")

    assert statuses(resting, Leg.STOP, firing, refused, firing, fired, late) == [
        OrderStatus.RESTING,
        OrderStatus.TRIGGERING,
        OrderStatus.RESTING,
        OrderStatus.TRIGGERING,
        OrderStatus.TRIGGERED,
        OrderStatus.TRIGGERED,
    ]


def a_side_cancel(side: Side, *, account: str = ACCOUNT, market: str = MARKET) -> Draft:
    event = SideCancelIntended(
        account=account, market=market, setup=None, side=side, reason=CancelReason.KILL_SWITCH
    )
    return another(next(iter(history(1))), event)


def test_a_cancel_of_a_side_takes_its_open_orders_and_no_others() -> None:
    drafts = until(list(history(1)), "order_placed", 3)
    meant = folded([*drafts, a_side_cancel(Side.SHORT)])
    elsewhere = folded(
        [
            *drafts,
            a_side_cancel(Side.SHORT, account="other"),
            a_side_cancel(Side.SHORT, market="btc-perp"),
        ]
    )

    assert {row.leg: (row.status, row.reason) for row in meant.orders.values()} == {
        Leg.ENTRY: (OrderStatus.FILLED, None),
        Leg.STOP: (OrderStatus.CANCELING, "kill_switch"),
        Leg.TP1: (OrderStatus.CANCELING, "kill_switch"),
    }
    assert elsewhere.orders == folded(drafts).orders


@pytest.mark.parametrize("reason", [CancelReason.NEVER_LANDED, CancelReason.LIQUIDATION])
def test_a_canceled_order_says_why(reason: CancelReason) -> None:
    intended = until(list(history(1)), "order_intended")
    gone = of(Leg.ENTRY, OrderCanceled, reason=reason, unfilled_base=Decimal(10))

    row = order(folded([*intended, gone]), Leg.ENTRY)

    assert (row.status, row.reason) == (OrderStatus.CANCELED, reason.value)


def test_an_observation_of_an_unknown_order_makes_no_row() -> None:
    placed = next(d for d in history(1) if isinstance(d.event, OrderPlaced))

    assert folded([placed]).orders == {}


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
    assert flat.venue_fees_usd == Decimal("0.01")
    assert flat.funding_usd == Decimal("-0.05")
    assert flat.fills == 3


def test_a_fee_before_any_fill_makes_a_flat_position() -> None:
    fee = next(draft for draft in history(1) if isinstance(draft.event, VenueFeeCharged))

    row = folded([fee]).positions[ACCOUNT, MARKET]

    assert (row.quantity_base, row.entry_price_usd, row.fills) == (0, None, 0)
    assert row.venue_fees_usd == Decimal("0.01")


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


def other_fill(kind: Callable[..., Event], quantity: str, after: str, **more: Any) -> Draft:
    """Give a fill that is not of an order of ours, at 98."""
    event = kind(
        account=ACCOUNT,
        market=MARKET,
        fill_id=f"other-{after}",
        side=Side.SHORT,
        price_usd=Decimal(98),
        quantity_base=Decimal(quantity),
        fee_usd=Decimal("0.5"),
        realized_pnl_usd=Decimal(-2),
        position_after_base=Decimal(after),
        clock=CLOCK,
        **more,
    )
    return another(next(iter(history(1))), event)


def test_fills_of_all_three_kinds_move_the_position() -> None:
    drafts = [
        *until(list(history(1)), "order_filled", 2),
        other_fill(ForeignOrderFilled, "3", "7", venue_order_id=99),
        other_fill(PositionLiquidated, "9", "-2"),
    ]
    state = folded(drafts)
    row = state.positions[ACCOUNT, MARKET]

    found = [
        (fill.kind, fill.leg, fill.client_order_id is None, fill.venue_order_id)
        for fill in state.take().fills
    ]

    assert found == [
        (FillKind.ORDER, Leg.ENTRY, False, None),
        (FillKind.ORDER, Leg.ENTRY, False, None),
        (FillKind.FOREIGN, None, True, 99),
        (FillKind.LIQUIDATION, None, True, None),
    ]
    assert (row.quantity_base, row.entry_price_usd, row.fills) == (-2, 98, 4)  # flipped at 98
    assert row.realized_pnl_usd == -4
    assert row.fees_usd == Decimal("1.4")  # 2 x 0.2 and 2 x 0.5


def transactions(drafts: Sequence[Draft]) -> list[TransactionRow]:
    return sorted(folded(drafts).transactions.values(), key=lambda row: row.planned_position)


def test_a_transaction_goes_from_planned_over_signed_to_its_fate() -> None:
    drafts = list(history(1))
    planned, signed, landed = (
        transactions(until(drafts, event_type))[0]
        for event_type in ("transaction_planned", "transaction_signed", "transaction_landed")
    )

    assert [row.status for row in (planned, signed, landed)] == [
        TransactionStatus.PLANNED,
        TransactionStatus.SIGNED,
        TransactionStatus.LANDED,
    ]
    assert (planned.signature, planned.message_sha256, planned.signed_slot) == (None, None, None)
    signing = next(d.event for d in drafts if isinstance(d.event, TransactionSigned))
    assert (signed.signature, signed.message_sha256, signed.signed_slot) == (
        signing.signature,
        signing.message_sha256,
        5_000_000,
    )
    assert (signed.fee_lamports, landed.fee_lamports) == (None, FEE_LAMPORTS)
    assert (landed.landed_slot, landed.code) == (5_000_000, None)
    assert landed.signature == signed.signature


def test_every_attempt_is_a_transaction_of_its_own() -> None:
    rows = transactions(list(history(1)))

    assert [(row.retry_class, row.attempt, row.status) for row in rows] == [
        (RetryClass.EXPOSURE, 1, TransactionStatus.LANDED),
        (RetryClass.PROTECTIVE, 1, TransactionStatus.DEAD),
        (RetryClass.PROTECTIVE, 2, TransactionStatus.LANDED),
        (RetryClass.REDUCING, 1, TransactionStatus.LANDED),
    ]
    assert rows[1].intents == rows[2].intents
    assert [row.died_block_height for row in rows] == [None, 4_000_151, None, None]


def test_a_transaction_that_the_program_refused_has_failed() -> None:
    drafts = until(list(history(1)), "transaction_landed")
    landed = drafts[-1].event
    assert isinstance(landed, TransactionLanded)
    refused = landed.model_copy(update={"code": 6057, "reason": "would-cross"})

    (row,) = transactions([*drafts[:-1], replace(drafts[-1], event=refused)])

    assert (row.status, row.code, row.reason) == (TransactionStatus.FAILED, 6057, "would-cross")
    assert row.fee_lamports == FEE_LAMPORTS


def test_the_fate_of_an_unknown_transaction_makes_no_row() -> None:
    drafts = [d for d in history(1) if not isinstance(d.event, TransactionPlanned)]

    assert folded(drafts).transactions == {}


def test_every_third_verdict_is_a_denial_with_its_finding() -> None:
    verdicts = folded(list(history(6))).take().verdicts

    assert [row.is_approved for row in verdicts] == [True, True, False, True, True, False]
    assert verdicts[2].headline is not None
    assert verdicts[2].findings[0].observed == Decimal(101)


def test_only_what_changed_is_taken_and_only_once() -> None:
    drafts = list(history(2))
    state = folded(drafts[:20])
    state.take()
    first = next(iter(state.orders))
    for event in recorded(drafts)[20:]:
        state.fold(event)

    changes = state.take()

    assert first not in {row.client_order_id for row in changes.orders}
    assert len(changes.fills) == 4  # the last of the first setup, three of the second
    assert state.take() == ([], [], [], [], [])
    assert len(state.orders) == 6


@pytest.mark.parametrize("batch", [1, 7])
def test_folding_in_batches_gives_the_same_rows(batch: int) -> None:
    drafts = list(history(5))
    drafts.insert(60, a_side_cancel(Side.SHORT))
    events = recorded(drafts)
    whole = Projections()
    orders: dict[OrderKey, OrderRow] = {}
    positions: dict[MarketKey, PositionRow] = {}
    found: dict[TransactionKey, TransactionRow] = {}
    for event in events:
        whole.fold(event)
    for start in range(0, len(events), batch):
        keys = keys_of(events[start : start + batch])
        state = Projections(
            orders={
                key: row
                for key, row in orders.items()
                if key in keys.orders
                or ((row.account, row.market) in keys.markets_of_orders and not row.status.is_over)
            },
            positions={key: positions[key] for key in keys.positions if key in positions},
            transactions={key: found[key] for key in keys.transactions if key in found},
        )
        for event in events[start : start + batch]:
            state.fold(event)
        changes = state.take()
        orders |= {row.client_order_id: row for row in changes.orders}
        positions |= {(row.account, row.market): row for row in changes.positions}
        found |= {row.id: row for row in changes.transactions}

    assert orders == whole.orders
    assert positions == whole.positions
    assert found == whole.transactions
