"""Orders, their transactions and the position, as the gateway shows them."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from contracts import order, venue
from contracts.engine import PositionAdopted
from contracts.event import Event
from contracts.ids import EventId
from contracts.transaction import RetryClass
from contracts.values import Leg, OrderKind, Side
from contracts.verdict import OrderApproved
from gateway.domain import book as books
from gateway.domain.book import TRANSACTIONS_MAX, Book, SetupStatus
from gateway.domain.orders import OrderState, OrderStatus
from gateway.domain.transactions import Fate
from gateway.present_orders import transaction_view
from kit import gateway_events as events
from kit.gateway_story import Story
from kit.memory import InMemoryLog

Chapter = Callable[[Story, EventId], Awaitable[object]]


def told(*chapters: Chapter) -> Book:
    """Fold an approved setup and what a story writes after it."""

    async def write() -> InMemoryLog:
        story = Story(InMemoryLog())
        setup = await story.approves(await story.signals(0))
        for chapter in chapters:
            await chapter(story, setup)
        return story.log

    book = Book()
    for recorded in asyncio.run(write()).recorded:
        if isinstance(recorded.event, OrderApproved):
            book = books.approve(book, recorded, recorded.event)
        else:
            book = books.evolve(book, recorded)
    return book


def the_order(book: Book, leg: Leg) -> OrderState:
    (found,) = (one for one in book.orders if one.leg is leg)
    return found


def about(leg: Leg, event: type[Event], /, **fields: Any) -> Chapter:
    return lambda story, setup: story.observes(event, setup, leg, **fields)


def enters(story: Story, setup: EventId) -> Awaitable[object]:
    return story.enters(setup)


def holds(story: Story, setup: EventId) -> Awaitable[object]:
    return story.fills(setup, Leg.ENTRY, "150", "50", after="50")


MOVES = about(
    Leg.ENTRY,
    order.ReplaceIntended,
    venue_order_id=1_006,
    generation=1,
    kind=OrderKind.LIMIT,
    price_usd=Decimal("150.1"),
    expires_at=None,
    reason="convert",
)
REFUSED = about(Leg.ENTRY, order.OrderRejected, code=6057, reason="would-cross")


def statuses(leg: Leg, *chapters: Chapter) -> list[OrderStatus]:
    """Give an order's status after each chapter."""
    return [the_order(told(*chapters[:count]), leg).status for count in range(1, len(chapters) + 1)]


def test_a_move_is_shown_on_its_way_and_made() -> None:
    moved = about(
        Leg.ENTRY,
        order.OrderReplaced,
        venue_order_id=2_000,
        generation=1,
        price_usd=Decimal("150.1"),
    )
    on_its_way = the_order(told(enters, MOVES), Leg.ENTRY)
    made = the_order(told(enters, MOVES, moved), Leg.ENTRY)

    assert (on_its_way.status, on_its_way.price_usd) == (OrderStatus.REPLACING, 150)
    assert on_its_way.kind is OrderKind.POST_ONLY_LIMIT
    assert (made.status, made.price_usd, made.generation, made.venue_order_id, made.kind) == (
        OrderStatus.RESTING,
        Decimal("150.1"),
        1,
        2_000,
        OrderKind.LIMIT,
    )


def test_a_refused_move_leaves_the_order_where_it_rests() -> None:
    def part(story: Story, setup: EventId) -> Awaitable[object]:
        return story.fills(setup, Leg.ENTRY, "150", "10", after="10", remaining="40")

    assert statuses(Leg.ENTRY, enters, MOVES, REFUSED) == [
        OrderStatus.RESTING,
        OrderStatus.REPLACING,
        OrderStatus.RESTING,
    ]
    assert statuses(Leg.ENTRY, enters, part, MOVES, REFUSED)[1:] == [
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.REPLACING,
        OrderStatus.PARTIALLY_FILLED,
    ]
    assert the_order(told(enters, MOVES, REFUSED), Leg.ENTRY).kind is OrderKind.POST_ONLY_LIMIT


