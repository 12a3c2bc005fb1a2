"""The instructions that a world and its actors use, for both builds.

Source: the program's IDL, versions 2.53 (for 2.42) and 2.142 (for 2.82): names, order of accounts,
order of arguments. An instruction begins with the first eight bytes of sha256("global:<name>").
"""

import hashlib
import struct
from collections.abc import Sequence
from decimal import Decimal

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from localnet.drift.addresses import (
    INSURANCE_VAULT,
    PROGRAM,
    RENT,
    SIGNER,
    SPOT_MARKET,
    SPOT_VAULT,
    STATE,
    SYSTEM,
    TOKENS,
    USDC,
    Trader,
    perp_market,
    tokens_of,
)
from localnet.drift.markets import MARKETS, QUOTE_ORACLE, Market
from localnet.drift.orders import OrderParams

_NAME_BYTES = 32
_WEIGHT = 10_000
_RATE = 1_000_000
_QUOTE_ASSET, _PYTH, _PYTH_STABLE = 2, 0, 5
"""Oracle sources."""
_PEG = 10**6


def _read(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)


def _write(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _sign(key: Pubkey, *, pays: bool = False) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=pays)


def _call(name: str, arguments: bytes, *accounts: AccountMeta) -> Instruction:
    discriminator = hashlib.sha256(f"global:{name}".encode()).digest()[:8]
    return Instruction(PROGRAM, discriminator + arguments, accounts)


def _name(text: str) -> bytes:
    return text.encode().ljust(_NAME_BYTES)


def _maps(*, writes: Sequence[int] = (), writes_quote: bool = False) -> list[AccountMeta]:
    """Give the accounts that every handler expects at the end: oracles, quote, markets."""
    return [
        *(_read(oracle) for oracle in (QUOTE_ORACLE, *(m.oracle for m in MARKETS))),
        _write(SPOT_MARKET) if writes_quote else _read(SPOT_MARKET),
        *(
            (_write if market.index in writes else _read)(perp_market(market.index))
            for market in MARKETS
        ),
    ]


def _maker_accounts(makers: Sequence[Trader]) -> list[AccountMeta]:
    return [_write(key) for maker in makers for key in (maker.user, maker.stats)]


def initialize(admin: Pubkey) -> Instruction:
    """Make the state."""
    accounts = (_write(STATE), _read(USDC), _read(SIGNER), _read(RENT), _read(SYSTEM))
    return _call("initialize", b"", _sign(admin, pays=True), *accounts, _read(TOKENS))


def initialize_quote(admin: Pubkey, *, full: bool) -> Instruction:
    """Make the spot market of USDC, the quote of every perp market."""
    weights = (_WEIGHT,) * 4
    arguments = struct.pack("<IIIB", 500_000, _RATE, _RATE, _QUOTE_ASSET)
    arguments += struct.pack("<IIIIII", *weights, 0, 0)
    if full:
        # Insurance fee, active, collateral tier, scale, withdraw guard, tick, step, fund factor.
        arguments += struct.pack("<IBBQQQQI", 0, 1, 0, 0, 10**15, 1, 1, 0)
    else:
        arguments += b"\1"
    return _call(
        "initialize_spot_market",
        arguments + _name("USDC"),
        _write(SPOT_MARKET),
        _read(USDC),
        _write(SPOT_VAULT),
        _write(INSURANCE_VAULT),
        _read(SIGNER),
        _write(STATE),
        _read(Pubkey.default()),
        _sign(admin, pays=True),
        *(_read(key) for key in (RENT, SYSTEM, TOKENS)),
    )


def initialize_market(
    admin: Pubkey, market: Market, *, price_usd: Decimal, full: bool
) -> Instruction:
    """Make a perp market whose AMM stands at a price."""
    reserve = market.amm_reserve.to_bytes(16, "little")
    arguments = struct.pack("<H", market.index) + reserve + reserve
    arguments += struct.pack("<q", 3_600)
    arguments += int(price_usd * _PEG).to_bytes(16, "little")
    arguments += bytes([_PYTH])
    ratios = (market.initial_ratio, market.maintenance_ratio, market.liquidator_fee)
    if full:
        arguments += bytes([market.tier])
        arguments += struct.pack("<IIIIIB", *ratios, market.insurance_fee, 0, 1)
        arguments += struct.pack("<II", market.spread, market.spread_max)
        arguments += bytes(16)  # open interest without a bound
        arguments += struct.pack("<QQ", 0, 0)
        arguments += struct.pack("<QQQ", market.step, market.tick, market.smallest)
        arguments += (1).to_bytes(16, "little")  # concentration
        arguments += struct.pack("<BB", market.curve_intensity, 0)
    else:
        arguments += struct.pack("<IIIB", *ratios, 1)
    return _call(
        "initialize_perp_market",
        arguments + _name(market.name),
        _sign(admin, pays=True),
        _write(STATE),
        _write(perp_market(market.index)),
        *(_read(key) for key in (market.oracle, RENT, SYSTEM)),
    )


def set_market_terms(admin: Pubkey, market: Market) -> list[Instruction]:
    """Give an older build the terms that its initialization did not take."""
    terms: list[tuple[str, bytes]] = [
        (
            "update_perp_market_step_size_and_tick_size",
            struct.pack("<QQ", market.step, market.tick),
        ),
        ("update_perp_market_min_order_size", struct.pack("<Q", market.smallest)),
        ("update_perp_market_base_spread", struct.pack("<I", market.spread)),
        ("update_perp_market_max_spread", struct.pack("<I", market.spread_max)),
        ("update_perp_market_curve_update_intensity", bytes([market.curve_intensity])),
        ("update_perp_market_contract_tier", bytes([market.tier])),
    ]
    accounts = (_sign(admin), _read(STATE), _write(perp_market(market.index)))
    return [_call(name, arguments, *accounts) for name, arguments in terms]


