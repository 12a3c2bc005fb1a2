"""Messages, programs and accounts that must not be signed: a legal bracket with one thing false."""

from collections.abc import Mapping
from dataclasses import replace

from solders.pubkey import Pubkey

from execution.signing.facts import AccountFacts
from execution.signing.refusals import Code
from kit.drift_bytes import (
    Ix,
    Lookup,
    Meta,
    Order,
    Raw,
    cancel_order,
    compiled,
    discriminator,
    place_and_take,
    place_orders,
    place_perp_order,
    trigger_order,
    u,
)
from kit.signing_scene import (
    A_CLOSE,
    A_STOP,
    BLOCKHASH,
    DELEGATE,
    FIRING,
    FLAT,
    LONG,
    MAKERS,
    MARKET,
    OFFER,
    ORACLE,
    PLAIN,
    PROGRAM,
    REST,
    SOL,
    SPOT,
    STATE,
    STATS,
    TABLE,
    TABLES,
    TAKING,
    USER,
    WORKING,
    Asked,
    asked,
    bracket,
    call,
    key,
    raw,
    unit_limit,
    unit_price,
)

Case = tuple[Asked, Code]
SYSTEM = Pubkey.default()
TOKEN = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
JUPITER = Pubkey.from_string("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4")
THIEF = key("thief")
BRACKET = raw(bracket())

FORBIDDEN = (
    "withdraw",
    "deposit",
    "begin_swap",
    "end_swap",
    "transfer_deposit",
    "transfer_pools",
    "transfer_perp_position",
    "deposit_into_isolated_perp_position",
    "transfer_isolated_perp_position_deposit",
    "withdraw_from_isolated_perp_position",
    "update_user_delegate",
    "update_user_reduce_only",
    "update_user_custom_margin_ratio",
    "update_user_perp_position_custom_margin_ratio",
    "update_user_margin_trading_enabled",
    "update_user_protected_maker_orders",
    "enable_user_high_leverage_mode",
    "initialize_user",
    "delete_user",
    "reclaim_rent",
    "settle_pnl",
    "fill_perp_order",
    "revert_fill",
    "force_cancel_orders",
    "place_spot_order",
    "place_scale_perp_orders",
    "place_and_make_perp_order",
    "place_signed_msg_taker_order",
    "modify_order_by_user_id",
    "liquidate_perp",
)
INSTRUCTIONS: Mapping[str, Case] = {
    name: (
        asked(LONG, call(discriminator(name) + u(2, 0) + u(8, 5 * SOL) + bytes(32))),
        Code.INSTRUCTION_FORBIDDEN,
    )
    for name in FORBIDDEN
}


def _signed_by(raw_message: Raw, account: AccountFacts = FLAT) -> Asked:
    return Asked(raw_message.data(), account)


def _again(**changes: object) -> Asked:
    return _signed_by(BRACKET.but(**changes))


def _looked_up(*, tables: dict[Pubkey, tuple[Pubkey, ...]], known: bool = True) -> Asked:
    message = compiled(
        (*OFFER, bracket()), payer=DELEGATE, blockhash=bytes(BLOCKHASH), tables=tables
    )
    return _signed_by(message, replace(FLAT, tables=TABLES if known else {}))


def _with_lookup(lookup: Lookup) -> Asked:
    return _signed_by(BRACKET.but(lookups=(lookup,)), replace(FLAT, tables=TABLES))


def _program_from_table() -> Asked:
    """Let the program's key come out of a table."""
    tables = {TABLE: (PROGRAM,)}
    at = BRACKET.keys.index(PROGRAM)
    keys = (*BRACKET.keys[:at], *BRACKET.keys[at + 1 :])
    moved = {
        old: (len(keys) if old == at else old - (old > at)) for old in range(len(BRACKET.keys))
    }
    calls = tuple(
        (moved[program], tuple(moved[it] for it in places), data)
        for program, places, data in BRACKET.calls
    )
    first, second, readonly = BRACKET.header
    return _signed_by(
        BRACKET.but(
            keys=keys,
            calls=calls,
            header=(first, second, readonly - 1),
            lookups=(Lookup(TABLE, readonly=(0,)),),
        ),
        replace(FLAT, tables=tables),
    )


