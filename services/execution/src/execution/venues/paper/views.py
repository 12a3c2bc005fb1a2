"""What a node shows of an account: the account at the end of a slot that is a little behind.

The lag of a slot is a draw, and a node never turns back: what it shows at a slot is the furthest
that any slot up to it showed. The market is shown as it is.
"""

from dataclasses import dataclass
from decimal import Decimal

from msgspec.structs import replace

from contracts.values import Side, VenueClock, from_millis
from contracts.venue import DelegateSeen, ObservedMarket, ObservedOrder, VenueObserved
from execution.venues.paper.chance import Chance
from execution.venues.paper.margin import liquidation_price
from execution.venues.paper.quotes import best_price, oracle_age_slots, trigger_price
from execution.venues.paper.state import Account, Market, Order, OrderStatus, View
from execution.venues.paper.terms import Terms
from execution.venues.paper.weather import ViewFault, Weather
from execution.venues.units import BASE, base, from_units, price_usd, usd

VIEWS_MAX = 1_000
"""How many slots of an account are kept while its node stands still."""


class NoPriceYet(Exception):
    """The market was asked for before its first print."""


def shown_slot(
    account: Account, slot: int, *, terms: Terms, chance: Chance, fault: ViewFault | None
) -> int:
    """Give the slot that an account is shown at when the chain is at `slot`."""
    shown = _undisturbed(account, slot, terms=terms, chance=chance)
    if fault is not None:
        since = min(slot, fault.since_slot)
        floor = _undisturbed(account, since, terms=terms, chance=chance)
        shown = floor if fault.lag_slots is None else max(floor, shown - fault.lag_slots)
    return max(shown, account.opened_slot)


def _undisturbed(account: Account, slot: int, *, terms: Terms, chance: Chance) -> int:
    most = terms.rules.view_lag_slots_max
    return max(
        at - chance.draw("lag", account.name, at, below=most + 1)
        for at in range(slot - most, slot + 1)
    )


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order in its slot, with what a report on the model wants to know."""

    venue_order_id: int
    user_order_id: int
    side: Side
    price_usd: Decimal
    status: OrderStatus
    filled_base: Decimal
    placed_slot: int
    distance_bps: Decimal
    """From the oracle when it came to its price; positive when it was passive."""
    queue_ahead_usd: Decimal
    """What still stands before it."""


def held(account: Account) -> tuple[HeldOrder, ...]:
    """Give an account's slots."""
    return tuple(
        HeldOrder(
            venue_order_id=it.order_id,
            user_order_id=it.user_order_id,
            side=it.side,
            price_usd=price_usd(it.price),
            status=it.status,
            filled_base=base(it.filled),
            placed_slot=it.slot,
            distance_bps=from_units(it.distance_ppm, 2),
            queue_ahead_usd=usd(it.queue_ahead),
        )
        for it in account.orders
    )


def keep_view(account: Account, slot: int, *, shown: int) -> None:
    """Add the account as it is at `slot`; forget what no node shows any more."""
    view = View(
        slot=slot,
        position=account.position,
        cash=account.cash,
        break_even=account.break_even,
        lamports=account.lamports,
        owner_lamports=account.owner_lamports,
        delegate=account.delegate,
        is_reduce_only=account.is_reduce_only,
        is_liquidating=account.is_liquidating,
        orders=tuple(replace(it) for it in account.open_orders()),
    )
    views = account.views
    if views and views[-1].slot == slot:
        views[-1] = view
    else:
        views.append(view)
    while len(views) > 1 and views[1].slot <= shown:
        del views[0]
    if len(views) > VIEWS_MAX:
        del views[1]


def view_at(account: Account, slot: int) -> View:
    """Give the account at the end of a slot."""
    found = account.views[0]
    for view in account.views:
        if view.slot <= slot:
            found = view
    return found


def observe(
    account: Account,
    market: Market,
    *,
    slot: int,
    ours: str | None,
    terms: Terms,
    weather: Weather,
) -> VenueObserved:
    """Give an account at a slot, and the market as it is now; `ours` is the key that we hold.

    The clock's time is now, its slot and the block height are those of the account's view: what
    landed at or before them is in it. Raises NoPriceYet before the first print.
    """
    if not market.oracle:
        raise NoPriceYet(f"expected a print of {terms.market} before it is looked at, found none")
    # Built of our own numbers: nothing here is input that has to be checked.
    view = view_at(account, slot)
    fee = weather.fee_per_unit_microlamports
    return VenueObserved.model_construct(
        account=account.name,
        market=terms.market,
        clock=VenueClock.model_construct(
            at=from_millis(market.now_ms), slot=slot, trade_id=market.last_trade_id
        ),
        block_height=slot,
        position_base=base(view.position),
        cash_usd=usd(view.cash),
        break_even_usd=_price(_break_even(view)),
        liquidation_usd=_price(liquidation_price(view.position, view.cash, terms)),
        orders=tuple(_observed(it) for it in view.orders),
        market_seen=_market(market, terms, weather),
        delegate=_delegate(view.delegate, ours),
        is_liquidating=view.is_liquidating,
        is_reduce_only=view.is_reduce_only,
        fee_payer_lamports=view.lamports,
        fee_per_unit_microlamports=terms.rules.fee_per_unit_microlamports if fee is None else fee,
    )


def _delegate(found: str | None, ours: str | None) -> DelegateSeen:
    if found is None:
        return DelegateSeen.NONE
    return DelegateSeen.OURS if found == ours else DelegateSeen.FOREIGN


def _price(number: int | None) -> Decimal | None:
    return None if number is None else price_usd(number)


def _break_even(view: View) -> int | None:
    """Give the exit price that earns back what the position cost (execution.md 2.13)."""
    if not view.position:
        return None
    price = -view.break_even * BASE // view.position
    if view.position > 0:
        price = -(view.break_even * BASE // view.position)
    return price if price > 0 else None


def _market(market: Market, terms: Terms, weather: Weather) -> ObservedMarket:
    return ObservedMarket.model_construct(
        status=market.status,
        oracle_usd=price_usd(market.oracle),
        oracle_age_slots=oracle_age_slots(terms, market, weather),
        trigger_usd=price_usd(trigger_price(terms, market)),
        bid_usd=price_usd(best_price(terms, market, weather, Side.SHORT)),
        ask_usd=price_usd(best_price(terms, market, weather, Side.LONG)),
    )


def _observed(order: Order) -> ObservedOrder:
    return ObservedOrder.model_construct(
        venue_order_id=order.order_id,
        user_order_id=order.user_order_id,
        side=order.side,
        kind=order.kind,
        price_usd=price_usd(order.price),
        quantity_base=None if order.quantity is None else base(order.quantity),
        filled_base=base(order.filled),
        is_reduce_only=order.is_reduce_only,
        is_triggered=order.is_triggered,
        expires_at=from_millis(order.max_ms) if order.max_ms else None,
        slot=order.slot,
    )
