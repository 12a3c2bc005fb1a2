"""A delegation's life on the real program: set-up, cap, key, revoke with cancels, and the end."""

import base64
from decimal import Decimal

import pytest
from solders.account import Account
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from audit.domain.key_life import KeyLife
from contracts.control import KillLevel, KillSwitchEngaged, TradingResumed
from contracts.delegation import (
    CanceledOrders,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationChanged,
    DelegationState,
    KeyEnd,
    OwnerTransactionLanded,
    OwnerTransactionOffered,
    OwnerTransactionRefused,
    OwnerTransactionSent,
)
from contracts.event import Event
from contracts.order import OrderPlaced
from contracts.transaction import TransactionSigned
from contracts.values import OrderKind, to_millis
from execution.owner.returned import read
from execution.signing.keys import DelegateKey
from execution.signing.port import Asked, Signed
from execution.signing.refusals import Code, Refusal
from execution.venues.drift.config import FirstMoney
from kit.drift_chain import ACCOUNT
from kit.onchain_world import OnChainWorld, onchain_world
from kit.owner_wallet import BUDGET, OwnerWallet, rebuilt
from kit.owner_words import an_owner
from localnet.drift import instructions
from localnet.drift.orders import BASE, PRICE, Direction, OrderParams
from localnet.errors import error_code

DAY_S = 24 * 3_600
STRANGER = OwnerWallet(Keypair.from_seed(b"stranger".ljust(32)))


def states(world: OnChainWorld) -> list[DelegationState]:
    return [it.state for it in world.found(DelegationChanged)]


def last(world: OnChainWorld, kind: type[Event]) -> Event:
    return world.found(kind)[-1]


def require_clean(world: OnChainWorld) -> None:
    """Require what `audit verify` requires of a key's life."""
    keys = KeyLife()
    assert [each for it in world.events for each in keys.fold(it)] == []


def margin_ratio(world: OnChainWorld) -> int:
    return world.on.rig.view().user.margin_ratio


def delegate_of(world: OnChainWorld) -> str:
    return str(world.on.rig.view().user.delegate)


async def rested(world: OnChainWorld) -> None:
    """Let an entry with its stop rest."""
    placed = len(world.found(OrderPlaced))
    await world.approve(f"after-{placed}")
    await world.steps(5)
    assert len(world.found(OrderPlaced)) == placed + 2


async def test_from_nothing_one_transaction_sets_the_account_up() -> None:
    async with onchain_world(delegates=False, is_open=False) as world:
        await world.steps(3)
        assert world.life.shown["reason"] == "waiting for the owner to open the sub-account"
        await world.ask_revoke()
        refused = last(world, OwnerTransactionRefused)
        assert isinstance(refused, OwnerTransactionRefused)
        assert refused.code == "no-account"

        await world.consent()
        await world.ask()
        offer = last(world, OwnerTransactionOffered)
        assert isinstance(offer, OwnerTransactionOffered)
        assert (offer.opens_account, offer.leverage_max) == (True, Decimal(5))
        assert len(read(base64.b64decode(offer.message)).calls) == 4
        await world.give_back()
        await world.steps(3)
        assert states(world) == [DelegationState.AWAITING, DelegationState.ACTIVE]
        landed = last(world, OwnerTransactionLanded)
        assert isinstance(landed, OwnerTransactionLanded)
        assert (landed.code, landed.fee_lamports) == (None, 5_000)
        assert margin_ratio(world) == 2_000  # 10,000 / 5

        owner = world.on.rig.desk.owner
        deposit = instructions.deposit(owner.trader, 10_000 * 10**6)
        world.on.rig.desk.world.chain.run([deposit], owner.key)
        await world.steps(3)
        await rested(world)
        require_clean(world)


