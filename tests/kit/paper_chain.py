"""A paper chain with one account, driven by hand: prints in, transactions in, records out.

The market stands at bid 100, ask 100.01, oracle 100 when a test begins; sizes are SOL.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.ticks import Trade
from contracts.values import Leg, OrderKind, Side, from_millis
from contracts.venue import VenueObserved
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.wire import paper_signature
from execution.venues.port import AnyRecord, FilledRecord, Intent, SignedTransaction, Venue

BEGIN_MS = 1_772_452_800_000  # 2026-03-02 12:00: the start of an hour, and of a slot
ACCOUNT = "local"
MARKET = "sol-perp"
SETUP = UUID(int=1)
CALM = PaperRules.calm()
LONG, SHORT = Side.LONG, Side.SHORT

RecordT = TypeVar("RecordT", bound=AnyRecord)


def calm(**changes: Any) -> PaperRules:  # any field of the rules
    """Give the calm rules with some changed."""
    return replace(CALM, **changes)


class Desk:
    """A chain, an account on it, and a hand that prints and sends."""

    def __init__(
        self, rules: PaperRules = CALM, *, deposit: str = "10000", market: str = MARKET
    ) -> None:
        self.chain = PaperChain(rules, market_spec(MarketId(market)))
        self.venue: Venue = self.chain
        self.market = market
        self.time_ms = BEGIN_MS
        self.trade_id = 0
        self.sent = 0
        self.chain.open_account(ACCOUNT, deposit_usd=Decimal(deposit))
        self.print("100.01", seller=False, after_ms=0)
        self.print("100", seller=True, after_ms=0)

    def print(self, price: str, quantity: str = "1", *, seller: bool, after_ms: int = 100) -> None:
        """Print a trade some time after the last one."""
        self.time_ms += after_ms
        self.trade_id += 1
        self.chain.on_print(Trade(i=self.trade_id, t=self.time_ms, p=price, q=quantity, m=seller))

    def sell(self, price: str, quantity: str = "1", *, after_ms: int = 100) -> None:
        """Print a trade whose aggressor sold."""
        self.print(price, quantity, seller=True, after_ms=after_ms)

    def buy(self, price: str, quantity: str = "1", *, after_ms: int = 100) -> None:
        """Print a trade whose aggressor bought."""
        self.print(price, quantity, seller=False, after_ms=after_ms)

    def wait(self, milliseconds: int) -> None:
        """Let time pass without a print."""
        self.time_ms += milliseconds
        self.chain.advance(self.time_ms)

    def signed(self, *intents: Intent, fee: int = 0, account: str = ACCOUNT) -> SignedTransaction:
        """Write and sign a transaction; equal intents give equal bytes only within a slot."""
        blockhash = self.chain.blockhash()
        message = self.chain.message(
            account, intents, blockhash=blockhash, priority_fee_lamports=fee, serial=0
        )
        return SignedTransaction(account, paper_signature(message), message, blockhash)

    def send(self, *intents: Intent) -> str:
        """Sign and submit a transaction; each is another one."""
        self.sent += 1
        transaction = self.signed(*intents, fee=self.sent)
        self.chain.submit(transaction)
        return transaction.signature

    def code(self, *intents: Intent) -> int | None:
        """Send a transaction that lands at once; give the program's answer."""
        landed = self.chain.fate(self.send(*intents))
        assert landed is not None
        return landed.code

    def place(self, *intents: Intent) -> list[int]:
        """Send a transaction that must run through; give the ids of the newly open orders."""
        before = {it.venue_order_id for it in self.seen.orders}
        assert self.code(*intents) is None
        return [it.venue_order_id for it in self.seen.orders if it.venue_order_id not in before]

    @property
    def seen(self) -> VenueObserved:
        """Give the account as it is shown."""
        return self.chain.observe(ACCOUNT)

    @property
    def all_records(self) -> list[AnyRecord]:
        """Give the whole history as it is told."""
        return [record for _, record in self.chain.records(ACCOUNT, after=0)]

    def told(self, kind: type[RecordT]) -> list[RecordT]:
        """Give the records of a kind."""
        return [it for it in self.all_records if isinstance(it, kind)]

    @property
    def fills(self) -> list[FilledRecord]:
        """Give the fills."""
        return self.told(FilledRecord)


