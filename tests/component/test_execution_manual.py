"""Signing by hand on the paper chain: from the offer to the chain, and what may come in between."""

import base64
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.keypair import Keypair
from solders.system_program import AdvanceNonceAccountParams, advance_nonce_account

from audit.domain.key_life import KeyLife
from audit.domain.orders import Orders
from audit.domain.permission import Permissions
from contracts.control import KillLevel, SettingsChanged
from contracts.manual import (
    OfferClosed,
    OfferOutcome,
    ReturnRefused,
    SignatureAsked,
    SigningMode,
    TransactionOffered,
)
from contracts.order import (
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    SetupClosed,
    SideCancelIntended,
)
from contracts.transaction import (
    SigningRefused,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.values import Leg
from execution.domain.planner import PlannerCore
from execution.domain.policy import POLICY
from execution.domain.state import load
from execution.venues.paper.owners import is_signed
from kit.execution_events import ACCOUNT, SETTINGS, a_kill, an_approval
from kit.manual_desk import ManualDesk, a_manual_desk
from kit.owner_desk import RULES
from kit.owner_wallet import (
    BUDGET,
    OwnerWallet,
    lighthouse,
    reading,
    rebuilt,
    without_budget,
    writing,
)

STRANGER = OwnerWallet(Keypair.from_seed(b"stranger".ljust(32)))
ENTRY = [Leg.ENTRY, Leg.STOP]
LADDER = [Leg.TP1, Leg.TP2, Leg.TP3]


async def fill(desk: ManualDesk) -> None:
    """Take the whole way to a position with its stop."""
    await desk.approve()
    await desk.sign()
    await desk.settle(6)
    await desk.print("99.8")
    await desk.settle(5)


def position_base(desk: ManualDesk) -> str:
    return str(desk.venue.observe(ACCOUNT).position_base)


def differences(desk: ManualDesk) -> list[object]:
    """Give what the audit finds wrong with the signatures of a log."""
    folds = KeyLife(), Orders(), Permissions()
    return [found for it in desk.log.recorded for fold in folds for found in fold.fold(it)]


def require_replay(desk: ManualDesk) -> None:
    """Decide everything again from the log alone."""
    core = PlannerCore()
    answers = [draft for it in desk.log.recorded for draft in core.step(it)]
    recorded = [it for it in desk.log.recorded if isinstance(it.event, PlannerCore.decides)]
    assert [(it.id, it.event) for it in answers] == [(it.id, it.event) for it in recorded]
    assert load(core.snapshot()) == load(desk.standing.planner.snapshot())


async def test_a_life_by_hand_from_the_entry_to_flat(tmp_path: Path) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    assert desk.legs == [ENTRY]
    assert not desk.events(OrderIntended)
    assert not desk.events(TransactionPlanned)
    await desk.settle(8)
    assert not desk.events(OrderPlaced)  # Nothing is sent without the wallet.
    await desk.sign()
    (signed,) = desk.events(TransactionSigned)
    message = base64.b64decode(signed.message)
    assert is_signed(message, by=desk.wallet.address, signature=signed.signature)
    await desk.settle(6)
    assert [it.leg for it in desk.events(OrderPlaced)] == ENTRY
    await desk.print("99.8")
    await desk.settle(5)
    assert desk.legs == [LADDER]
    await desk.sign()
    await desk.settle(8)
    assert [it.leg for it in desk.events(OrderPlaced)] == [*ENTRY, *LADDER]
    await desk.append(a_kill(level=KillLevel.FLATTEN), source="gateway")
    await desk.settle(1)
    assert desk.legs == [[Leg.CLOSE]]
    await desk.sign()
    await desk.settle(8)
    assert [it.leg for it in desk.events(OrderFilled)] == [Leg.ENTRY, Leg.CLOSE]
    assert [sorted(legs) for legs in desk.legs] == [sorted([Leg.STOP, *LADDER])]
    await desk.sign()
    await desk.settle(8)
    assert position_base(desk) == "0E-9"
    assert not desk.venue.observe(ACCOUNT).orders
    assert [it.outcome for it in desk.events(SetupClosed)] == ["closed"]
    assert all(it.code is None for it in desk.events(TransactionLanded))
    assert desk.outcomes == [OfferOutcome.SIGNED] * 4
    assert differences(desk) == []
    require_replay(desk)


async def test_what_the_wallet_changed_is_refused_and_what_it_may_add_is_not(
    tmp_path: Path,
) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    ((_, _, offered),) = desk.standing_offers
    message = base64.b64decode(offered.message)
    nonce = advance_nonce_account(
        AdvanceNonceAccountParams(
            nonce_pubkey=STRANGER.key.pubkey(), authorized_pubkey=desk.wallet.key.pubkey()
        )
    )
    altered = {
        "tx-altered": [
            rebuilt(message, before=[nonce]),
            rebuilt(message, payer=STRANGER.key.pubkey()),
            rebuilt(message, blockhash=Hash.default()),
            rebuilt(message, after=[lighthouse(writing(STRANGER.key.pubkey()))]),
            message[:-1],
        ],
    }
    for code, messages in altered.items():
        for it in messages:
            await desk.sign(message=base64.b64encode(it).decode())
            assert desk.events(ReturnRefused)[-1].code == code
    await desk.sign(signature=STRANGER.sign(message))
    assert desk.events(ReturnRefused)[-1].code == "tx-signature-invalid"
    await desk.sign(wallet=STRANGER.address)
    assert desk.events(ReturnRefused)[-1].code == "wrong-wallet"
    assert not desk.events(OrderIntended)
    added = rebuilt(
        without_budget(message),
        before=BUDGET,
        after=[lighthouse(reading(STRANGER.key.pubkey()))],
    )
    await desk.sign(message=base64.b64encode(added).decode())
    await desk.settle(6)
    assert [it.leg for it in desk.events(OrderPlaced)] == ENTRY
    assert base64.b64decode(desk.events(TransactionSigned)[0].message) == added
    assert differences(desk) == []
    require_replay(desk)


async def test_a_fee_that_burns_the_owners_sol_is_refused_and_may_be_lowered(
    tmp_path: Path,
) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    ((_, _, offered),) = desk.standing_offers
    bare = without_budget(base64.b64decode(offered.message))
    for price, code in ((10**12, "tx-fee-too-high"), (10**6, None)):
        budget = (set_compute_unit_limit(300_000), set_compute_unit_price(price))
        message = base64.b64encode(rebuilt(bare, before=budget)).decode()
        await desk.sign(message=message)
        if code is not None:
            assert desk.events(ReturnRefused)[-1].code == code
            assert not desk.events(OrderIntended)
    await desk.settle(6)
    assert [it.leg for it in desk.events(OrderPlaced)] == ENTRY
    require_replay(desk)


async def test_one_offer_is_sent_once_however_often_it_comes_back(tmp_path: Path) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    ((asked, _, offered),) = desk.standing_offers
    await desk.sign()
    again = await desk.give(asked, offered.message)
    (refused,) = desk.events(ReturnRefused)
    assert (refused.code, refused.about) == ("tx-repeated", again.id)
    assert len(desk.events(TransactionSigned)) == 1
    await desk.settle(8)
    assert [it.leg for it in desk.events(OrderPlaced)] == ENTRY


async def test_an_entry_is_offered_anew_only_when_no_block_can_take_the_first(
    tmp_path: Path,
) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    ((asked, _, offered),) = desk.standing_offers
    last = offered.last_valid_block_height
    while desk.venue.observe(ACCOUNT).block_height <= last:
        assert [it.id for it, _, _ in desk.standing_offers] == [asked.id]
        await desk.settle(1)
    assert desk.outcomes == [OfferOutcome.EXPIRED]
    await desk.give(asked, offered.message)
    assert desk.events(ReturnRefused)[-1].code == "tx-expired"
    ((newer, _, fresh),) = desk.standing_offers
    assert newer.id != asked.id
    assert fresh.last_valid_block_height > last
    await desk.sign()
    await desk.settle(8)
    assert [it.leg for it in desk.events(OrderPlaced)] == ENTRY
    require_replay(desk)


async def test_an_offer_with_few_blocks_left_is_replaced_and_cannot_be_accepted(
    tmp_path: Path,
) -> None:
    desk = await a_manual_desk(tmp_path)
    await fill(desk)
    ((asked, _, offered),) = desk.standing_offers
    while not desk.outcomes[1:]:
        await desk.settle(1)
    left = offered.last_valid_block_height - desk.venue.observe(ACCOUNT).block_height
    assert 0 < left < POLICY.offer_blocks_min
    assert desk.outcomes == [OfferOutcome.SIGNED, OfferOutcome.REPLACED]
    await desk.give(asked, offered.message)
    assert desk.events(ReturnRefused)[-1].code == "tx-replaced"
    assert desk.legs == [LADDER]
    await desk.sign()
    await desk.settle(8)
    assert [it.leg for it in desk.events(OrderPlaced)] == [*ENTRY, *LADDER]


async def test_an_entry_that_is_not_signed_dies_with_its_setup(tmp_path: Path) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    while not desk.events(SetupClosed):
        await desk.print(after_ms=4_000)
    assert [it.outcome for it in desk.events(SetupClosed)] == ["not-started-entry-too-late"]
    await desk.settle(1)
    assert not desk.standing_offers
    assert desk.standing.planner.account(ACCOUNT).is_idle
    assert not desk.events(OrderIntended)
    require_replay(desk)


async def test_a_declined_entry_is_given_up(tmp_path: Path) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    ((asked, _, offered),) = desk.standing_offers
    said = await desk.refuse()
    (closed,) = desk.events(OfferClosed)
    assert (closed.outcome, closed.about) == (OfferOutcome.DECLINED, said.id)
    assert [it.outcome for it in desk.events(SetupClosed)] == ["not-started-entry-declined"]
    await desk.give(asked, offered.message)
    assert desk.events(ReturnRefused)[-1].code == "tx-declined"
    await desk.approve("second")
    assert not desk.standing_offers  # The wallet may have sent the first one all the same.
    while desk.venue.observe(ACCOUNT).block_height <= offered.last_valid_block_height:
        assert not desk.standing_offers
        await desk.settle(1)
    assert desk.legs == [ENTRY]


async def test_what_protects_is_asked_for_again_after_it_was_declined(tmp_path: Path) -> None:
    desk = await a_manual_desk(tmp_path)
    await fill(desk)
    slot = desk.venue.observe(ACCOUNT).clock.slot
    await desk.refuse()
    while not desk.standing_offers:
        await desk.settle(1)
    assert desk.legs == [LADDER]
    assert desk.venue.observe(ACCOUNT).clock.slot >= slot + POLICY.declined_slots


async def test_a_kill_withdraws_the_entry_and_its_signature_comes_too_late(
    tmp_path: Path,
) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    ((asked, _, offered),) = desk.standing_offers
    await desk.append(a_kill(level=KillLevel.PAUSE_ENTRIES), source="gateway")
    assert desk.outcomes == [OfferOutcome.UNWANTED]
    await desk.give(asked, offered.message)
    await desk.settle(8)
    assert desk.events(ReturnRefused)[-1].code == "tx-unwanted"
    assert not desk.events(TransactionSigned)
    assert not desk.events(OrderPlaced)


async def test_another_signer_ends_the_offers_and_waits_until_none_can_land(
    tmp_path: Path,
) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.delegate()
    await desk.approve()
    ((asked, _, offered),) = desk.standing_offers
    await desk.choose(SigningMode.DELEGATE)
    assert desk.outcomes == [OfferOutcome.MODE]
    await desk.give(asked, offered.message)
    assert desk.events(ReturnRefused)[-1].code == "wrong-wallet"
    assert not desk.events(TransactionSigned)
    while desk.venue.observe(ACCOUNT).block_height <= offered.last_valid_block_height:
        assert not desk.events(TransactionSigned)
        await desk.settle(1)
    await desk.settle(8)
    assert [it.leg for it in desk.events(OrderPlaced)] == ENTRY
    assert differences(desk) == []
    require_replay(desk)


async def test_what_the_desk_had_on_its_way_keeps_its_fate(tmp_path: Path) -> None:
    desk = ManualDesk(tmp_path / "keys")
    await desk.open()
    await desk.name_owner()
    await desk.delegate()
    await desk.append(an_approval(entry="99.9", milliseconds=desk.now_ms), source="risk")
    assert len(desk.events(TransactionSigned)) == 1
    await desk.choose(SigningMode.MANUAL)
    await desk.settle(8)
    assert [it.leg for it in desk.events(OrderPlaced)] == ENTRY
    await desk.print("99.8")
    await desk.settle(5)
    assert desk.legs == [LADDER]
    assert len(desk.events(TransactionSigned)) == 1


async def test_another_owner_is_not_asked_for_the_formers_signature(tmp_path: Path) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    await desk.name_owner(STRANGER.address)
    await desk.settle(2)
    assert desk.outcomes == [OfferOutcome.MODE]
    assert desk.standing.planner.account(ACCOUNT).wallet is None


async def test_no_harm_is_offered_even_if_the_plan_wants_it(tmp_path: Path) -> None:
    desk = await a_manual_desk(tmp_path)
    lower = SETTINGS.model_copy(update={"leverage_max": Decimal("0.05")})
    await desk.say(SettingsChanged(account=ACCOUNT, before=SETTINGS, settings=lower, by="test"))
    await desk.approve()
    (refused,) = desk.events(SigningRefused)
    assert refused.code == "notional"
    assert not desk.events(TransactionOffered)
    assert [it.outcome for it in desk.events(SetupClosed)] == ["not-started-entry-refused"]
    assert differences(desk) == []
    require_replay(desk)


async def test_what_may_not_be_sent_any_more_is_dead_although_it_is_signed(
    tmp_path: Path,
) -> None:
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    lower = SETTINGS.model_copy(update={"leverage_max": Decimal("0.05")})
    await desk.say(SettingsChanged(account=ACCOUNT, before=SETTINGS, settings=lower, by="test"))
    await desk.sign()
    (refused,) = desk.events(SigningRefused)
    assert refused.code == "notional"
    assert not desk.events(TransactionSigned)
    await desk.settle(8)
    assert not desk.events(OrderPlaced)
    assert [it.outcome for it in desk.events(SetupClosed)] == ["not-started-entry-refused"]
    require_replay(desk)


@pytest.mark.parametrize("crashes_before", [True, False])
async def test_a_crash_at_any_append_has_one_effect(
    tmp_path: Path, *, crashes_before: bool
) -> None:
    appends = 0
    for crash_at in range(1, 60):
        folder = tmp_path / str(crash_at)
        folder.mkdir()
        desk = await a_manual_desk(folder)
        desk.crash_at, desk.crashes_before = desk.appends + crash_at, crashes_before
        appends = await live(desk)
        assert desk.starts == (2 if crash_at <= appends else 1), crash_at
        placed = [it.leg for it in desk.events(OrderPlaced)]
        assert placed == [*ENTRY, *LADDER], crash_at
        assert len(desk.events(TransactionSigned)) == 2, crash_at
        require_replay(desk)
        if crash_at > appends:
            break
    assert appends < 59


async def live(desk: ManualDesk) -> int:
    """Sign an entry and its ladder; give how many appends that took."""
    before = desk.appends
    await fill(desk)
    await desk.sign()
    await desk.settle(8)
    return desk.appends - before


async def test_a_kill_while_the_entry_is_on_its_way_asks_once(tmp_path: Path) -> None:
    slow = replace(RULES, landing_ms=((0, 4_000), (1_000, 4_000)))
    desk = await a_manual_desk(tmp_path, rules=slow)
    await desk.approve()
    await desk.sign()
    await desk.append(a_kill(level=KillLevel.CANCEL_ENTRIES), source="gateway")
    await desk.settle(1)
    assert not desk.events(OrderPlaced)
    assert len(desk.events(SignatureAsked)) == 2
    assert desk.legs == [[SideCancelIntended.event_type]]
    require_replay(desk)
