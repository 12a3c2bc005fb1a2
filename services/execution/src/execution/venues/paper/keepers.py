"""What strangers do on an account for a fee: fire stops, fill auctions, reap, cancel, liquidate.

A keeper notices at once and acts after a delay; what it finds then is what counts.
"""

from contracts.order import CancelReason
from contracts.values import Side
from contracts.venue import MarketStatus
from execution.venues.paper.entries import Liquidated
from execution.venues.paper.margin import (
    equity,
    is_risk_increasing,
    is_short,
    requirement,
    watched_ratio,
)
from execution.venues.paper.quotes import trigger_price
from execution.venues.paper.scene import Scene
from execution.venues.paper.state import Order
from execution.venues.paper.takers import (
    fire,
    is_blocked,
    is_condition_met,
    is_waiting,
    take_in_auction,
)
from execution.venues.units import BASE, PPM, ceil_to

_SMALL_USD = 50_000_000
"""A position of this notional is taken over whole."""


def notice(scene: Scene) -> None:
    """Let keepers see what they will have to do: stops whose condition is met, short margin."""
    account = scene.account
    trigger = trigger_price(scene.terms, scene.market)
    for order in account.orders:
        if is_waiting(order, scene.now_ms) and is_condition_met(order, trigger):
            order.touch_ms = scene.keeper_ms(order)
    if account.is_empty:
        account.margin_ms = None
    elif account.margin_ms is None and is_short(scene, watched_ratio(account, scene.terms)):
        _come_for_margin(scene)


def act(scene: Scene) -> None:
    """Let keepers do what is due now, one thing after the other."""
    account, now_ms = scene.account, scene.now_ms
    while True:
        due = [it for it in account.open_orders() if it.due_ms <= now_ms]
        if due:
            order = min(due, key=lambda it: it.due_ms)
            if order.touch_ms is not None and order.touch_ms <= now_ms:
                _touch(scene, order)
            else:
                _reap(scene, order)
        elif account.margin_ms is not None and account.margin_ms <= now_ms:
            _visit_for_margin(scene)
        else:
            return


def _touch(scene: Scene, order: Order) -> None:
    if order.is_over(scene.now_ms):
        order.touch_ms = None
    elif is_blocked(scene):
        order.touch_ms = scene.now_ms + scene.terms.rules.keeper_retry_ms
    elif not order.is_trigger or order.is_triggered:
        take_in_auction(scene, order)
    elif is_condition_met(order, trigger_price(scene.terms, scene.market)):
        scene.settle()
        fire(scene, order)
        scene.charge_keeper(order, "trigger")
    else:
        order.touch_ms = None


def _reap(scene: Scene, order: Order) -> None:
    if scene.weather.keeper_is_down or scene.market.status is MarketStatus.HALTED:
        order.reap_ms = scene.now_ms + scene.terms.rules.keeper_retry_ms
        return
    scene.settle()
    scene.end(order, CancelReason.EXPIRED)
    scene.charge_keeper(order, "expired")


def _come_for_margin(scene: Scene) -> None:
    account = scene.account
    account.margin_touches += 1
    account.margin_ms = scene.now_ms + scene.chance.delay_ms(
        "margin", account.name, account.margin_touches, quantiles=scene.terms.rules.keeper_ms
    )


def _visit_for_margin(scene: Scene) -> None:
    account, terms = scene.account, scene.terms
    is_halted = scene.market.status is MarketStatus.HALTED
    if scene.weather.keeper_is_down or is_halted or scene.is_oracle_stale:
        account.margin_ms = scene.now_ms + terms.rules.keeper_retry_ms
        return
    account.margin_ms = None
    scene.settle()
    if account.is_liquidating or is_short(scene, terms.maintenance_ratio):
        _liquidate(scene)
    elif is_short(scene, terms.initial_ratio):
        for order in account.open_orders():
            if is_risk_increasing(account, order):
                breach_limits(scene, order)


def breach_limits(scene: Scene, order: Order) -> None:
    """Let a stranger take off an order that the program does not want, for the flat fee."""
    scene.settle()
    scene.end(order, CancelReason.BREACHED_LIMITS)
    scene.charge_keeper(order, "breached-limits")


def _liquidate(scene: Scene) -> None:
    """Cancel every order, then take over a part, up to what equity above maintenance needs."""
    account, terms = scene.account, scene.terms
    for order in account.open_orders():
        scene.end(order, CancelReason.LIQUIDATION)
    account.is_liquidating = True
    ratio = terms.maintenance_ratio + terms.liquidation_buffer
    shortage = requirement(scene, ratio=ratio, position=abs(account.position)) - equity(scene)
    if account.position and shortage > 0:
        _take_over(scene, shortage, ratio=ratio)
        shortage = requirement(scene, ratio=ratio, position=abs(account.position)) - equity(scene)
    account.is_liquidating = account.position != 0 and shortage > 0
    if account.is_liquidating:
        _come_for_margin(scene)


def _take_over(scene: Scene, shortage: int, *, ratio: int) -> None:
    account, terms, oracle = scene.account, scene.terms, scene.market.oracle
    side = Side.SHORT if account.position > 0 else Side.LONG
    gain = ratio - terms.liquidator_fee - terms.insurance_fee
    held = abs(account.position)
    most = max(held * terms.liquidation_share // PPM, _SMALL_USD * BASE // oracle)
    needed = -(-shortage * BASE * PPM // (oracle * gain)) if gain > 0 else held
    quantity = min(held, ceil_to(min(most, needed), terms.step))
    price = terms.against(side, oracle * (PPM + side.sign * terms.liquidator_fee) // PPM)
    quote = scene.trade(side, price=price, quantity=quantity)
    fee = -(-quote * terms.insurance_fee // PPM)
    scene.charge(fee)
    scene.tell(Liquidated(side, price, quantity, fee, account.position))
