"""Margin: what the account is worth, and what its position and its orders may ask of it.

Open orders count at their worst: all bids filled, or all asks. Reduce-only limits count too,
reduce-only triggers do not (execution.md 2.6). Prices are the oracle's.
"""

from execution.venues.paper.scene import Scene
from execution.venues.paper.state import Account, Order
from execution.venues.paper.terms import Terms
from execution.venues.units import BASE, PPM

NEVER_BELOW = 0
NEVER_ABOVE = 1 << 62


def worst_position(account: Account) -> int:
    """Give the largest position that fills of the open orders can lead to, without its sign."""
    bids, asks = _open_sizes(account)
    return max(abs(account.position + bids), abs(account.position - asks))


def adds_risk(account: Account, placed: Order) -> bool:
    """Say whether an order that was just placed asks for initial margin.

    Reduce-only never does. Else it does unless all orders of its side together only close the
    position (program: `is_new_order_risk_increasing`).
    """
    if placed.is_reduce_only:
        return False
    bids, asks = _open_sizes(account)
    is_buy = placed.side.sign > 0
    return bids > -account.position if is_buy else asks > account.position


def _open_sizes(account: Account) -> tuple[int, int]:
    """Give the sizes of all open bids and of all open asks."""
    bids = asks = 0
    for order in account.orders:
        if not order.is_open or (order.is_trigger and order.is_reduce_only):
            continue
        if order.side.sign > 0:
            bids += order.unfilled or 0
        else:
            asks += order.unfilled or 0
    return bids, asks


def is_risk_increasing(account: Account, order: Order) -> bool:
    """Say whether a fill of the order can grow the position."""
    return not order.is_reduce_only and order.side.sign * account.position >= 0


def equity(scene: Scene) -> int:
    """Give cash, funding that is due, and the position at the oracle."""
    account = scene.account
    due = sum(it.amount for it in account.accruals)
    return account.cash + due + account.position * scene.market.oracle // BASE


def requirement(scene: Scene, *, ratio: int, position: int) -> int:
    """Give the equity that a position and the number of open orders ask for."""
    terms = scene.terms
    count = sum(it.is_open for it in scene.account.orders)
    notional = terms.quote(scene.market.oracle, position)
    return -(-notional * terms.with_premium(ratio, position) // PPM) + count * terms.order_margin


def is_short(scene: Scene, ratio: int) -> bool:
    """Say whether equity is below a margin, with the open orders at their worst."""
    position = worst_position(scene.account)
    return equity(scene) < requirement(scene, ratio=ratio, position=position)


def allows_fill(scene: Scene, order: Order, *, price: int, quantity: int) -> bool:
    """Say whether a fill leaves enough margin: between initial and maintenance, if it adds risk."""
    if not is_risk_increasing(scene.account, order):
        return True
    terms = scene.terms
    loss = order.side.sign * quantity * (price - scene.market.oracle) // BASE
    position = worst_position(scene.account)
    ratio = (terms.initial_ratio + terms.maintenance_ratio) // 2
    return equity(scene) - loss >= requirement(scene, ratio=ratio, position=position)


def watched_ratio(account: Account, terms: Terms) -> int:
    """Give the ratio below which a keeper finds something to do on the account."""
    is_at_risk = any(it.is_open and is_risk_increasing(account, it) for it in account.orders)
    return terms.initial_ratio if is_at_risk else terms.maintenance_ratio


def oracle_limits(account: Account, terms: Terms) -> tuple[int, int]:
    """Give the oracle prices below and above which margin may be short.

    Equity less margin is a straight line in the price: spare + slope * price.
    """
    position = worst_position(account)
    ratio = terms.with_premium(watched_ratio(account, terms), position)
    count = sum(it.is_open for it in account.orders)
    spare = account.cash + sum(it.amount for it in account.accruals) - count * terms.order_margin
    slope = account.position * PPM - position * ratio
    if slope > 0:
        return -(spare * BASE * PPM // slope), NEVER_ABOVE
    if slope < 0 and spare >= 0:
        return NEVER_BELOW, spare * BASE * PPM // -slope
    return (NEVER_BELOW if spare >= 0 else NEVER_ABOVE), NEVER_ABOVE


def liquidation_price(position: int, cash: int, terms: Terms) -> int | None:
    """Give the oracle price at which the position alone meets maintenance; None without one."""
    ratio = terms.with_premium(terms.maintenance_ratio, abs(position))
    slope = position * PPM - abs(position) * ratio
    if not slope or (position > 0) == (cash >= 0):
        return None
    return max(0, -cash * BASE * PPM // slope) or None
