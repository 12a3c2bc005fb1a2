"""Taking: stops that were fired, limits that crossed when they came, and orders that take at once.

A fired stop and a crossing limit go into an auction that keepers fill; our own instruction takes
by itself. All pay the modelled price (`quotes.taker_fill`) and the taker's fee.
"""

from contracts.order import CancelReason
from contracts.values import Liquidity, Side
from contracts.venue import MarketStatus
from execution.venues.paper.codes import Code, Refused
from execution.venues.paper.entries import Triggered
from execution.venues.paper.margin import allows_fill
from execution.venues.paper.quotes import taker_fill, trigger_price
from execution.venues.paper.scene import Scene
from execution.venues.paper.state import Order


def is_condition_met(order: Order, trigger: int) -> bool:
    """Say whether a stop may be fired at a trigger price: strictly beyond its own."""
    return trigger > order.price if order.side is Side.LONG else trigger < order.price


def is_waiting(order: Order, now_ms: int) -> bool:
    """Say whether keepers watch a stop for its condition.

    A stop with a time is forgotten once that is over, though it stays open (execution.md 2.7).
    """
    return (
        order.is_open
        and order.is_trigger
        and not order.is_triggered
        and order.touch_ms is None
        and not order.is_over(now_ms)
    )


def require_triggerable(scene: Scene, order: Order) -> None:
    """Raise Refused when nobody may fire a stop now."""
    if not order.is_open:
        raise Refused(Code.ORDER_NOT_OPEN)
    if not order.is_trigger or order.is_triggered:
        raise Refused(Code.NOT_TRIGGERABLE)
    if scene.market.status is MarketStatus.PAUSED:
        raise Refused(Code.PLACING_PAUSED)
    if scene.market.status is MarketStatus.FILLS_PAUSED:
        raise Refused(Code.FILLING_PAUSED)
    if scene.is_oracle_stale:
        raise Refused(Code.INVALID_ORACLE)
    if not is_condition_met(order, trigger_price(scene.terms, scene.market)):
        raise Refused(Code.TRIGGER_CONDITION_UNMET)


def fire(scene: Scene, order: Order) -> None:
    """Fire a stop: it goes into an auction, whose first fill comes in any of its slots."""
    rules = scene.terms.rules
    price = trigger_price(scene.terms, scene.market)
    order.is_triggered = True
    order.touch_ms = scene.now_ms
    if rules.auction_slots:
        key = f"{scene.account.name}/{order.order_id}"
        slots = 1 + scene.chance.draw("auction", key, 0, below=rules.auction_slots)
        order.touch_ms += slots * rules.slot_ms
    scene.tell(Triggered(order.order_id, order.user_order_id, price))


def take_in_auction(scene: Scene, order: Order) -> None:
    """Let a keeper fill what it can; a stop without a position is canceled for a fee."""
    limit = None if order.is_trigger else order.price
    quote_max = scene.terms.auction_fill_max
    wanted = order.fillable(scene.account.position)
    if not wanted:
        end_reduce_only(scene, order)
        return
    is_filled = _take(scene, order, wanted, limit=limit, quote_max=quote_max)
    if not order.is_open:
        if order.quantity is None:
            # Its size was larger than any position: the keeper ends what the fill has left of it.
            scene.charge_keeper(order, "reduce-only")
    elif is_filled:
        order.touch_ms = scene.keeper_ms(order)
    elif limit is None:
        order.touch_ms = scene.now_ms + scene.terms.rules.keeper_retry_ms
    else:
        order.is_auctioned, order.touch_ms = False, None
    if is_filled:
        scene.sweep_when_flat()


def take_now(scene: Scene, order: Order) -> None:
    """Take what there is up to the order's price, and end the rest; no keeper, no flat fee.

    An exit that has something to close and nobody to take from is refused.
    """
    wanted = order.fillable(scene.account.position)
    is_filled = wanted > 0 and _take(scene, order, wanted, limit=order.price, quote_max=None)
    if wanted and order.is_reduce_only and not is_filled:
        raise Refused(Code.IMPOSSIBLE_FILL)
    if order.is_open:
        is_useless = not order.fillable(scene.account.position)
        scene.end(order, CancelReason.REDUCE_ONLY if is_useless else CancelReason.EXPIRED)
    if is_filled:
        scene.sweep_when_flat()


def end_reduce_only(scene: Scene, order: Order) -> None:
    """Let whoever touches an order that has nothing to reduce take it off, for the flat fee."""
    scene.settle()
    scene.end(order, CancelReason.REDUCE_ONLY)
    scene.charge_keeper(order, "reduce-only")


def is_blocked(scene: Scene) -> bool:
    """Say whether keepers can do nothing now."""
    return (
        scene.weather.keeper_is_down
        or scene.market.status is not MarketStatus.ACTIVE
        or scene.is_oracle_stale
    )


def _take(
    scene: Scene, order: Order, wanted: int, *, limit: int | None, quote_max: int | None
) -> bool:
    price, size = taker_fill(
        scene.terms, scene.market, order.side, wanted, limit=limit, quote_max=quote_max
    )
    if not size or not allows_fill(scene, order, price=price, quantity=size):
        return False
    scene.fill(order, price=price, quantity=size, liquidity=Liquidity.TAKER)
    return True
