"""What driftpy gets wrong on a chain that misbehaves, defect by defect; and our side beside it.

Each test first shows the defect in driftpy's own client (0.8.89), then that the same leaves our
reader and sender right. Where driftpy is mended one day, its half of a test fails and may go.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from contracts.values import OrderKind, Side
from kit.drift_chain import OnChain, on_chain
from kit.drift_client import drift_client
from kit.drift_rig import a_stop, an_entry
from localnet.drift.markets import MARKETS

SOL_PERP = MARKETS[0]
WAIT_S_MAX = 30
ENTRY_USD = Decimal("149.9")
POST_ONLY_WOULD_CROSS = 6057


@pytest.fixture
async def on() -> AsyncIterator[OnChain]:
    async with on_chain() as opened:
        yield opened


async def until(is_so: Callable[[], Any], on: OnChain | None = None) -> Any:
    """Wait until something is so, and give it; slots of `on` open meanwhile."""
    async with asyncio.timeout(WAIT_S_MAX):
        while not (found := is_so()):
            if on is not None:
                on.client.net.pace.step(slots=1)
            await asyncio.sleep(0.05)
    return found


def theirs(on: OnChain, *, is_polling: bool = False) -> Any:
    """Open driftpy's client for an account of its own on our chain."""
    return drift_client(on.client, name="theirs", is_polling=is_polling)


def their_price(drift: Any) -> Decimal:
    """Give what driftpy takes for SOL's oracle price in USD."""
    return Decimal(drift.get_oracle_price_data_for_perp_market(0).price) / 10**6


def our_price(on: OnChain) -> Decimal:
    """Give what our reader takes for it."""
    return on.seen().market_seen.oracle_usd


def an_order(price_usd: Decimal = ENTRY_USD) -> Any:
    """Ask driftpy for a post-only bid for 1 SOL."""
    types: Any = pytest.importorskip("driftpy.types")
    return types.OrderParams(
        order_type=types.OrderType.Limit(),
        market_type=types.MarketType.Perp(),
        direction=types.PositionDirection.Long(),
        user_order_id=16,
        base_asset_amount=10**9,
        price=int(price_usd * 10**6),
        market_index=0,
        post_only=types.PostOnlyParams.MustPostOnly(),
    )


def move_price(on: OnChain, price_usd: str) -> Decimal:
    """Move SOL's oracle."""
    price = Decimal(price_usd)
    on.rig.desk.actors.set_price(SOL_PERP, price)
    return price


async def done(task: asyncio.Task[Any], on: OnChain) -> Any:
    """Give the result of what waits for the chain."""
    await until(task.done, on)
    return task.result()


async def read(on: OnChain) -> None:
    """Let our side read, as it does twice a second."""
    await on.step(2)


async def test_1_prices_are_not_swapped_when_a_connection_dies_while_it_is_subscribed(
    on: OnChain,
) -> None:
    async with theirs(on) as drift:
        oracles = drift.account_subscriber.oracle_subscriber
        await until(lambda: len(oracles.subscription_map) == len(MARKETS) + 1)
        await on.faults(cut_at_socket_call=2)
        oracles.ws.transport.abort()
        await until(lambda: not on.client.net.node.switchboard.faults.cut_at_socket_call)
        await until(lambda: len(oracles.subscription_map) == len(MARKETS) + 1)
        truth = move_price(on, "151")
        await until(lambda: their_price(drift) != SOL_PERP.first_price_usd, on)
        assert their_price(drift) == 1  # The quote asset's.
        await read(on)
        assert our_price(on) == truth


async def test_2_what_happened_while_nobody_was_connected_is_seen_after_it(on: OnChain) -> None:
    async with theirs(on) as drift:
        await done(asyncio.create_task(drift.place_perp_order(an_order())), on)
        (resting,) = await until(drift.get_user().get_open_orders, on)
        on.send(an_entry(on.rig), a_stop())
        await on.settle()
        connections = on.client.net.sockets.count
        await on.faults(sockets="refused", refuse_next_requests=1_000)
        await on.client.control("POST", "sockets/cut")
        on.rig.desk.actors.trade(SOL_PERP, Side.SHORT, ENTRY_USD, Decimal(11))
        await read(on)
        assert on.seen().position_base == 0
        await on.faults()
        await until(lambda: on.client.net.sockets.count == connections)
        on.client.net.pace.step(slots=10)
        await asyncio.sleep(0.5)  # What would be told by now is told.
        assert drift.get_user().get_open_orders() == [resting]
        await read(on)
        assert on.seen().position_base == 10


