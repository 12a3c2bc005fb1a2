"""The program's instructions on an account, in its own order and with its own codes.

Each is a step of a transaction: what it refuses, it refuses by raising Refused, and the whole
transaction is undone. Facts: execution.md 2.2 to 2.6.
"""

from collections.abc import Sequence

from contracts.order import CancelReason
from contracts.values import OrderKind, Side
from contracts.venue import MarketStatus
from execution.venues.paper.codes import Code, Refused
from execution.venues.paper.entries import Moved
from execution.venues.paper.margin import adds_risk, is_short, worst_position
from execution.venues.paper.quotes import would_cross
from execution.venues.paper.scene import Scene
from execution.venues.paper.state import ORDERS_MAX, Account, Order, OrderStatus
from execution.venues.paper.takers import fire, require_triggerable, take_now
from execution.venues.paper.wire import (
    CancelOrder,
    CancelOrders,
    Instruction,
    ModifyOrder,
    OrderParams,
    PlaceAndTake,
    PlaceOrders,
    TriggerOrder,
)
from execution.venues.units import PPM


def run(scene: Scene, instructions: Sequence[Instruction]) -> None:
    """Carry out a transaction's instructions on an account that may be thrown away."""
    if scene.market.status is MarketStatus.HALTED:
        raise Refused(Code.EXCHANGE_PAUSED)
    scene.settle()
    for instruction in instructions:
        match instruction:
            case PlaceOrders(orders):
                _place_orders(scene, orders)
            case PlaceAndTake(order):
                _place_and_take(scene, order)
            case ModifyOrder():
                _modify(scene, instruction)
            case CancelOrder(order_id):
                _cancel(scene, order_id)
            case CancelOrders(side):
                _cancel_side(scene, side)
            case TriggerOrder(order_id):
                _trigger(scene, order_id)


def _place_orders(scene: Scene, orders: Sequence[OrderParams]) -> None:
    is_more_risk = False
    for params in orders:
        if params.kind is OrderKind.IMMEDIATE_OR_CANCEL:
            raise Refused(Code.IMMEDIATE_OR_CANCEL_IN_PLACE)
        order = _place(scene, params)
        if order is not None:
            scene.tell_placed(order)
            is_more_risk = is_more_risk or adds_risk(scene.account, order)
    _require_margin(scene, is_more_risk=is_more_risk)


def _place_and_take(scene: Scene, params: OrderParams) -> None:
    if params.kind is not OrderKind.IMMEDIATE_OR_CANCEL:
        raise Refused(Code.INVALID_ORDER)
    if scene.market.status is MarketStatus.FILLS_PAUSED:
        raise Refused(Code.FILLING_PAUSED)
    order = _place(scene, params)
    if order is None:
        raise Refused(Code.ORDER_DOES_NOT_EXIST)
    scene.tell_placed(order)
    _require_margin(scene, is_more_risk=adds_risk(scene.account, order))
    take_now(scene, order)


def _modify(scene: Scene, change: ModifyOrder) -> None:
    """Cancel and place in one: another id, the exact remainder, the same number.

    A time that is over cancels and places nothing: the trap on stops.
    """
    old = _open_order(scene.account, change.order_id)
    if old is None:
        raise Refused(Code.ORDER_DOES_NOT_EXIST)
    if change.kind is OrderKind.IMMEDIATE_OR_CANCEL:
        raise Refused(Code.IMMEDIATE_OR_CANCEL_IN_PLACE)
    scene.close(old, OrderStatus.ENDED)
    params = OrderParams(
        user_order_id=old.user_order_id,
        side=old.side,
        kind=change.kind,
        price=change.price,
        quantity=old.unfilled,
        is_reduce_only=old.is_reduce_only,
        max_ms=change.max_ms,
    )
    new = _place(scene, params)
    if new is None:
        scene.end(old, CancelReason.EXPIRED)
        return
    scene.tell(Moved(new.order_id, new.user_order_id, old.order_id, new.price))
    _require_margin(scene, is_more_risk=adds_risk(scene.account, new))


def _cancel(scene: Scene, order_id: int) -> None:
    order = _open_order(scene.account, order_id)
    if order is not None:
        scene.end(order, None)


def _cancel_side(scene: Scene, side: Side) -> None:
    for order in scene.account.open_orders():
        if order.side is side:
            scene.end(order, None)


def _trigger(scene: Scene, order_id: int) -> None:
    order = scene.account.find(order_id)
    if order is None:
        return
    if scene.account.is_liquidating:
        raise Refused(Code.BEING_LIQUIDATED)
    require_triggerable(scene, order)
    fire(scene, order)


