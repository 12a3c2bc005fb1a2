"""Signing by hand on the real program: from the entry to flat, and what may come in between."""

import base64
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from solders.hash import Hash
from solders.keypair import Keypair

from audit.domain.key_life import KeyLife
from audit.domain.permission import Permissions
from contracts.control import KillLevel
from contracts.engine import ReconciliationBroke
from contracts.manual import (
    OfferClosed,
    OfferOutcome,
    ReturnRefused,
)
from contracts.order import OrderFilled, OrderIntended, OrderPlaced, SetupClosed
from contracts.transaction import SigningRefused, TransactionLanded, TransactionSigned
from contracts.values import Leg
from execution.domain.planner import PlannerCore
from gateway.domain.manual import SigningState, evolve
from gateway.present_signing import offer_view
from gateway.signing_views import SigningOfferView
from kit.drift_chain import ACCOUNT
from kit.execution_events import a_kill
from kit.manual_desk import Waiting, standing_offers
from kit.onchain_world import OnChainWorld, onchain_world
from kit.owner_wallet import BUDGET, OwnerWallet, rebuilt
from kit.owner_words import a_mode, a_signature
from localnet.drift import instructions

STRANGER = OwnerWallet(Keypair.from_seed(b"stranger".ljust(32)))
ENTRY = [Leg.ENTRY, Leg.STOP]


@dataclass
class Owner:
    """Who signs by hand in a world."""

    world: OnChainWorld

    @property
    def waiting(self) -> list[Waiting]:
        """Give the offers that stand."""
        return standing_offers(self.world.events)

    async def give(
        self, waiting: Waiting, message: str | None = None, *, signature: str | None = None
    ) -> None:
        """Give back what was offered, signed, or what is said."""
        given = message or waiting.offered.message
        wallet, offer = self.world.wallet, waiting.asked.id
        await self.world.person(a_signature(ACCOUNT, wallet, offer, given, signature=signature))
        await self.world.hear()

    async def signs(self, steps: int) -> None:
        """Sign whatever waits, over some slots."""
        for _ in range(steps):
            await self.world.step()
            for waiting in self.waiting:
                await self.give(waiting)


@asynccontextmanager
async def by_hand(wallet: OwnerWallet | None = None) -> AsyncGenerator[tuple[OnChainWorld, Owner]]:
    """Run a world without a delegate, whose owner, or another wallet, signs everything."""
    async with onchain_world(delegates=False) as world:
        await world.person(a_mode(ACCOUNT, wallet or world.wallet))
        await world.steps(4)
        yield world, Owner(world)


async def offered(world: OnChainWorld, owner: Owner) -> Waiting:
    """Let an entry with its stop be offered."""
    await world.approve()
    await world.steps(2)
    (waiting,) = owner.waiting
    assert waiting.legs == ENTRY
    return waiting


def require_clean(world: OnChainWorld) -> None:
    """Require what `audit verify` and `audit replay` require of orders and signatures."""
    permissions, keys, core = Permissions(), KeyLife(), PlannerCore()
    for recorded in world.events:
        assert [*permissions.fold(recorded), *keys.fold(recorded)] == []
    derived = [draft.id for recorded in world.events for draft in core.step(recorded)]
    assert derived == [it.id for it in world.events if isinstance(it.event, PlannerCore.decides)]
    assert world.found(ReconciliationBroke) == []
    assert world.found(SigningRefused) == []


async def test_a_life_by_hand_from_the_entry_to_the_last_take_profit() -> None:
    async with by_hand() as (world, owner):
        waiting = await offered(world, owner)
        told = waiting.offered.rehearsed
        assert told is not None
        assert (told.code, told.reason, told.silence) == (None, None, None)
        assert 0 < (told.units or 0) < 300_000  # What is offered as their limit.
        await world.steps(8)
        assert world.found(OrderIntended) == []  # Nothing is intended, or sent, before.
        await owner.give(waiting)
        await world.steps(4)
        assert [it.leg for it in world.found(OrderPlaced)] == ENTRY
        world.sell("149.9")
        await owner.signs(10)
        assert {it.leg for it in world.found(OrderPlaced)} == {*ENTRY, Leg.TP1, Leg.TP2, Leg.TP3}
        for price in ("150.9", "151.9", "152.9"):
            world.move(price)
            world.buy(price)
            await owner.signs(12)
        (closed,) = world.found(SetupClosed)
        assert closed.outcome == "took-profit"
        assert world.on.rig.seen().orders == ()
        assert world.on.rig.seen().position_base == 0
        require_clean(world)


async def test_a_position_is_flattened_by_hand() -> None:
    async with by_hand() as (world, owner):
        await owner.give(await offered(world, owner))
        await world.steps(4)
        world.sell("149.9")
        await owner.signs(10)
        world.on.rig.quote("149.7", "150.3")
        await world.say("gateway", a_kill(level=KillLevel.FLATTEN, account=ACCOUNT))
        await world.hear()
        await world.steps(6)
        assert world.on.rig.seen().position_base == 10  # It waits for the wallet.
        await owner.signs(20)
        assert world.on.rig.seen().position_base == 0
        assert world.on.rig.seen().orders == ()
        require_clean(world)


