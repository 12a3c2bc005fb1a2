"""Our side of a chain over real HTTP: a localnet with the program, stepped by hand."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import httpx
import pytest
from solders.keypair import Keypair

from contracts.venue import VenueObserved
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.config import DriftVenue
from execution.venues.drift.direct import Direct
from execution.venues.drift.probe import Probe
from execution.venues.drift.rpc import Rpc
from execution.venues.port import AnyRecord, Intent, SignedTransaction
from kit.drift_rig import Rig
from kit.localnet_rig import Client, Desk, a_localnet, drift_program
from localnet.drift.addresses import PROGRAM
from localnet.drift.world import Actor, keypair

ACCOUNT = "local"


class Seconds:
    """A clock that goes on when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@dataclass
class OnChain:
    """A desk on a localnet, and the chain as our adapter sees it through RPC."""

    client: Client
    rig: Rig
    http: httpx.AsyncClient
    seconds: Seconds = field(default_factory=Seconds)
    chain: DriftChain = field(init=False)

    def __post_init__(self) -> None:
        """Look at the chain for the first time."""
        self.chain = self.again()

    async def step(self, slots: int = 1) -> None:
        """Let slots open, and read."""
        self.client.net.pace.step(slots=slots)
        self.seconds.now += slots * 0.5
        await self.chain.step()

    async def settle(self) -> None:
        """Let what was submitted be sent, land, and be read."""
        await self.chain.step()
        await self.step(2)
        await self.step()

    async def anything_new(self) -> None:
        """Open a slot, and wait until whoever runs the chain shows it."""
        before = self.chain.clock
        self.client.net.pace.step(slots=1)
        self.seconds.now += 0.5
        self.chain.wake()
        while self.chain.clock == before:
            self.chain.changed.clear()
            await self.chain.changed.wait()

    async def faults(self, **faults: object) -> None:
        """Switch faults."""
        await self.client.control("PUT", "faults", faults)

    def seen(self) -> VenueObserved:
        """Observe."""
        return self.chain.observe(ACCOUNT)

    def records(self, after: int = 0) -> list[AnyRecord]:
        """Give the records."""
        return [record for _, record in self.chain.records(ACCOUNT, after=after)]

    def sign(self, *intents: Intent) -> SignedTransaction:
        """Write and sign intents with the delegate's key."""
        blockhash = self.chain.blockhash()
        message = self.chain.message(
            ACCOUNT, intents, blockhash=blockhash, priority_fee_lamports=1_000, serial=0
        )
        signature = str(self.rig.desk.delegate.sign_message(message))
        return SignedTransaction(ACCOUNT, signature, message, blockhash)

    def send(self, *intents: Intent) -> SignedTransaction:
        """Sign and submit."""
        signed = self.sign(*intents)
        self.chain.submit(signed)
        return signed

    def again(
        self, *, after: int = 0, urls: tuple[str, ...] = (), probe: Probe | None = None
    ) -> DriftChain:
        """Give our side of the chain begun anew, as after a restart."""
        rpc = Rpc(urls or (self.client.net.url,), client=self.http, clock=self.seconds)
        delegate = self.rig.delegate  # A key derives its address anew whenever it is asked.
        return DriftChain(
            self.rig.venue,
            rpc,
            account=ACCOUNT,
            delegate=lambda: delegate,
            known=dict,
            after=after,
            clock=self.seconds,
            probe=probe,
        )


@asynccontextmanager
async def on_chain(
    *, is_open: bool = True, usdc: Decimal = Decimal(10_000)
) -> AsyncGenerator[OnChain]:
    """Run a localnet with the program and a desk of so much; skip without either package.

    Unless `is_open`, the owner has its money in its wallet, and no sub-account yet.
    """
    program = drift_program()
    pytest.importorskip(
        "driftpy", reason="driftpy is not installed: `just sync --extra drift` runs the adapter"
    )
    async with a_localnet(program) as client, httpx.AsyncClient(transport=Direct()) as http:
        world, actors = client.net.world, client.net.actors
        assert world is not None
        assert actors is not None
        delegate: Keypair = keypair("delegate")
        world.fund(delegate.pubkey(), usdc=Decimal(1), sol=Decimal(1))
        owner = Actor("owner", keypair("owner"))
        if is_open:
            world.open_actor("owner", usdc=usdc, delegate=delegate.pubkey())
        else:
            world.fund(owner.key.pubkey(), usdc=usdc, sol=Decimal(1))
        desk = Desk(world, actors, owner, delegate)
        venue = DriftVenue("localnet", PROGRAM, "USDC", "sol-perp", 0, owner.trader.authority)
        on = OnChain(client, Rig(desk, venue), http)
        await on.step(3)
        yield on
