"""A print meets the resting orders: entry, stop, take-profits, in that order.

The stop comes before the take-profits, so that of two exits at one print the worse one counts. No
order ends because another one filled: there is no OCO, the planner sweeps.
"""

from decimal import Decimal

from contracts.order import CancelReason
from contracts.values import Leg, Liquidity, Side
from execution.domain.pricing import ceil_to, floor_to
from execution.domain.setup import TAKE_PROFITS
from execution.venues.paper.book import HeldOrder
from execution.venues.paper.observing import Observer

_BPS = Decimal(10_000)


def fill_entry(observer: Observer) -> None:
    """Fill the entry at its price when a later print is strictly through it."""
    entry = observer.book.held_leg(Leg.ENTRY)
    if entry is not None and entry.unfilled_base is not None:
        _fill_maker(observer, entry, wanted_base=entry.unfilled_base)


def fill_take_profits(observer: Observer) -> None:
    """Fill the take-profits that this print is strictly through, up to the position."""
    for leg in TAKE_PROFITS:
        order = observer.book.held_leg(leg)
        if order is not None and order.unfilled_base is not None:
            open_base = observer.book.ledger.quantity_base
            _fill_maker(observer, order, wanted_base=min(order.unfilled_base, open_base))


def _fill_maker(observer: Observer, order: HeldOrder, *, wanted_base: Decimal) -> None:
    """Fill at our price. A print that is through an order at its arrival never comes here with
    something left: there a post-only order is refused, and a take-profit takes.
    """
    if not observer.at.is_through(order.side, order.price_usd):
        return
    quantity = observer.offer(wanted_base)
    if quantity and order.unfilled_base is not None:
        observer.filled(
            order,
            price_usd=order.price_usd,
            quantity_base=quantity,
            remaining_base=order.unfilled_base - quantity,
            liquidity=Liquidity.MAKER,
        )


def trigger_stop(observer: Observer) -> None:
    """Trigger the stop when there is a position and the print is strictly beyond the trigger."""
    stop = observer.book.held_leg(Leg.STOP)
    if stop is None or stop.triggered_ms is not None or observer.book.ledger.side is None:
        return
    if observer.at.is_through(stop.side.opposite, stop.price_usd):
        observer.triggered(stop)


def fill_stop(
    observer: Observer, *, keeper_delay_ms: int, slippage_bps: Decimal, tick_usd: Decimal
) -> None:
    """Fill a triggered stop once the keeper came: the whole position, as taker.

    The price is the worse of the print and the trigger, with slippage on top.
    """
    stop = observer.book.held_leg(Leg.STOP)
    if stop is None or stop.triggered_ms is None:
        return
    if observer.at.now_ms < stop.triggered_ms + keeper_delay_ms:
        return
    quantity = observer.book.ledger.quantity_base
    if not quantity:
        observer.canceled(stop, cause=stop.cause_id, reason=CancelReason.FLAT, unfilled_base=None)
        return
    observer.filled(
        stop,
        price_usd=_stopped_at(stop, observer.at.price_usd, slippage_bps, tick_usd),
        quantity_base=quantity,
        remaining_base=Decimal(0),
        liquidity=Liquidity.TAKER,
    )


def _stopped_at(
    stop: HeldOrder, print_usd: Decimal, slippage_bps: Decimal, tick_usd: Decimal
) -> Decimal:
    if stop.side is Side.SHORT:  # it sells
        worse = min(print_usd, stop.price_usd)
        return max(floor_to(worse * (1 - slippage_bps / _BPS), tick_usd), tick_usd)
    worse = max(print_usd, stop.price_usd)
    return ceil_to(worse * (1 + slippage_bps / _BPS), tick_usd)


def notice_stale_entry(
    observer: Observer, *, stale_after_ms: int, stale_distance_bps: Decimal
) -> None:
    """Say that the market left the entry: once, and again when nothing came of it."""
    entry = observer.book.held_leg(Leg.ENTRY)
    if entry is None:
        return
    since_ms = max(entry.since_ms, entry.stale_at_ms or 0)
    if observer.at.now_ms - since_ms < stale_after_ms:
        return
    distance = entry.side.sign * (observer.at.price_usd - entry.price_usd)
    if distance * _BPS > stale_distance_bps * entry.price_usd:
        observer.went_stale(entry)
