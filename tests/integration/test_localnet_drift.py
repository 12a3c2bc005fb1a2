"""The real Drift program, on whichever build `DRIFT_SO` names: what a desk relies on."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from contracts.values import Side
from kit.localnet_rig import START_S, Desk, a_desk, drift_program
from localnet.chain import Chain
from localnet.drift import instructions
from localnet.drift.actors import Report
from localnet.drift.addresses import LOOKUP_TABLES, tokens_of
from localnet.drift.markets import MARKETS, Market
from localnet.drift.orders import (
    BASE,
    PRICE,
    Condition,
    Direction,
    Order,
    OrderParams,
    OrderType,
    PostOnly,
    UserAccount,
)
from localnet.drift.tokens import units_of
from localnet.drift.world import World
from localnet.errors import error_code
from localnet.lookup import PROGRAM as TABLES

SOL_PERP = MARKETS[0]
ENTRY = OrderParams(
    market=0,
    direction=Direction.LONG,
    base=2 * BASE,
    price=149_900_000,
    post_only=PostOnly.MUST,
    user_order_id=16,
)
STOP = OrderParams(
    market=0,
    direction=Direction.SHORT,
    base=2**64 - 1,
    kind=OrderType.TRIGGER_MARKET,
    trigger_price=149_000_000,
    condition=Condition.BELOW,
    reduce_only=True,
    user_order_id=48,
)


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def _place(desk: Desk, *orders: OrderParams, signer: Keypair | None = None) -> int | None:
    """Place orders in one transaction; give the program's error."""
    signer = signer or desk.delegate
    steps = [instructions.place(desk.trader, each, signer=signer.pubkey()) for each in orders]
    return error_code(desk.world.chain.attempt(steps, signer).error)


def _user(desk: Desk) -> UserAccount:
    user = desk.world.user(desk.trader)
    assert user is not None
    return user


def _order(desk: Desk, user_order_id: int) -> Order:
    return next(each for each in _user(desk).orders if each.user_order_id == user_order_id)


def _until(desk: Desk, is_so: Callable[[], bool], *, slots_max: int) -> None:
    for _ in range(slots_max):
        if is_so():
            return
        desk.open_slots(1)
    raise AssertionError(f"expected it within {slots_max} slots: {list(desk.actors.reports)[-5:]}")


def test_the_owner_names_a_delegate(desk: Desk) -> None:
    assert _user(desk).authority == desk.owner.key.pubkey()
    assert _user(desk).delegate == desk.delegate.pubkey()


def test_a_delegate_places_post_only_and_a_stranger_does_not(desk: Desk) -> None:
    assert _place(desk, ENTRY) is None
    entry = _order(desk, 16)
    assert (entry.price, entry.base, entry.post_only) == (149_900_000, 2 * BASE, True)
    assert _place(desk, ENTRY, signer=desk.world.taker.key) == 2003
    nobody = instructions.name_delegate(desk.trader, Pubkey.default())
    desk.world.chain.run([nobody], desk.owner.key)
    desk.open_slots(1)
    assert _place(desk, ENTRY) == 2003


def test_a_post_only_that_would_cross_is_refused(desk: Desk) -> None:
    crossing = OrderParams(
        market=0,
        direction=Direction.LONG,
        base=BASE,
        price=152 * PRICE,
        post_only=PostOnly.MUST,
    )
    assert _place(desk, crossing) == 6057
    assert _user(desk).orders == ()


def test_entry_and_stop_are_born_in_one_transaction(desk: Desk) -> None:
    assert _place(desk, ENTRY, STOP) is None
    assert {each.user_order_id for each in _user(desk).orders} == {16, 48}
    assert _place(desk, STOP) == 6071
    # The largest number stands for what the margin allows: 10,000 x 20 / 150 = 1,333.33.
    assert _order(desk, 48).base == 1_333_330_000_000


def test_an_expired_order_lands_and_does_nothing(desk: Desk) -> None:
    late = OrderParams(
        market=0,
        direction=Direction.LONG,
        base=BASE,
        price=149_900_000,
        post_only=PostOnly.MUST,
        max_ts=desk.world.chain.tip.at_s - 1,
    )
    assert _place(desk, late) is None
    assert _user(desk).orders == ()


def test_a_taker_fills_what_rests_in_parts(desk: Desk) -> None:
    assert _place(desk, ENTRY) is None
    desk.open_slots(1)
    price = Decimal("149.5")
    assert desk.actors.trade(SOL_PERP, Side.SHORT, price, Decimal("0.5")) == Decimal("0.5")
    assert _user(desk).positions == {0: BASE // 2}
    assert _order(desk, 16).filled == BASE // 2
    desk.open_slots(1)
    assert desk.actors.trade(SOL_PERP, Side.SHORT, price, Decimal(10)) == Decimal("1.5")
    assert _user(desk).positions == {0: 2 * BASE}
    assert _user(desk).orders == ()


def test_a_keeper_fills_a_taker_who_waits(desk: Desk) -> None:
    """A resting limit order of a taker has an auction; the keeper brings our order to it."""
    assert _place(desk, ENTRY) is None
    taker = desk.world.taker
    selling = OrderParams(market=0, direction=Direction.SHORT, base=BASE, price=149_800_000)
    step = instructions.place(taker.trader, selling, signer=taker.key.pubkey())
    desk.world.chain.run([step], taker.key)
    _until(desk, lambda: _user(desk).positions == {0: BASE}, slots_max=60)
    assert "fill" in {report.action for report in desk.actors.reports}


def test_a_stop_is_triggered_and_filled(desk: Desk) -> None:
    assert _place(desk, ENTRY, STOP) is None
    desk.open_slots(1)
    desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(2))
    desk.open_slots(1)
    desk.actors.set_price(SOL_PERP, Decimal("149.0"))
    assert _order(desk, 48).is_armed  # at the trigger price is not beyond it
    desk.actors.set_price(SOL_PERP, Decimal("148.9"))
    assert _order(desk, 48).condition is Condition.TRIGGERED_BELOW
    _until(desk, lambda: _user(desk).positions == {}, slots_max=400)
    assert _user(desk).orders == ()


