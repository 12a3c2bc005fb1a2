"""Bounds on the numbers of an order: the market's grid, bands around the oracle, and the fence."""

from contracts.values import Side
from execution.signing.drift_ix import U64_MAX, Direction, Extras, Trigger
from execution.signing.facts import AccountFacts, MarketFacts
from execution.signing.refusals import Code, require

_BPS = 10_000
_SIDES = {Direction.LONG: Side.LONG, Direction.SHORT: Side.SHORT}
_NO_EXTRAS = Extras(None, None, None, None)


def side_of(direction: Direction) -> Side:
    """Give a direction of the program in our words."""
    return _SIDES[direction]


def require_size(size: int, market: MarketFacts) -> None:
    """Require a size of the grid that is really one."""
    require(0 < size < U64_MAX, Code.SIZE, "a size", size)
    require(size % market.step == 0, Code.SIZE_GRID, f"a multiple of {market.step}", size)


def require_price(price: int | None, market: MarketFacts) -> int:
    """Give a price that stands on the grid."""
    require(price, Code.PRICE, "a price", price)
    value = price or 0
    require(value % market.tick == 0, Code.PRICE_GRID, f"a multiple of {market.tick}", value)
    return value


def require_band(
    side: Side, price: int, market: MarketFacts, *, worse_bps: int, better_bps: int | None
) -> None:
    """Require a price that is no worse than the oracle by so much for whoever gives the order,
    nor better by more than `better_bps`.
    """
    worse = worse_bps if side is Side.LONG else better_bps
    better = better_bps if side is Side.LONG else worse_bps
    if worse is not None:
        highest = market.oracle * (_BPS + worse) // _BPS
        require(price <= highest, Code.PRICE_BAND, f"at most {highest}", price)
    if better is not None:
        lowest = -(-market.oracle * (_BPS - better) // _BPS)
        require(price >= lowest, Code.PRICE_BAND, f"at least {lowest}", price)


def require_exit_band(side: Side, price: int, market: MarketFacts, bps: int) -> None:
    """Require an exit that does not give the position away; a tick of rounding is allowed."""
    toward = price - side.sign * market.tick
    require_band(side, toward, market, worse_bps=bps, better_bps=None)


def require_condition(side: Side, condition: Trigger | None) -> None:
    """Require that a stop of this side fires when the price runs against the position."""
    fitting = Trigger.ABOVE if side is Side.LONG else Trigger.BELOW
    require(condition is fitting, Code.TRIGGER_CONDITION, fitting.name, condition)


def require_no_extras(extras: Extras) -> None:
    """Require that nothing turns the price into another one."""
    require(extras == _NO_EXTRAS, Code.FIELD_FORBIDDEN, "no offset and no auction", extras)


def require_no_end(max_ts: int | None) -> None:
    """Require that a stop says that it never ends: what says nothing may inherit an end."""
    require(max_ts is not None, Code.MAX_TS_MISSING, "an explicit 0", max_ts)
    require(max_ts == 0, Code.MAX_TS_ON_STOP, 0, max_ts)


def require_exit_end(max_ts: int | None, now_s: int) -> None:
    """Require that an exit says when it ends, or that it never does."""
    require(max_ts is not None, Code.MAX_TS_MISSING, "an explicit end or 0", max_ts)
    is_live = max_ts is not None and (max_ts == 0 or max_ts > now_s)
    require(is_live, Code.MAX_TS_PAST, f"0 or above {now_s}", max_ts)


def require_fence(max_ts: int | None, now_s: int, last_s: int) -> None:
    """Require that an entry ends, and not after its approval does."""
    require(max_ts, Code.MAX_TS_MISSING, "an end", max_ts)
    end = max_ts or 0
    require(end > now_s, Code.MAX_TS_PAST, f"above {now_s}", end)
    require(end <= last_s, Code.MAX_TS_TOO_LATE, f"at most {last_s}", end)


def require_reducing(side: Side, facts: AccountFacts, *, entry: Side | None) -> None:
    """Require that an exit is opposite to what it can close: the position, or an entry that comes
    with it or rests.
    """
    held = facts.side or entry or resting_side(facts)
    require(held is not None, Code.NOTHING_TO_REDUCE, "a position or an entry", "neither")
    require(held is not side, Code.DIRECTION, "opposite to the position", side)


def resting_side(facts: AccountFacts) -> Side | None:
    """Give the side of our orders that may still open a position; None when there is none."""
    opening = (it.side for it in facts.orders if it.is_ours and not it.is_reduce_only)
    return next(opening, None)