def _two_signers() -> Asked:
    message = compiled(
        (*OFFER, Ix(PROGRAM, (*PLAIN, *REST, Meta(THIEF, signer=True)), bracket().data)),
        payer=DELEGATE,
        blockhash=bytes(BLOCKHASH),
    )
    return _signed_by(message)


def _paid_by_thief() -> Asked:
    metas = tuple(Meta(THIEF, signer=True) if it.key == DELEGATE else it for it in PLAIN + REST)
    message = compiled(
        (*OFFER, call(bracket().data, metas)), payer=THIEF, blockhash=bytes(BLOCKHASH)
    )
    return _signed_by(message)


def _calling(extra: int) -> tuple[tuple[int, tuple[int, ...], bytes], ...]:
    """Name one more account in the call."""
    program, places, data = BRACKET.calls[2]
    return (*BRACKET.calls[:2], (program, (*places, extra), data))


_BYTES = BRACKET.data()

MESSAGES: Mapping[str, Case] = {
    "nothing": (Asked(b"", FLAT), Code.UNREADABLE),
    "half-a-message": (Asked(_BYTES[:-40], FLAT), Code.UNREADABLE),
    "off-chain-text": (Asked(b"\xffsolana offchain" + _BYTES, FLAT), Code.VERSION),
    "version-1": (_again(prefix=b"\x81"), Code.VERSION),
    "trailing-bytes": (Asked(_BYTES + b"\x00", FLAT), Code.NOT_CANONICAL),
    "too-long": (
        asked(FLAT, call(place_orders(*[replace(A_STOP, number=n) for n in range(1, 33)]))),
        Code.TOO_LONG,
    ),
    "two-signers": (_two_signers(), Code.SIGNERS),
    "no-signer": (_again(header=(0, 0, BRACKET.header[2])), Code.SIGNERS),
    "payer-read-only": (_again(header=(1, 1, BRACKET.header[2])), Code.HEADER),
    "more-read-only-than-keys": (_again(header=(1, 0, len(BRACKET.keys))), Code.HEADER),
    "key-twice": (
        _again(
            keys=(*BRACKET.keys, ORACLE),
            header=(1, 0, BRACKET.header[2] + 1),
            calls=_calling(len(BRACKET.keys)),
        ),
        Code.ACCOUNT_REPEATED,
    ),
    "hidden-key": (
        _again(keys=(*BRACKET.keys, THIEF), header=(1, 0, BRACKET.header[2] + 1)),
        Code.ACCOUNT_UNUSED,
    ),
    "index-past-the-keys": (_again(calls=_calling(40)), Code.ACCOUNT_INDEX),
    "writable-program": (_again(header=(1, 0, 0)), Code.PROGRAM_PLACE),
    "no-blockhash": (_again(blockhash=bytes(32)), Code.BLOCKHASH_EMPTY),
    "no-calls": (_again(calls=(), keys=BRACKET.keys[:1], header=(1, 0, 0)), Code.NO_INSTRUCTIONS),
    "only-a-budget": (asked(FLAT), Code.NO_INSTRUCTIONS),
    "call-twice": (
        asked(WORKING, call(cancel_order(5)), call(cancel_order(5))),
        Code.INSTRUCTION_REPEATED,
    ),
    "seventeen-calls": (
        asked(WORKING, *[call(cancel_order(n), PLAIN) for n in range(15)], offer=OFFER),
        Code.TOO_MANY_INSTRUCTIONS,
    ),
    "unknown-table": (_looked_up(tables=TABLES, known=False), Code.LOOKUP_TABLE_UNKNOWN),
    "index-past-the-table": (_with_lookup(Lookup(TABLE, readonly=(9,))), Code.LOOKUP_TABLE_INDEX),
    "table-without-index": (_with_lookup(Lookup(TABLE)), Code.LOOKUP_TABLE_INDEX),
    "key-again-from-a-table": (
        _with_lookup(Lookup(TABLE, readonly=(0,))),
        Code.ACCOUNT_REPEATED,
    ),
    "unused-key-from-a-table": (_with_lookup(Lookup(TABLE, writable=(4,))), Code.ACCOUNT_UNUSED),
    "program-from-a-table": (_program_from_table(), Code.PROGRAM_PLACE),
    "market-swapped-by-the-table": (
        _signed_by(
            compiled(
                (*OFFER, bracket()), payer=DELEGATE, blockhash=bytes(BLOCKHASH), tables=TABLES
            ),
            replace(FLAT, tables={TABLE: (ORACLE, SPOT, key("other-market"), STATE)}),
        ),
        Code.ACCOUNT_STRANGE,
    ),
}