async def test_that_transaction_deposits_and_pays_for_the_fees_where_it_is_told_to() -> None:
    money = FirstMoney(deposit_usd=Decimal(10_000), delegate_lamports=50_000_000)
    async with onchain_world(delegates=False, is_open=False, first_money=money) as world:
        await world.steps(3)
        await world.consent()
        await world.ask()
        offer = last(world, OwnerTransactionOffered)
        assert isinstance(offer, OwnerTransactionOffered)
        assert (offer.deposit_usd, offer.delegate_lamports) == (Decimal(10_000), 50_000_000)
        message = base64.b64decode(offer.message)
        assert len(read(message).calls) == 6
        assert 1 + 64 + len(message) <= 1_232 - 150, "expected room for what a wallet adds"
        await world.give_back()
        await world.steps(3)
        assert world.state is DelegationState.ACTIVE
        owned = world.life.desk.chain.owned
        assert owned.quote()["deposit_usd"] == "10000"
        assert owned.sub_account(ACCOUNT).fee_payer_lamports == 50_000_000
        await rested(world)

        # The next delegate needs SOL, and no second deposit.
        await world.revoke()
        await world.steps(3)
        await world.consent()
        await world.ask()
        offer = last(world, OwnerTransactionOffered)
        assert isinstance(offer, OwnerTransactionOffered)
        assert (offer.deposit_usd, offer.delegate_lamports) == (None, 50_000_000)
        require_clean(world)


async def test_the_key_in_use_is_the_one_that_the_owner_named() -> None:
    async with onchain_world() as world:
        (born,) = world.found(DelegateKeyBorn)
        assert delegate_of(world) == born.delegate
        assert to_millis(born.expires_at) - to_millis(born.born_at) == DAY_S * 1_000
        assert len(world.files) == 1
        sealed = (world.folder / world.files[0]).read_bytes()
        key = world.life.cabinet.key(ACCOUNT)
        assert key is not None
        assert str(key.session.delegate) == born.delegate
        assert b"ciphertext" in sealed
        await rested(world)
        require_clean(world)


async def test_the_cap_holds_in_the_program_whatever_signs() -> None:
    """At 5 times no more than 50,000 USD rest on 10,000, although the market allows more."""
    async with onchain_world() as world:
        assert margin_ratio(world) == 2_000
        owner = world.on.rig.desk.owner
        codes: list[int | None] = []
        for quantity in (300, 100):  # 45,000 and 60,000 USD at 150.
            order = OrderParams(
                market=0, direction=Direction.LONG, base=quantity * BASE, price=149 * PRICE
            )
            step = instructions.place(owner.trader, order, signer=owner.key.pubkey())
            landed = world.on.rig.desk.world.chain.attempt([step], owner.key)
            codes.append(error_code(landed.error))
        assert codes == [None, 6003]


async def test_a_revoke_with_open_orders_cancels_them_and_ends_the_key_at_once() -> None:
    async with onchain_world() as world:
        await rested(world)
        key = world.life.cabinet.key(ACCOUNT)
        assert key is not None
        await world.ask_revoke()
        offer = last(world, OwnerTransactionOffered)
        assert isinstance(offer, OwnerTransactionOffered)
        assert offer.cancels is CanceledOrders.ALL
        await world.give_back()
        assert DelegationState.REVOKING in states(world)
        await world.steps(3)
        assert world.on.rig.view().user.orders == ()
        assert delegate_of(world) == str(Pubkey.default())
        assert world.state is DelegationState.REVOKED
        (ended,) = world.found(DelegateKeyDestroyed)
        assert (ended.reason, ended.delegate) == (KeyEnd.REVOKE, str(key.session.delegate))
        assert world.files == []

        signed = len(world.found(TransactionSigned))
        await world.approve("too-late")
        await world.steps(8)
        assert len(world.found(TransactionSigned)) == signed
        assert world.life.cabinet.key(ACCOUNT) is None
        require_clean(world)

        await world.delegate()
        await rested(world)
        require_clean(world)


async def test_a_revoke_with_a_position_takes_back_what_adds_and_leaves_its_stop() -> None:
    async with onchain_world() as world:
        await rested(world)
        world.sell("149.9", "4")
        await world.steps(4)
        assert world.on.rig.seen().position_base == 4
        await world.revoke()
        left = world.on.rig.seen()
        assert left.position_base == 4
        kinds = {it.kind for it in left.orders}
        assert OrderKind.TRIGGER_MARKET in kinds
        assert OrderKind.POST_ONLY_LIMIT not in kinds
        assert world.state is DelegationState.REVOKED
        require_clean(world)