def test_an_order_that_the_venue_never_held_is_rejected() -> None:
    rejected = the_order(
        told(lambda story, setup: story.intends(setup, Leg.ENTRY, "150", "50"), REFUSED), Leg.ENTRY
    )
    assert (rejected.status, rejected.reason) == (OrderStatus.REJECTED, "would-cross")


def test_our_own_firing_of_a_stop_is_shown() -> None:
    fires = about(Leg.STOP, order.TriggerIntended, venue_order_id=1_007)
    refused = about(Leg.STOP, order.OrderRejected, code=6111, reason="not-reached")
    fired = about(Leg.STOP, order.StopTriggered, trigger_price_usd=Decimal(149))

    assert statuses(Leg.STOP, enters, fires, refused, fires, fired)[1:] == [
        OrderStatus.TRIGGERING,
        OrderStatus.RESTING,
        OrderStatus.TRIGGERING,
        OrderStatus.TRIGGERED,
    ]


def cancels_side(side: Side) -> Chapter:
    event = order.SideCancelIntended(
        account="local",
        market=events.MARKET,
        setup=None,
        side=side,
        reason=order.CancelReason.KILL_SWITCH,
    )
    return lambda story, _: story.write(event)


def test_a_cancel_of_a_side_takes_what_rests_there_and_leaves_the_other() -> None:
    canceling = told(enters, cancels_side(Side.LONG))
    filled = told(enters, holds, cancels_side(Side.LONG))

    assert {one.leg: (one.status, one.reason) for one in canceling.orders} == {
        Leg.ENTRY: (OrderStatus.CANCELING, "kill_switch"),
        Leg.STOP: (OrderStatus.RESTING, ""),
    }
    assert the_order(filled, Leg.ENTRY).status is OrderStatus.FILLED


@pytest.mark.parametrize("code", [None, 6057])
def test_a_transaction_is_followed_to_its_fate(code: int | None) -> None:
    async def lands(story: Story, setup: EventId) -> None:
        intent = await story.intends(setup, Leg.ENTRY, "150", "50")
        planned = await story.plans(setup, [intent])
        await story.signs(planned)
        await story.lands(planned, code=code)

    (one,) = told(lands).transactions

    assert one.fate is (Fate.LANDED if code is None else Fate.FAILED)
    assert (one.retry_class, one.attempt, one.slot) == (RetryClass.EXPOSURE, 1, 1_155)
    assert (one.code, one.reason) == (code, "" if code is None else "would-cross")
    crossed = "the price would cross the market, and a post-only order must rest"
    assert transaction_view(one).why == ("" if code is None else crossed)
    assert (one.priority_fee_lamports, one.fee_lamports) == (4_200, 9_200)
    assert len(one.signature) == 64


def test_a_dead_transaction_stays_beside_the_attempt_that_follows_it() -> None:
    async def retries(story: Story, setup: EventId) -> None:
        intent = await story.intends(setup, Leg.STOP, "149", None)
        first = await story.plans(setup, [intent], RetryClass.PROTECTIVE)
        await story.signs(first)
        await story.dies(first)
        await story.plans(setup, [intent], RetryClass.PROTECTIVE, attempt=2)

    shown = [transaction_view(one) for one in told(retries).transactions]
    assert [(one.fate, one.attempt, one.why) for one in shown] == [
        (Fate.DEAD, 1, "no block took it in time"),
        (Fate.PLANNED, 2, ""),
    ]


def test_a_transaction_names_the_orders_of_all_its_intents() -> None:
    async def cancels(story: Story, setup: EventId) -> None:
        cancel = await story.observes(
            order.CancelIntended,
            setup,
            Leg.STOP,
            venue_order_id=1_007,
            reason=order.CancelReason.FLAT,
        )
        await story.plans(setup, [cancel], RetryClass.REDUCING)

    bracket, sweep = told(enters, cancels).transactions
    book = told(enters, cancels)
    entry, stop = (the_order(book, leg).client_order_id for leg in (Leg.ENTRY, Leg.STOP))

    assert bracket.client_order_ids == (entry, stop)
    assert sweep.client_order_ids == (stop,)