async def test_what_the_program_refuses_in_a_simulation_is_told_in_words() -> None:
    async with by_hand() as (world, owner):
        await world.approve()
        world.on.client.net.pace.step(slots=1)
        world.on.seconds.now += 0.5
        await world.life.desk.chain.step()
        # The owner takes nearly all out right after the desk has looked.
        withdraws(world, usdc=9_950)
        await world.hear()
        await world.life.desk.look()
        await world.hear()
        (waiting,) = owner.waiting
        told = waiting.offered.rehearsed
        assert told is not None
        assert (told.code, told.reason) == (6047, "InvalidOrderSizeTooSmall")
        assert told.silence is None
        assert (told.units or 0) > 0
        shown = shown_to(world)
        assert shown.rehearsed is not None
        assert (shown.rehearsed.code, shown.rehearsed.reason) == (told.code, told.reason)
        (warning,) = shown.summary.warnings
        assert "the account has too little collateral for it" in warning
        assert "(6047)." in warning


def withdraws(world: OnChainWorld, *, usdc: int) -> None:
    """Let the owner take money out of its sub-account."""
    desk = world.on.rig.desk
    owner = desk.owner
    step = instructions.withdraw(owner.trader, usdc * 10**6, signer=owner.key.pubkey())
    assert desk.world.chain.attempt([step], owner.key).error is None


def shown_to(world: OnChainWorld) -> SigningOfferView:
    """Give the only offer as the gateway answers it."""
    state = SigningState()
    for recorded in world.events:
        state = evolve(state, recorded)
    (offer,) = state.offers
    view = offer_view(offer, None)
    assert view is not None
    return view


def _other_block(message: bytes) -> bytes:
    return rebuilt(message, blockhash=Hash.new_unique())


def _twice(message: bytes) -> bytes:
    return rebuilt(rebuilt(message), after=(BUDGET[0], BUDGET[0]))


@pytest.mark.parametrize("altered", [_other_block, _twice])
async def test_what_the_wallet_altered_is_not_sent(altered: Callable[[bytes], bytes]) -> None:
    async with by_hand() as (world, owner):
        waiting = await offered(world, owner)
        changed = altered(base64.b64decode(waiting.offered.message))
        await owner.give(waiting, base64.b64encode(changed).decode())
        assert [it.code for it in world.found(ReturnRefused)] == ["tx-altered"]
        await world.steps(4)
        assert world.found(TransactionSigned) == []
        await owner.give(waiting)  # The offer still stands.
        await world.steps(4)
        assert [it.leg for it in world.found(OrderPlaced)] == ENTRY
        require_clean(world)


async def test_a_signature_of_another_wallet_is_not_taken() -> None:
    async with by_hand() as (world, owner):
        waiting = await offered(world, owner)
        _, signature = STRANGER.signed(waiting.offered.message)
        await owner.give(waiting, signature=signature)
        assert [it.code for it in world.found(ReturnRefused)] == ["tx-signature-invalid"]
        await world.steps(4)
        assert world.found(TransactionSigned) == []


async def test_nothing_is_offered_to_a_wallet_that_does_not_own_the_account() -> None:
    async with by_hand(STRANGER) as (world, owner):
        await world.approve()
        await world.steps(4)
        assert {it.code for it in world.found(SigningRefused)} == {"fee-payer"}
        assert owner.waiting == []


async def test_an_entry_that_is_not_signed_in_time_is_over() -> None:
    async with by_hand() as (world, owner):
        waiting = await offered(world, owner)
        await world.step(slots=160)
        await world.steps(3)
        assert OfferOutcome.EXPIRED in [it.outcome for it in world.found(OfferClosed)]
        await owner.give(waiting)
        assert [it.code for it in world.found(ReturnRefused)] == ["tx-expired"]
        assert world.found(TransactionSigned) == []
        require_clean(world)


async def test_a_restart_anywhere_between_signature_and_landing_makes_one_effect() -> None:
    async with by_hand() as (world, owner):
        waiting = await offered(world, owner)
        world.life = await world.begin()
        await world.on.faults(drop_next_sends=2)
        await owner.give(waiting)
        for _ in range(6):
            world.life = await world.begin()
            await world.step()
            await owner.give(waiting)  # Once more changes nothing.
        (signed,) = world.found(TransactionSigned)
        assert [it.signature for it in world.found(TransactionLanded)] == [signed.signature]
        world.sell("149.9", "4")
        await world.steps(4)
        assert [it.leg for it in world.found(OrderFilled)] == [Leg.ENTRY]
        require_clean(world)
