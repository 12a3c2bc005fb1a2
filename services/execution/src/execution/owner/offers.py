"""Transactions for the owner's wallet, as the bytes that it signs.

The encodings are the program's own (execution.md 1.3, 1.4 and appendix A), equal for every build.
The owner pays, no lookup table and no nonce is used, and room is left for what wallets add.
"""

import hashlib
import struct

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey

from contracts.values import Side
from execution.venues.drift.config import DriftVenue

NOBODY = Pubkey.default()
"""Whom a revoke names."""


def discriminator(name: str) -> bytes:
    """Give the eight bytes that an instruction begins with."""
    return hashlib.sha256(f"global:{name}".encode()).digest()[:8]


NAME_DELEGATE = discriminator("update_user_delegate")
CANCEL_ORDERS = discriminator("cancel_orders")
_DIRECTIONS = {Side.LONG: b"\x01\x00", Side.SHORT: b"\x01\x01", None: b"\x00"}


def delegate_message(venue: DriftVenue, delegate: Pubkey, *, blockhash: str) -> bytes:
    """Write the message that names a delegate of the sub-account."""
    return _message(venue, [_name(venue, delegate)], blockhash)


def revoke_message(venue: DriftVenue, *, side: Side | None, blockhash: str) -> bytes:
    """Write the message that cancels orders and names nobody, all or nothing.

    `side` cancels the orders that buy or sell; without one all of them go.
    """
    return _message(venue, [_cancel(venue, side), _name(venue, NOBODY)], blockhash)


def _message(venue: DriftVenue, calls: list[Instruction], blockhash: str) -> bytes:
    compiled = MessageV0.try_compile(venue.owner, calls, [], Hash.from_string(blockhash))
    return to_bytes_versioned(compiled)


def _name(venue: DriftVenue, delegate: Pubkey) -> Instruction:
    arguments = struct.pack("<H", venue.sub_account) + bytes(delegate)
    metas = [
        AccountMeta(venue.user, is_signer=False, is_writable=True),
        AccountMeta(venue.owner, is_signer=True, is_writable=False),
    ]
    return Instruction(venue.program, NAME_DELEGATE + arguments, metas)


def _cancel(venue: DriftVenue, side: Side | None) -> Instruction:
    """Cancel in every market: the sub-account is for this desk alone."""
    metas = [
        AccountMeta(venue.state, is_signer=False, is_writable=False),
        AccountMeta(venue.user, is_signer=False, is_writable=True),
        AccountMeta(venue.owner, is_signer=True, is_writable=False),
    ]
    return Instruction(venue.program, CANCEL_ORDERS + b"\x00\x00" + _DIRECTIONS[side], metas)
