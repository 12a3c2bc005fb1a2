"""The take-profits, once the entry is over; the first one earlier when that takes long."""

from collections.abc import Sequence
from decimal import Decimal

from contracts.order import OrderIntended
from contracts.transaction import RetryClass, Urgency
from contracts.values import Leg, OrderKind
from execution.domain.commands import Command, Send
from execution.domain.intents import order_intent
from execution.domain.ledger import ZERO
from execution.domain.pricing import floor_to, ladder
from execution.domain.setup import TAKE_PROFITS, Setup
from execution.domain.view import View


def place(view: View) -> list[Command]:
    """Put up the take-profits that are missing, in one transaction."""
    setup = view.setup
    if setup is None or not setup.tp_prices_usd or not view.is_explained:
        return []
    if view.flying(*TAKE_PROFITS) or view.state.is_tripped("take-profit", view.slot):
        return []
    if view.is_entry_over:
        wanted = _all_legs(view, setup)
    elif _is_filling_slowly(view, setup):
        wanted = _first_leg(view, setup)
    else:
        return []
    intents = _orders(view, setup, wanted)
    return [Send(intents, RetryClass.PROTECTIVE, Urgency.NORMAL)] if intents else []


def _all_legs(view: View, setup: Setup) -> Sequence[tuple[Leg, Decimal]]:
    """Split what no take-profit covers yet over the legs that are not there."""
    covered = sum((_covers(view, leg) for leg in TAKE_PROFITS), ZERO)
    open_base = abs(view.base) - covered
    missing = [
        leg for leg in _legs(setup) if not view.resting.get(leg) and not _is_done(setup, leg)
    ]
    if not missing or open_base < view.spec.step_base:
        return ()
    weights = [view.policy.ladder_weights_pct[TAKE_PROFITS.index(leg)] for leg in missing]
    parts = ladder(floor_to(open_base, view.spec.step_base), view.spec.step_base, weights)
    return list(zip(missing, parts, strict=False))


def _first_leg(view: View, setup: Setup) -> Sequence[tuple[Leg, Decimal]]:
    if view.resting.get(Leg.TP1) or _is_done(setup, Leg.TP1):
        return ()
    part = abs(view.base) * view.policy.ladder_weights_pct[0] / 100
    quantity = floor_to(part, view.spec.step_base)
    return ((Leg.TP1, quantity),) if quantity else ()


def _orders(
    view: View, setup: Setup, wanted: Sequence[tuple[Leg, Decimal]]
) -> tuple[OrderIntended, ...]:
    taken = set(view.numbers_taken)
    intents: list[OrderIntended] = []
    for leg, quantity in wanted:
        intent = order_intent(
            view,
            setup,
            leg,
            side=setup.side.opposite,
            kind=OrderKind.REDUCE_ONLY_LIMIT,
            price_usd=setup.tp_prices_usd[TAKE_PROFITS.index(leg)],
            quantity_base=quantity,
            taken=taken,
        )
        taken.add(intent.user_order_id)
        intents.append(intent)
    return tuple(intents)


def _legs(setup: Setup) -> tuple[Leg, ...]:
    return TAKE_PROFITS[: len(setup.tp_prices_usd)]


def _covers(view: View, leg: Leg) -> Decimal:
    """Give what the resting order of a leg may still take off."""
    return sum(
        ((it.seen.quantity_base or ZERO) - it.seen.filled_base for it in view.resting.get(leg, ())),
        ZERO,
    )


def _is_done(setup: Setup, leg: Leg) -> bool:
    """Say whether a leg was filled whole, or is not wanted any more."""
    newest = setup.newest(leg)
    if newest is None:
        return False
    return newest.is_unwanted or newest.filled_base == newest.quantity_base


def _is_filling_slowly(view: View, setup: Setup) -> bool:
    policy = view.policy
    if setup.filled_since is None or not view.entries:
        return False
    is_enough = setup.filled_base * 100 >= setup.quantity_base * policy.early_take_profit_pct
    for_ms = (view.at - setup.filled_since).total_seconds() * 1000
    return is_enough and for_ms >= policy.early_take_profit_after_ms
