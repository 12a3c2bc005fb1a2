"""Each bound of the policy: the last transaction within it, and the first over it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from execution.signing.facts import AccountFacts
from execution.signing.lately import SignedLately
from execution.signing.refusals import Code
from kit.drift_bytes import (
    Order,
    cancel_order,
    place_perp_order,
)
from kit.signing_asks import close, entry, move, profit, stop
from kit.signing_scene import (
    A_MOVE,
    A_PROFIT,
    A_PROFIT_MOVE,
    A_STOP,
    A_STOP_MOVE,
    AN_ENTRY,
    APPROVAL,
    DAY_MS,
    FLAT,
    FOREIGN,
    HEIGHT,
    LONG,
    NOW_MS,
    NOW_S,
    ORACLE_USD,
    SHORT,
    SIGNER,
    SOL,
    STANDING,
    STEP,
    STOP,
    TICK,
    USD,
    WORKING,
    Asked,
    asked,
    bracket,
    call,
    unit_limit,
    unit_price,
)


@dataclass(frozen=True)
class Bound:
    """A pair around a bound."""

    at: Asked
    over: Asked
    code: Code


def offered(account: AccountFacts, order: Order, units: int, price: int) -> Asked:
    return asked(
        account, call(place_perp_order(order)), offer=(unit_limit(units), unit_price(price))
    )


def later(asked: Asked, **changes: int) -> Asked:
    return replace(asked, signer=replace(SIGNER, **changes))


def after(count: int, asked: Asked) -> Asked:
    return replace(asked, signer=replace(SIGNER, lately=SignedLately((NOW_MS,) * count)))


def paid(lamports: int, minutes_ago: int, asked: Asked) -> Asked:
    """Ask when priority fees of so much were signed in a minute before."""
    fees = ((NOW_MS // 60_000 - minutes_ago, lamports),)
    return replace(asked, signer=replace(SIGNER, lately=SignedLately(fees=fees)))


def living(left_ms: int) -> Asked:
    """Ask for an entry while so much is left of the key's life."""
    signer = replace(SIGNER, now_ms=SIGNER.session.expires_ms - left_ms)
    return asked(FLAT, bracket(), signer=signer)


ENTRY_FREE = replace(FLAT, approval=replace(APPROVAL, worst_price=1_000 * USD))
MOVE_FREE = replace(WORKING, approval=ENTRY_FREE.approval)
PASSIVE = replace(ENTRY_FREE, notional_max=10**6 * USD)
KILLED = replace(LONG, standing=replace(STANDING, kill_level=2), orders=(STOP, FOREIGN))
APPROVED_STOP = replace(FLAT, stop_price=148 * USD)
STOPPED, STOPPED_SHORT = replace(LONG, stop_price=148 * USD), replace(SHORT, stop_price=152 * USD)
BRACKET = entry()

