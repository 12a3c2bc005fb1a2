"""The paper venue: a fold over recorded intents and the feed's prints.

`on_intent` and `on_observation` take what the log holds; `on_print` works through one print and
gives what is seen at it. The clock is the feed's: an intent takes effect at the exchange time of
its cause plus the latency, so the outcome depends neither on speed nor on scheduling.

It is pessimistic where it cannot know (execution.md 7.2): an order never fills at the print at
which it arrived, a touch is no fill, the fills of entries and take-profits are at most the
print's quantity, a stop waits for its keeper and pays slippage, cancels and replaces lose races.
"""

from dataclasses import dataclass, field
from decimal import Decimal, localcontext

import msgspec

from contracts.event import Draft, Recorded
from contracts.ids import AccountId, ClientOrderId, MarketId
from contracts.markets import market_spec
from contracts.order import VenueAdvanced
from contracts.ticks import Trade
from contracts.values import from_millis, parse_decimal, to_millis
from execution.domain.errors import Action, classify
from execution.domain.policy import ARITHMETIC
from execution.domain.setup import Observation
from execution.venues.paper.book import Book, Intent
from execution.venues.paper.fees import FEES, FeeTable
from execution.venues.paper.landing import expire, land
from execution.venues.paper.matching import (
    fill_entry,
    fill_stop,
    fill_take_profits,
    notice_stale_entry,
    trigger_stop,
)
from execution.venues.paper.observing import Observer, Print
from execution.venues.port import (
    Capabilities,
    RestingOrder,
    Snapshot,
    SnapshotTooOld,
    VenueError,
)


@dataclass(frozen=True, slots=True)
class PaperRules:
    """How the venue is modelled; each default is on the pessimistic side."""

    fees: FeeTable = FEES["velocity"]
    latency_ms: int = 400
    """From the cause of an intent to its effect."""
    keeper_delay_ms: int = 1_000
    """From a stop's trigger to its fill."""
    stop_slippage_bps: Decimal = Decimal(2)
    stale_after_ms: int = 30_000
    """How long an entry rests before it may be called stale."""
    stale_distance_bps: Decimal = Decimal(3)
    """How far the market must have left it."""


class BadPrint(ValueError):
    """A print's price or quantity is not a positive number."""


@dataclass(slots=True)
class _State:
    last_trade_id: int | None = None
    now_ms: int = 0
    books: dict[str, Book] = field(default_factory=dict[str, Book])