async def test_3_a_source_that_is_silent_for_a_minute_is_not_taken_for_news(on: OnChain) -> None:
    async with theirs(on) as drift:
        await on.faults(sockets="silent", is_frozen=True)
        await read(on)
        move_price(on, "151")
        await on.step(150)
        assert drift.account_subscriber.is_subscribed()
        assert their_price(drift) == SOL_PERP.first_price_usd  # It gives no age with it.
        assert not on.chain.is_current
        await on.faults()
        await read(on)
        assert on.chain.is_current
        assert our_price(on) == 151


async def test_4_a_storm_of_429_is_waited_out(on: OnChain) -> None:
    async with theirs(on, is_polling=True) as drift:
        loading = drift.account_subscriber.bulk_account_loader.task
        await on.faults(refuse_next_requests=20)
        await until(loading.done)
        assert loading.exception() is not None
        for _ in range(20):
            await read(on)
        truth = move_price(on, "151")
        await read(on)
        assert their_price(drift) == SOL_PERP.first_price_usd  # For ever.
        assert our_price(on) == truth


async def test_5_what_failed_on_the_chain_is_a_failure(on: OnChain) -> None:
    async with theirs(on) as drift:
        crossing = Decimal("150.5")
        drift.tx_sender.opts = drift.tx_sender.opts._replace(skip_preflight=True)
        signature = await done(asyncio.create_task(drift.place_perp_order(an_order(crossing))), on)
        assert signature
        assert drift.get_user().get_open_orders() == []
        signed = on.send(an_entry(on.rig, str(crossing)), a_stop())
        await on.settle()
        fate = on.chain.fate(signed.signature)
        assert fate is not None
        assert fate.code == POST_ONLY_WOULD_CROSS


async def test_6_what_is_lost_on_the_way_is_sent_again(on: OnChain) -> None:
    async with theirs(on) as drift:
        await on.faults(drop_next_sends=1)
        placing = asyncio.create_task(drift.place_perp_order(an_order()))
        await until(lambda: not on.client.net.node.switchboard.faults.drop_next_sends)
        for _ in range(8):
            await on.step(2)
            await asyncio.sleep(0.1)  # It asks for the status meanwhile.
        assert not placing.done()
        assert drift.get_user().get_open_orders() == []
        placing.cancel()
        await on.faults(drop_next_sends=1)
        signed = on.send(an_entry(on.rig), a_stop())
        for _ in range(8):
            await on.step(2)
        assert on.chain.fate(signed.signature) is not None
        assert len(on.seen().orders) == 2


async def test_7_an_answer_that_is_lost_leaves_no_order_unknown(on: OnChain) -> None:
    async with theirs(on) as drift:
        await on.faults(lose_next_answers=1)
        placing = asyncio.create_task(drift.place_perp_order(an_order()))
        await until(placing.done, on)
        assert placing.exception() is not None
        await until(drift.get_user().get_open_orders, on)
        await on.faults(lose_next_answers=1)
        signed = on.send(an_entry(on.rig), a_stop())
        await on.settle()
        fate = on.chain.fate(signed.signature)
        assert fate is not None
        assert fate.code is None
        assert len(on.seen().orders) == 2


async def test_8_writing_an_order_changes_nothing_that_it_is_written_from(on: OnChain) -> None:
    async with theirs(on) as drift:
        steps = [drift.get_cancel_orders_ix()]
        await done(asyncio.create_task(drift.send_ixs(steps)), on)
        assert len(steps) == 3
        await read(on)
        intents = (an_entry(on.rig), a_stop())
        assert on.sign(*intents).message == on.sign(*intents).message


async def test_9_only_open_orders_are_orders_and_their_state_compares(on: OnChain) -> None:
    types: Any = pytest.importorskip("driftpy.types")
    async with theirs(on) as drift:
        await done(asyncio.create_task(drift.place_perp_order(an_order())), on)
        (resting,) = await until(drift.get_user().get_open_orders, on)
        assert resting.status != types.OrderStatus.Open()
        signed = on.send(an_entry(on.rig), a_stop())
        await on.settle()
        assert on.chain.fate(signed.signature) is not None
        entry, stop = sorted(on.seen().orders, key=lambda it: it.user_order_id)
        assert (entry.kind, stop.kind) == (OrderKind.POST_ONLY_LIMIT, OrderKind.TRIGGER_MARKET)
