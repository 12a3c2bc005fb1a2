"""What adds risk: an entry with its stop, or a resting entry that moves.

Both need an approved verdict, no kill, and an account that may grow.
"""

from contracts.values import Side
from execution.signing.bounds import (
    require_band,
    require_fence,
    require_no_extras,
    require_price,
    require_size,
    side_of,
)
from execution.signing.drift_ix import Changes, OrderParams, PostOnly
from execution.signing.facts import AccountFacts, Approval, Facts, OpenOrder
from execution.signing.limits import LIMITS
from execution.signing.refusals import Code, Refused, require

_BASE = 10**9


def require_entry(order: OrderParams, facts: Facts) -> Approval:
    """Give the approval of an entry that is placed; raise Refused when there is none for it."""
    account = facts.account
    side = side_of(order.direction)
    approval = _approval(side, facts)
    require(order.post_only is PostOnly.MUST, Code.FIELD_FORBIDDEN, "must post only", order)
    is_plain = order.bit_flags == 0 and order.trigger_price is None
    require(is_plain, Code.FIELD_FORBIDDEN, "no flag and no trigger", order)
    require_no_extras(order.extras)
    held = account.side
    require(held in {None, side}, Code.DIRECTION, f"the side of the position, {held}", side)
    require_size(order.base_asset_amount, account.market)
    size = order.base_asset_amount
    require(size <= approval.left, Code.SIZE_NOT_APPROVED, f"at most {approval.left}", size)
    _require_price(order.price, side, approval, facts)
    require_fence(order.max_ts, account.chain.now_s, approval.expires_s)
    _require_notional(size * order.price, account, without=None)
    return approval


def require_moved_entry(changes: Changes, order: OpenOrder, facts: Facts) -> Approval:
    """Give the approval of a resting entry that moves; raise Refused when there is none for it."""
    approval = _approval(order.side, facts)
    is_kept = changes.post_only in {None, PostOnly.NONE, PostOnly.MUST}
    is_plain = changes.trigger_price is None and changes.trigger_condition is None
    require(is_kept and is_plain, Code.FIELD_FORBIDDEN, "a limit, or one that takes", changes)
    price = _require_price(changes.price, order.side, approval, facts)
    require_fence(changes.max_ts, facts.account.chain.now_s, approval.expires_s)
    _require_notional((order.left or 0) * price, facts.account, without=order)
    return approval


def _approval(side: Side, facts: Facts) -> Approval:
    kill = max(facts.account.standing.kill_level, facts.signer.standing.kill_level)
    require(not kill, Code.KILLED, "no kill", f"level {kill}")
    may_grow = not facts.account.is_shrink_only
    require(may_grow, Code.OWNER_REDUCE_ONLY, "an account that may grow", "one that may not")
    approval = facts.account.approval
    if approval is None:
        raise Refused(Code.NOT_APPROVED, "an approved verdict", "none")
    require(approval.side is side, Code.SIDE_NOT_APPROVED, approval.side, side)
    return approval


def _require_price(price: int | None, side: Side, approval: Approval, facts: Facts) -> int:
    value = require_price(price, facts.account.market)
    worst = approval.worst_price
    is_within = side.sign * (worst - value) >= 0
    require(is_within, Code.PRICE_NOT_APPROVED, f"no worse than {worst}", value)
    require_band(
        side,
        value,
        facts.account.market,
        worse_bps=LIMITS.entry_band_bps,
        better_bps=LIMITS.passive_band_bps,
    )
    return value


def _require_notional(added: int, facts: AccountFacts, *, without: OpenOrder | None) -> None:
    resting = sum(
        (it.left or 0) * it.price
        for it in facts.orders
        if not it.is_reduce_only and it is not without
    )
    held = abs(facts.position) * facts.market.oracle
    total = -(-(held + resting + added) // _BASE)
    fits = total <= facts.notional_max
    require(fits, Code.NOTIONAL, f"at most {facts.notional_max}", total)