_NONCE = Ix(
    SYSTEM,
    (Meta(key("nonce"), writable=True), Meta(DELEGATE, signer=True)),
    u(4, 4),
)
_SEND_SOL = Ix(
    SYSTEM,
    (Meta(DELEGATE, writable=True, signer=True), Meta(THIEF, writable=True)),
    u(4, 2) + u(8, 1),
)
_SEND_TOKEN = Ix(
    TOKEN,
    (Meta(key("ours"), writable=True), Meta(THIEF, writable=True), Meta(DELEGATE, signer=True)),
    b"\x03" + u(8, 1),
)

PROGRAMS: Mapping[str, Case] = {
    "nonce-first": (
        _signed_by(
            compiled((_NONCE, *OFFER, bracket()), payer=DELEGATE, blockhash=bytes(BLOCKHASH))
        ),
        Code.DURABLE_NONCE,
    ),
    "nonce-later": (asked(FLAT, bracket(), _NONCE), Code.DURABLE_NONCE),
    "sol-transfer": (asked(FLAT, bracket(), _SEND_SOL), Code.PROGRAM_UNKNOWN),
    "token-transfer": (asked(FLAT, bracket(), _SEND_TOKEN), Code.PROGRAM_UNKNOWN),
    "swap": (asked(FLAT, bracket(), Ix(JUPITER, PLAIN, bytes(9))), Code.PROGRAM_UNKNOWN),
    "other-drift": (
        asked(FLAT, Ix(key("copy-of-drift"), PLAIN + REST, bracket().data)),
        Code.PROGRAM_UNKNOWN,
    ),
    "no-budget": (asked(FLAT, bracket(), offer=()), Code.BUDGET_MISSING),
    "price-without-limit": (asked(FLAT, bracket(), offer=(unit_price(9),)), Code.BUDGET_MISSING),
    "two-limits": (
        asked(FLAT, bracket(), offer=(*OFFER, unit_limit(200_001))),
        Code.BUDGET_REPEATED,
    ),
    "two-prices": (asked(FLAT, bracket(), offer=(*OFFER, unit_price(2))), Code.BUDGET_REPEATED),
    "heap-frame": (
        asked(FLAT, bracket(), offer=(*OFFER, Ix(OFFER[0].program, (), b"\x01" + u(4, 65536)))),
        Code.BUDGET_FORBIDDEN,
    ),
    "empty-budget": (
        asked(FLAT, bracket(), offer=(*OFFER, Ix(OFFER[0].program, (), b""))),
        Code.BUDGET_FORBIDDEN,
    ),
    "long-budget": (
        asked(FLAT, bracket(), offer=(Ix(OFFER[0].program, (), b"\x02" + u(8, 200_000)),)),
        Code.ARGUMENTS,
    ),
    "budget-with-account": (
        asked(FLAT, bracket(), offer=(Ix(OFFER[0].program, REST, OFFER[0].data),)),
        Code.ARGUMENTS,
    ),
    "thief-pays": (_paid_by_thief(), Code.FEE_PAYER),
    "other-sub-account": (
        asked(FLAT, call(bracket().data, (PLAIN[0], Meta(key("user-1"), writable=True), PLAIN[2]))),
        Code.ACCOUNT_STRANGE,
    ),
    "other-state": (
        asked(FLAT, call(bracket().data, (Meta(key("state-2")), *PLAIN[1:]))),
        Code.ACCOUNT_STRANGE,
    ),
    "other-authority": (
        asked(FLAT, call(bracket().data, (*PLAIN[:2], Meta(THIEF)))),
        Code.ACCOUNT_STRANGE,
    ),
    "other-market-account": (
        asked(FLAT, call(bracket().data, (*PLAIN, *REST, Meta(key("btc-perp"))))),
        Code.ACCOUNT_STRANGE,
    ),
    "other-oracle": (
        asked(FLAT, call(bracket().data, (*PLAIN, Meta(key("false-oracle")), *REST[1:]))),
        Code.ACCOUNT_STRANGE,
    ),
    "maker-of-nobody": (
        asked(LONG, call(place_and_take(A_CLOSE), (*TAKING, Meta(THIEF, writable=True)))),
        Code.ACCOUNT_STRANGE,
    ),
    "maker-of-ourselves": (
        asked(LONG, call(place_and_take(A_CLOSE), (*TAKING, *MAKERS, Meta(USER, writable=True)))),
        Code.ACCOUNT_STRANGE,
    ),
    "other-statistics": (
        asked(
            LONG,
            call(
                place_and_take(A_CLOSE),
                tuple(Meta(THIEF, writable=True) if it.key == STATS else it for it in TAKING),
            ),
        ),
        Code.ACCOUNT_STRANGE,
    ),
    "other-filler": (
        asked(
            LONG,
            call(trigger_order(7), (*FIRING[:2], Meta(THIEF, writable=True), *FIRING[3:])),
        ),
        Code.ACCOUNT_STRANGE,
    ),
    "no-authority": (
        asked(FLAT, Ix(PROGRAM, PLAIN[:2], bracket().data)),
        Code.ACCOUNT_MISSING,
    ),
    "writable-market": (
        asked(FLAT, call(bracket().data, (*PLAIN, *REST[:2], Meta(MARKET, writable=True)))),
        Code.ACCOUNT_FLAGS,
    ),
    "writable-state": (
        asked(FLAT, call(bracket().data, (Meta(STATE, writable=True), *PLAIN[1:], *REST))),
        Code.ACCOUNT_FLAGS,
    ),
    "read-only-user": (
        asked(FLAT, call(bracket().data, (PLAIN[0], Meta(USER), PLAIN[2], *REST))),
        Code.ACCOUNT_FLAGS,
    ),
    "no-discriminator": (asked(FLAT, call(b"")), Code.INSTRUCTION_FORBIDDEN),
    "half-an-order": (asked(FLAT, call(place_perp_order(A_STOP)[:-3])), Code.ARGUMENTS),
    "order-and-more": (asked(FLAT, call(bracket().data + b"\x00")), Code.ARGUMENTS),
    "option-tag-of-two": (
        asked(WORKING, call(cancel_order(5)[:8] + b"\x02" + u(4, 5))),
        Code.ARGUMENTS,
    ),
    "order-type-of-five": (
        asked(FLAT, call(place_perp_order(Order(order_type=5)))),
        Code.ARGUMENTS,
    ),
    "no-orders": (asked(FLAT, call(place_orders())), Code.ARGUMENTS),
    "count-without-orders": (
        asked(FLAT, call(discriminator("place_orders") + u(4, 2**32 - 1))),
        Code.ARGUMENTS,
    ),
}
