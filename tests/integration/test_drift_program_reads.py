"""The layouts that we read are those of the real program: it reads the same bytes.

The program takes its arguments apart before it looks at any account. So with no account in place,
an instruction that it can read fails at the accounts, and one that it cannot read fails before.
"""

import os
from pathlib import Path

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata
from solders.transaction_status import InstructionErrorCustom, TransactionErrorInstructionError

from kit import drift_bytes as write
from kit.signing_scene import A_CLOSE, A_MOVE, A_STOP, AN_ENTRY, PROGRAM

SO = os.environ.get("DRIFT_SO")
pytestmark = pytest.mark.skipif(
    SO is None, reason="DRIFT_SO is not set: no build of the Drift program to run"
)
NOT_FOUND, NOT_READ = 101, 102
"""Anchor: no such instruction, and arguments that do not deserialize."""

CALLS = {
    "place_perp_order": write.place_perp_order(AN_ENTRY),
    "place_orders": write.place_orders(AN_ENTRY, A_STOP),
    "place_and_take_perp_order": write.place_and_take(A_CLOSE, 1),
    "modify_order": write.modify_order(5, A_MOVE),
    "cancel_order": write.cancel_order(5),
    "cancel_orders_by_ids": write.cancel_orders_by_ids(5, 6),
    "cancel_order_by_user_id": write.cancel_order_by_user_id(16),
    "cancel_orders": write.cancel_orders(1, 0, 0),
    "trigger_order": write.trigger_order(7),
}


@pytest.fixture(scope="module")
def chain() -> LiteSVM:
    vm = LiteSVM()
    vm.add_program(PROGRAM, Path(SO or "").read_bytes())
    return vm


def code_of(chain: LiteSVM, data: bytes) -> int:
    """Send an instruction without its accounts; give the program's error."""
    payer = Keypair()
    chain.airdrop(payer.pubkey(), 10**9)
    metas = [AccountMeta(payer.pubkey(), is_signer=True, is_writable=True)]
    metas += [AccountMeta(Pubkey.new_unique(), is_signer=False, is_writable=True) for _ in range(8)]
    message = Message([Instruction(PROGRAM, data, metas)], payer.pubkey())
    done = chain.send_transaction(Transaction([payer], message, chain.latest_blockhash()))
    assert isinstance(done, FailedTransactionMetadata)
    failed = done.err()
    assert isinstance(failed, TransactionErrorInstructionError), failed
    assert isinstance(failed.err, InstructionErrorCustom), failed
    return failed.err.code


@pytest.mark.parametrize("name", CALLS)
def test_the_program_reads_what_we_read(chain: LiteSVM, name: str) -> None:
    assert 2_000 <= code_of(chain, CALLS[name]) < 4_000


@pytest.mark.parametrize("name", CALLS)
def test_the_program_does_not_read_a_part(chain: LiteSVM, name: str) -> None:
    assert code_of(chain, CALLS[name][:-1]) == NOT_READ


@pytest.mark.parametrize("name", CALLS)
def test_the_program_passes_over_trailing_bytes_which_we_refuse(chain: LiteSVM, name: str) -> None:
    assert 2_000 <= code_of(chain, CALLS[name] + bytes(7)) < 4_000


def test_the_program_knows_no_other_name(chain: LiteSVM) -> None:
    assert code_of(chain, write.discriminator("no_such_instruction")) == NOT_FOUND