def test_a_stop_is_not_triggered_by_a_frozen_oracle_or_without_a_keeper(desk: Desk) -> None:
    assert _place(desk, ENTRY, STOP) is None
    desk.open_slots(1)
    desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(2))
    desk.actors.is_keeper_off = True
    desk.actors.set_price(SOL_PERP, Decimal("148.9"))
    desk.open_slots(3)
    assert _order(desk, 48).is_armed
    desk.actors.is_oracle_frozen = True
    slot = desk.world.oracle(SOL_PERP)[1]
    desk.open_slots(3)
    assert desk.world.oracle(SOL_PERP)[1] == slot


def test_only_the_owner_withdraws(desk: Desk) -> None:
    chain, owner = desk.world.chain, desk.owner.key
    theft = instructions.withdraw(desk.trader, 10**6, signer=desk.delegate.pubkey())
    assert error_code(chain.attempt([theft], desk.delegate).error) == 2001
    payout = instructions.withdraw(desk.trader, 10**6, signer=owner.pubkey())
    chain.run([payout], owner)
    wallet = chain.account(tokens_of(owner.pubkey()))
    assert wallet is not None
    assert units_of(wallet) == 10**6


def test_a_keeper_reaps_what_has_expired(desk: Desk) -> None:
    entry = OrderParams(
        market=0,
        direction=Direction.LONG,
        base=BASE,
        price=149_900_000,
        post_only=PostOnly.MUST,
        max_ts=desk.world.chain.tip.at_s + 5,
    )
    assert _place(desk, entry) is None
    desk.open_slots(10)
    assert len(_user(desk).orders) == 1
    _until(desk, lambda: _user(desk).orders == (), slots_max=20)


def test_the_maker_quotes_around_the_oracle(desk: Desk) -> None:
    bid, ask = Decimal("149.9"), Decimal("150.1")
    desk.actors.quote(SOL_PERP, bid_usd=bid, ask_usd=ask, quantity_base=Decimal(5))
    maker = desk.world.user(desk.world.maker.trader)
    assert maker is not None
    prices = {(each.direction, each.price) for each in maker.orders}
    assert prices == {(Direction.LONG, bid * PRICE), (Direction.SHORT, ask * PRICE)}


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name)
def test_the_amm_of_every_market_follows_its_oracle(desk: Desk, market: Market) -> None:
    """A bid above the AMM's ask is refused, and rests once the oracle has gone higher."""
    bid = OrderParams(
        market=market.index,
        direction=Direction.LONG,
        base=market.smallest,
        price=int(market.first_price_usd * PRICE * 1001 // 1000),
        post_only=PostOnly.MUST,
    )
    assert _place(desk, bid) == 6057
    price = market.first_price_usd * Decimal("1.002")
    desk.actors.set_price(market, price)
    assert desk.actors.reports[-1].error is None
    assert desk.world.oracle(market) == (price, desk.world.chain.tip.slot)
    assert _place(desk, bid) is None


def test_the_amm_follows_a_long_way(desk: Desk) -> None:
    price = SOL_PERP.first_price_usd
    while price > 100:
        price *= Decimal("0.998")
        desk.actors.set_price(SOL_PERP, price)
        desk.open_slots(10)
    for factor, code in ((Decimal("0.999"), None), (Decimal("1.003"), 6057)):
        bid = OrderParams(
            market=0,
            direction=Direction.LONG,
            base=BASE,
            price=int(price * factor * PRICE),
            post_only=PostOnly.MUST,
        )
        assert _place(desk, bid) == code


def test_a_world_begins_at_given_prices() -> None:
    prices = {"sol-perp": Decimal("231.5")}
    world = World(Chain(at_s=START_S), *drift_program(), first_prices_usd=prices)
    read = [world.oracle(market)[0] for market in MARKETS]
    assert read == [Decimal("231.5"), MARKETS[1].first_price_usd, MARKETS[2].first_price_usd]


def test_a_run_repeats_itself() -> None:
    runs: list[list[Report]] = []
    for desk in (a_desk(), a_desk()):
        assert _place(desk, ENTRY, STOP) is None
        desk.open_slots(1)
        desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(2))
        desk.actors.set_price(SOL_PERP, Decimal("148.9"))
        desk.open_slots(3)
        runs.append(list(desk.actors.reports))
    assert runs[0] == runs[1]
    assert {report.action for report in runs[0]} == {"take", "update_amm", "trigger", "fill"}


def test_the_lookup_tables_of_mainnet_are_there(desk: Desk) -> None:
    for key in LOOKUP_TABLES:
        table = desk.world.chain.account(key)
        assert table is not None
        assert table.owner == TABLES
