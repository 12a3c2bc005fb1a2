"""An account of ours as the signer knows it, and the transactions that it may sign."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from solders.hash import Hash
from solders.pubkey import Pubkey

from contracts.values import Side
from execution.signing.facts import (
    AccountFacts,
    Approval,
    ChainFacts,
    Facts,
    MarketFacts,
    OpenOrder,
    Session,
    SignerFacts,
    Standing,
    VenueAccounts,
)
from execution.signing.lately import SignedLately
from kit.drift_bytes import (
    U64_MAX,
    Change,
    Ix,
    Meta,
    Order,
    Raw,
    cancel_order,
    cancel_order_by_user_id,
    cancel_orders,
    cancel_orders_by_ids,
    compiled,
    modify_order,
    place_and_take,
    place_orders,
    place_perp_order,
    trigger_order,
    u,
)


def key(name: str) -> Pubkey:
    """Give an address that is nobody's."""
    return Pubkey.create_with_seed(Pubkey.default(), name[:32], Pubkey.default())


PROGRAM = Pubkey.from_string("dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH")
BUDGET = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
DELEGATE, STATE, USER, STATS = key("delegate"), key("state"), key("user"), key("stats")
MARKET, ORACLE, SPOT = key("perp-market"), key("oracle"), key("spot-market")
MAKER, MAKER_STATS = key("maker"), key("maker-stats")
TABLE = key("table")
TABLES = {TABLE: (ORACLE, SPOT, MARKET, STATE, key("stranger"))}
BLOCKHASH = Hash.new_unique()
NOW_S, NOW_MS, HEIGHT = 1_750_507_200, 1_750_507_200_000, 1_000
USD, SOL = 10**6, 10**9
TICK, STEP = 1_000, 10**7
ORACLE_USD = 150 * USD
DAY_MS = 86_400_000
VERDICT = UUID(int=7)

STANDING = Standing(kill_level=0, is_revoked=False, control_position=40, orders_position=90)
SIGNER = SignerFacts(
    session=Session(DELEGATE, NOW_MS - 3_600_000, NOW_MS - 3_600_000 + DAY_MS),
    standing=STANDING,
    now_ms=NOW_MS,
    lately=SignedLately(),
)
STOP = OpenOrder(7, 48, Side.SHORT, 148 * USD, None, True, True, False, True)
PROFIT = OpenOrder(8, 112, Side.SHORT, 153 * USD, 5 * SOL, True, False, False, True)
ENTRY = OpenOrder(5, 16, Side.LONG, 149 * USD, 10 * SOL, False, False, False, True)
FOREIGN = OpenOrder(9, 250, Side.SHORT, 170 * USD, SOL, True, False, False, False)

APPROVAL = Approval(VERDICT, Side.LONG, 10 * SOL, 150 * USD + 300_000, NOW_S + 60)

FLAT = AccountFacts(
    account="local",
    venue=VenueAccounts(
        program=PROGRAM,
        state=STATE,
        user=USER,
        user_stats=STATS,
        perp_market=MARKET,
        readable=frozenset({ORACLE, SPOT}),
        makers=frozenset({MAKER, MAKER_STATS}),
    ),
    market=MarketFacts(index=0, tick=TICK, step=STEP, oracle=ORACLE_USD),
    chain=ChainFacts(now_s=NOW_S, block_height=HEIGHT, blockhashes={BLOCKHASH: HEIGHT + 150}),
    position=0,
    orders=(),
    approval=APPROVAL,
    stop_price=None,
    notional_max=2_000 * USD,
    is_shrink_only=False,
    standing=STANDING,
    tables={},
)
WORKING = replace(FLAT, orders=(ENTRY, STOP), approval=replace(APPROVAL, left=0))
LONG = replace(WORKING, orders=(STOP, PROFIT), position=10 * SOL)
SHORT = replace(
    WORKING,
    orders=(replace(STOP, side=Side.LONG, price=152 * USD),),
    position=-10 * SOL,
    approval=None,
)

