"""Two nodes of one chain, of which one answers well and tells of another time."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from contracts.control import KillLevel
from contracts.order import OrderPlaced, SetupClosed
from contracts.transaction import TransactionDied, TransactionLanded, TransactionSigned
from contracts.values import Leg
from execution.venues.drift.direct import Direct
from kit.execution_events import a_kill
from kit.onchain_world import OnChainWorld, onchain_world
from localnet.block import Commitment
from localnet.faults import Faults
from localnet.node import Node
from localnet.rpc.http import HttpApp

SECOND = "second"
FROZEN = Faults(is_frozen=True)
LEAP_SLOTS = 1_000_000


@dataclass
class TwoNodes:
    """A world whose desk asks two nodes, the other one first."""

    world: OnChainWorld
    other: Node
    """The first of the list."""

    @property
    def first(self) -> Node:
        """Give the node that the world steps."""
        return self.world.on.client.net.node

    @property
    def shown(self) -> tuple[object, str]:
        """Give what the desk says of itself."""
        shown = self.world.life.shown
        return shown["ready"], str(shown["reason"])

    async def rested(self) -> None:
        """Let an entry with its stop rest."""
        await self.world.steps(3)
        await self.world.approve(life_s=3_600)
        await self.world.steps(4)
        assert [it.leg for it in self.world.found(OrderPlaced)] == [Leg.ENTRY, Leg.STOP]


@asynccontextmanager
async def two_nodes() -> AsyncGenerator[TwoNodes]:
    async with onchain_world() as world:
        net = world.on.client.net
        other = Node(net.node.chain)
        app = HttpApp(other, lambda _method, _path, _body: (404, {}))
        mounts = {f"all://{SECOND}": httpx.ASGITransport(app=app)}  # pyright: ignore[reportArgumentType]
        async with httpx.AsyncClient(transport=Direct(), mounts=mounts) as http:
            world.on.http = http
            world.life = await world.begin(urls=(f"http://{SECOND}/", net.url))
            yield TwoNodes(world, other)


async def test_a_kill_lands_through_the_other_node_while_the_first_stands_still() -> None:
    async with two_nodes() as nodes:
        world = nodes.world
        await nodes.rested()
        nodes.other.switchboard.switch(FROZEN)
        await world.steps(170)  # Whatever was signed for its blockhash could not land any more.
        assert nodes.shown == (True, "")
        chain = world.life.desk.chain
        assert chain.height == nodes.first.chain.block(Commitment.CONFIRMED).height
        assert "node 1 stands still" in str(world.life.desk.status()["nodes_trouble"])
        await world.say("gateway", a_kill(level=KillLevel.FLATTEN))
        await world.steps(8)
        assert world.on.rig.seen().orders == ()
        assert len(world.found(SetupClosed)) == 1
        assert world.found(TransactionDied) == []
        nodes.other.switchboard.switch(Faults())
        await world.steps(2)
        assert "nodes_trouble" not in world.life.desk.status()


@pytest.mark.parametrize("count", [1, 2])
async def test_whatever_stands_still_is_not_decided_on_and_the_reason_is_shown(count: int) -> None:
    async with two_nodes() as nodes:
        world = nodes.world
        if count == 1:
            world.life = await world.begin()
        await nodes.rested()
        nodes.first.switchboard.switch(FROZEN)
        nodes.other.switchboard.switch(FROZEN)
        await world.steps(8)
        assert nodes.shown[0] is True
        await world.steps(4)
        assert nodes.shown[0] is False
        assert "node 1 stands still at slot" in nodes.shown[1]
        signed = len(world.found(TransactionSigned))
        await world.say("gateway", a_kill(level=KillLevel.FLATTEN))
        await world.steps(170)
        assert len(world.found(TransactionSigned)) == signed
        nodes.first.switchboard.switch(Faults())
        nodes.other.switchboard.switch(Faults())
        await world.steps(12)
        assert nodes.shown == (True, "")
        assert world.on.rig.seen().orders == ()
        assert len(world.found(SetupClosed)) == 1


async def test_a_node_that_leaps_ahead_makes_no_transaction_dead_and_no_other_node_rest() -> None:
    async with two_nodes() as nodes:
        world = nodes.world
        await world.steps(3)
        nodes.first.switchboard.switch(Faults(drop_next_sends=1_000))
        nodes.other.switchboard.switch(Faults(drop_next_sends=1_000))
        await world.approve(life_s=3_600)
        await world.steps(2)
        lies = Faults(drop_next_sends=1_000, leap_slots=LEAP_SLOTS)
        nodes.other.switchboard.switch(lies)
        await world.steps(60)
        assert world.found(TransactionDied) == []
        assert nodes.shown == (True, "")
        assert "node 1 claims slot" in str(world.life.desk.status()["nodes_trouble"])
        nodes.first.switchboard.switch(Faults())
        await world.steps(6)
        (signed,) = world.found(TransactionSigned)
        assert [it.signature for it in world.found(TransactionLanded)] == [signed.signature]
        assert [it.leg for it in world.found(OrderPlaced)] == [Leg.ENTRY, Leg.STOP]


async def test_a_desk_that_begins_between_two_chains_waits_and_says_so() -> None:
    async with two_nodes() as nodes:
        nodes.other.switchboard.switch(Faults(leap_slots=LEAP_SLOTS))
        world = nodes.world
        world.life = await world.begin(urls=(f"http://{SECOND}/", world.on.client.net.url))
        await world.steps(2)
        await world.approve()
        await world.steps(4)
        assert nodes.shown[0] is False
        assert "the nodes are of different chains" in nodes.shown[1]
        assert world.found(TransactionSigned) == []