def an_order(
    side: Side = LONG,
    price: str = "99",
    quantity: str | None = "1",
    *,
    kind: OrderKind = OrderKind.POST_ONLY_LIMIT,
    number: int = 16,
    reduce_only: bool = False,
    expires_ms: int | None = None,
    account: str = ACCOUNT,
    market: str = MARKET,
) -> OrderIntended:
    """Intend an order; `expires_ms` counts from the beginning."""
    return OrderIntended(
        account=account,
        market=market,
        setup=SETUP,
        client_order_id="0" * 26,
        leg=Leg.ENTRY,
        user_order_id=number,
        side=side,
        kind=kind,
        price_usd=Decimal(price),
        quantity_base=None if quantity is None else Decimal(quantity),
        is_reduce_only=reduce_only,
        expires_at=None if expires_ms is None else from_millis(BEGIN_MS + expires_ms),
    )


def a_stop(
    side: Side = SHORT,
    price: str = "98",
    quantity: str | None = None,
    *,
    number: int = 48,
    expires_ms: int | None = None,
) -> OrderIntended:
    """Intend a reduce-only stop that covers the position; of a long by default."""
    return an_order(
        side,
        price,
        quantity,
        kind=OrderKind.TRIGGER_MARKET,
        number=number,
        reduce_only=True,
        expires_ms=expires_ms,
    )


def a_target(
    side: Side = SHORT, price: str = "101", quantity: str = "1", *, number: int = 112
) -> OrderIntended:
    """Intend a take-profit; of a long by default."""
    return an_order(
        side,
        price,
        quantity,
        kind=OrderKind.REDUCE_ONLY_LIMIT,
        number=number,
        reduce_only=True,
    )


def a_take(
    side: Side = SHORT,
    price: str = "99",
    quantity: str = "1",
    *,
    reduce_only: bool = True,
    number: int = 208,
) -> OrderIntended:
    """Intend to take at once; closes a long by default."""
    return an_order(
        side,
        price,
        quantity,
        kind=OrderKind.IMMEDIATE_OR_CANCEL,
        number=number,
        reduce_only=reduce_only,
    )


def a_move(
    order_id: int,
    price: str,
    *,
    kind: OrderKind = OrderKind.POST_ONLY_LIMIT,
    expires_ms: int | None = None,
) -> ReplaceIntended:
    """Intend to move an order."""
    return ReplaceIntended(
        account=ACCOUNT,
        market=MARKET,
        setup=SETUP,
        client_order_id="0" * 26,
        leg=Leg.ENTRY,
        venue_order_id=order_id,
        generation=1,
        kind=kind,
        price_usd=Decimal(price),
        expires_at=None if expires_ms is None else from_millis(BEGIN_MS + expires_ms),
        reason="reprice",
    )


def a_cancel(order_id: int) -> CancelIntended:
    """Intend to cancel an order."""
    return CancelIntended(
        account=ACCOUNT,
        market=MARKET,
        setup=SETUP,
        client_order_id="0" * 26,
        leg=Leg.ENTRY,
        venue_order_id=order_id,
        reason=CancelReason.STALE,
    )


def a_side_cancel(side: Side) -> SideCancelIntended:
    """Intend to cancel a side."""
    return SideCancelIntended(
        account=ACCOUNT, market=MARKET, setup=None, side=side, reason=CancelReason.KILL_SWITCH
    )


def a_trigger(order_id: int) -> TriggerIntended:
    """Intend to fire a stop by ourselves."""
    return TriggerIntended(
        account=ACCOUNT,
        market=MARKET,
        setup=SETUP,
        client_order_id="0" * 26,
        leg=Leg.STOP,
        venue_order_id=order_id,
    )


def long_position(desk: Desk, quantity: str = "1", price: str = "100") -> None:
    """Fill a post-only entry at its price."""
    desk.place(an_order(LONG, price, quantity, number=16))
    below = str(Decimal(price) - Decimal("0.001"))
    desk.sell(below, quantity)
    assert desk.seen.position_base == Decimal(quantity)


def ids(desk: Desk) -> Sequence[int]:
    """Give the ids of the open orders."""
    return [it.venue_order_id for it in desk.seen.orders]