def test_a_cancel_of_a_side_names_every_order_that_it_takes() -> None:
    async def cancels(story: Story, setup: EventId) -> None:
        await cancels_side(Side.SHORT)(story, setup)
        side_cancel = story.log.recorded[-1].id
        await story.plans(setup, [side_cancel], RetryClass.WIDE)

    book = told(enters, cancels)

    assert book.transactions[-1].client_order_ids == (the_order(book, Leg.STOP).client_order_id,)


def test_a_transaction_is_forgotten_when_its_fate_is_known_and_its_orders_are_over() -> None:
    def stops(story: Story, setup: EventId) -> Awaitable[object]:
        return story.fills(setup, Leg.STOP, "149", "50", after="0", made="-50")

    assert [one.fate for one in told(enters, holds).transactions] == [Fate.LANDED]
    assert told(enters, holds, stops).transactions == ()


def test_a_transaction_that_may_still_land_is_kept_whatever_became_of_its_orders() -> None:
    async def resigns(story: Story, setup: EventId) -> None:
        intent = await story.places(setup, Leg.STOP, "149", None)
        late = await story.plans(setup, [intent], RetryClass.PROTECTIVE, attempt=2)
        await story.signs(late)
        await story.fills(setup, Leg.STOP, "149", "50", after="0", made="-50")

    assert [one.fate for one in told(resigns).transactions] == [Fate.SIGNED]


def test_the_transactions_that_are_kept_are_bounded() -> None:
    async def plans_many(story: Story, setup: EventId) -> None:
        intent = await story.intends(setup, Leg.STOP, "149", None)
        for attempt in range(1, TRANSACTIONS_MAX + 6):
            await story.plans(setup, [intent], RetryClass.PROTECTIVE, attempt=attempt)

    attempts = [one.attempt for one in told(plans_many).transactions]

    assert attempts == list(range(6, TRANSACTIONS_MAX + 6))


def other_fill(event: Callable[..., Event], after: str, **more: Any) -> Chapter:
    fill = event(
        account="local",
        market=events.MARKET,
        fill_id=f"other-{after}",
        side=Side.SHORT,
        price_usd=Decimal(148),
        quantity_base=Decimal(10),
        fee_usd=Decimal("0.5"),
        realized_pnl_usd=Decimal(-20),
        position_after_base=Decimal(after),
        clock=events.at(3),
        **more,
    )
    return lambda story, _: story.write(fill)


def test_the_position_follows_fills_of_every_kind() -> None:
    foreign = other_fill(venue.ForeignOrderFilled, "40", venue_order_id=9)
    liquidated = other_fill(venue.PositionLiquidated, "0")
    shrunk, gone = told(enters, holds, foreign), told(enters, holds, foreign, liquidated)

    assert (shrunk.holding.quantity_base, shrunk.holding.entry_price_usd) == (40, 150)
    assert (gone.holding.quantity_base, gone.holding.entry_price_usd) == (0, None)
    assert gone.holding.realized_pnl_usd == -40
    assert gone.holding.fees_usd == Decimal("1.75")  # 0.75 of the entry, 2 x 0.5
    assert gone.holding.fills == 3
    assert gone.setup is not None
    assert gone.setup.status is SetupStatus.OPEN


def test_an_adopted_position_is_shown_until_its_setup_is_closed() -> None:
    event = PositionAdopted(
        account="local",
        market=events.MARKET,
        position_base=Decimal(-3),
        oracle_usd=Decimal(150),
        stop_price_usd=Decimal(155),
    )

    def adopts(story: Story, _: EventId) -> Awaitable[object]:
        return story.write(event)

    async def closes(story: Story, _: EventId) -> None:
        adoption = story.log.recorded[-1].id
        await story.write(events.setup_closed(adoption))

    live, over = told(adopts), told(adopts, closes)

    assert live.adopted is not None
    assert (live.adopted.quantity_base, live.adopted.stop_price_usd) == (-3, 155)
    assert over.adopted is None
    assert over.setups_closed == 1
    assert over.setup is not None
    assert over.setup.status is SetupStatus.APPROVED
