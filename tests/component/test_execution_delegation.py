"""A delegation's life on the paper chain: consent, key, the owner's transactions, the end."""

import base64
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from audit.domain.key_life import KeyLife
from contracts.control import KillLevel
from contracts.delegation import (
    CanceledOrders,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationChanged,
    DelegationState,
    KeyEnd,
    OwnerTransactionDied,
    OwnerTransactionLanded,
    OwnerTransactionRefused,
    OwnerTransactionSent,
)
from contracts.engine import Mode, ModeChanged
from contracts.order import OrderPlaced, SetupClosed
from contracts.transaction import TransactionSigned
from contracts.values import to_millis
from execution.venues.paper.owners import is_signed
from kit.execution_events import ACCOUNT, BEGIN_MS, a_kill, a_resume, an_approval
from kit.owner_desk import OwnerDesk, an_owner_desk
from kit.owner_wallet import BUDGET, OwnerWallet, rebuilt

DAY_MS = 24 * 3_600_000
STRANGER = OwnerWallet(Keypair.from_seed(b"stranger".ljust(32)))


async def approve(desk: OwnerDesk, key: str = "first", *, entry: str = "99.9") -> None:
    await desk.append(an_approval(key, entry=entry, milliseconds=desk.now_ms), source="risk")
    await desk.settle(8)


