"""What the program holds for our account, in the words that decisions are made on.

Prices in 1e-6 and sizes in 1e-9 become decimals without losing a digit.
"""

from collections.abc import Set
from decimal import Decimal

from solders.pubkey import Pubkey

from contracts.values import OrderKind, Side, VenueClock, from_millis
from contracts.venue import (
    DelegateSeen,
    MarketStatus,
    ObservedMarket,
    ObservedOrder,
    QuoteBalance,
    VenueObserved,
)
from execution.venues.drift.config import QUOTE_INDEX
from execution.venues.drift.markets import INDEX_DIGITS, PerpMarket
from execution.venues.drift.user import Deposit, Order, Position
from execution.venues.drift.view import ChainView
from execution.venues.units import BASE, base, from_units, price_usd, usd

_NOBODY = Pubkey.default()
_ALL_PAUSED = 255
_FILLS_PAUSED = 8
_MARKET_FILLS_PAUSED = 4
_RATIO = 10**4
_LIMIT = 1
_CLOSED = {"Initialized", "Settlement", "Delisted"}


def observe(
    view: ChainView, *, account: str, delegate: Pubkey | None, whole: Set[int]
) -> VenueObserved:
    """Give the account as the program holds it.

    `delegate` is the address that signs for us; None while we have no key. `whole` are the numbers
    of orders that the log asked for with the position's size: the program keeps the largest size
    that the margin allowed in its place (execution.md 2.6). Raises ValueError for an account that
    cannot be read.
    """
    user, venue, oracle = view.user, view.venue, view.oracle
    position = user.position(venue.market_index)
    cash = _quote(view) + position.quote
    slot = view.clock.slot
    return VenueObserved(
        account=account,
        market=venue.market,
        clock=VenueClock(at=from_millis(view.clock.at_s * 1_000), slot=slot),
        block_height=view.block_height,
        position_base=base(position.base),
        cash_usd=usd(cash),
        break_even_usd=_price(break_even(position)),
        liquidation_usd=_price(liquidation(position, cash, view.market)),
        orders=tuple(
            _observed(it, whole, oracle.price)
            for it in user.orders
            if it.is_perp and it.market_index == venue.market_index
        ),
        market_seen=ObservedMarket(
            status=_status(view),
            oracle_usd=price_usd(oracle.price),
            oracle_age_slots=max(0, slot - oracle.slot),
            trigger_usd=price_usd(oracle.price),
            bid_usd=price_usd(view.market.bid),
            ask_usd=price_usd(view.market.ask),
        ),
        delegate=delegate_seen(user.delegate, delegate),
        is_liquidating=user.is_liquidating,
        is_reduce_only=user.is_reduce_only or view.market.status == "ReduceOnly",
        fee_payer_lamports=0 if delegate is None else view.lamports(delegate),
        fee_per_unit_microlamports=view.fee_per_unit_microlamports,
    )


def quote_balance(view: ChainView) -> QuoteBalance:
    """Give the account's balance of the quote asset, and its market's interest."""
    return QuoteBalance(
        balance_usd=usd(_quote(view)),
        deposit_index=from_units(view.quote.deposit_index, INDEX_DIGITS),
        borrow_index=from_units(view.quote.borrow_index, INDEX_DIGITS),
    )


def delegate_seen(found: Pubkey, ours: Pubkey | None) -> DelegateSeen:
    """Say who may sign beside the owner."""
    if found == _NOBODY:
        return DelegateSeen.NONE
    return DelegateSeen.OURS if found == ours else DelegateSeen.FOREIGN


def break_even(position: Position) -> int | None:
    """Give the exit price that earns back what the position cost (execution.md 2.13).

    Rounded away from the loss; None when flat or when no price does.
    """
    if not position.base:
        return None
    price = -position.quote_break_even * BASE // position.base
    if position.base > 0:
        price = -(position.quote_break_even * BASE // position.base)
    return price if price > 0 else None


def liquidation(position: Position, cash: int, market: PerpMarket) -> int | None:
    """Give the oracle price at which the position alone meets the maintenance margin.

    Without the premium that large positions pay (imf), which is nothing at our sizes.
    """
    slope = position.base * _RATIO - abs(position.base) * market.maintenance_ratio
    if not slope or (position.base > 0) == (cash >= 0):
        return None
    return max(0, -cash * BASE * _RATIO // slope) or None


def _observed(order: Order, whole: Set[int], oracle: int) -> ObservedOrder:
    is_whole = order.is_trigger and order.is_reduce_only and order.user_order_id in whole
    return ObservedOrder(
        venue_order_id=order.order_id,
        user_order_id=order.user_order_id,
        side=Side.LONG if order.is_long else Side.SHORT,
        kind=_kind(order),
        price_usd=price_usd(_price_of(order, oracle)),
        quantity_base=None if is_whole else base(order.base),
        filled_base=base(order.filled),
        is_reduce_only=order.is_reduce_only,
        is_triggered=order.is_trigger and order.is_triggered,
        expires_at=from_millis(order.max_ts * 1_000) if order.max_ts else None,
        slot=order.slot,
    )


def _price_of(order: Order, oracle: int) -> int:
    """Give where an order stands. Its owner may also place what has no price: at the oracle then,
    or as far from it as it says.
    """
    if order.is_trigger:
        return order.trigger_price
    return order.price or max(1, oracle + order.oracle_offset)


def _kind(order: Order) -> OrderKind:
    """Name an order by what it can do; none of ours takes without a limit."""
    if order.is_trigger:
        return OrderKind.TRIGGER_MARKET
    if order.is_reduce_only:
        return OrderKind.REDUCE_ONLY_LIMIT
    is_passive = order.order_type == _LIMIT and order.is_post_only
    return OrderKind.POST_ONLY_LIMIT if is_passive else OrderKind.LIMIT


def _status(view: ChainView) -> MarketStatus:
    paused, market = view.exchange.paused, view.market
    if paused == _ALL_PAUSED:
        return MarketStatus.HALTED
    if market.status in _CLOSED:
        return MarketStatus.PAUSED
    is_filling = not (paused & _FILLS_PAUSED or market.paused & _MARKET_FILLS_PAUSED)
    return MarketStatus.ACTIVE if is_filling else MarketStatus.FILLS_PAUSED


def _quote(view: ChainView) -> int:
    held = (it for it in view.user.deposits if it.market_index == QUOTE_INDEX)
    return view.quote.tokens(sum(map(_signed, held)))


def _signed(deposit: Deposit) -> int:
    return -deposit.scaled if deposit.is_borrow else deposit.scaled


def _price(number: int | None) -> Decimal | None:
    return None if number is None else price_usd(number)
