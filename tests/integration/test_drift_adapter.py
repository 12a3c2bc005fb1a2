"""The adapter on the real program: what is intended, permitted, landed and seen is one thing."""

from dataclasses import replace
from decimal import Decimal

import pytest
from solders.pubkey import Pubkey

from contracts.values import OrderKind, Side
from contracts.venue import DelegateSeen, MarketStatus
from execution.venues.drift.makers import makers_for
from execution.venues.drift.snapshot import observe
from execution.venues.drift.view import RawAccount
from execution.venues.drift.writing import WHOLE_POSITION
from kit.drift_rig import (
    CLOSE_NUMBER,
    ENTRY_NUMBER,
    PROFIT_NUMBER,
    STOP_NUMBER,
    WHOLE,
    Rig,
    a_cancel,
    a_close,
    a_move,
    a_profit,
    a_rig,
    a_side_cancel,
    a_stop,
    a_trigger,
    an_entry,
)
from localnet.drift import instructions
from localnet.drift.markets import MARKETS
from localnet.drift.orders import BASE, PRICE, Direction, OrderParams, OrderType
from localnet.errors import error_code

SOL_PERP = MARKETS[0]
TEN = Decimal(10)


@pytest.fixture
def rig() -> Rig:
    return a_rig()


def enter(rig: Rig) -> None:
    """Rest an entry with its stop."""
    assert rig.code(an_entry(rig), a_stop()) is None


def fill(rig: Rig, quantity: str = "10") -> None:
    """Let the taker sell into our entry; orders of one slot do not meet."""
    rig.desk.open_slots(1)
    got = rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(quantity))
    assert got == Decimal(quantity)


def test_a_flat_account_is_seen_as_it_is(rig: Rig) -> None:
    seen = rig.seen()
    assert (seen.position_base, seen.cash_usd, seen.orders) == (0, Decimal(10_000), ())
    assert (seen.break_even_usd, seen.liquidation_usd) == (None, None)
    assert seen.delegate is DelegateSeen.OURS
    assert seen.market_seen.status is MarketStatus.ACTIVE
    assert seen.market_seen.bid_usd < seen.market_seen.oracle_usd < seen.market_seen.ask_usd
    assert seen.clock.slot == rig.desk.world.chain.tip.slot
    assert seen.fee_payer_lamports == 10**9


def test_an_entry_and_its_stop_are_born_together(rig: Rig) -> None:
    entry, stop = an_entry(rig), a_stop()
    assert rig.code(entry, stop) is None
    found = rig.order(ENTRY_NUMBER)
    assert (found.side, found.kind) == (Side.LONG, OrderKind.POST_ONLY_LIMIT)
    assert (found.price_usd, found.quantity_base) == (entry.price_usd, TEN)
    assert found.expires_at == entry.expires_at
    assert not found.is_reduce_only
    found = rig.order(STOP_NUMBER)
    assert (found.side, found.kind) == (Side.SHORT, OrderKind.TRIGGER_MARKET)
    assert (found.price_usd, found.quantity_base) == (stop.price_usd, None)
    assert found.is_reduce_only
    assert found.expires_at is None


def test_of_a_bracket_that_is_half_wrong_nothing_is_new(rig: Rig) -> None:
    crossing = an_entry(rig, "150.5")
    assert rig.code(crossing, a_stop()) == 6057
    assert rig.seen().orders == ()


def test_an_entry_whose_time_is_over_lands_and_does_nothing(rig: Rig) -> None:
    message = rig.message(an_entry(rig, life_s=-5), a_stop())
    assert rig.land(message).error is None
    assert [it.user_order_id for it in rig.seen().orders] == [STOP_NUMBER]


def test_a_number_of_an_open_order_is_refused(rig: Rig) -> None:
    enter(rig)
    assert rig.code(a_stop("148.5")) == 6071


