"""What of an account a print or a time can stir: a few numbers, so that most prints pass by.

Derived from the account whenever that changes, and never kept.
"""

from dataclasses import dataclass

from contracts.values import Side
from execution.venues.paper.margin import NEVER_ABOVE, NEVER_BELOW, oracle_limits
from execution.venues.paper.matching import rests
from execution.venues.paper.state import Account
from execution.venues.paper.takers import is_waiting
from execution.venues.paper.terms import Terms


@dataclass(frozen=True, slots=True)
class Watch:
    """The limits within which nothing happens on an account."""

    account: Account
    due_ms: int
    buy_max: int
    """A seller's print at this price or below meets an order."""
    sell_min: int
    """A buyer's print at this price or above meets an order."""
    trigger_min: int
    """Below this trigger price a stop is to be fired…"""
    trigger_max: int
    """…and above this one."""
    oracle_min: int
    """Below this oracle price margin may be short…"""
    oracle_max: int
    """…and above this one."""


def watch(account: Account, terms: Terms, *, now_ms: int) -> Watch:
    """Say within which limits nothing happens on an account."""
    buy_max, sell_min = NEVER_BELOW, NEVER_ABOVE
    trigger_min, trigger_max = NEVER_BELOW, NEVER_ABOVE
    for order in account.orders:
        is_buy = order.side is Side.LONG
        if rests(order):
            if is_buy:
                buy_max = max(buy_max, order.price)
            else:
                sell_min = min(sell_min, order.price)
        elif is_waiting(order, now_ms):
            if is_buy:
                trigger_max = min(trigger_max, order.price)
            else:
                trigger_min = max(trigger_min, order.price)
    is_expected = account.margin_ms is not None
    oracle_min, oracle_max = (
        (NEVER_BELOW, NEVER_ABOVE) if is_expected else oracle_limits(account, terms)
    )
    return Watch(
        account=account,
        due_ms=account.due_ms,
        buy_max=buy_max,
        sell_min=sell_min,
        trigger_min=trigger_min,
        trigger_max=trigger_max,
        oracle_min=oracle_min,
        oracle_max=oracle_max,
    )