def set_quote_oracle(admin: Pubkey) -> Instruction:
    """Let USDC follow its oracle, as on mainnet; a market of the quote is born without one."""
    arguments = bytes(QUOTE_ORACLE) + bytes([_PYTH_STABLE])
    accounts = (_sign(admin), _read(STATE), _write(SPOT_MARKET), _read(QUOTE_ORACLE))
    return _call("update_spot_market_oracle", arguments, *accounts)


def set_withdraw_guard(admin: Pubkey, units: int) -> Instruction:
    """Let this much USDC be withdrawn whatever the history says."""
    accounts = (_sign(admin), _read(STATE), _write(SPOT_MARKET))
    return _call("update_withdraw_guard_threshold", struct.pack("<Q", units), *accounts)


def fund_market(admin: Pubkey, market: Market, units: int) -> Instruction:
    """Pay into the fee pool with which the AMM follows the oracle."""
    return _call(
        "deposit_into_perp_market_fee_pool",
        struct.pack("<Q", units),
        _write(STATE),
        _write(perp_market(market.index)),
        _sign(admin),
        _write(tokens_of(admin)),
        _read(SIGNER),
        _write(SPOT_MARKET),
        _write(SPOT_VAULT),
        _read(TOKENS),
    )


def open_statistics(trader: Trader) -> Instruction:
    """Make a wallet's statistics; once, before its first sub-account."""
    who = _sign(trader.authority, pays=True)
    accounts = (_write(trader.stats), _write(STATE), who, who)
    return _call("initialize_user_stats", b"", *accounts, _read(RENT), _read(SYSTEM))


def open_user(trader: Trader, name: str) -> Instruction:
    """Make a sub-account."""
    who = _sign(trader.authority, pays=True)
    arguments = struct.pack("<H", trader.sub_account) + _name(name)
    accounts = (_write(trader.user), _write(trader.stats), _write(STATE), who, who)
    return _call("initialize_user", arguments, *accounts, _read(RENT), _read(SYSTEM))


def deposit(trader: Trader, units: int) -> Instruction:
    """Pay USDC in, from the wallet."""
    return _call(
        "deposit",
        struct.pack("<HQB", 0, units, 0),
        _read(STATE),
        _write(trader.user),
        _write(trader.stats),
        _sign(trader.authority),
        _write(SPOT_VAULT),
        _write(tokens_of(trader.authority)),
        _read(TOKENS),
        *_maps(writes_quote=True),
    )


def withdraw(trader: Trader, units: int, *, signer: Pubkey) -> Instruction:
    """Pay USDC out to the signer's wallet; the program refuses all signers but the owner."""
    return _call(
        "withdraw",
        struct.pack("<HQB", 0, units, 0),
        _read(STATE),
        _write(trader.user),
        _write(trader.stats),
        _sign(signer),
        _write(SPOT_VAULT),
        _read(SIGNER),
        _write(tokens_of(signer)),
        _read(TOKENS),
        *_maps(writes_quote=True),
    )


def name_delegate(trader: Trader, delegate: Pubkey) -> Instruction:
    """Name who else may trade; the default key names nobody."""
    arguments = struct.pack("<H", trader.sub_account) + bytes(delegate)
    accounts = (_write(trader.user), _sign(trader.authority))
    return _call("update_user_delegate", arguments, *accounts)


def place(trader: Trader, order: OrderParams, *, signer: Pubkey) -> Instruction:
    """Place one order."""
    accounts = (_read(STATE), _write(trader.user), _sign(signer))
    return _call("place_perp_order", bytes(order), *accounts, *_maps())


def cancel_all(trader: Trader, *, signer: Pubkey) -> Instruction:
    """Take every order back."""
    accounts = (_read(STATE), _write(trader.user), _sign(signer))
    return _call("cancel_orders", b"\0\0\0", *accounts, *_maps())


def take(trader: Trader, order: OrderParams, makers: Sequence[Trader]) -> Instruction:
    """Place an order and match it at once with the makers' and the AMM."""
    return _call(
        "place_and_take_perp_order",
        bytes(order) + b"\0",
        _read(STATE),
        _write(trader.user),
        _write(trader.stats),
        _sign(trader.authority),
        *_maps(writes=(order.market,)),
        *_maker_accounts(makers),
    )


def fill(
    keeper: Trader, trader: Trader, order_id: int, makers: Sequence[Trader], *, market: int
) -> Instruction:
    """Match a resting order with makers' and the AMM, as a keeper."""
    return _call(
        "fill_perp_order",
        struct.pack("<BIB", 1, order_id, 0),
        _read(STATE),
        _sign(keeper.authority),
        *(_write(key) for key in (keeper.user, keeper.stats, trader.user, trader.stats)),
        *_maps(writes=(market,)),
        *_maker_accounts(makers),
    )


def trigger(keeper: Trader, trader: Trader, order_id: int, *, market: int) -> Instruction:
    """Fire an order whose trigger price was passed, as a keeper."""
    return _call(
        "trigger_order",
        struct.pack("<I", order_id),
        _read(STATE),
        _sign(keeper.authority),
        _write(keeper.user),
        _write(trader.user),
        *_maps(writes=(market,)),
    )


def update_amm(keeper: Pubkey, market: Market) -> Instruction:
    """Let the AMM follow the oracle. Both builds take five indexes; the program skips repeats."""
    return _call(
        "update_amms",
        struct.pack("<5H", *[market.index] * 5),
        _read(STATE),
        _sign(keeper),
        _read(market.oracle),
        _write(perp_market(market.index)),
    )
