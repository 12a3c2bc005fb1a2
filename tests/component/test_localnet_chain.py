"""What a cluster adds to a virtual machine: slots, blocks, fees, commitments, history."""

import pytest
from solders.account import Account
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionErrorFieldless

from kit.localnet_rig import SOL, START_S, a_chain, open_slots, pay, wallet
from localnet import lookup
from localnet.block import BLOCKHASH_BLOCKS, Commitment
from localnet.chain import CLOCK, Chain
from localnet.errors import error_json

PAYER, TO = wallet(0), wallet(1).pubkey()


def _balance(chain: Chain, key: Pubkey, *, slot: int | None = None) -> int:
    account = chain.account(key, slot=slot)
    return 0 if account is None else account.lamports


def test_a_transaction_lands_in_the_next_slot() -> None:
    chain = a_chain()
    sent = pay(PAYER, TO, SOL, blockhash=chain.tip.hash)
    chain.send(sent)
    assert chain.landed(sent.signatures[0]) is None
    open_slots(chain, 1)
    landed = chain.landed(sent.signatures[0])
    assert landed is not None
    assert (landed.slot, landed.error) == (chain.tip.slot, None)
    assert _balance(chain, TO) == SOL


def test_a_transaction_lands_once() -> None:
    chain = a_chain()
    sent = pay(PAYER, TO, SOL, blockhash=chain.tip.hash)
    chain.send(sent)
    chain.send(sent)
    open_slots(chain, 1)
    chain.send(sent)
    open_slots(chain, 1)
    assert _balance(chain, TO) == SOL
    assert chain.refusal(sent) == TransactionErrorFieldless.AlreadyProcessed


def test_a_blockhash_lives_for_150_blocks() -> None:
    chain = a_chain()
    bound = chain.tip
    last, late = (pay(PAYER, TO, amount, blockhash=bound.hash) for amount in (SOL, 2 * SOL))
    open_slots(chain, BLOCKHASH_BLOCKS - 1)
    chain.send(last)
    chain.send(late, extra_slots=1)
    open_slots(chain, 1)
    assert chain.tip.height == bound.last_valid_height
    assert chain.landed(last.signatures[0]) is not None
    open_slots(chain, 1)
    assert chain.landed(late.signatures[0]) is None
    assert chain.refusal(late) == TransactionErrorFieldless.BlockhashNotFound


def test_skipped_slots_age_no_blockhash() -> None:
    chain = a_chain()
    bound = chain.tip
    chain.advance(at_s=START_S, skipped_slots=400)
    assert (chain.tip.slot, chain.tip.height) == (bound.slot + 401, bound.height + 1)
    assert chain.block_of(bound.hash) == bound


@pytest.mark.parametrize(("lamports", "error"), [(SOL, None), (99 * SOL, {"Custom": 1})])
def test_a_block_takes_the_fee_whatever_becomes_of_it(lamports: int, error: object) -> None:
    chain = a_chain()
    blockhash = chain.tip.hash
    chain.send(pay(PAYER, TO, lamports, blockhash=blockhash, limit=600_000, price=20_000))
    open_slots(chain, 1)
    landed = chain.landed_of(TO)[0]
    fee = 5_000 + 12_000
    assert landed.fee_lamports == fee
    assert error_json(landed.error) == (error and {"InstructionError": [2, error]})
    moved = SOL if error is None else 0
    assert _balance(chain, PAYER.pubkey()) == 10 * SOL - fee - moved
    assert (landed.before[0], landed.after[0]) == (10 * SOL, 10 * SOL - fee - moved)


def test_who_cannot_pay_the_fee_is_taken_by_no_block() -> None:
    chain = a_chain()
    poor = wallet(2)
    stranger = pay(poor, TO, 1, blockhash=chain.tip.hash)
    assert chain.refusal(stranger) == TransactionErrorFieldless.AccountNotFound
    chain.airdrop(poor.pubkey(), 10_000)
    dear = pay(poor, TO, 1, blockhash=chain.tip.hash, limit=1_000_000, price=6_000)
    assert chain.refusal(dear) == TransactionErrorFieldless.InsufficientFundsForFee
    chain.send(dear)
    open_slots(chain, 1)
    assert _balance(chain, poor.pubkey()) == 10_000