async def test_a_key_ends_after_a_day_of_the_chains_time() -> None:
    async with onchain_world() as world:
        await rested(world)
        net = world.on.client.net
        before_s = net.node.chain.tip.at_s
        net.pace.step(slots=1, at_ms=(before_s + DAY_S) * 1_000)
        await world.steps(2)
        (ended,) = world.found(DelegateKeyDestroyed)
        assert (ended.reason, world.files) == (KeyEnd.EXPIRY, [])
        await world.steps(2)
        assert world.state is DelegationState.FOREIGN
        signed = len(world.found(TransactionSigned))
        await world.approve("too-late")
        await world.steps(4)
        assert len(world.found(TransactionSigned)) == signed
        await world.delegate()
        assert len(world.found(DelegateKeyBorn)) == 2
        require_clean(world)


async def test_a_key_ends_by_our_clock_while_the_nodes_are_silent() -> None:
    async with onchain_world() as world:
        await world.on.faults(refuse_next_requests=10_000)
        world.on.seconds.now += DAY_S + 60
        await world.life.desk.chain.step()
        await world.life.desk.look()
        (ended,) = world.found(DelegateKeyDestroyed)
        assert (ended.reason, world.files) == (KeyEnd.EXPIRY, [])
        assert world.life.cabinet.key(ACCOUNT) is None


async def test_the_highest_kill_flattens_and_then_ends_the_key() -> None:
    async with onchain_world() as world:
        await rested(world)
        world.sell("149.9")
        await world.steps(4)
        world.on.rig.quote("149.5", "150.5")
        level = KillLevel.REVOKE_DELEGATE
        await world.person(KillSwitchEngaged(account=None, level=level, reason="test", by="test"))
        await world.steps(20)
        types = [it.event.event_type for it in world.events]
        assert types.index("setup_closed") < types.index("delegate_key_destroyed")
        seen = world.on.rig.seen()
        assert (seen.position_base, seen.orders) == (0, ())
        (ended,) = world.found(DelegateKeyDestroyed)
        assert (ended.reason, world.files) == (KeyEnd.KILL, [])
        await world.ask()
        refused = last(world, OwnerTransactionRefused)
        assert isinstance(refused, OwnerTransactionRefused)
        assert refused.code == "halted"
        await world.person(TradingResumed(account=None, reason="test", by="test"))
        await world.delegate()
        require_clean(world)


async def test_the_delegate_cannot_withdraw_by_the_program_nor_by_our_signer() -> None:
    async with onchain_world() as world:
        key = world.life.cabinet.key(ACCOUNT)
        assert key is not None
        delegate, trader = key.session.delegate, world.on.rig.desk.trader
        blockhash = Hash.from_string(world.life.desk.chain.blockhash().hash)
        for step in (
            instructions.withdraw(trader, 10**6, signer=delegate),
            transfer(TransferParams(from_pubkey=delegate, to_pubkey=delegate, lamports=1)),
        ):
            compiled = MessageV0.try_compile(delegate, [*BUDGET, step], [], blockhash)
            message = to_bytes_versioned(compiled)
            answer = await asked_to_sign(world, message)
            assert isinstance(answer, Refusal)
            assert answer.code in {Code.INSTRUCTION_FORBIDDEN, Code.PROGRAM_UNKNOWN}
        # With a place of its own for what it would take.
        world.on.rig.desk.world.fund(delegate, usdc=Decimal(1), sol=Decimal(0))
        withdraw = instructions.withdraw(trader, 10**6, signer=delegate)
        assert by_key(world, key, withdraw) == 2001  # ConstraintHasOne: the owner alone may.
        rename = instructions.name_delegate(trader, STRANGER.key.pubkey())
        rename = Instruction(
            rename.program_id,
            bytes(rename.data),
            [rename.accounts[0], AccountMeta(delegate, is_signer=True, is_writable=False)],
        )
        assert by_key(world, key, rename) == 2006  # ConstraintSeeds: it is not its sub-account.


async def asked_to_sign(world: OnChainWorld, message: bytes) -> Signed | Refusal:
    """Ask the account's signer for a signature, with what the engine knows now."""
    life = world.life
    state, seen = life.standing.planner.account(ACCOUNT), life.desk.chain.observe(ACCOUNT)
    await life.signer.prepare(ACCOUNT, seen.market)
    return life.signer.sign(message, Asked(state, state, seen))


