"""One account in its market at a moment: what every rule reads, and how money and orders move.

Cash is the opening deposit less what was paid for, and plus what was got from, every trade, less
fees, plus funding: to the last unit.
"""

from dataclasses import dataclass

from contracts.order import CancelReason
from contracts.values import Liquidity, Side
from execution.venues.paper.chance import Chance
from execution.venues.paper.entries import (
    Charged,
    Ended,
    Entry,
    Fact,
    Filled,
    Funded,
    Placed,
)
from execution.venues.paper.quotes import oracle_age_slots
from execution.venues.paper.state import Account, Market, Order, OrderStatus
from execution.venues.paper.terms import Terms
from execution.venues.paper.weather import Weather

ENTRIES_KEPT = 1_000
"""How much of its history an account keeps: what nobody asked for by then is forgotten."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rule works on; it changes the account and nothing else."""

    terms: Terms
    chance: Chance
    market: Market
    weather: Weather
    account: Account

    @property
    def now_ms(self) -> int:
        """Give the chain time."""
        return self.market.now_ms

    @property
    def slot(self) -> int:
        """Give the slot of the chain time."""
        return self.terms.slot_at(self.market.now_ms)

    @property
    def is_oracle_stale(self) -> bool:
        """Say whether the oracle is too old to act on, or was never there."""
        age = oracle_age_slots(self.terms, self.market, self.weather)
        return not self.market.oracle or age > self.terms.rules.oracle_stale_slots

    def keeper_ms(self, order: Order) -> int:
        """Give when a keeper comes to an order that now has something for it."""
        order.touches += 1
        key = f"{self.account.name}/{order.order_id}"
        quantiles = self.terms.rules.keeper_ms
        return self.now_ms + self.chance.delay_ms("keeper", key, order.touches, quantiles=quantiles)

    def tell(self, fact: Fact) -> None:
        """Write a fact into the account's history."""
        account = self.account
        account.cursor += 1
        market = self.market
        account.entries.append(
            Entry(account.cursor, self.slot, market.now_ms, market.last_trade_id, fact)
        )
        if len(account.entries) > ENTRIES_KEPT:
            del account.entries[0]

    def tell_placed(self, order: Order) -> None:
        """Write that an order is there."""
        self.tell(Placed(order.order_id, order.user_order_id, order.side, order.price))

    def settle(self) -> None:
        """Charge the funding that is due: whatever touches the account does this first."""
        account = self.account
        for it in account.accruals:
            account.cash += it.amount
            if account.position:
                account.break_even += it.amount
            self.tell(Funded(it.amount, it.rate, it.position, it.hour_ms))
        account.accruals.clear()

    def charge(self, fee: int) -> None:
        """Take a fee, or give a rebate."""
        self.account.cash -= fee
        if self.account.position:
            self.account.break_even -= fee

    def charge_keeper(self, order: Order, reason: str) -> None:
        """Take the flat fee for what a stranger did with an order."""
        fee = self.terms.keeper_fee
        if fee:
            self.charge(fee)
            self.tell(Charged(order.order_id, order.user_order_id, reason, fee))

    def trade(self, side: Side, *, price: int, quantity: int) -> int:
        """Move the position and what was paid for it; give the notional."""
        account, sign = self.account, side.sign
        quote = self.terms.quote(price, quantity)
        before = account.position
        account.position += sign * quantity
        account.cash -= sign * quote
        if before * sign >= 0:
            account.break_even -= sign * quote
        elif quantity <= abs(before):
            left = abs(before) - quantity
            account.break_even = account.break_even * left // abs(before)
        else:
            opened = quantity - abs(before)
            account.break_even = -sign * self.terms.quote(price, opened)
        return quote

    def fill(self, order: Order, *, price: int, quantity: int, liquidity: Liquidity) -> None:
        """Fill an order, or a part of it."""
        self.settle()
        account = self.account
        quote = self.trade(order.side, price=price, quantity=quantity)
        fee = self.terms.fee(quote, liquidity)
        self.charge(fee)
        order.filled += quantity
        unfilled = order.unfilled
        remaining = order.fillable(account.position) if unfilled is None else unfilled
        if not remaining:
            self.close(order, OrderStatus.FILLED)
        self.tell(
            Filled(
                order_id=order.order_id,
                user_order_id=order.user_order_id,
                side=order.side,
                liquidity=liquidity,
                price=price,
                quantity=quantity,
                remaining=remaining,
                fee=fee,
                position_after=account.position,
            )
        )

    def end(self, order: Order, reason: CancelReason | None) -> None:
        """Take an order off the account."""
        self.close(order, OrderStatus.ENDED)
        self.tell(Ended(order.order_id, order.user_order_id, reason, order.unfilled))

    def close(self, order: Order, status: OrderStatus) -> None:
        """Leave an order in its slot, where it does nothing any more."""
        order.status = status
        order.touch_ms = None
        order.reap_ms = None

    def sweep_when_flat(self) -> None:
        """Take off the stops that wait, after a taker's fill that left nothing to protect.

        The program does this for a taker only, and only when no limit rests (execution.md 2.8).
        """
        orders = self.account.open_orders()
        if self.account.position or any(not it.is_trigger for it in orders):
            return
        for order in orders:
            if order.is_reduce_only and not order.is_triggered:
                self.end(order, CancelReason.REDUCE_ONLY)
