"""driftpy's own client over HTTP and WebSocket: what it reads and sends is what it expects."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from contracts.values import Side
from kit.drift_client import EXTRA, drift_client
from kit.localnet_rig import Client, a_localnet, drift_program
from localnet.drift.actors import Actors
from localnet.drift.markets import MARKETS
from localnet.drift.world import keypair


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with a_localnet(drift_program()) as running:
        yield running


@pytest.fixture
async def drift(client: Client) -> AsyncIterator[Any]:
    """Give a client for the owner's account that signs as the delegate."""
    async with drift_client(client) as opened:
        await client.control("PUT", "clock", {"mode": "wall"})
        yield opened


async def _until(is_so: Callable[[], Any]) -> Any:
    """Wait until something is so, and give it."""
    async with asyncio.timeout(30):
        while True:
            if found := is_so():
                return found
            await asyncio.sleep(0.05)


def _actors(client: Client) -> Actors:
    assert client.net.actors is not None
    return client.net.actors


async def test_driftpy_reads_the_world(client: Client, drift: Any) -> None:
    account = drift.get_user().get_user_account()
    assert account.delegate == keypair("delegate").pubkey()
    assert drift.get_user().get_free_collateral() == 10_000 * 10**6
    for market in MARKETS:
        read = drift.get_perp_market_account(market.index)
        assert bytes(read.name).decode().strip() == market.name
        assert read.amm.order_tick_size == market.tick
        assert read.amm.order_step_size == market.step
        assert read.margin_ratio_initial == market.initial_ratio
    _actors(client).set_price(MARKETS[0], Decimal("151.25"))
    await _until(lambda: drift.get_oracle_price_data_for_perp_market(0).price == 151_250_000)


async def test_driftpy_places_and_sees_the_fill(client: Client, drift: Any) -> None:
    types: Any = pytest.importorskip("driftpy.types", reason=EXTRA)
    order = types.OrderParams(
        order_type=types.OrderType.Limit(),
        market_type=types.MarketType.Perp(),
        direction=types.PositionDirection.Long(),
        user_order_id=16,
        base_asset_amount=2 * 10**9,
        price=149_900_000,
        market_index=0,
        post_only=types.PostOnlyParams.MustPostOnly(),
    )
    await drift.place_perp_order(order)
    user = drift.get_user()
    (resting,) = await _until(user.get_open_orders)
    assert (resting.user_order_id, resting.price) == (16, 149_900_000)
    taken = _actors(client).trade(MARKETS[0], Side.SHORT, Decimal("149.9"), Decimal("0.5"))
    assert taken == Decimal("0.5")
    position = await _until(
        lambda: (held := user.get_perp_position(0)) and held.base_asset_amount and held
    )
    assert position.base_asset_amount == 5 * 10**8
    # 0.5 x 149.9 paid, and a rebate of 2 bp on it: 0.01499.
    assert position.quote_entry_amount == -74_950_000
    assert position.quote_asset_amount == -74_950_000 + 14_990
