"""The plan: what a setup needs now, from its state alone (execution.md 8.5).

The rules are level-triggered: they ask where the setup stands, not what happened last, so a lost
or late event changes when something is sent and never what. Planning again with the commands
applied gives nothing. Three lanes do not get in each other's way: the entry, the protection and
the ladder.

While automation is halted only three things are sent: cancels of the entry, a stop that is
missing, and cancels of what a flat position leaves behind.
"""

from decimal import Decimal

from contracts.markets import MarketSpec
from contracts.order import CancelReason
from contracts.values import Leg, OrderKind, Side
from execution.domain.commands import Cancel, Command, Place, Replace
from execution.domain.policy import POLICY
from execution.domain.pricing import behind_market, break_even_trigger, ladder, passive_limit
from execution.domain.setup import TAKE_PROFITS, OrderState, Setup


def plan(setup: Setup, *, is_halted: bool, spec: MarketSpec) -> tuple[Command, ...]:
    """Give what is to be sent now, in order; nothing when the setup stands as it should."""
    if not setup.orders:
        return (_entry_order(setup, setup.entry_price_usd), _stop_order(setup))
    entry = _entry_lane(setup, is_halted=is_halted, spec=spec)
    is_entry_over = setup.live(Leg.ENTRY) is None and not entry
    return (
        *entry,
        *_protection_lane(setup, is_entry_over=is_entry_over, is_halted=is_halted, spec=spec),
        *_ladder_lane(setup, is_entry_over=is_entry_over, is_halted=is_halted, spec=spec),
    )


def is_over(setup: Setup) -> bool:
    """Say whether the setup has ended: flat, and nothing of it rests or is on its way.

    Asked when the plan is empty.
    """
    return bool(setup.orders) and setup.is_flat and setup.is_at_rest


def outcome_of(setup: Setup) -> str:
    """Name how an ended setup ended."""
    if not setup.entry_filled_base:
        return "not-filled"
    exits = {it.leg for it in setup.orders if it.filled_base and it.leg is not Leg.ENTRY}
    if Leg.STOP not in exits:
        return "took-profit"
    return "stopped" if exits == {Leg.STOP} else "stopped-after-profit"


def _entry_lane(setup: Setup, *, is_halted: bool, spec: MarketSpec) -> tuple[Command, ...]:
    entry = setup.live(Leg.ENTRY)
    if entry is None:
        return _entry_again(setup, is_halted=is_halted, spec=spec)
    if entry.is_canceling:
        return ()
    stop = setup.live(Leg.STOP)
    if is_halted:
        return (_cancel(entry, CancelReason.KILL_SWITCH),)
    if stop is None or stop.is_triggered:
        return (_cancel(entry, CancelReason.FLAT),)
    if setup.drifted_to_usd is None or not entry.is_settled:
        return ()
    return (_follow_market(setup, entry, spec) or _cancel(entry, CancelReason.STALE),)


def _follow_market(setup: Setup, entry: OrderState, spec: MarketSpec) -> Replace | None:
    """Move the entry behind the market, as far as the chase limit; None when it cannot move."""
    if setup.replaces >= POLICY.replaces_max or setup.drifted_to_usd is None:
        return None
    side = setup.side
    limit = passive_limit(
        side,
        setup.entry_price_usd + side.sign * POLICY.chase_r_max * setup.stop_distance_usd,
        spec.tick_usd,
    )
    wanted = behind_market(side, setup.drifted_to_usd, spec.tick_usd)
    price = min(wanted, limit) if side is Side.LONG else max(wanted, limit)
    if side.sign * (price - entry.price_usd) <= 0:
        return None
    return Replace(
        client_order_id=entry.client_order_id,
        leg=Leg.ENTRY,
        generation=entry.generation + 1,
        price_usd=price,
        reason="stale",
    )


