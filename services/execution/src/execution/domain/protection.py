"""Protection: a position always has a stop on the venue, or is on its way out."""

from decimal import Decimal

from contracts.order import OrderIntended, ReplaceIntended
from contracts.transaction import RetryClass, Urgency
from contracts.values import Leg, OrderKind, Side
from execution.domain import exits
from execution.domain.commands import Command, Send, SendAgain
from execution.domain.intents import order_intent
from execution.domain.pricing import break_even_trigger, stop_trigger
from execution.domain.setup import TAKE_PROFITS, OrderStatus, Setup
from execution.domain.timers import is_beyond
from execution.domain.transactions import Transaction
from execution.domain.view import View


def protect(view: View) -> list[Command]:
    """Put up the stop that is missing, or leave at once when it would stand beyond the market.

    Where a close has come to nothing the stop goes up all the same: it is fired at once, and its
    auction finds whom a close does not. Whichever comes second has nothing left to reduce.

    An owner who signs by hand is asked for the stop for as long as it helps: a close would wait for
    the same hand.
    """
    setup, side = view.setup, view.side
    if setup is None or side is None:
        return []
    stop = view.stop
    if stop is not None:
        return _helped(view, setup)
    since = view.state.timers.unprotected
    unprotected = 0 if since is None else view.slot - since
    trigger = view.seen.market_seen.trigger_usd
    is_past = side.sign * (trigger - setup.stop_price_usd) <= 0
    is_hopeless = view.state.is_tripped(Leg.STOP.value, view.slot)
    is_late = unprotected > view.policy.unprotected_slots_max and view.state.wallet is None
    leaving: list[Send] = []
    if is_past or is_hopeless or is_late:
        leaving = exits.close(view, Urgency.PROTECTIVE)
        has_failed = any(it.leg is Leg.CLOSE and it.is_over for it in setup.orders)
        if is_hopeless or not has_failed:
            return [*leaving]
    flight = _newest(view, Leg.STOP)
    if flight is None:
        intent = stop_order(view, setup, side)
        return [*leaving, Send((intent,), RetryClass.PROTECTIVE, Urgency.PROTECTIVE)]
    return [*leaving, *_resent(view, flight)]


def resend_ladder(view: View) -> list[Command]:
    """Sign the take-profits anew whose transaction has had no fate for too long.

    Not once one of them was seen: those of one transaction arrive together, and a copy that lands
    when one has filled would place it again.
    """
    setup, flight = view.setup, _newest(view, *TAKE_PROFITS)
    if setup is None or flight is None:
        return []
    seen = {it.user_order_id for it in view.seen.orders}
    seen |= {it.user_order_id for it in setup.orders if it.status is not OrderStatus.INTENDED}
    return [] if flight.numbers & seen else _resent(view, flight)


def break_even(view: View) -> list[Command]:
    """Move the stop to break-even once TP1 has filled: toward profit only, and only once.

    It stays where it is while the market stands too near for the new trigger to rest.
    """
    setup, side, stop = view.setup, view.side, view.stop
    if setup is None or side is None or stop is None:
        return []
    tp1 = setup.newest(Leg.TP1)
    if tp1 is None or not tp1.is_over or tp1.filled_base != tp1.quantity_base:
        return []
    if view.flying(Leg.STOP) or view.state.is_tripped("move", view.slot):
        return []
    wanted = setup.break_even_usd or _break_even(view, side)
    if wanted is None or side.sign * (wanted - stop.price_usd) <= 0:
        return []
    room = side.sign * (view.seen.market_seen.trigger_usd - wanted)
    if room < view.policy.trigger_band_ticks * view.spec.tick_usd:
        return []
    order = setup.by_number(stop.user_order_id)
    if order is None:
        return []
    intent = ReplaceIntended(
        account=view.state.account,
        market=view.state.market,
        setup=setup.id,
        client_order_id=order.client_order_id,
        leg=Leg.STOP,
        venue_order_id=stop.venue_order_id,
        generation=order.generation + 1,
        kind=OrderKind.TRIGGER_MARKET,
        price_usd=wanted,
        expires_at=None,
        reason="break-even",
    )
    return [Send((intent,), RetryClass.SWAP, Urgency.PROTECTIVE)]


def stop_order(view: View, setup: Setup, side: Side) -> OrderIntended:
    """Give the stop: it covers the whole position, whatever that will be, and never expires."""
    return order_intent(
        view,
        setup,
        Leg.STOP,
        side=side.opposite,
        kind=OrderKind.TRIGGER_MARKET,
        price_usd=stop_trigger(side, setup.stop_price_usd, view.spec.tick_usd),
        quantity_base=None,
    )


def _helped(view: View, setup: Setup) -> list[Command]:
    """Fire a stop that is due, and close what a fired one leaves open, when others do not."""
    stop, policy = view.stop, view.policy
    order = setup.by_number(stop.user_order_id) if stop is not None else None
    if stop is None or order is None:
        return []
    if stop.is_triggered:
        since = order.triggered_slot
        if since is not None and view.slot - since > policy.stop_fill_slots_max:
            return [*exits.close(view, Urgency.PROTECTIVE)]
        return []
    due = view.state.timers.stop_due
    if due is not None and is_beyond(stop, view.seen):
        late = view.slot - due
        if late > policy.trigger_slots_max + policy.stop_fill_slots_max:
            return [*exits.close(view, Urgency.PROTECTIVE)]
        if late > policy.trigger_slots_max:
            return [*exits.fire(view, setup, stop)]
    return []


def _newest(view: View, *legs: Leg) -> Transaction | None:
    flying = [it for it in view.flying(*legs) if it.retry_class is RetryClass.PROTECTIVE]
    return flying[-1] if flying else None


def _resent(view: View, flight: Transaction) -> list[Command]:
    """Send again under the same number: of two copies that land, the second is refused."""
    is_late = view.slot - flight.planned_slot >= view.policy.resend_slots
    return [SendAgain(flight)] if is_late and flight.landed_slot is None else []


def _break_even(view: View, side: Side) -> Decimal | None:
    """Give the trigger that earns back entry, fees and funding; None when no price does."""
    cost = view.seen.break_even_usd
    if cost is None:
        return None
    return break_even_trigger(
        side,
        cost,
        tick_usd=view.spec.tick_usd,
        fee_bps=view.policy.exit_fee_bps,
        slippage_bps=view.policy.exit_slippage_bps,
    )
