"""What protects or leaves: stops, take-profits, and taking the position off at the market.

All of it is reduce-only and opposite to the position. None of it needs an approval, and a kill
does not stop it.
"""

from contracts.values import Side
from execution.signing.bounds import (
    require_band,
    require_condition,
    require_exit_band,
    require_exit_end,
    require_no_end,
    require_no_extras,
    require_price,
    require_reducing,
    require_size,
    side_of,
)
from execution.signing.drift_ix import (
    U64_MAX,
    Changes,
    Flags,
    OrderParams,
    OrderType,
    PostOnly,
    Take,
)
from execution.signing.facts import AccountFacts, OpenOrder
from execution.signing.limits import LIMITS
from execution.signing.refusals import Code, require

_RESTING = (PostOnly.NONE, PostOnly.MUST)
_SUCCESS = (None, 1, 2)
"""Nothing asked for, a part filled, all filled."""


def require_stop(order: OrderParams, facts: AccountFacts, *, entry: OrderParams | None) -> None:
    """Require a stop that covers whatever the position is and never ends by itself."""
    side = side_of(order.direction)
    require_reducing(side, facts, entry=None if entry is None else side_of(entry.direction))
    require(order.reduce_only, Code.NOT_REDUCE_ONLY, "a reduce-only stop", order)
    covers = order.base_asset_amount == U64_MAX
    require(covers, Code.SIZE, "the size of the position", order.base_asset_amount)
    require(order.price == 0, Code.PRICE, "no limit price on a stop", order.price)
    is_plain = order.post_only is PostOnly.NONE and order.bit_flags == 0
    require(is_plain, Code.FIELD_FORBIDDEN, "no flag on a stop", order)
    require_no_extras(order.extras)
    require_no_end(order.max_ts)
    require_condition(side, order.trigger_condition)
    trigger = _require_trigger(order.trigger_price, side, facts)
    if facts.stop_price is not None:
        # Else a looser stop could be placed beside the one that rests, and take its place.
        _require_tight(side, trigger, facts.stop_price)
    if entry is not None:
        is_behind = side.sign * (trigger - entry.price) > 0
        require(is_behind, Code.PRICE, f"a stop behind the entry at {entry.price}", trigger)


def require_profit(order: OrderParams, facts: AccountFacts) -> None:
    """Require a take-profit that rests and only reduces; its size is judged with the others."""
    side = side_of(order.direction)
    require(facts.position, Code.NOTHING_TO_REDUCE, "a position", "none")
    require_reducing(side, facts, entry=None)
    is_plain = order.post_only in _RESTING and order.bit_flags == 0 and order.trigger_price is None
    require(is_plain, Code.FIELD_FORBIDDEN, "a plain limit", order)
    _require_exit(order, side, facts)
    require_exit_end(order.max_ts, facts.chain.now_s)


def require_close(take: Take, facts: AccountFacts) -> None:
    """Require an order that takes off the position, or a part of it, and ends at once."""
    order = take.order
    side = side_of(order.direction)
    require(order.order_type is OrderType.LIMIT, Code.ORDER_KIND, "a limit", order.order_type)
    require(order.reduce_only, Code.NOT_REDUCE_ONLY, "a taker that only reduces", order)
    require(facts.position, Code.NOTHING_TO_REDUCE, "a position", "none")
    require_reducing(side, facts, entry=None)
    ends = order.bit_flags == Flags.IMMEDIATE_OR_CANCEL and order.post_only is PostOnly.NONE
    require(ends, Code.FIELD_FORBIDDEN, "immediate or cancel", order)
    require(order.trigger_price is None, Code.FIELD_FORBIDDEN, "no trigger", order)
    require(take.success_condition in _SUCCESS, Code.ARGUMENTS, _SUCCESS, take.success_condition)
    _require_exit(order, side, facts)
    require_exit_end(order.max_ts or 0, facts.chain.now_s)


def require_moved_stop(changes: Changes, order: OpenOrder, facts: AccountFacts) -> None:
    """Require a stop that moves toward profit and still never ends by itself."""
    is_plain = changes.price in {None, 0} and changes.post_only in {None, PostOnly.NONE}
    require(is_plain, Code.FIELD_FORBIDDEN, "a market stop", changes)
    require_no_end(changes.max_ts)
    if changes.trigger_condition is not None:
        require_condition(order.side, changes.trigger_condition)
    trigger = _require_trigger(changes.trigger_price, order.side, facts)
    _require_tight(order.side, trigger, order.price)


def require_moved_profit(changes: Changes, order: OpenOrder, facts: AccountFacts) -> None:
    """Require a take-profit that moves and says when it ends."""
    is_plain = changes.trigger_price is None and changes.trigger_condition is None
    is_resting = changes.post_only in {None, *_RESTING}
    require(is_plain and is_resting, Code.FIELD_FORBIDDEN, "a plain limit", changes)
    price = require_price(changes.price, facts.market)
    require_exit_band(order.side, price, facts.market, LIMITS.exit_band_bps)
    require_exit_end(changes.max_ts, facts.chain.now_s)


def _require_exit(order: OrderParams, side: Side, facts: AccountFacts) -> None:
    require_no_extras(order.extras)
    require_size(order.base_asset_amount, facts.market)
    held = abs(facts.position)
    fits = order.base_asset_amount <= held
    require(fits, Code.SIZE, f"at most the position, {held}", order.base_asset_amount)
    require_price(order.price, facts.market)
    require_exit_band(side, order.price, facts.market, LIMITS.exit_band_bps)


def _require_tight(side: Side, trigger: int, loosest: int) -> None:
    is_tight = side.sign * (trigger - loosest) <= 0
    require(is_tight, Code.STOP_LOOSENED, f"no looser than {loosest}", trigger)


def _require_trigger(trigger: int | None, side: Side, facts: AccountFacts) -> int:
    price = require_price(trigger, facts.market)
    bps = LIMITS.stop_band_bps
    require_band(side, price, facts.market, worse_bps=bps, better_bps=bps)
    return price