def test_a_forged_signature_costs_nothing() -> None:
    chain = a_chain()
    honest = pay(PAYER, TO, SOL, blockhash=chain.tip.hash, price=1_000)
    other = pay(PAYER, TO, 2, blockhash=chain.tip.hash)
    chain.send(VersionedTransaction.populate(honest.message, other.signatures))
    open_slots(chain, 1)
    assert _balance(chain, PAYER.pubkey()) == 10 * SOL
    assert chain.landed_of(TO) == []


def test_a_commitment_reads_its_own_slot() -> None:
    chain = a_chain()
    open_slots(chain, 40)
    chain.send(pay(PAYER, TO, SOL, blockhash=chain.tip.hash))
    seen: dict[Commitment, int] = {}
    for slots in range(40):
        open_slots(chain, 1)
        for commitment in Commitment:
            if _balance(chain, TO, slot=chain.block(commitment).slot):
                seen.setdefault(commitment, slots)
    assert seen == {
        Commitment.PROCESSED: 0,
        Commitment.CONFIRMED: 1,
        Commitment.FINALIZED: 31,
    }


def test_the_clock_of_the_past_stands_beside_the_accounts_of_the_past() -> None:
    chain = a_chain()
    open_slots(chain, 3)
    for slot in (chain.tip.slot, chain.block(Commitment.CONFIRMED).slot):
        account = chain.account(CLOCK, slot=slot)
        assert account is not None
        assert int.from_bytes(account.data[:8], "little") == slot


def test_history_is_newest_first_and_by_account() -> None:
    chain = a_chain()
    for amount in (1, 2, 3):
        chain.send(pay(PAYER, TO, amount * SOL, blockhash=chain.tip.hash))
        open_slots(chain, 1)
    slots = [landed.slot for landed in chain.landed_of(TO)]
    assert slots == sorted(slots, reverse=True)
    assert len(slots) == 3
    assert chain.landed_of(wallet(5).pubkey()) == []


def test_accounts_are_listed_by_owner_as_they_stood() -> None:
    chain = a_chain()
    owner, first = wallet(3).pubkey(), chain.tip.slot
    chain.put(wallet(4).pubkey(), Account(1, b"a", owner))
    open_slots(chain, 1)
    chain.put(wallet(4).pubkey(), Account(1, b"b", owner))
    chain.put(wallet(5).pubkey(), Account(1, b"c", owner))
    then = [account.data for _, account in chain.owned_by(owner, slot=first)]
    assert then == [b"a"]
    assert sorted(account.data for _, account in chain.owned_by(owner)) == [b"b", b"c"]


def test_a_lookup_table_names_accounts() -> None:
    chain = a_chain()
    key = wallet(6).pubkey()
    data = lookup.table_bytes((TO,), authority=key, slot=chain.tip.slot)
    chain.put(key, Account(SOL, data, lookup.PROGRAM))
    step = transfer(TransferParams(from_pubkey=PAYER.pubkey(), to_pubkey=TO, lamports=SOL))
    table = AddressLookupTableAccount(key, [TO])
    message = MessageV0.try_compile(PAYER.pubkey(), [step], [table], chain.tip.hash)
    assert TO not in message.account_keys
    sent = VersionedTransaction(message, [PAYER])
    chain.send(sent)
    open_slots(chain, 1)
    assert _balance(chain, TO) == SOL
    assert chain.landed_of(TO)[0].loaded == ((TO,), ())


def test_an_unknown_lookup_table_is_taken_by_no_block() -> None:
    chain = a_chain()
    step = transfer(TransferParams(from_pubkey=PAYER.pubkey(), to_pubkey=TO, lamports=SOL))
    table = AddressLookupTableAccount(wallet(7).pubkey(), [TO])
    message = MessageV0.try_compile(PAYER.pubkey(), [step], [table], chain.tip.hash)
    refusal = chain.refusal(VersionedTransaction(message, [PAYER]))
    assert refusal == TransactionErrorFieldless.AddressLookupTableNotFound


def test_chain_time_never_goes_back() -> None:
    chain = a_chain()
    chain.advance(at_s=START_S - 50)
    assert chain.tip.at_s == START_S
