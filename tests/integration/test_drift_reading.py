"""What nodes leave out, refuse or cannot tell holds up no view of a position (ADR 18)."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx
import pytest

from contracts.control import KillLevel
from contracts.order import OrderIntended, SetupClosed
from contracts.values import Leg, OrderKind, Side
from execution.venues.drift.direct import Direct
from execution.venues.port import FilledRecord
from kit.drift_chain import OnChain, on_chain
from kit.drift_rig import a_stop, an_entry
from kit.execution_events import a_kill
from kit.onchain_world import onchain_world
from localnet.drift.markets import MARKETS

SOL_PERP = MARKETS[0]
Answer = dict[str, Any]
STATUS_AT, PRICE_AT = 224, 208


class Tampered(httpx.AsyncBaseTransport):
    """A node whose answers somebody changes, by method; the others are the chain's."""

    def __init__(self) -> None:
        self.changes: dict[str, Callable[[Answer], Answer | httpx.Response]] = {}
        self.asked: list[str] = []
        self._direct = Direct()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method = json.loads(request.content)["method"]
        self.asked.append(method)
        to = request.url.copy_with(host="127.0.0.1")
        sent = httpx.Request("POST", to, content=request.content, extensions=request.extensions)
        sent.headers["Content-Type"] = "application/json"
        answer = await self._direct.handle_async_request(sent)
        change = self.changes.get(method)
        if change is None:
            return answer
        await answer.aread()
        told = answer.json()
        changed = change(told)
        if isinstance(changed, httpx.Response):
            return changed
        return httpx.Response(200, json={**changed, "id": told["id"]})


@asynccontextmanager
async def a_liar(*, is_alone: bool) -> AsyncGenerator[tuple[OnChain, Tampered]]:
    """Hold a position, seen through a node that may be tampered with, and a well one behind it."""
    async with on_chain() as on:
        on.send(an_entry(on.rig), a_stop())
        await on.settle()
        node = Tampered()
        mounts = {"all://liar": node}
        async with httpx.AsyncClient(transport=Direct(), mounts=mounts) as on.http:
            url = httpx.URL(on.client.net.url)
            liar = str(url.copy_with(host="liar"))
            on.chain = on.again(urls=(liar,) if is_alone else (liar, on.client.net.url))
            await on.step()
            on.rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(10))
            yield on, node


def refused(_: Answer) -> Answer:
    return {"error": {"code": -32010, "message": "excluded from account secondary indexes"}}


def gone(_: Answer) -> httpx.Response:
    return httpx.Response(410, text="not on this plan")


def strange(_: Answer) -> Answer:
    account = {"data": ["AAAA", "base64"], "owner": "1" * 32, "lamports": 1, "executable": False}
    return {"result": [{"pubkey": "1" * 32, "account": account}]}


@pytest.mark.parametrize("no", [refused, gone, strange])
async def test_a_node_that_names_no_makers_holds_up_no_view_and_is_not_held_silent(
    no: Callable[[Answer], Answer | httpx.Response],
) -> None:
    async with a_liar(is_alone=True) as (on, node):
        node.changes["getProgramAccounts"] = no
        for _ in range(4):
            await on.step()
        assert node.asked.count("getProgramAccounts") >= 3
        assert on.seen().position_base == 10
        assert on.seen().clock.slot >= on.rig.desk.world.chain.tip.slot - 1  # What is confirmed.
        assert on.chain.is_ready
        assert on.chain.nodes.silent == 0


async def test_a_node_that_never_names_makers_holds_up_no_view() -> None:
    class Never(Tampered):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if b"getProgramAccounts" in request.content:
                self.asked.append("getProgramAccounts")
                return await asyncio.get_running_loop().create_future()
            return await super().handle_async_request(request)

    async with a_liar(is_alone=True) as (on, _):
        node = Never()
        url = str(httpx.URL(on.client.net.url).copy_with(host="never"))
        mounts = {"all://never": node}
        async with httpx.AsyncClient(transport=Direct(), mounts=mounts) as on.http:
            on.chain = on.again(urls=(url,))
            works = (on.chain.run(asyncio.Event()), on.chain.find_makers(), on.chain.ask())
            tasks = [asyncio.create_task(it) for it in works]
            while "getProgramAccounts" not in node.asked:
                await on.anything_new()
            for _ in range(3):
                await on.anything_new()
            assert on.seen().position_base == 10
            assert on.chain.is_ready
            for it in tasks:
                it.cancel()
            await asyncio.wait(tasks)


def hidden(_: Answer) -> Answer:
    return {"result": None}


