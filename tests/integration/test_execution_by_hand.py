"""The execution process on a real server, whose owner signs by hand: killed around a signature."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.log import Follower, LogClient
from contracts.delegation import AccountHandedOver
from contracts.event import Event, Recorded
from contracts.ids import derive_root_id
from contracts.manual import (
    OfferClosed,
    TransactionOffered,
    TransactionReturned,
)
from contracts.order import OrderIntended, OrderPlaced
from contracts.ticks import encode_tick
from contracts.transaction import TransactionLanded, TransactionSigned
from kit.chassis_stage import real_stage
from kit.execution_events import ACCOUNT, a_feed, a_print, an_account, an_approval, root
from kit.execution_world import TRADES
from kit.owner_wallet import OwnerWallet
from kit.owner_words import a_mode, a_signature, an_owner
from kit.service_process import WAIT_S_MAX, service_process
from kit.zygote import Zygote

WALLET = OwnerWallet()


async def one_by_one(events: Follower) -> AsyncIterator[Recorded]:
    """Give every event; of those that come together none is passed over."""
    while True:
        for it in await events.next():
            yield it


async def until(events: AsyncIterator[Recorded], *kinds: type[Event]) -> Recorded:
    """Give the next event of one of the classes."""
    async with asyncio.timeout(WAIT_S_MAX):
        async for it in events:
            if isinstance(it.event, kinds):
                return it
    raise AssertionError("expected the log to be followed without end, found it ended")


def returned(offer: TransactionOffered) -> TransactionReturned:
    """Sign an offer."""
    return a_signature(ACCOUNT, WALLET, offer.offer, offer.message)


@pytest.mark.parametrize(
    "killed_at", [None, OfferClosed, TransactionSigned], ids=["returned", "taken", "signed"]
)
async def test_a_kill_around_a_signature_makes_one_effect(
    killed_at: type[Event] | None, zygote: Zygote, tmp_path: Path
) -> None:
    async with (
        real_stage(tmp_path / "nats") as real,
        real.log.follow("gateway-show-log", after=0) as follower,
        service_process(
            zygote,
            "execution",
            tmp_path / "execution.log",
            NATS_URL=real.server.url,
            PAPER_IS_CALM="true",
        ) as process,
    ):
        events = one_by_one(follower)
        gateway = LogClient(real.connection, service="gateway")

        async def say(event: Event) -> None:
            await gateway.append([root(event, derive_root_id("test", event.event_type))])

        await LogClient(real.connection, service="ingest").append([a_feed(is_replayable=False)])
        await gateway.append([an_account()])
        await say(an_owner(ACCOUNT, WALLET.address))
        async with real.market.publisher() as publisher:
            await publisher.publish(TRADES, encode_tick(a_print(1, "100.5", milliseconds=1_000)))
        await until(events, AccountHandedOver)
        await say(a_mode(ACCOUNT, WALLET))
        await LogClient(real.connection, service="risk").append([an_approval()])
        offer = (await until(events, TransactionOffered)).event
        assert isinstance(offer, TransactionOffered)
        await process.end()
        if killed_at is None:
            await say(returned(offer))
        process.start()
        if killed_at is not None:
            await say(returned(offer))
            await until(events, killed_at)
            await process.end()
            process.start()
        for _ in ("entry", "stop"):
            await until(events, OrderPlaced)
        await say(returned(offer))  # Once more changes nothing.
        found = [it.event async for it in real.log.read()]
        counts = Counter(type(it) for it in found)
        assert [it.leg for it in found if isinstance(it, OrderIntended)] == ["entry", "stop"]
        assert counts[TransactionSigned] == counts[TransactionLanded] == 1
        assert counts[OrderPlaced] == 2
