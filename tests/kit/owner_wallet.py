"""A wallet that owns an account: it signs what it is offered, as it is or with additions."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey

from execution.owner.returned import COMPUTE_BUDGET, LIGHTHOUSE

BUDGET = (set_compute_unit_limit(60_000), set_compute_unit_price(2_000))


def lighthouse(*accounts: AccountMeta) -> Instruction:
    """Assert something, as a wallet does."""
    return Instruction(LIGHTHOUSE, bytes([6, 0, 1]), list(accounts))


def reading(key: Pubkey) -> AccountMeta:
    """Name an account that is only read."""
    return AccountMeta(key, is_signer=False, is_writable=False)


def writing(key: Pubkey) -> AccountMeta:
    """Name an account that is written."""
    return AccountMeta(key, is_signer=False, is_writable=True)


@dataclass(frozen=True)
class OwnerWallet:
    """A key that signs messages."""

    key: Keypair = field(default_factory=lambda: Keypair.from_seed(b"owner wallet".ljust(32)))

    @property
    def address(self) -> str:
        """Give its address."""
        return str(self.key.pubkey())

    def sign(self, message: bytes) -> str:
        """Sign a message's bytes."""
        return str(self.key.sign_message(message))

    def signed(self, message: str) -> tuple[str, str]:
        """Sign a message in base64; give it with the signature."""
        return message, self.sign(base64.b64decode(message))


def rebuilt(
    message: bytes,
    *,
    before: Sequence[Instruction] = (),
    after: Sequence[Instruction] = (),
    payer: Pubkey | None = None,
    blockhash: Hash | None = None,
) -> bytes:
    """Write a message anew, as a wallet that changes it would."""
    parsed = from_bytes_versioned(message)
    assert isinstance(parsed, MessageV0)
    compiled = MessageV0.try_compile(
        payer or parsed.account_keys[0],
        [*before, *calls(parsed), *after],
        [],
        blockhash or parsed.recent_blockhash,
    )
    return to_bytes_versioned(compiled)


def without_budget(message: bytes) -> bytes:
    """Drop the budget that was offered, as a wallet does that sets its own."""
    parsed = from_bytes_versioned(message)
    assert isinstance(parsed, MessageV0)
    kept = [it for it in calls(parsed) if it.program_id != COMPUTE_BUDGET]
    compiled = MessageV0.try_compile(parsed.account_keys[0], kept, [], parsed.recent_blockhash)
    return to_bytes_versioned(compiled)


def calls(parsed: MessageV0) -> list[Instruction]:
    """Give a message's instructions, with the flags that the message gives their accounts."""
    header, keys = parsed.header, parsed.account_keys
    writable = len(keys) - header.num_readonly_unsigned_accounts
    metas = [
        AccountMeta(key, is_signer=at < header.num_required_signatures, is_writable=at < writable)
        for at, key in enumerate(keys)
    ]
    return [
        Instruction(keys[it.program_id_index], bytes(it.data), [metas[at] for at in it.accounts])
        for it in parsed.instructions
    ]
