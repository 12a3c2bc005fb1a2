"""A localnet for tests: a bare chain, or the real Drift program where `DRIFT_SO` names one."""

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

import httpx
import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from localnet.app import Localnet, localnet
from localnet.builds import Build, load
from localnet.chain import Chain
from localnet.drift.actors import Actors
from localnet.drift.addresses import Trader
from localnet.drift.world import Actor, World, keypair
from localnet.pace import ClockMode

START_S = 1_700_000_000
SOL = 10**9


def drift_program() -> tuple[Build, bytes]:
    """Give the program that `DRIFT_SO` names, or skip the test for want of one."""
    if "DRIFT_SO" not in os.environ:
        pytest.skip("DRIFT_SO names no Drift program: the real program was not tried")
    return load(os.environ["DRIFT_SO"])


def wallet(number: int) -> Keypair:
    """Give one of many keys, the same every time."""
    return keypair(f"test {number}")


def pay(
    payer: Keypair,
    to: Pubkey,
    lamports: int,
    *,
    blockhash: Hash,
    limit: int | None = None,
    price: int | None = None,
) -> VersionedTransaction:
    """Write a signed transfer."""
    steps: list[Instruction] = []
    if limit is not None:
        steps.append(set_compute_unit_limit(limit))
    if price is not None:
        steps.append(set_compute_unit_price(price))
    params = TransferParams(from_pubkey=payer.pubkey(), to_pubkey=to, lamports=lamports)
    message = MessageV0.try_compile(payer.pubkey(), [*steps, transfer(params)], [], blockhash)
    return VersionedTransaction(message, [payer])


def a_chain() -> Chain:
    """Give a bare chain on which wallet 0 has 10 SOL."""
    chain = Chain(at_s=START_S)
    chain.airdrop(wallet(0).pubkey(), 10 * SOL)
    return chain


def open_slots(chain: Chain, count: int) -> None:
    """Open so many slots."""
    for _ in range(count):
        chain.advance(at_s=chain.tip.at_s)


@dataclass(frozen=True, slots=True)
class Client:
    """Calls a localnet over HTTP."""

    net: Localnet
    http: httpx.AsyncClient

    async def text(self, method: str, *params: object) -> str:
        """Give the answer to a call as it came."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return (await self.http.post(self.net.url, json=call)).text

    async def call(self, method: str, *params: object) -> object:
        """Give the result of a call."""
        answer = json.loads(await self.text(method, *params))
        assert "error" not in answer, answer
        return answer["result"]

    async def error(self, method: str, *params: object) -> dict[str, object]:
        """Give the error of a call."""
        return json.loads(await self.text(method, *params))["error"]

    async def control(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """Make a control call that goes well."""
        answer = await self.http.request(method, f"{self.net.url}/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def a_localnet(program: tuple[Build, bytes] | None = None) -> AsyncGenerator[Client]:
    """Run a localnet that is stepped by hand; wallet 0 has 10 SOL since before it was finalized."""
    async with (
        localnet(program, clock=ClockMode.STEP, at_s=START_S) as net,
        httpx.AsyncClient(timeout=20) as http,
    ):
        net.node.chain.airdrop(wallet(0).pubkey(), 10 * SOL)
        net.pace.step(slots=40)
        yield Client(net, http)


@dataclass(frozen=True, slots=True)
class Desk:
    """A Drift world with an owner of 10,000 USDC and the delegate that trades for it."""

    world: World
    actors: Actors
    owner: Actor
    delegate: Keypair

    @property
    def trader(self) -> Trader:
        """Give the owner's sub-account."""
        return self.owner.trader

    def open_slots(self, count: int) -> None:
        """Open so many slots, with everybody else awake in them."""
        for _ in range(count):
            self.world.chain.advance(at_s=self.world.chain.tip.at_s + 1)
            self.actors.on_slot()


def a_desk() -> Desk:
    """Build a world and a desk in it."""
    world = World(Chain(at_s=START_S), *drift_program())
    delegate = keypair("delegate")
    world.fund(delegate.pubkey(), usdc=Decimal(1), sol=Decimal(1))
    owner = world.open_actor("owner", usdc=Decimal(10_000), delegate=delegate.pubkey())
    return Desk(world, Actors(world), owner, delegate)