def test_a_moved_entry_has_another_id_and_all_that_was_unfilled(rig: Rig) -> None:
    enter(rig)
    fill(rig, "3")
    old = rig.order(ENTRY_NUMBER)
    assert old.filled_base == 3
    assert rig.code(a_move(rig, old.venue_order_id, "149.95")) is None
    new = rig.order(ENTRY_NUMBER)
    assert new.venue_order_id != old.venue_order_id
    assert (new.price_usd, new.quantity_base, new.filled_base) == (Decimal("149.95"), 7, 0)
    late = rig.message(a_move(rig, new.venue_order_id, "149.9"))
    assert rig.code(a_move(rig, new.venue_order_id, "149.8")) is None
    assert error_code(rig.land(late).error) == 6061


def test_a_moved_stop_still_never_ends(rig: Rig) -> None:
    enter(rig)
    stop = rig.order(STOP_NUMBER)
    move = a_move(rig, stop.venue_order_id, "148.5", OrderKind.TRIGGER_MARKET)
    assert rig.code(move) is None
    found = rig.order(STOP_NUMBER)
    assert (found.price_usd, found.expires_at, found.quantity_base) == (
        Decimal("148.5"),
        None,
        None,
    )
    assert found.is_reduce_only


def test_an_entry_that_is_converted_takes_up_to_its_price(rig: Rig) -> None:
    enter(rig)
    entry = rig.order(ENTRY_NUMBER)
    move = a_move(rig, entry.venue_order_id, "150.2", OrderKind.LIMIT)
    assert rig.code(move) is None
    rig.open_slots_until(lambda: rig.seen().position_base == TEN)


def test_a_cancel_by_id_takes_one_and_a_missing_one_is_no_error(rig: Rig) -> None:
    enter(rig)
    entry = rig.order(ENTRY_NUMBER).venue_order_id
    assert rig.code(a_cancel(entry)) is None
    assert [it.user_order_id for it in rig.seen().orders] == [STOP_NUMBER]
    assert rig.land(rig.message(a_cancel(entry))).error is None


def test_the_entry_side_is_taken_back_and_the_stop_stays(rig: Rig) -> None:
    enter(rig)
    assert rig.code(a_side_cancel(Side.LONG)) is None
    assert [it.user_order_id for it in rig.seen().orders] == [STOP_NUMBER]


def test_a_filled_entry_is_a_position_with_its_cost(rig: Rig) -> None:
    enter(rig)
    fill(rig)
    seen = rig.seen()
    assert seen.position_base == TEN
    rebate = Decimal("149.9") * TEN * Decimal("0.0002")
    assert seen.cash_usd == 10_000 - Decimal("149.9") * TEN + rebate
    assert seen.break_even_usd == Decimal("149.9") * (1 - Decimal("0.0002"))
    assert seen.liquidation_usd is None  # 10,000 USD stand behind 1,499.


def test_a_ladder_rests_and_fills(rig: Rig) -> None:
    enter(rig)
    fill(rig)
    assert rig.code(a_profit()) is None
    found = rig.order(PROFIT_NUMBER)
    assert (found.kind, found.quantity_base) == (OrderKind.REDUCE_ONLY_LIMIT, 5)
    rig.desk.actors.set_price(SOL_PERP, Decimal("151.2"))
    rig.desk.open_slots(3)
    rig.desk.actors.trade(SOL_PERP, Side.LONG, Decimal(152), Decimal(5))
    assert rig.seen().position_base == 5


def test_a_close_takes_the_position_off_at_the_market(rig: Rig) -> None:
    enter(rig)
    fill(rig)
    assert (
        rig.code(a_close(rig)) == 6252
    )  # The AMM does not take at once, and nobody else is there.
    rig.quote("149.7", "150.3")
    assert rig.code(a_close(rig)) is None
    seen = rig.seen()
    assert seen.position_base == 0
    assert CLOSE_NUMBER not in {it.user_order_id for it in seen.orders}