async def test_from_consent_to_an_order_that_the_key_signed(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    (born,) = desk.events(DelegateKeyBorn)
    assert [(it.before, it.state) for it in desk.events(DelegationChanged)] == [
        (DelegationState.NONE, DelegationState.AWAITING),
        (DelegationState.AWAITING, DelegationState.ACTIVE),
    ]
    assert born.expires_at - born.born_at == timedelta(hours=24)
    assert desk.venue.sub_account(ACCOUNT).delegate == born.delegate
    (landed,) = desk.events(OwnerTransactionLanded)
    assert (landed.code, landed.fee_lamports) == (None, 5_000)
    await approve(desk)
    assert [it.leg for it in desk.events(OrderPlaced)] == ["entry", "stop"]
    (signed,) = desk.events(TransactionSigned)
    message = base64.b64decode(signed.message)
    assert is_signed(message, by=born.delegate, signature=signed.signature)


async def test_the_mode_of_a_flat_account_follows_who_may_sign(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    assert [it.mode for it in desk.events(ModeChanged)] == [Mode.REVOKED]
    await desk.delegate()
    assert [it.mode for it in desk.events(ModeChanged)] == [Mode.REVOKED, Mode.RUN]
    await desk.revoke()
    assert [it.mode for it in desk.events(ModeChanged)] == [Mode.REVOKED, Mode.RUN, Mode.REVOKED]


async def test_without_a_delegate_no_entry_is_sent(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await approve(desk)
    assert [it.outcome for it in desk.events(SetupClosed)] == ["not-started-halted"]
    assert not desk.events(TransactionSigned)


async def test_an_account_without_an_owner_trades_as_ever(tmp_path: Path) -> None:
    desk = OwnerDesk(tmp_path / "keys")
    await desk.open()
    await approve(desk)
    assert len(desk.events(OrderPlaced)) == 2
    await desk.ask()
    (refused,) = desk.events(OwnerTransactionRefused)
    assert refused.code == "wrong-wallet"


async def test_an_account_that_is_given_back_to_the_desk_trades_again(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    await desk.name_owner(None)
    await desk.settle()
    (destroyed,) = desk.events(DelegateKeyDestroyed)
    assert destroyed.reason is KeyEnd.REPLACED
    await approve(desk)
    assert len(desk.events(OrderPlaced)) == 2


async def test_a_revoke_ends_the_key_and_a_new_delegation_works(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    await desk.revoke()
    assert desk.state is DelegationState.REVOKED
    (destroyed,) = desk.events(DelegateKeyDestroyed)
    assert (destroyed.reason, desk.files) == (KeyEnd.REVOKE, [])
    await approve(desk)
    assert not desk.events(OrderPlaced)
    await desk.delegate()
    one, other = desk.events(DelegateKeyBorn)
    assert desk.state is DelegationState.ACTIVE
    assert one.delegate != other.delegate
    await approve(desk, "second")
    assert len(desk.events(OrderPlaced)) == 2


async def test_a_revoke_cancels_all_orders_in_the_same_transaction(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    await approve(desk)
    assert len(desk.venue.observe(ACCOUNT).orders) == 2
    await desk.revoke()
    assert desk.offers[-1][1].cancels is CanceledOrders.ALL
    assert desk.venue.observe(ACCOUNT).orders == ()


async def test_a_revoke_with_an_open_position_leaves_its_stop(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    await approve(desk)
    await desk.print("99.5")
    await desk.settle(6)
    assert desk.venue.observe(ACCOUNT).position_base > 0
    await desk.revoke()
    assert desk.offers[-1][1].cancels is CanceledOrders.ENTRIES
    left = desk.venue.observe(ACCOUNT)
    assert left.position_base > 0
    assert any(it.kind == "trigger_market" for it in left.orders)
    signed = len(desk.events(TransactionSigned))
    await desk.settle(20)
    assert len(desk.events(TransactionSigned)) == signed


async def test_a_key_ends_after_a_day_of_the_chains_time(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    (born,) = desk.events(DelegateKeyBorn)
    left_ms = to_millis(born.expires_at) - BEGIN_MS - desk.now_ms
    await desk.print(after_ms=left_ms - 1)
    assert not desk.events(DelegateKeyDestroyed)
    assert desk.files
    await desk.print(after_ms=1)
    (destroyed,) = desk.events(DelegateKeyDestroyed)
    assert (destroyed.reason, desk.files) == (KeyEnd.EXPIRY, [])
    assert to_millis(destroyed.clock.at) == to_millis(born.born_at) + DAY_MS
    await desk.settle()
    assert desk.state is DelegationState.FOREIGN
    await approve(desk)
    assert not desk.events(OrderPlaced)


@pytest.mark.parametrize("account", [None, ACCOUNT])
async def test_the_highest_kill_flattens_and_then_ends_the_key(
    tmp_path: Path, account: str | None
) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    await approve(desk)
    await desk.print("99.5")
    await desk.settle(6)
    kill = a_kill(account=account, level=KillLevel.REVOKE_DELEGATE)
    await desk.append(kill, source="gateway")
    await desk.settle(6)
    types = [it.event.event_type for it in desk.log.recorded]
    assert types.index("setup_closed") < types.index("delegate_key_destroyed")
    left = desk.venue.observe(ACCOUNT)
    assert (left.position_base, left.orders) == (0, ())
    (destroyed,) = desk.events(DelegateKeyDestroyed)
    assert (destroyed.reason, desk.files) == (KeyEnd.KILL, [])
    await desk.ask()
    assert desk.events(OwnerTransactionRefused)[-1].code == "halted"
    await desk.append(a_resume(account=account), source="gateway")
    await desk.delegate()
    assert desk.state is DelegationState.ACTIVE


async def test_what_the_wallet_changed_is_refused_and_what_it_may_add_is_not(
    tmp_path: Path,
) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.consent()
    await desk.ask()
    offered = base64.b64decode(desk.offers[-1][1].message)
    owner = desk.wallet.key.pubkey()
    theft = transfer(TransferParams(from_pubkey=owner, to_pubkey=STRANGER.key.pubkey(), lamports=1))
    for message in (rebuilt(offered, after=[theft]), rebuilt(offered, before=[*BUDGET, *BUDGET])):
        await desk.give_back(base64.b64encode(message).decode())
        assert desk.events(OwnerTransactionRefused)[-1].code == "tx-altered"
    await desk.give_back(signature=STRANGER.sign(offered))
    assert desk.events(OwnerTransactionRefused)[-1].code == "tx-signature-invalid"
    assert not desk.events(OwnerTransactionSent)
    await desk.give_back(base64.b64encode(rebuilt(offered, before=BUDGET)).decode())
    await desk.settle()
    assert desk.state is DelegationState.ACTIVE
    (landed,) = desk.events(OwnerTransactionLanded)
    assert landed.fee_lamports == 5_000 + 60_000 * 2_000 // 10**6


async def test_an_offer_is_for_one_answer_and_for_a_while(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.consent()
    await desk.ask()
    await desk.print(after_ms=60 * 400)
    assert desk.state is DelegationState.NONE
    await desk.give_back()
    assert desk.events(OwnerTransactionRefused)[-1].code == "tx-expired"
    await desk.ask()
    assert len(desk.events(DelegateKeyBorn)) == 1  # The same key, for as long as it lives.
    await desk.give_back()
    await desk.give_back()
    assert desk.events(OwnerTransactionRefused)[-1].code == "tx-repeated"
    await desk.settle()
    assert desk.state is DelegationState.ACTIVE
    await desk.ask()
    assert desk.events(OwnerTransactionRefused)[-1].code == "already-active"


async def test_a_transaction_that_never_lands_is_dead_and_can_be_asked_for_again(
    tmp_path: Path,
) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.consent()
    await desk.ask()
    desk.venue.weather.drop_rate = Decimal(1)
    await desk.give_back()
    await desk.settle(70)
    assert len(desk.events(OwnerTransactionDied)) == 1
    assert desk.state is DelegationState.NONE
    desk.venue.weather.drop_rate = None
    await desk.ask()
    await desk.give_back()
    await desk.settle()
    assert desk.state is DelegationState.ACTIVE


async def test_without_consent_or_a_place_for_keys_no_key_is_made(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.ask()
    homeless = await an_owner_desk(tmp_path / "other", has_cabinet=False)
    await homeless.consent()
    await homeless.ask()
    codes = [it.events(OwnerTransactionRefused)[-1].code for it in (desk, homeless)]
    assert codes == ["no-consent", "no-key-store"]
    assert not desk.events(DelegateKeyBorn)
    assert not homeless.events(DelegateKeyBorn)


async def test_a_key_whose_file_is_gone_at_a_restart_is_lost_and_said_so(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    for path in desk.folder.iterdir():
        path.unlink()
    await desk.start()
    await desk.settle(6)
    (destroyed,) = desk.events(DelegateKeyDestroyed)
    assert destroyed.reason is KeyEnd.LOST
    assert desk.state is DelegationState.FOREIGN
    await desk.delegate()
    assert desk.state is DelegationState.ACTIVE


async def test_a_restart_goes_on_with_the_key(tmp_path: Path) -> None:
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    await desk.start()
    await approve(desk)
    assert len(desk.events(OrderPlaced)) == 2
    assert len(desk.events(DelegateKeyBorn)) == 1


async def a_life(desk: OwnerDesk) -> None:
    """Delegate, revoke, ask for another key, and let its day pass."""
    await desk.delegate()
    await desk.revoke()
    await desk.ask()
    await desk.print(after_ms=DAY_MS)
    await desk.settle(4)


async def test_a_crash_at_any_step_makes_no_second_key_and_loses_no_end(tmp_path: Path) -> None:
    steady = await an_owner_desk(tmp_path / "steady")
    first = steady.appends
    await a_life(steady)
    assert [it.reason for it in steady.events(DelegateKeyDestroyed)] == ["revoke", "expiry"]
    for crash_at in range(first + 1, steady.appends + 1):
        for crashes_before in (False, True):
            place = tmp_path / f"{crash_at}-{crashes_before}"
            desk = await an_owner_desk(place, crash_at=crash_at, crashes_before=crashes_before)
            await a_life(desk)
            assert desk.starts == 2, "it was killed"
            born, ended = desk.events(DelegateKeyBorn), desk.events(DelegateKeyDestroyed)
            assert len({it.request for it in born}) == len(born) == 2
            assert [it.delegate for it in ended] == [it.delegate for it in born]
            assert [it.reason for it in ended] == ["revoke", "expiry"]
            assert desk.files == []
            assert len(desk.events(OwnerTransactionSent)) == 2
            assert desk.state is DelegationState.REVOKED
            keys = KeyLife()
            assert [each for it in desk.log.recorded for each in keys.fold(it)] == []