AN_ENTRY = Order(base=10 * SOL, price=149_900_000, post_only=1, max_ts=NOW_S + 30)
A_STOP = Order(
    order_type=2,
    direction=1,
    number=49,
    base=U64_MAX,
    reduce_only=1,
    max_ts=0,
    trigger_price=148 * USD,
    condition=1,
)
A_PROFIT = Order(
    direction=1, number=113, base=5 * SOL, price=151 * USD, reduce_only=1, post_only=1, max_ts=0
)
A_CLOSE = Order(
    direction=1, number=208, base=10 * SOL, price=149 * USD, reduce_only=1, flags=1, max_ts=0
)
A_MOVE = Change(price=150 * USD, max_ts=NOW_S + 30)
A_STOP_MOVE = Change(trigger_price=149 * USD, max_ts=0)
A_PROFIT_MOVE = Change(price=152 * USD, max_ts=0)

PLAIN = (Meta(STATE), Meta(USER, writable=True), Meta(DELEGATE, signer=True))
REST = (Meta(ORACLE), Meta(SPOT), Meta(MARKET))
TAKING = (
    Meta(STATE),
    Meta(USER, writable=True),
    Meta(STATS, writable=True),
    Meta(DELEGATE, signer=True),
    Meta(ORACLE),
    Meta(SPOT),
    Meta(MARKET, writable=True),
)
MAKERS = (Meta(MAKER, writable=True), Meta(MAKER_STATS, writable=True))
FIRING = (
    Meta(STATE),
    Meta(DELEGATE, signer=True),
    Meta(USER, writable=True),
    Meta(USER, writable=True),
    Meta(ORACLE),
    Meta(SPOT),
    Meta(MARKET, writable=True),
)


def call(data: bytes, metas: tuple[Meta, ...] = PLAIN + REST) -> Ix:
    return Ix(PROGRAM, metas, data)


def unit_limit(units: int) -> Ix:
    return Ix(BUDGET, (), b"\x02" + u(4, units))


def unit_price(microlamports: int) -> Ix:
    return Ix(BUDGET, (), b"\x03" + u(8, microlamports))


OFFER = (unit_limit(200_000), unit_price(1_000))


def raw(*calls: Ix, offer: tuple[Ix, ...] = OFFER, legacy: bool = False) -> Raw:
    """Compile calls for our delegate."""
    return compiled((*offer, *calls), payer=DELEGATE, blockhash=bytes(BLOCKHASH), legacy=legacy)


@dataclass(frozen=True)
class Asked:
    """A transaction that somebody wants signed, and what the signer knows when he does."""

    data: bytes
    account: AccountFacts
    signer: SignerFacts = SIGNER

    @property
    def facts(self) -> Facts:
        return Facts(self.account, self.signer)


def asked(account: AccountFacts, *calls: Ix, **more: object) -> Asked:
    """Ask for calls to be signed."""
    signer = more.pop("signer", SIGNER)
    assert isinstance(signer, SignerFacts)
    return Asked(raw(*calls, **more).data(), account, signer)  # pyright: ignore[reportArgumentType]


def bracket(entry: Order = AN_ENTRY, stop: Order = A_STOP) -> Ix:
    """Place an entry with its stop."""
    return call(place_orders(entry, stop))


LEGAL: Mapping[str, Asked] = {
    "bracket": asked(FLAT, bracket()),
    "legacy-bracket": asked(FLAT, bracket(), legacy=True),
    "bracket-in-two-calls": asked(
        FLAT, call(place_perp_order(AN_ENTRY)), call(place_perp_order(A_STOP))
    ),
    "stop": asked(replace(LONG, orders=()), call(place_perp_order(A_STOP))),
    "ladder": asked(
        LONG,
        call(place_orders(A_PROFIT, replace(A_PROFIT, number=114, price=153 * USD))),
    ),
    "close": asked(LONG, call(place_and_take(A_CLOSE, 1), TAKING + MAKERS)),
    "move": asked(WORKING, call(modify_order(5, A_MOVE))),
    "convert": asked(WORKING, call(modify_order(5, replace(A_MOVE, post_only=0)))),
    "move-stop": asked(LONG, call(modify_order(7, A_STOP_MOVE))),
    "move-profit": asked(LONG, call(modify_order(8, A_PROFIT_MOVE))),
    "cancel": asked(WORKING, call(cancel_order(5))),
    "cancel-many": asked(LONG, call(cancel_orders_by_ids(8))),
    "cancel-number": asked(WORKING, call(cancel_order_by_user_id(16))),
    "cancel-side": asked(WORKING, call(cancel_orders(1, 0, 0))),
    "sweep": asked(replace(LONG, position=0), call(cancel_order(7)), call(cancel_order(8))),
    "fire": asked(LONG, call(trigger_order(7), FIRING)),
}