def _entry_again(setup: Setup, *, is_halted: bool, spec: MarketSpec) -> tuple[Command, ...]:
    """Place the entry anew, behind the market, after it was refused for crossing."""
    stop = setup.live(Leg.STOP)
    refused = setup.newest(Leg.ENTRY)
    if (
        setup.crossed_at_usd is None
        or refused is None
        or refused.is_canceling
        or is_halted
        or setup.replaces >= POLICY.replaces_max
        or stop is None
        or stop.is_canceling
        or stop.is_triggered
    ):
        return ()
    price = behind_market(setup.side, setup.crossed_at_usd, spec.tick_usd)
    distance = abs(price - setup.entry_price_usd)
    if distance > POLICY.chase_r_max * setup.stop_distance_usd:
        return ()
    return (_entry_order(setup, price),)


def _protection_lane(
    setup: Setup, *, is_entry_over: bool, is_halted: bool, spec: MarketSpec
) -> tuple[Command, ...]:
    stop = setup.live(Leg.STOP)
    if not setup.is_flat:
        if stop is None:
            return (_stop_order(setup),)
        return () if is_halted else _break_even(setup, stop, spec)
    if is_entry_over and stop is not None and not stop.is_canceling:
        reason = CancelReason.FLAT if setup.entry_filled_base else CancelReason.ENTRY_ENDED
        return (_cancel(stop, reason),)
    return ()


def _break_even(setup: Setup, stop: OrderState, spec: MarketSpec) -> tuple[Command, ...]:
    """Move the stop to break-even once TP1 has filled; toward profit only, and only once.

    It stays where it is while the market stands too near for the new trigger to rest.
    """
    tp1 = setup.newest(Leg.TP1)
    if tp1 is None or tp1.filled_base != tp1.quantity_base or setup.last_exit_usd is None:
        return ()
    if setup.is_at_break_even or not stop.is_settled:
        return ()
    side = setup.side
    trigger = break_even_trigger(
        side,
        setup.ledger.break_even_usd,
        tick_usd=spec.tick_usd,
        fee_bps=POLICY.exit_fee_bps,
        slippage_bps=POLICY.exit_slippage_bps,
    )
    is_better = side.sign * (trigger - stop.price_usd) > 0
    if not is_better or side.sign * (setup.last_exit_usd - trigger) < spec.tick_usd:
        return ()
    return (
        Replace(
            client_order_id=stop.client_order_id,
            leg=Leg.STOP,
            generation=stop.generation + 1,
            price_usd=trigger,
            reason="break-even",
        ),
    )


def _ladder_lane(
    setup: Setup, *, is_entry_over: bool, is_halted: bool, spec: MarketSpec
) -> tuple[Command, ...]:
    if not is_entry_over:
        return ()
    if setup.is_flat:
        resting = (setup.live(leg) for leg in TAKE_PROFITS)
        return tuple(_cancel(it, CancelReason.FLAT) for it in resting if it and not it.is_canceling)
    stop = setup.live(Leg.STOP)
    is_firing = stop is not None and stop.is_triggered
    if setup.has_ladder or is_halted or is_firing:
        return ()
    parts = ladder(setup.ledger.quantity_base, spec.step_base, POLICY.ladder_weights_pct)
    return tuple(
        Place(
            client_order_id=setup.next_id(leg),
            leg=leg,
            side=setup.side.opposite,
            kind=OrderKind.REDUCE_ONLY_LIMIT,
            price_usd=price,
            quantity_base=part,
        )
        for leg, price, part in zip(TAKE_PROFITS, setup.tp_prices_usd, parts, strict=False)
    )


def _entry_order(setup: Setup, price_usd: Decimal) -> Place:
    return Place(
        client_order_id=setup.next_id(Leg.ENTRY),
        leg=Leg.ENTRY,
        side=setup.side,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=price_usd,
        quantity_base=setup.quantity_base - setup.entry_filled_base,
        expires_at=setup.expires_at,
    )


def _stop_order(setup: Setup) -> Place:
    """Cover the whole position, whatever it will be, and never expire."""
    return Place(
        client_order_id=setup.next_id(Leg.STOP),
        leg=Leg.STOP,
        side=setup.side.opposite,
        kind=OrderKind.TRIGGER_MARKET,
        price_usd=setup.stop_price_usd,
        quantity_base=None,
    )


def _cancel(order: OrderState, reason: CancelReason) -> Cancel:
    return Cancel(client_order_id=order.client_order_id, leg=order.leg, reason=reason)
