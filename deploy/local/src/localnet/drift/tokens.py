"""USDC as bytes: the mint and wallets' accounts. Source: the SPL token program's `state.rs`."""

import struct

from solders.account import Account
from solders.pubkey import Pubkey

from localnet.drift.addresses import TOKENS, USDC

DECIMALS = 6
_MINT = struct.Struct("<I32sQBBI32s")
_ACCOUNT = struct.Struct("<32s32sQI32sBIQQI32s")
_NOBODY = bytes(32)
_INITIALIZED = 1
_AMOUNT_AT = 64


def mint_account(*, authority: Pubkey, lamports: int) -> Account:
    """Write the mint."""
    data = _MINT.pack(1, bytes(authority), 0, DECIMALS, _INITIALIZED, 0, _NOBODY)
    return Account(lamports, data, TOKENS)


def token_account(owner: Pubkey, *, units: int, lamports: int) -> Account:
    """Write a wallet's account; a unit is a millionth of a dollar."""
    data = _ACCOUNT.pack(
        bytes(USDC), bytes(owner), units, 0, _NOBODY, _INITIALIZED, 0, 0, 0, 0, _NOBODY
    )
    return Account(lamports, data, TOKENS)


def units_of(account: Account) -> int:
    """Give how much a wallet's account holds."""
    return int.from_bytes(account.data[_AMOUNT_AT : _AMOUNT_AT + 8], "little")