class PaperVenue:
    """The paper venue for one market; one book per account."""

    capabilities = Capabilities(
        client_ids=True,
        cas_modify=True,
        atomic_bracket=False,
        max_open_orders=32,
        stop_covers_all=True,
        native_ttl=True,
        self_trigger=False,
        slots_keep_closed=False,
    )

    def __init__(self, rules: PaperRules) -> None:
        self._rules = rules
        self._state = _State()
        self._busy: list[Book] = []

    @property
    def last_trade_id(self) -> int | None:
        """Give the id of the last print worked through."""
        return self._state.last_trade_id

    @property
    def now_ms(self) -> int:
        """Give the latest exchange time of a print worked through; 0 before the first."""
        return self._state.now_ms

    @property
    def is_idle(self) -> bool:
        """Say whether no print can cause anything before another intent."""
        return not self._busy

    def book(self, account: str) -> Book | None:
        """Give an account's book, to be read; None before its first intent."""
        return self._state.books.get(account)

    def pass_over(self, trade_id: int, time_ms: int) -> None:
        """Let the clock come to a print that can cause nothing."""
        state = self._state
        state.last_trade_id = trade_id
        state.now_ms = max(state.now_ms, time_ms)

    def on_intent(self, recorded: Recorded, intent: Intent) -> None:
        """Take a recorded intent; it lands after the latency."""
        book = self._state.books.get(intent.account)
        if book is None:
            book = self._state.books[intent.account] = Book(intent.account, intent.market)
        book.expect(recorded, intent, latency_ms=self._rules.latency_ms)
        self._note_busy()

    def on_observation(self, observation: Observation) -> None:
        """Take a recorded observation that is not in the books yet: after a restart."""
        book = self._state.books[observation.account]
        with localcontext(ARITHMETIC):
            book.evolve(observation)
        self.pass_over(observation.clock.trade_id, to_millis(observation.clock.at))
        self._note_busy()

    def on_advanced(self, event: VenueAdvanced) -> None:
        """Take a recorded marker: everything up to its print was worked through."""
        if self._state.last_trade_id is None or event.last_trade_id > self._state.last_trade_id:
            self._state.last_trade_id = event.last_trade_id

    def on_print(self, trade: Trade) -> list[Draft]:
        """Work through a print; give what is seen at it, sorted by account.

        A print that came before gives nothing. Raises BadPrint, and then nothing has changed.
        """
        state = self._state
        if state.last_trade_id is not None and trade.i <= state.last_trade_id:
            return []
        if not self._busy:
            self.pass_over(trade.i, trade.t)
            return []
        price, quantity = _positive("price", trade.p), _positive("quantity", trade.q)
        self.pass_over(trade.i, trade.t)
        drafts: list[Draft] = []
        with localcontext(ARITHMETIC):
            # Accounts do not see each other: a replica may hold one without the others.
            for book in self._busy:
                at = Print(
                    trade_id=trade.i,
                    now_ms=state.now_ms,
                    price_usd=price,
                    left_base=quantity,
                    is_seller_aggressor=trade.m,
                )
                drafts += self._work(book, at)
        self._busy = [book for book in self._busy if not book.is_idle]
        return drafts

    async def snapshot(self, account: AccountId, *, min_slot: int | None = None) -> Snapshot:
        """Give what the venue holds for an account."""
        slot = self._state.last_trade_id or 0
        if min_slot is not None and slot < min_slot:
            raise SnapshotTooOld(f"expected a snapshot at trade {min_slot} or later, found {slot}")
        book = self._state.books.get(account) or Book(account, "")
        return _snapshot(book, slot=slot, now_ms=self._state.now_ms)

    def classify(self, error: VenueError) -> Action:
        """Say what a refusal means for the plan."""
        return classify(error.code)

    def dump(self) -> bytes:
        """Give the whole state as bytes that `load` understands."""
        return msgspec.json.encode(self._state)

    def load(self, data: bytes) -> None:
        """Take a state that `dump` gave; raise ValueError when it is not one."""
        self._state = msgspec.json.decode(data, type=_State)
        self._note_busy()

    def _work(self, book: Book, at: Print) -> list[Draft]:
        rules, spec = self._rules, market_spec(MarketId(book.market))
        observer = Observer(book=book, at=at, fees=rules.fees, step_base=spec.step_base)
        land(observer)
        expire(observer)
        fill_entry(observer)
        fill_stop(
            observer,
            keeper_delay_ms=rules.keeper_delay_ms,
            slippage_bps=rules.stop_slippage_bps,
            tick_usd=spec.tick_usd,
        )
        fill_take_profits(observer)
        trigger_stop(observer)
        notice_stale_entry(
            observer,
            stale_after_ms=rules.stale_after_ms,
            stale_distance_bps=rules.stale_distance_bps,
        )
        return observer.drafts

    def _note_busy(self) -> None:
        books = self._state.books
        self._busy = [books[account] for account in sorted(books) if not books[account].is_idle]


def _positive(what: str, text: str) -> Decimal:
    try:
        value = parse_decimal(text)
    except ValueError as error:
        raise BadPrint(f"print's {what}: {error}") from None
    if value <= 0:
        raise BadPrint(f"expected a positive {what} of a print, found {text!r:.40}")
    return value


def _snapshot(book: Book, *, slot: int, now_ms: int) -> Snapshot:
    ledger = book.ledger
    quantity = ledger.quantity_base
    return Snapshot(
        slot=slot,
        at=from_millis(now_ms),
        position_base=ledger.position_base,
        average_entry_usd=ledger.cost_usd / quantity if quantity else None,
        orders=tuple(
            RestingOrder(
                client_order_id=ClientOrderId(it.client_order_id),
                leg=it.leg,
                side=it.side,
                kind=it.kind,
                price_usd=it.price_usd,
                unfilled_base=it.unfilled_base,
                generation=it.generation,
                is_triggered=it.triggered_ms is not None,
            )
            for it in book.orders
        ),
    )
