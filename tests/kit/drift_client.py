"""driftpy's own client on a localnet, for an owner's account, signing as the delegate."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from kit.localnet_rig import Client
from localnet.drift.markets import MARKETS, QUOTE_ORACLE
from localnet.drift.world import keypair

EXTRA = "the extra `drift` is not installed: driftpy was not tried"


@asynccontextmanager
async def drift_client(
    client: Client, *, name: str = "owner", is_polling: bool = False
) -> AsyncGenerator[Any]:
    """Open a client for a new owner's account; skip without the package."""
    drift: Any = pytest.importorskip("driftpy.drift_client", reason=EXTRA)
    subscription: Any = pytest.importorskip("driftpy.account_subscription_config")
    types: Any = pytest.importorskip("driftpy.types")
    anchorpy: Any = pytest.importorskip("anchorpy")
    rpc: Any = pytest.importorskip("solana.rpc.async_api")
    world = client.net.world
    assert world is not None
    delegate: Keypair = keypair("delegate")
    world.fund(delegate.pubkey(), usdc=Decimal(0), sol=Decimal(1))
    owner = await client.control(
        "POST",
        "owners",
        {"name": name, "usdc": "10000", "delegate": str(delegate.pubkey())},
    )
    client.net.pace.step(slots=2)  # It reads accounts once, as `confirmed` shows them.
    source = types.OracleSource
    oracles = [types.OracleInfo(market.oracle, source.Pyth()) for market in MARKETS]
    oracles.append(types.OracleInfo(QUOTE_ORACLE, source.PythStableCoin()))
    connection = rpc.AsyncClient(client.net.url, commitment="confirmed")
    if is_polling:
        loader: Any = pytest.importorskip("driftpy.accounts.bulk_account_loader")
        loading = loader.BulkAccountLoader(connection, "confirmed", frequency=0.05)
        config = subscription.AccountSubscriptionConfig("polling", loading, "confirmed")
    else:
        config = subscription.AccountSubscriptionConfig("websocket")
    opened = drift.DriftClient(
        connection,
        anchorpy.Wallet(delegate),
        "mainnet",
        authority=Pubkey.from_string(str(owner["authority"])),
        active_sub_account_id=0,
        sub_account_ids=[0],
        account_subscription=config,
        perp_market_indexes=[market.index for market in MARKETS],
        spot_market_indexes=[0],
        oracle_infos=oracles,
        tx_sender_blockhash_commitment="confirmed",
    )
    await opened.subscribe()
    try:
        yield opened
    finally:
        await opened.unsubscribe()
        await connection.close()
