"""What keeps signing by hand safe can fail: a fault for each, and a story that sees it."""

import base64
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from solders.compute_budget import set_compute_unit_price
from solders.hash import Hash

from contracts.control import KillLevel, SettingsChanged, TradingResumed
from contracts.manual import OfferOutcome, ReturnRefused, TransactionOffered
from contracts.order import OrderIntended
from contracts.transaction import SigningRefused, TransactionSigned
from contracts.values import Leg
from kit.execution_events import ACCOUNT, SETTINGS, a_kill
from kit.hand_mutants import MUTANTS, hand_mutant
from kit.manual_desk import ManualDesk, a_manual_desk
from kit.owner_wallet import rebuilt, without_budget

Story = Callable[[ManualDesk], Awaitable[None]]


def refusals(desk: ManualDesk) -> list[str]:
    """Give the codes of what was not taken."""
    return [it.code for it in desk.events(ReturnRefused)]


async def give_other_bytes(desk: ManualDesk) -> None:
    """Sign the offered calls for another block."""
    await desk.approve()
    message = base64.b64decode(desk.standing_offers[0].offered.message)
    other = rebuilt(message, blockhash=Hash.new_unique())
    await desk.sign(message=base64.b64encode(other).decode())
    assert refusals(desk) == ["tx-altered"]
    assert not desk.events(TransactionSigned)


async def burn_sol(desk: ManualDesk) -> None:
    """Offer the leader all that the wallet has."""
    await desk.approve()
    message = without_budget(base64.b64decode(desk.standing_offers[0].offered.message))
    greedy = rebuilt(message, before=[set_compute_unit_price(2**40)])
    await desk.sign(message=base64.b64encode(greedy).decode())
    assert refusals(desk) == ["tx-fee-too-high"]
    assert not desk.events(TransactionSigned)


async def sign_too_late(desk: ManualDesk) -> None:
    """Sign as the last block passes, before anybody has looked."""
    await desk.approve()
    ((asked, _, offered),) = desk.standing_offers
    while desk.venue.observe(ACCOUNT).block_height <= offered.last_valid_block_height:
        await desk.settle(1)
    await desk.give(asked, offered.message)
    assert refusals(desk) == ["tx-expired"]
    assert desk.outcomes == [OfferOutcome.EXPIRED]


async def sign_twice(desk: ManualDesk) -> None:
    """Give the same signature back again."""
    await desk.approve()
    ((asked, _, offered),) = desk.standing_offers
    await desk.sign()
    await desk.give(asked, offered.message)
    assert refusals(desk) == ["tx-repeated"]
    assert len(desk.events(TransactionSigned)) == 1


async def plan_harm(desk: ManualDesk) -> None:
    """Plan more than the owner's limit allows."""
    lower = SETTINGS.model_copy(update={"leverage_max": Decimal("0.05")})
    await desk.say(SettingsChanged(account=ACCOUNT, before=SETTINGS, settings=lower, by="test"))
    await desk.approve()
    assert [it.code for it in desk.events(SigningRefused)] == ["notional"]
    assert not desk.events(TransactionOffered)


async def sign_what_nobody_wants(desk: ManualDesk) -> None:
    """Sign the way out after the stop of everything was taken back."""
    await desk.approve()
    await desk.sign()
    await desk.settle(6)
    await desk.print("99.8")
    await desk.settle(5)
    await desk.append(a_kill(level=KillLevel.FLATTEN), source="gateway")
    await desk.settle(1)
    asked, _, offered = desk.standing_offers[-1]
    assert desk.legs == [[Leg.CLOSE]]
    await desk.say(TradingResumed(account=None, reason="", by="test"))
    await desk.give(asked, offered.message)
    assert refusals(desk) == ["tx-unwanted"]
    assert Leg.CLOSE not in {it.leg for it in desk.events(OrderIntended)}


STORIES: dict[str, Story] = {
    "bytes-not-compared": give_other_bytes,
    "fee-not-bounded": burn_sol,
    "expiry-not-checked": sign_too_late,
    "taken-more-than-once": sign_twice,
    "policy-not-asked": plan_harm,
    "plan-not-asked": sign_what_nobody_wants,
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_fault_is_seen_by_its_story(name: str, tmp_path: Path) -> None:
    story = STORIES[name]
    await story(await a_manual_desk(tmp_path / "right"))
    desk = await a_manual_desk(tmp_path / "wrong")
    with hand_mutant(name), pytest.raises(AssertionError):
        await story(desk)
