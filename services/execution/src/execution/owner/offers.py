"""Transactions for the owner's wallet, as the bytes that it signs.

The encodings are the program's own (execution.md 1.3, 1.4 and appendix A), equal for every build.
The owner pays, no lookup table and no nonce is used, and room is left for what wallets add.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from contracts.values import Side
from execution.venues.drift.config import QUOTE_INDEX, TOKENS, DriftVenue
from execution.venues.units import usd_units

NOBODY = Pubkey.default()
"""Whom a revoke names."""
_SYSTEM = Pubkey.default()
_RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
_NAME = b"Main Account".ljust(32)


def discriminator(name: str) -> bytes:
    """Give the eight bytes that an instruction begins with."""
    return hashlib.sha256(f"global:{name}".encode()).digest()[:8]


NAME_DELEGATE = discriminator("update_user_delegate")
CANCEL_ORDERS = discriminator("cancel_orders")
_OPEN_STATISTICS = discriminator("initialize_user_stats")
_OPEN_ACCOUNT = discriminator("initialize_user")
_DEPOSIT = discriminator("deposit")
_CAP_MARGIN = discriminator("update_user_custom_margin_ratio")
_PERP = b"\x01\x01"
_DIRECTIONS = {Side.LONG: b"\x01\x00", Side.SHORT: b"\x01\x01", None: b"\x00"}


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is done for the sub-account before a delegate is named, in the same transaction."""

    opens_statistics: bool = False
    opens_account: bool = False
    margin_ratio: int | None = None
    """The owner's cap: margin of so many 1e-4 of what is held; None leaves it."""
    deposit_usd: Decimal = Decimal(0)
    delegate_lamports: int = 0
    """Sent to the delegate, for fees."""


NOTHING = SetUp()


def delegate_message(
    venue: DriftVenue,
    delegate: Pubkey,
    *,
    first: SetUp = NOTHING,
    market_accounts: Sequence[Pubkey] = (),
    blockhash: str,
) -> bytes:
    """Write the message that sets the sub-account up and names its delegate, all or nothing.

    `market_accounts` are the oracles and markets that the program reads for a deposit.
    """
    lamports = first.delegate_lamports
    calls = [
        *([_open_statistics(venue)] if first.opens_statistics else []),
        *([_open_account(venue)] if first.opens_account else []),
        *([_deposit(venue, first.deposit_usd, market_accounts)] if first.deposit_usd else []),
        *([] if first.margin_ratio is None else [_cap_margin(venue, first.margin_ratio)]),
        *([_pay(venue.owner, delegate, lamports)] if lamports else []),
        _name(venue, delegate),
    ]
    return _message(venue, calls, blockhash)


def revoke_message(
    venue: DriftVenue, *, side: Side | None, market_accounts: Sequence[Pubkey] = (), blockhash: str
) -> bytes:
    """Write the message that cancels orders of our market and names nobody, all or nothing.

    `side` cancels the orders that buy or sell; without one all of them go. `market_accounts` are
    the oracles and markets that the program reads for it.
    """
    cancel = _cancel(venue, side, market_accounts)
    return _message(venue, [cancel, _name(venue, NOBODY)], blockhash)


def cancel_arguments(market_index: int, side: Side | None) -> bytes:
    """Write which orders of a perp market are canceled."""
    return _PERP + b"\x01" + struct.pack("<H", market_index) + _DIRECTIONS[side]


def _message(venue: DriftVenue, calls: list[Instruction], blockhash: str) -> bytes:
    compiled = MessageV0.try_compile(venue.owner, calls, [], Hash.from_string(blockhash))
    return to_bytes_versioned(compiled)


def _name(venue: DriftVenue, delegate: Pubkey) -> Instruction:
    return _update(venue, NAME_DELEGATE, bytes(delegate))


def _cap_margin(venue: DriftVenue, ratio: int) -> Instruction:
    return _update(venue, _CAP_MARGIN, struct.pack("<I", ratio))


def _update(venue: DriftVenue, name: bytes, value: bytes) -> Instruction:
    arguments = struct.pack("<H", venue.sub_account) + value
    return Instruction(venue.program, name + arguments, [_write(venue.user), _owner(venue)])


def _open_statistics(venue: DriftVenue) -> Instruction:
    who = _owner(venue, pays=True)
    metas = [_write(venue.user_stats), _write(venue.state), who, who, _read(_RENT), _read(_SYSTEM)]
    return Instruction(venue.program, _OPEN_STATISTICS, metas)


def _open_account(venue: DriftVenue) -> Instruction:
    who = _owner(venue, pays=True)
    places = (_write(venue.user), _write(venue.user_stats), _write(venue.state), who, who)
    arguments = struct.pack("<H", venue.sub_account) + _NAME
    return Instruction(
        venue.program, _OPEN_ACCOUNT + arguments, [*places, _read(_RENT), _read(_SYSTEM)]
    )


def _deposit(
    venue: DriftVenue, amount_usd: Decimal, market_accounts: Sequence[Pubkey]
) -> Instruction:
    units, only_repays = usd_units(amount_usd), False
    arguments = struct.pack("<HQ?", QUOTE_INDEX, units, only_repays)
    metas = [
        *(_read(venue.state), _write(venue.user), _write(venue.user_stats), _owner(venue)),
        *(_write(venue.quote_vault), _write(venue.owner_tokens), _read(TOKENS)),
        *(_write(it) if it == venue.quote_market else _read(it) for it in market_accounts),
    ]
    return Instruction(venue.program, _DEPOSIT + arguments, metas)


def _pay(owner: Pubkey, delegate: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=owner, to_pubkey=delegate, lamports=lamports))


def _cancel(venue: DriftVenue, side: Side | None, market_accounts: Sequence[Pubkey]) -> Instruction:
    metas = [_read(venue.state), _write(venue.user), _owner(venue), *map(_read, market_accounts)]
    arguments = cancel_arguments(venue.market_index, side)
    return Instruction(venue.program, CANCEL_ORDERS + arguments, metas)


def _read(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)


def _write(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _owner(venue: DriftVenue, *, pays: bool = False) -> AccountMeta:
    return AccountMeta(venue.owner, is_signer=True, is_writable=pays)
