"""A print meets the resting limits of an account.

The model: of each print, `participation` reaches the venue; all of it that trades at our price or
through it is offered to our orders, the best price first. A print strictly through our price is
offered whole. A print at our price first wears off the queue that stood before us when the order
came to its price; prints through the price leave the queue as it is, and nobody leaves it. What
reaches an order is carried on until it is worth a fill, so small prints add up. Only a print later
than the order counts, only one whose aggressor is on the other side, and never one after the
order's time. The fill is at our price, as maker. Whoever takes from one of our orders also takes
off those of its side that cannot fill any more.
"""

from collections.abc import Sequence

from contracts.order import CancelReason
from contracts.values import Liquidity, OrderKind, Side
from execution.venues.paper.keepers import breach_limits
from execution.venues.paper.margin import allows_fill
from execution.venues.paper.scene import Scene
from execution.venues.paper.state import Order
from execution.venues.paper.takers import end_reduce_only
from execution.venues.units import BASE, PPM, floor_to


def rests(order: Order) -> bool:
    """Say whether an order waits for somebody to take it."""
    return order.is_open and order.kind is not OrderKind.TRIGGER_MARKET and not order.is_auctioned


def meet(scene: Scene, *, price: int, quantity: int, is_sell: bool, time_ms: int) -> bool:
    """Let a print of this size and venue price meet the orders; say whether one filled or ended.

    `time_ms` is the print's own time, which may be before the chain's.
    """
    side = Side.LONG if is_sell else Side.SHORT
    resting = [
        it for it in scene.account.orders if rests(it) and it.side is side and time_ms > it.at_ms
    ]
    reached = [it for it in resting if side.sign * (it.price - price) >= 0]
    if not reached:
        return False
    has_changed = _clean_up(scene, resting)
    reached.sort(key=lambda it: (-side.sign * it.price, it.order_id))
    offered = quantity * scene.terms.participation
    for order in (it for it in reached if it.is_open):
        if not offered:
            break
        before = (order.filled, order.status)
        offered = _offer(scene, order, offered, is_touch=order.price == price)
        has_changed = has_changed or before != (order.filled, order.status)
    return has_changed


def _clean_up(scene: Scene, resting: Sequence[Order]) -> bool:
    """Let who named us as a maker take off what cannot fill any more; say whether there was any.

    The program looks at every order of the side, whatever its price.
    """
    has_changed = False
    for order in resting:
        if order.is_over(scene.now_ms):
            scene.settle()
            scene.end(order, CancelReason.EXPIRED)
            scene.charge_keeper(order, "expired")
        elif not order.fillable(scene.account.position):
            end_reduce_only(scene, order)
        has_changed = has_changed or not order.is_open
    return has_changed


def _offer(scene: Scene, order: Order, offered: int, *, is_touch: bool) -> int:
    """Offer an order what reached the venue, in 1e-15 base; give what it leaves to the next."""
    if is_touch:
        offered = _behind_queue(order, offered)
        if not offered:
            return 0
    wanted = order.fillable(scene.account.position)
    if not wanted:
        return offered  # What this very print filled has left nothing to reduce.
    if _is_beyond_band(scene, order):
        breach_limits(scene, order)
        return offered
    order.carry += offered
    size = min(floor_to(order.carry // PPM, scene.terms.step), wanted)
    if not size or (size < wanted and scene.terms.quote(order.price, size) < scene.terms.fill_min):
        return 0
    if not allows_fill(scene, order, price=order.price, quantity=size):
        order.carry -= offered
        return offered
    order.carry -= size * PPM
    scene.fill(order, price=order.price, quantity=size, liquidity=Liquidity.MAKER)
    if size < wanted:
        return 0
    left, order.carry = min(offered, order.carry), 0
    return left


def _behind_queue(order: Order, offered: int) -> int:
    """Wear off the queue before an order; give what is left of the offer."""
    notional = offered * order.price // (BASE * PPM)
    if notional <= order.queue_ahead:
        order.queue_ahead -= notional
        return 0
    offered -= order.queue_ahead * BASE * PPM // order.price
    order.queue_ahead = 0
    return offered


def _is_beyond_band(scene: Scene, order: Order) -> bool:
    """Say whether an order is further on the wrong side of the oracle than initial margin."""
    oracle, sign = scene.market.oracle, order.side.sign
    return sign * (order.price - oracle) * PPM > oracle * scene.terms.initial_ratio
