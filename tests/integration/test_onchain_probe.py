"""The probe: the real program passes, and whatever else is there, or comes later, is refused."""

import base64
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from solders.account import Account
from solders.pubkey import Pubkey

from contracts.control import KillLevel
from contracts.engine import Mode, ModeChanged
from contracts.order import CancelReason, OrderCanceled
from contracts.venue import MarketStatus
from execution.venues.drift.builds import UPGRADEABLE, read_build
from execution.venues.drift.config import DriftVenue
from execution.venues.drift.probe import NotYetFunded, Probe, VenueIncompatible
from execution.venues.drift.rpc import Rpc
from execution.venues.drift.view import ChainView
from kit.drift_chain import OnChain, on_chain
from kit.drift_rig import Rig, a_stop, an_entry
from kit.execution_events import a_kill
from kit.localnet_rig import drift_program
from kit.onchain_world import onchain_world
from localnet.drift.addresses import PROGRAM, USDC

OTHER = Pubkey.from_bytes(bytes([9] * 32))


class Lying(Rpc):
    """A node whose answers to one method are bent."""

    def __init__(self, on: OnChain, method: str, bend: Callable[[Any], Any]) -> None:
        super().__init__((on.client.net.url,), client=on.http, clock=on.seconds)
        self.bend = bend
        self._bent = method

    async def call(
        self, method: str, *params: object, judge: Callable[[Any], None] | None = None
    ) -> Any:
        told = await super().call(method, *params, judge=judge)
        return self.bend(told) if method == self._bent else told


def as_told(told: Any) -> Any:
    return told


async def probed(
    on: OnChain,
    *,
    mint: Pubkey = USDC,
    venue: DriftVenue | None = None,
    method: str = "",
    bend: Callable[[Any], Any] = as_told,
) -> None:
    """Probe the chain as it is, with another belief of ours or a node that bends an answer."""
    view = on.rig.view()
    if venue is not None:
        view = ChainView(venue, view.accounts, view.block_height, 0)
    probe = Probe(Lying(on, method, bend), mint)
    blockhash = on.chain.blockhash().hash
    await probe.require_compatible(view, signer=on.rig.delegate, blockhash=blockhash)


def refused(words: str) -> Any:
    return pytest.raises(VenueIncompatible, match=rf"VENUE_INCOMPATIBLE: .*{words}")


def with_error(code: int) -> Callable[[Any], Any]:
    def bend(told: Any) -> Any:
        told["value"]["err"] = {"InstructionError": [2, {"Custom": code}]}
        return told

    return bend


def with_byte(at: int, value: int) -> Callable[[Any], Any]:
    """Bend the simulated sub-account at a place from the newest order's slot."""

    def bend(told: Any) -> Any:
        account = told["value"]["accounts"][0]
        data = bytearray(base64.b64decode(account["data"][0]))
        data[1_192 + at] = value  # The first order of an account that has none is the entry.
        account["data"][0] = base64.b64encode(bytes(data)).decode()
        return told

    return bend


async def test_the_real_program_passes_and_keeps_nothing() -> None:
    async with on_chain() as on:
        await probed(on)
        await on.step(2)
        assert on.seen().orders == ()


async def test_another_program_market_mint_or_owner_is_refused() -> None:
    async with on_chain() as on:
        with refused("quote's mint"):
            await probed(on, mint=OTHER)
        with refused("market's name"):
            await probed(on, venue=replace(on.rig.venue, market="eth-perp"))
        with refused("expected a program"):
            await probed(on, method="getAccountInfo", bend=lambda told: told | {"value": None})


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (8, 1, "price of order 254"),
        (16, 1, "base of order 254"),
        (64, 1, "max_ts of order 254"),
        (82, 0, "order 254 to be placed"),
        (88, 1, "is_reduce_only of order 254"),
    ],
)
async def test_a_field_that_does_not_come_back_is_refused(at: int, value: int, words: str) -> None:
    async with on_chain() as on:
        with refused(words):
            await probed(on, method="simulateTransaction", bend=with_byte(at, value))


async def test_a_refusal_of_the_market_passes_only_with_something_to_look_after() -> None:
    async with on_chain() as on:
        with refused("error 6003"):
            await probed(on, method="simulateTransaction", bend=with_error(6003))
        on.send(an_entry(on.rig), a_stop())
        await on.settle()
        await probed(on, method="simulateTransaction", bend=with_error(6003))
        with refused("error 101"):
            await probed(on, method="simulateTransaction", bend=with_error(101))


async def test_an_account_without_a_deposit_is_waited_for() -> None:
    async with on_chain() as on:
        world, delegate = on.rig.desk.world, on.rig.delegate
        opened = world.open_actor("without a deposit", usdc=Decimal(0), delegate=delegate)
        on.client.net.pace.step(slots=40)
        rig = Rig(on.rig.desk, replace(on.rig.venue, owner=opened.trader.authority))
        probe = Probe(Rpc((on.client.net.url,), client=on.http, clock=on.seconds), USDC)
        blockhash = on.chain.blockhash().hash
        with pytest.raises(NotYetFunded):
            await probe.require_compatible(rig.view(), signer=delegate, blockhash=blockhash)


