"""Signed bytes leave at once, whatever else is asked of the nodes, and whichever is silent."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import msgspec
from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

from execution.owner.offers import delegate_message
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.lander import REBROADCAST_S, Lander
from execution.venues.drift.rpc import Rpc
from execution.venues.paper.owners import paper_venue
from execution.venues.port import Blockhash, SignedTransaction
from kit.nodes import called
from kit.owner_wallet import OwnerWallet

VENUE = paper_venue("sol-perp", OwnerWallet().address)
LIFE = 150


@dataclass
class Nodes:
    """Two nodes: `silent` answers nothing, `well` only what is sent."""

    now: float = 0.0
    sent: Counter[str] = field(default_factory=Counter[str])
    """How often each node had a transaction."""
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a call."""
        host = request.url.host
        if msgspec.json.decode(request.content)["method"] == "sendTransaction":
            async with self.moved:
                self.sent[host] += 1
                self.moved.notify_all()
            if host == "well":
                return httpx.Response(200, json=called(request, result="sent"))
        return await asyncio.get_running_loop().create_future()

    async def had(self, count: int) -> None:
        """Wait until each node had so many."""
        async with self.moved:
            await self.moved.wait_for(lambda: min(self.sent["well"], self.sent["silent"]) >= count)

    @asynccontextmanager
    async def called(self) -> AsyncGenerator[Rpc]:
        """Call both."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as client:
            urls = ("http://silent", "http://well")
            yield Rpc(urls, client=client, clock=lambda: self.now)


@asynccontextmanager
async def beside(*works: "asyncio.Task[None]") -> AsyncGenerator[None]:
    """Let tasks go on, and end them."""
    try:
        yield
    finally:
        for it in works:
            it.cancel()
        await asyncio.wait(works)


def signed() -> SignedTransaction:
    """Give bytes of which nobody asks who signed them."""
    block = str(Hash.new_unique())
    message = delegate_message(VENUE, Pubkey.new_unique(), blockhash=block)
    return SignedTransaction("local", str(Signature.new_unique()), message, Blockhash(block, LIFE))


async def test_a_silent_node_holds_up_no_other_transaction_and_none_is_sent_only_once() -> None:
    nodes = Nodes()
    async with nodes.called() as rpc:
        lander = Lander(rpc, clock=lambda: nodes.now)
        sending = asyncio.create_task(lander.keep_sending(lambda: LIFE))
        async with beside(sending):
            lander.submit(signed())
            await nodes.had(1)
            lander.submit(signed())
            await nodes.had(2)
            nodes.now += REBROADCAST_S
            await nodes.had(4)


async def test_nothing_is_sent_after_its_last_block() -> None:
    nodes = Nodes()
    async with nodes.called() as rpc:
        lander = Lander(rpc, clock=lambda: nodes.now)
        late = signed()
        lander.submit(late)
        height = LIFE + 1
        sending = asyncio.create_task(lander.keep_sending(lambda: height))
        async with beside(sending):
            await lander.send(height)
            assert not nodes.sent
            height = LIFE
            lander.submit(signed())
            await nodes.had(2)


async def test_a_reading_that_waits_for_a_node_holds_no_transaction_up() -> None:
    nodes = Nodes()
    async with nodes.called() as rpc:
        chain = DriftChain(
            VENUE,
            rpc,
            account="local",
            delegate=lambda: None,
            known=dict,
            after=None,
            clock=lambda: nodes.now,
        )
        reading = asyncio.create_task(chain.run(asyncio.Event()))
        sending = asyncio.create_task(chain.send())
        async with beside(reading, sending):
            chain.submit(signed())
            await nodes.had(1)
            assert not reading.done()