def _place(scene: Scene, params: OrderParams) -> Order | None:
    """Place an order, or skip it without an error when its time is over (execution.md 2.2)."""
    account, terms = scene.account, scene.terms
    if account.is_liquidating:
        raise Refused(Code.BEING_LIQUIDATED)
    if not account.position and account.cash < 0:
        raise Refused(Code.BANKRUPT)
    _expire_own(scene)
    if account.is_reduce_only and not params.is_reduce_only:
        raise Refused(Code.ACCOUNT_REDUCE_ONLY)
    open_orders = account.open_orders()
    if len(open_orders) >= ORDERS_MAX:
        raise Refused(Code.TOO_MANY_ORDERS)
    if params.user_order_id and any(it.user_order_id == params.user_order_id for it in open_orders):
        raise Refused(Code.USER_ORDER_ID_IN_USE)
    if scene.market.status is MarketStatus.PAUSED:
        raise Refused(Code.PLACING_PAUSED)
    if not scene.market.oracle:
        raise Refused(Code.INVALID_ORACLE)
    quantity = _size(scene, params)
    if params.max_ms and params.max_ms < scene.now_ms:
        return None
    price = terms.on_grid(params.side, params.price)
    is_crossing = would_cross(terms, scene.market, scene.weather, params.side, price)
    _validate(params, price, is_crossing=is_crossing)
    order = _ordered(scene, params, price=price, quantity=quantity)
    _put(account, order)
    if is_crossing and order.kind in (OrderKind.LIMIT, OrderKind.REDUCE_ONLY_LIMIT):
        order.is_auctioned = True
        order.touch_ms = scene.keeper_ms(order)
    return order


def _size(scene: Scene, params: OrderParams) -> int | None:
    terms = scene.terms
    if params.quantity is None:
        if params.kind is OrderKind.TRIGGER_MARKET and params.is_reduce_only:
            return None
        raise Refused(Code.INVALID_ORDER)
    if params.quantity < terms.step:
        raise Refused(Code.BELOW_STEP_SIZE)
    quantity = params.quantity // terms.step * terms.step
    if quantity < terms.quantity_min and not params.is_reduce_only:
        raise Refused(Code.BELOW_MINIMUM_SIZE)
    return quantity


def _validate(params: OrderParams, price: int, *, is_crossing: bool) -> None:
    is_reduce_only_kind = params.kind is OrderKind.REDUCE_ONLY_LIMIT
    if not price or (is_reduce_only_kind and not params.is_reduce_only):
        raise Refused(Code.INVALID_ORDER)
    if is_crossing and params.kind is OrderKind.POST_ONLY_LIMIT:
        raise Refused(Code.POST_ONLY_WOULD_CROSS)


def _ordered(scene: Scene, params: OrderParams, *, price: int, quantity: int | None) -> Order:
    account, rules, oracle = scene.account, scene.terms.rules, scene.market.oracle
    order = Order(
        order_id=account.next_order_id,
        user_order_id=params.user_order_id,
        side=params.side,
        kind=params.kind,
        price=price,
        quantity=quantity,
        is_reduce_only=params.is_reduce_only,
        max_ms=params.max_ms,
        slot=scene.slot,
        at_ms=scene.now_ms,
        distance_ppm=params.side.sign * (oracle - price) * PPM // oracle,
        queue_ahead=scene.terms.queue_ahead,
    )
    account.next_order_id += 1
    if params.max_ms and not order.is_trigger:
        key = f"{account.name}/{order.order_id}"
        width = rules.reap_ms_max - rules.reap_ms_min + 1
        late_ms = rules.reap_ms_min + scene.chance.draw("reap", key, 0, below=width)
        order.reap_ms = params.max_ms + late_ms
    return order


def _put(account: Account, order: Order) -> None:
    """Use the first slot without an open order."""
    for index, held in enumerate(account.orders):
        if not held.is_open:
            account.orders[index] = order
            return
    account.orders.append(order)


def _expire_own(scene: Scene) -> None:
    """End what is over before something is placed: free of charge, and never a stop."""
    for order in scene.account.open_orders():
        if not order.is_trigger and order.is_over(scene.now_ms):
            scene.end(order, CancelReason.EXPIRED)


def _open_order(account: Account, order_id: int) -> Order | None:
    order = account.find(order_id)
    return order if order is not None and order.is_open else None


def _require_margin(scene: Scene, *, is_more_risk: bool) -> None:
    """Check margin once, for all that was placed: initial when risk grew, else maintenance."""
    terms = scene.terms
    worst = worst_position(scene.account)
    if is_more_risk and scene.is_oracle_stale:
        raise Refused(Code.INVALID_ORACLE)
    if is_short(scene, terms.initial_ratio if is_more_risk else terms.maintenance_ratio):
        raise Refused(Code.INSUFFICIENT_COLLATERAL)
    if is_more_risk and terms.quote(scene.market.oracle, worst) > terms.open_interest_room:
        raise Refused(Code.MAX_OPEN_INTEREST)