def by_key(world: OnChainWorld, key: DelegateKey, *steps: Instruction) -> int | None:
    """Land what a thief would sign with the key; give the program's error."""
    chain = world.on.rig.desk.world.chain
    compiled = MessageV0.try_compile(key.session.delegate, list(steps), [], chain.tip.hash)
    signature = key.sign(to_bytes_versioned(compiled), now_ms=key.session.opened_ms)
    chain.send(VersionedTransaction.populate(compiled, [signature]))
    for _ in range(5):
        chain.advance(at_s=chain.tip.at_s + 1)
        landed = chain.landed(signature)
        if landed is not None:
            return error_code(landed.error)
    raise AssertionError("expected the transaction to land, found it nowhere")


async def test_what_the_wallet_changed_is_refused_and_what_it_may_add_is_not() -> None:
    async with onchain_world(delegates=False) as world:
        await world.steps(3)
        await world.consent()
        await world.ask()
        offer = last(world, OwnerTransactionOffered)
        assert isinstance(offer, OwnerTransactionOffered)
        assert not offer.opens_account
        offered = base64.b64decode(offer.message)
        owner = world.wallet.key.pubkey()
        theft = transfer(
            TransferParams(from_pubkey=owner, to_pubkey=STRANGER.key.pubkey(), lamports=1)
        )
        await world.give_back(base64.b64encode(rebuilt(offered, after=[theft])).decode())
        await world.give_back(signature=STRANGER.sign(offered))
        refusals = world.found(OwnerTransactionRefused)
        assert [it.code for it in refusals] == ["tx-altered", "tx-signature-invalid"]
        assert not world.found(OwnerTransactionSent)
        await world.give_back(base64.b64encode(rebuilt(offered, before=BUDGET)).decode())
        await world.steps(3)
        assert world.state is DelegationState.ACTIVE
        require_clean(world)


async def test_an_offer_that_the_program_would_refuse_is_not_made() -> None:
    async with onchain_world(delegates=False, is_open=False) as world:
        poor = Account(10**6, b"", Pubkey.default())
        world.on.rig.desk.world.chain.put(world.wallet.key.pubkey(), poor)
        await world.steps(3)
        await world.consent()
        await world.ask()
        assert not world.found(OwnerTransactionOffered)
        refused = last(world, OwnerTransactionRefused)
        assert isinstance(refused, OwnerTransactionRefused)
        assert refused.code == "tx-would-fail"


async def test_another_owner_than_the_accounts_is_refused() -> None:
    async with onchain_world() as world:
        await world.person(an_owner(ACCOUNT, STRANGER.address))
        await world.steps(2)
        refused = last(world, OwnerTransactionRefused)
        assert isinstance(refused, OwnerTransactionRefused)
        assert refused.code == "wrong-wallet"
        assert world.state is DelegationState.ACTIVE


@pytest.mark.parametrize("after", ["ask", "give_back", "land"])
async def test_a_restart_on_the_way_makes_no_second_key_and_follows_what_was_sent(
    after: str,
) -> None:
    async with onchain_world(delegates=False) as world:
        await world.steps(3)
        await world.consent()
        await world.ask()
        if after != "ask":
            await world.give_back()
        if after == "land":
            await world.life.desk.chain.step()
            world.on.client.net.pace.step(slots=2)
        world.life = await world.begin()
        await world.steps(3)
        if after == "ask":
            await world.give_back()
        await world.steps(4)
        assert world.state is DelegationState.ACTIVE
        assert len(world.found(DelegateKeyBorn)) == 1
        assert len(world.found(OwnerTransactionLanded)) == 1
        await rested(world)
        require_clean(world)


async def test_a_key_whose_file_is_gone_is_lost_and_said_so() -> None:
    async with onchain_world() as world:
        for path in world.folder.iterdir():
            path.unlink()
        world.life = await world.begin()
        await world.steps(3)
        (ended,) = world.found(DelegateKeyDestroyed)
        assert ended.reason is KeyEnd.LOST
        assert world.state is DelegationState.FOREIGN