def replace_program(on: OnChain) -> None:
    on.rig.desk.world.chain.redeploy(PROGRAM)


async def until(on: OnChain, status: MarketStatus) -> None:
    """Let slots open until the market is shown so."""
    for _ in range(30):
        if on.seen().market_seen.status is status:
            return
        await on.step()
    raise AssertionError(f"expected the market {status}, found it {on.seen().market_seen.status}")


async def test_a_program_that_is_replaced_is_probed_again_and_shown_until_that_passes() -> None:
    async with on_chain() as on:
        lying = Lying(on, "simulateTransaction", as_told)
        on.chain = on.again(probe=Probe(lying, USDC))
        await on.step(8)
        assert on.chain.is_ready
        lying.bend = with_error(6024)  # The market is closed while it is replaced.
        await on.step(40)
        assert on.seen().market_seen.status is MarketStatus.ACTIVE
        replace_program(on)
        await until(on, MarketStatus.REPLACED)
        await on.step(40)
        assert on.seen().market_seen.status is MarketStatus.REPLACED
        assert on.chain.is_ready  # Exits and cancels go on.
        lying.bend = as_told
        await until(on, MarketStatus.ACTIVE)
        await on.step(40)
        assert on.seen().market_seen.status is MarketStatus.ACTIVE


async def test_a_replaced_program_that_is_not_ours_ends_everything() -> None:
    async with on_chain() as on:
        lying = Lying(on, "simulateTransaction", as_told)
        on.chain = on.again(probe=Probe(lying, USDC))
        await on.step(8)
        assert on.chain.is_ready
        lying.bend = with_byte(88, 1)
        replace_program(on)
        with refused("is_reduce_only of order 254"):
            for _ in range(30):
                await on.step()


async def test_what_is_refused_while_something_is_looked_after_proves_no_new_program() -> None:
    async with on_chain() as on:
        on.send(an_entry(on.rig), a_stop())
        await on.settle()
        on.chain = on.again(probe=Probe(Lying(on, "simulateTransaction", with_error(6003)), USDC))
        await on.step(8)
        assert on.chain.is_ready
        replace_program(on)
        await until(on, MarketStatus.REPLACED)
        await on.step(40)
        assert on.seen().market_seen.status is MarketStatus.REPLACED


async def test_while_the_program_is_another_one_no_risk_is_added_and_a_kill_is_done() -> None:
    async with onchain_world() as world:
        lying = Lying(world.on, "simulateTransaction", as_told)
        world.life = await world.begin(probe=Probe(lying, USDC))
        await world.steps(8)
        await world.approve(life_s=3_600)
        await world.steps(4)
        world.sell("149.9", "4")
        await world.steps(6)
        lying.bend = with_error(6024)
        replace_program(world.on)
        await world.steps(30)
        (changed,) = world.found(ModeChanged)[-1:]
        assert (changed.mode, changed.reason) == (Mode.DEGRADED, "program-replaced")
        cancels = [it.reason for it in world.found(OrderCanceled)]
        assert cancels == [CancelReason.MODE]  # The rest of the entry; what is held keeps its stop.
        world.on.rig.quote("149.7", "150.3")
        await world.say("gateway", a_kill(level=KillLevel.FLATTEN))
        await world.steps(30)
        assert world.on.rig.seen().position_base == 0
        assert world.on.rig.seen().orders == ()


async def test_a_build_is_known_by_its_code_alone() -> None:
    async with on_chain() as on:
        rpc = Rpc((on.client.net.url,), client=on.http, clock=on.seconds)
        program, built = on.rig.venue.program, drift_program()[0].version
        assert await read_build(rpc, program) == built

        def touched(told: Any) -> Any:
            data = bytearray(base64.b64decode(told["value"]["data"][0]))
            if len(data) > 64:  # Not where the code is, but the code.
                data[-1] ^= 1
            told["value"]["data"][0] = base64.b64encode(bytes(data)).decode()
            return told

        assert await read_build(Lying(on, "getAccountInfo", touched), program) is None
        chain = on.rig.desk.world.chain
        deployed = chain.account(program)
        assert deployed is not None
        held = chain.account(Pubkey.from_bytes(bytes(deployed.data)[4:36]))
        assert held is not None
        longer = Pubkey.from_bytes(bytes([8] * 32))
        chain.put(longer, Account(held.lamports, bytes(held.data) + bytes(999), UPGRADEABLE))
        chain.put(OTHER, Account(deployed.lamports, bytes(4) + bytes(longer), UPGRADEABLE))
        await on.step()
        assert await read_build(rpc, OTHER) == built