BOUNDS: Mapping[str, Bound] = {
    "approved size": Bound(
        entry(base=10 * SOL), entry(base=10 * SOL + STEP), Code.SIZE_NOT_APPROVED
    ),
    "smallest size": Bound(entry(base=STEP), entry(base=0), Code.SIZE),
    "step": Bound(entry(base=STEP), entry(base=STEP + 1), Code.SIZE_GRID),
    "tick": Bound(entry(price=149 * USD), entry(price=149 * USD + 1), Code.PRICE_GRID),
    "approved price": Bound(
        entry(price=150_300_000), entry(price=150_300_000 + TICK), Code.PRICE_NOT_APPROVED
    ),
    "approved price of a move": Bound(
        move(5, A_MOVE, WORKING, price=150_300_000),
        move(5, A_MOVE, WORKING, price=150_300_000 + TICK),
        Code.PRICE_NOT_APPROVED,
    ),
    # 150 USD and 1 % are 151.5 USD.
    "band above": Bound(
        entry(ENTRY_FREE, price=151_500_000),
        entry(ENTRY_FREE, price=151_500_000 + TICK),
        Code.PRICE_BAND,
    ),
    "band above of a move": Bound(
        move(5, A_MOVE, MOVE_FREE, price=151_500_000),
        move(5, A_MOVE, MOVE_FREE, price=151_500_000 + TICK),
        Code.PRICE_BAND,
    ),
    # 150 USD less 20 % are 120 USD. The stop beyond it is not reached: the entry is judged first.
    "band below": Bound(
        asked(
            PASSIVE,
            bracket(
                replace(AN_ENTRY, price=120 * USD + TICK), replace(A_STOP, trigger_price=120 * USD)
            ),
        ),
        asked(
            PASSIVE,
            bracket(
                replace(AN_ENTRY, price=120 * USD - TICK),
                replace(A_STOP, trigger_price=120 * USD - 2 * TICK),
            ),
        ),
        Code.PRICE_BAND,
    ),
    # 10 at 149.9 are 1,499 USD.
    "notional": Bound(
        entry(replace(FLAT, notional_max=1_499 * USD)),
        entry(replace(FLAT, notional_max=1_499 * USD - 1)),
        Code.NOTIONAL,
    ),
    # 10 at 150 beside 2 held at 150 are 1,800 USD; the order that moves counts once.
    "notional of a move": Bound(
        move(5, A_MOVE, replace(WORKING, position=2 * SOL, notional_max=1_800 * USD)),
        move(5, A_MOVE, replace(WORKING, position=2 * SOL, notional_max=1_800 * USD - 1)),
        Code.NOTIONAL,
    ),
    "fence is ahead": Bound(entry(max_ts=NOW_S + 1), entry(max_ts=NOW_S), Code.MAX_TS_PAST),
    "fence within the approval": Bound(
        entry(max_ts=NOW_S + 60), entry(max_ts=NOW_S + 61), Code.MAX_TS_TOO_LATE
    ),
    "fence of a move": Bound(
        move(5, A_MOVE, WORKING, max_ts=NOW_S + 60),
        move(5, A_MOVE, WORKING, max_ts=NOW_S + 61),
        Code.MAX_TS_TOO_LATE,
    ),
    "end of a take-profit": Bound(profit(max_ts=NOW_S + 1), profit(max_ts=NOW_S), Code.MAX_TS_PAST),
    "end of a moved take-profit": Bound(
        move(8, A_PROFIT_MOVE, LONG, max_ts=NOW_S + 1),
        move(8, A_PROFIT_MOVE, LONG, max_ts=NOW_S),
        Code.MAX_TS_PAST,
    ),
    "take-profit covers the position": Bound(
        profit(base=10 * SOL), profit(base=10 * SOL + STEP), Code.SIZE
    ),
    "close covers the position": Bound(
        close(base=10 * SOL), close(base=10 * SOL + STEP), Code.SIZE
    ),
    # 150 USD less 5 % are 142.5 USD, and a tick.
    "band of a close": Bound(
        close(price=142_500_000 - TICK), close(price=142_500_000 - 2 * TICK), Code.PRICE_BAND
    ),
    "band of a close that buys": Bound(
        close(SHORT, direction=0, price=157_500_000 + TICK),
        close(SHORT, direction=0, price=157_500_000 + 2 * TICK),
        Code.PRICE_BAND,
    ),
    "band of a take-profit": Bound(
        profit(price=142_500_000 - TICK), profit(price=142_500_000 - 2 * TICK), Code.PRICE_BAND
    ),
    "band of a moved take-profit": Bound(
        move(8, A_PROFIT_MOVE, LONG, price=142_500_000 - TICK),
        move(8, A_PROFIT_MOVE, LONG, price=142_500_000 - 2 * TICK),
        Code.PRICE_BAND,
    ),
    "stop not too far": Bound(
        stop(trigger_price=120 * USD), stop(trigger_price=120 * USD - TICK), Code.PRICE_BAND
    ),
    "stop not too far above": Bound(
        stop(SHORT, direction=0, condition=0, trigger_price=180 * USD),
        stop(SHORT, direction=0, condition=0, trigger_price=180 * USD + TICK),
        Code.PRICE_BAND,
    ),
    "stop behind its entry": Bound(
        asked(FLAT, bracket(stop=replace(A_STOP, trigger_price=149_900_000 - TICK))),
        asked(FLAT, bracket(stop=replace(A_STOP, trigger_price=149_900_000))),
        Code.PRICE,
    ),
    "stop as approved": Bound(
        asked(APPROVED_STOP, bracket()),
        asked(APPROVED_STOP, bracket(stop=replace(A_STOP, trigger_price=148 * USD - TICK))),
        Code.STOP_LOOSENED,
    ),
    "stop in the place of another": Bound(
        asked(STOPPED, call(cancel_order(7)), call(place_perp_order(A_STOP))),
        asked(
            STOPPED,
            call(cancel_order(7)),
            call(place_perp_order(replace(A_STOP, trigger_price=148 * USD - TICK))),
        ),
        Code.STOP_LOOSENED,
    ),
    "stop of a short as approved": Bound(
        stop(STOPPED_SHORT, direction=0, condition=0, trigger_price=152 * USD),
        stop(STOPPED_SHORT, direction=0, condition=0, trigger_price=152 * USD + TICK),
        Code.STOP_LOOSENED,
    ),
    "stop only tightens": Bound(
        move(7, A_STOP_MOVE, LONG, trigger_price=148 * USD),
        move(7, A_STOP_MOVE, LONG, trigger_price=148 * USD - TICK),
        Code.STOP_LOOSENED,
    ),
    "stop of a short only tightens": Bound(
        move(7, A_STOP_MOVE, SHORT, trigger_price=152 * USD),
        move(7, A_STOP_MOVE, SHORT, trigger_price=152 * USD + TICK),
        Code.STOP_LOOSENED,
    ),
    "compute units": Bound(
        offered(LONG, A_PROFIT, 600_000, 1), offered(LONG, A_PROFIT, 600_001, 1), Code.COMPUTE_UNITS
    ),
    "some compute units": Bound(
        offered(LONG, A_PROFIT, 1, 1), offered(LONG, A_PROFIT, 0, 1), Code.COMPUTE_UNITS
    ),
    # 200,000 units of 50,000 microlamports are 10,000 lamports.
    "fee of a take-profit": Bound(
        offered(LONG, A_PROFIT, 200_000, 50_000),
        offered(LONG, A_PROFIT, 200_000, 50_001),
        Code.PRIORITY_FEE,
    ),
    # A sale below the oracle leaves, and may pay what protects may; at it, it takes profit.
    "fee of an exit that rests": Bound(
        offered(LONG, replace(A_PROFIT, price=ORACLE_USD - TICK), 200_000, 250_000),
        offered(LONG, replace(A_PROFIT, price=ORACLE_USD), 200_000, 250_000),
        Code.PRIORITY_FEE,
    ),
    "fee of an entry": Bound(
        asked(FLAT, bracket(), offer=(unit_limit(200_000), unit_price(50_000))),
        asked(FLAT, bracket(), offer=(unit_limit(200_000), unit_price(50_001))),
        Code.PRIORITY_FEE,
    ),
    "life of the key behind an entry": Bound(
        living(1_800_000), living(1_799_999), Code.SESSION_ENDING
    ),
    "fee of a stop": Bound(
        offered(LONG, A_STOP, 200_000, 250_000),
        offered(LONG, A_STOP, 200_000, 250_001),
        Code.PRIORITY_FEE,
    ),
    "fee under a kill": Bound(
        offered(KILLED, A_STOP, 200_000, 1_000_000),
        offered(KILLED, A_STOP, 200_000, 1_000_001),
        Code.PRIORITY_FEE,
    ),
    "rate of entries": Bound(after(59, BRACKET), after(60, BRACKET), Code.RATE),
    "rate of exits": Bound(after(119, profit()), after(120, profit()), Code.RATE),
    # 200,000 units of 1,000 microlamports are 200 lamports.
    "fees of an hour": Bound(
        paid(4_000_000 - 200, 59, profit()), paid(4_000_000 - 199, 59, profit()), Code.FEES_SPENT
    ),
    "minutes of an hour": Bound(
        paid(4_000_000, 60, BRACKET), paid(4_000_000, 59, BRACKET), Code.FEES_SPENT
    ),
    "fees of a day": Bound(
        paid(20_000_000 - 200, 1_439, stop()),
        paid(20_000_000 - 199, 1_439, stop()),
        Code.FEES_SPENT,
    ),
    "minutes of a day": Bound(
        paid(20_000_000, 1_440, BRACKET), paid(20_000_000, 1_439, BRACKET), Code.FEES_SPENT
    ),
    "no fee": Bound(
        paid(10**9, 0, offered(LONG, A_STOP, 200_000, 0)),
        paid(10**9, 0, offered(LONG, A_STOP, 200_000, 1)),
        Code.FEES_SPENT,
    ),
    "session begins": Bound(
        later(BRACKET, now_ms=SIGNER.session.opened_ms),
        later(BRACKET, now_ms=SIGNER.session.opened_ms - 1),
        Code.SESSION_NOT_OPEN,
    ),
    "session ends": Bound(
        later(profit(), now_ms=SIGNER.session.opened_ms + DAY_MS - 1),
        later(profit(), now_ms=SIGNER.session.opened_ms + DAY_MS),
        Code.SESSION_EXPIRED,
    ),
    "blockhash lives": Bound(
        entry(replace(FLAT, chain=replace(FLAT.chain, block_height=HEIGHT + 149))),
        entry(replace(FLAT, chain=replace(FLAT.chain, block_height=HEIGHT + 150))),
        Code.BLOCKHASH_EXPIRED,
    ),
    "blockhash dies in time": Bound(
        entry(replace(FLAT, chain=replace(FLAT.chain, block_height=HEIGHT))),
        entry(replace(FLAT, chain=replace(FLAT.chain, block_height=HEIGHT - 1))),
        Code.BLOCKHASH_TOO_FAR,
    ),
    "foreign orders go under a kill": Bound(
        asked(KILLED, call(cancel_order(9))),
        asked(replace(KILLED, standing=STANDING), call(cancel_order(9))),
        Code.ORDER_FOREIGN,
    ),
}