async def test_what_one_node_does_not_have_another_one_tells() -> None:
    async with a_liar(is_alone=False) as (on, node):
        node.changes["getTransaction"] = hidden
        await on.step(2)
        await on.step()
        assert on.seen().position_base == 10
        (fill,) = [it for it in on.records() if isinstance(it, FilledRecord)]
        assert fill.position_after_base == 10


async def test_what_no_node_has_is_passed_over_after_ten_seconds() -> None:
    async with a_liar(is_alone=True) as (on, node):
        node.changes["getTransaction"] = hidden
        before = on.seen()
        for _ in range(19):
            await on.step()
        assert on.seen() == before  # 9.5 s: nothing is shown without what made it so.
        await on.step(2)
        assert on.seen().position_base == 10
        assert not [it for it in on.records() if isinstance(it, FilledRecord)]


async def test_a_limit_of_calls_that_is_told_as_a_refusal_leads_to_the_next_node() -> None:
    async with a_liar(is_alone=False) as (on, node):
        limited = {"error": {"code": -32429, "message": "rate limited"}}
        node.changes = dict.fromkeys(("getMultipleAccounts", "getEpochInfo"), lambda _: limited)
        await on.step(2)
        await on.step()
        assert on.seen().position_base == 10


async def test_a_node_that_shows_no_market_any_more_is_not_believed() -> None:
    async with a_liar(is_alone=False) as (on, node):

        def empty(told: Answer) -> Answer:
            told["result"]["value"] = [None] * len(told["result"]["value"])
            return told

        node.changes["getMultipleAccounts"] = empty
        await on.step(2)
        await on.step()
        assert on.seen().position_base == 10


def oracle_with(at: int, value: bytes, on: OnChain) -> Callable[[Answer], Answer]:
    """Change bytes of the oracle in each answer that has it."""
    account = on.rig.desk.world.chain.account(SOL_PERP.oracle)
    assert account is not None
    head, price = bytes(account.data[:4]), bytes(account.data[PRICE_AT:STATUS_AT])

    def change(told: Answer) -> Answer:
        for each in told["result"]["value"]:
            data = base64.b64decode(each["data"][0]) if each else b""
            if data[:4] == head and data[PRICE_AT:STATUS_AT] == price:
                data = data[:at] + value + data[at + len(value) :]
                each["data"][0] = base64.b64encode(data).decode()
        return told

    return change


async def test_an_oracle_that_does_not_trade_shows_its_last_price_growing_old() -> None:
    async with a_liar(is_alone=True) as (on, node):
        on.rig.desk.actors.is_oracle_frozen = True
        await on.step(2)
        node.changes["getMultipleAccounts"] = oracle_with(STATUS_AT, struct.pack("<I", 2), on)
        await on.step(20)
        seen = on.seen().market_seen
        assert seen.oracle_usd == 150
        assert seen.oracle_age_slots >= 20


async def test_an_oracle_without_a_price_is_waited_for_and_said() -> None:
    async with a_liar(is_alone=True) as (on, node):
        await on.step(2)
        before = on.seen()
        node.changes["getMultipleAccounts"] = oracle_with(PRICE_AT, bytes(8), on)
        await on.step(12)
        assert on.seen() == before
        assert not on.chain.is_ready
        assert on.chain.waits_for == "waiting: expected a price above 0, found 0e-8"
        node.changes.clear()
        await on.step()
        assert on.chain.is_ready
        assert on.seen().clock.slot > before.clock.slot


async def test_a_kill_flattens_although_no_node_names_a_maker() -> None:
    async with onchain_world() as world:
        node = Tampered()
        node.changes["getProgramAccounts"] = gone
        mounts = {"all://without": node}
        async with httpx.AsyncClient(transport=Direct(), mounts=mounts) as http:
            world.on.http = http
            url = httpx.URL(world.on.client.net.url).copy_with(host="without")
            world.life = await world.begin(urls=(str(url),))
            await world.steps(3)
            await world.approve()
            await world.steps(4)
            world.sell("149.9")
            await world.steps(4)
            assert world.on.rig.seen().position_base == 10
            await world.say("gateway", a_kill(level=KillLevel.FLATTEN))
            await world.steps(40)
        assert world.on.rig.seen().position_base == 0
        assert world.on.rig.seen().orders == ()
        (closed,) = world.found(SetupClosed)
        assert closed.outcome == "closed"
        closes = [it.kind for it in world.found(OrderIntended) if it.leg is Leg.CLOSE]
        assert closes == [OrderKind.IMMEDIATE_OR_CANCEL, OrderKind.REDUCE_ONLY_LIMIT]