def test_an_owner_who_uses_other_markets_too_can_still_be_traded_for(rig: Rig) -> None:
    owner = rig.desk.owner
    resting = OrderParams(market=1, direction=Direction.LONG, base=BASE // 10, price=50_000 * PRICE)
    there = instructions.place(owner.trader, resting, signer=owner.key.pubkey())
    rig.desk.world.chain.run([there], owner.key)
    enter(rig)
    fill(rig)
    assert rig.code(a_profit()) is None
    rig.quote("149.7", "150.3")
    assert rig.code(a_close(rig)) is None
    assert rig.seen().position_base == 0


def test_no_maker_is_named_who_uses_a_market_that_we_do_not(rig: Rig) -> None:
    enter(rig)
    fill(rig)
    rig.quote("149.7", "150.3")
    maker = rig.desk.world.maker
    assert [it for it, _ in makers_for(rig.view(), users(rig))] == [maker.trader.user]
    resting = OrderParams(market=1, direction=Direction.LONG, base=BASE // 10, price=50_000 * PRICE)
    there = instructions.place(maker.trader, resting, signer=maker.key.pubkey())
    rig.desk.world.chain.run([there], maker.key)
    assert error_code(rig.land(rig.message(a_close(rig))).error) == 6078  # Its market is missing.
    assert makers_for(rig.view(), users(rig)) == ()


def users(rig: Rig) -> dict[Pubkey, RawAccount]:
    """Give all sub-accounts as a node shows them."""
    owners = (it.trader.user for it in (rig.desk.owner, rig.desk.world.maker, rig.desk.world.taker))
    return rig.raw(tuple(owners))


def test_we_fire_our_own_stop_when_no_keeper_does(rig: Rig) -> None:
    enter(rig)
    fill(rig)
    rig.desk.actors.is_keeper_off = True
    rig.desk.actors.set_price(SOL_PERP, Decimal("147.5"))
    rig.desk.open_slots(1)
    stop = rig.order(STOP_NUMBER)
    assert not stop.is_triggered
    assert rig.code(a_trigger(stop.venue_order_id)) is None
    assert rig.order(STOP_NUMBER).is_triggered
    rig.desk.actors.is_keeper_off = False
    rig.open_slots_until(lambda: not rig.seen().position_base)


def test_an_order_without_a_price_that_the_owner_placed_is_seen(rig: Rig) -> None:
    enter(rig)
    owner = rig.desk.owner
    market = OrderParams(
        market=0, direction=Direction.LONG, base=BASE, kind=OrderType.MARKET, max_ts=rig.now_s + 60
    )
    rig.desk.world.chain.run(
        [instructions.place(owner.trader, market, signer=owner.key.pubkey())], owner.key
    )
    (found,) = [it for it in rig.seen().orders if not it.user_order_id]
    assert (found.kind, found.price_usd, found.quantity_base) == (OrderKind.LIMIT, 150, 1)
    assert len(rig.seen().orders) == 3


def test_orders_by_the_oracle_and_of_spot_markets_are_told_apart(rig: Rig) -> None:
    enter(rig)
    view = rig.view()
    entry = view.user.orders[0]
    floating = replace(entry, order_id=90, price=0, order_type=4, oracle_offset=-500_000)
    spot = replace(entry, order_id=91, is_perp=False)
    view.__dict__["user"] = replace(view.user, orders=(entry, floating, spot))
    seen = observe(view, account="local", delegate=rig.delegate, whole=WHOLE)
    assert [it.venue_order_id for it in seen.orders] == [entry.order_id, 90]
    assert seen.orders[1].price_usd == Decimal("149.5")


def test_a_revoked_delegate_is_seen(rig: Rig) -> None:
    owner = rig.desk.owner
    revoke = instructions.name_delegate(owner.trader, type(rig.delegate).default())
    rig.desk.world.chain.run([revoke], owner.key)
    assert rig.seen().delegate is DelegateSeen.NONE
    assert rig.land(rig.message(an_entry(rig), a_stop())).error is not None


def test_a_stranger_as_delegate_is_seen(rig: Rig) -> None:
    owner = rig.desk.owner
    other = instructions.name_delegate(owner.trader, owner.trader.stats)
    rig.desk.world.chain.run([other], owner.key)
    assert rig.seen().delegate is DelegateSeen.FOREIGN


def test_equal_intents_are_equal_bytes(rig: Rig) -> None:
    first = rig.message(an_entry(rig), a_stop())
    rig.attempts -= 1
    assert rig.message(an_entry(rig), a_stop()) == first
    assert WHOLE_POSITION == 2**64 - 1
