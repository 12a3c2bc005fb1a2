"""What a market allows to fill, read from the prints alone: a second opinion on the paper venue.

It is written from the venue's published rules, knows the venue only by the events that it left in
the log, and imports nothing of it. For each maker fill there must be prints of the other side,
after the order landed and up to the fill, strictly through its price or at its price once the queue
is worn off, whose share reaches for it; no print is counted twice on an account. A stop needs a
print that triggers it and a keeper's time; a taker gets no better price than the modelled book.

Where the rules leave the venue a choice, the most lenient one counts, so an objection is a fault.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from itertools import accumulate, product
from uuid import UUID

from contracts.event import Recorded
from contracts.order import (
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderReplaced,
    ReplaceIntended,
    StopTriggered,
    TriggerIntended,
)
from contracts.ticks import Trade
from contracts.transaction import TransactionPlanned, TransactionSigned
from contracts.values import Liquidity, OrderKind, Side, VenueClock, to_millis

_BPS = Decimal(10_000)
_UNIT = Decimal("0.000001")
"""The program's prices and USD are whole numbers of this."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the modelled venue is set."""

    participation: Decimal
    """Part of each print that reaches the venue."""
    queue_ahead_usd: Decimal
    """Notional before us at a price when we come to it."""
    taker_spread_bps: Decimal
    """What a taker pays beyond the last print, for the smallest size."""
    depth_usd: Decimal
    """Notional that moves a taker's price by another 1 %."""
    maker_bps: Decimal
    taker_bps: Decimal
    landing_ms_min: int
    """Shortest time from a signature to the chain."""
    keeper_ms_min: int
    """Shortest time in which a keeper fires a stop."""
    slot_ms: int
    """A fired stop fills one slot later at the earliest."""


@dataclass(slots=True)
class _Rest:
    """An order at one price, from its landing on."""

    order: str
    account: str
    side: Side
    kind: OrderKind
    price: Decimal
    landed: VenueClock
    expires_at: datetime | None
    fills: list[OrderFilled] = field(default_factory=list[OrderFilled])
    triggered: StopTriggered | None = None
    is_fired_by_us: bool = False
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class _Intent:
    side: Side
    kind: OrderKind
    expires_at: datetime | None
    signed_ms: int | None
    """When a transaction that carries it was first signed."""


class Prints:
    """The feed in its order."""

    def __init__(self, trades: Sequence[Trade]) -> None:
        self.ids = [it.i for it in trades]
        self.times = [it.t for it in trades]
        self.prices = [Decimal(it.p) for it in trades]
        self.quantities = [Decimal(it.q) for it in trades]
        self.sells = [it.m for it in trades]

    def upto(self, trade_id: int | None) -> int:
        """Count the prints up to an id, with it."""
        return 0 if trade_id is None else bisect_right(self.ids, trade_id)

    def last_price(self, clock: VenueClock) -> Decimal | None:
        """Give the price of the last print that the venue had worked through."""
        count = self.upto(clock.trade_id)
        return self.prices[count - 1] if count else None


def objections(log: Sequence[Recorded], trades: Sequence[Trade], rules: Rules) -> list[str]:
    """Say for each fill that the prints do not allow why not; nothing when all is well."""
    return list(_Oracle(log, Prints(trades), rules).objections())


class _Oracle:
    def __init__(self, log: Sequence[Recorded], prints: Prints, rules: Rules) -> None:
        self._log = log
        self._prints = prints
        self._rules = rules
        self._intents = _intents(log)

    def objections(self) -> Iterator[str]:
        resting: dict[str, _Rest] = {}
        done: list[_Rest] = []
        for recorded in self._log:
            match recorded.event:
                case OrderPlaced() | OrderReplaced() as event:
                    rest = self._rest(event)
                    resting[event.client_order_id] = rest
                    done.append(rest)
                    yield from self._of_landing(event)
                case OrderCanceled() as event if event.client_order_id in resting:
                    resting[event.client_order_id].is_over = True
                case TriggerIntended() as event if event.client_order_id in resting:
                    resting[event.client_order_id].is_fired_by_us = True
                case StopTriggered() as event:
                    yield from self._of_trigger(resting[event.client_order_id], event)
                case OrderFilled() as event:
                    yield from self._of_fill(resting.get(event.client_order_id), event)
                case _:
                    pass
        for group in _groups(done, self._prints):
            yield from self._of_volume(group)

    def _rest(self, event: OrderPlaced | OrderReplaced) -> _Rest:
        generation = event.generation if isinstance(event, OrderReplaced) else 0
        intent = self._intents[event.client_order_id, generation]
        return _Rest(
            event.client_order_id,
            event.account,
            intent.side,
            intent.kind,
            event.price_usd,
            event.clock,
            intent.expires_at,
        )

    def _of_landing(self, event: OrderPlaced | OrderReplaced) -> Iterator[str]:
        generation = event.generation if isinstance(event, OrderReplaced) else 0
        signed_ms = self._intents[event.client_order_id, generation].signed_ms
        landed_ms = to_millis(event.clock.at)
        if signed_ms is None or landed_ms < signed_ms + self._rules.landing_ms_min:
            yield f"{event.client_order_id}: landed at {landed_ms}, signed at {signed_ms}"

    def _of_fill(self, rest: _Rest | None, event: OrderFilled) -> Iterator[str]:
        name = f"{event.fill_id} ({event.leg.value}, {event.liquidity.value})"
        if rest is None or rest.is_over:
            yield f"{name}: fills an order that does not rest"
            return
        is_late = rest.expires_at is not None and event.clock.at > rest.expires_at
        if is_late or event.side is not rest.side:
            yield f"{name}: fills after its time or on the other side"
        bps = self._rules.maker_bps if event.liquidity is Liquidity.MAKER else self._rules.taker_bps
        notional = event.price_usd * event.quantity_base
        if event.fee_usd != (notional * bps / _BPS).quantize(_UNIT, ROUND_CEILING):
            yield f"{name}: costs {event.fee_usd} for a notional of {notional}"
        if event.liquidity is Liquidity.MAKER:
            rest.fills.append(event)
            yield from self._of_maker(name, rest, event)
        else:
            yield from self._of_taker(name, rest, event)
        rest.is_over = not event.remaining_base

    def _of_maker(self, name: str, rest: _Rest, event: OrderFilled) -> Iterator[str]:
        if rest.kind in (OrderKind.TRIGGER_MARKET, OrderKind.IMMEDIATE_OR_CANCEL):
            yield f"{name}: a {rest.kind.value} never rests"
        if event.price_usd != rest.price:
            yield f"{name}: fills at {event.price_usd}, rests at {rest.price}"
        index = self._prints.upto(event.clock.trade_id) - 1
        is_print = index >= 0 and self._prints.ids[index] == event.clock.trade_id
        if not is_print or not self._reaches(rest, index):
            yield f"{name}: print {event.clock.trade_id} does not reach {rest.price}"

    def _of_taker(self, name: str, rest: _Rest, event: OrderFilled) -> Iterator[str]:
        sign = event.side.sign
        last = self._prints.last_price(event.clock)
        impact_bps = event.price_usd * event.quantity_base / self._rules.depth_usd * 100
        worse = 1 + sign * (self._rules.taker_spread_bps + impact_bps) / _BPS
        if last is None or sign * (event.price_usd - last * worse) < -2 * _UNIT:
            yield f"{name}: takes at {event.price_usd}, better than the book around {last}"
        if rest.kind is not OrderKind.TRIGGER_MARKET:
            if sign * (event.price_usd - rest.price) > 0:
                yield f"{name}: takes at {event.price_usd}, beyond its limit {rest.price}"
        elif rest.triggered is None:
            yield f"{name}: fills and was not fired"
        elif self._ms_between(rest.triggered.clock, event.clock) < self._rules.slot_ms:
            yield f"{name}: fills in the slot in which it was fired"

    def _of_trigger(self, rest: _Rest, event: StopTriggered) -> Iterator[str]:
        rest.triggered = event
        last = self._prints.last_price(event.clock)
        if last != event.trigger_price_usd:
            yield f"{rest.order}: fired at {event.trigger_price_usd}, the last print is {last}"
        if not self._is_beyond(rest, event.trigger_price_usd):
            yield f"{rest.order}: fired at {event.trigger_price_usd}, stops at {rest.price}"
        begin, end = (
            self._prints.upto(rest.landed.trade_id),
            self._prints.upto(event.clock.trade_id),
        )
        met = (i for i in range(max(begin - 1, 0), end) if self._beyond_at(rest, i))
        first = next(met, None)
        landed_ms, fired_ms = to_millis(rest.landed.at), to_millis(event.clock.at)
        seen_ms = fired_ms if first is None else max(landed_ms, self._prints.times[first])
        if not rest.is_fired_by_us and fired_ms < seen_ms + self._rules.keeper_ms_min:
            yield f"{rest.order}: fired at {fired_ms}, to be seen from {seen_ms} on"

    def _beyond_at(self, rest: _Rest, index: int) -> bool:
        return self._is_beyond(rest, self._prints.prices[index])

    @staticmethod
    def _is_beyond(rest: _Rest, price: Decimal) -> bool:
        return rest.side.sign * (price - rest.price) > 0

    @staticmethod
    def _ms_between(before: VenueClock, after: VenueClock) -> int:
        return to_millis(after.at) - to_millis(before.at)

    def _reaches(self, rest: _Rest, index: int) -> bool:
        """Say whether a print trades at the order's price or through it, after it landed."""
        prints = self._prints
        return (
            prints.ids[index] > (rest.landed.trade_id or 0)
            and prints.times[index] > to_millis(rest.landed.at)
            and prints.sells[index] is (rest.side is Side.LONG)
            and rest.side.sign * (rest.price - prints.prices[index]) >= 0
        )

    def _parts(self, rest: _Rest, end: int) -> dict[int, Decimal]:
        """Give how much of each print may be the order's: behind the queue, or through its price.

        `end` bounds the prints, by their index.
        """
        queue, parts = self._rules.queue_ahead_usd / rest.price, dict[int, Decimal]()
        for index in range(self._prints.upto(rest.landed.trade_id), end):
            if not self._reaches(rest, index):
                continue
            share = self._rules.participation * self._prints.quantities[index]
            worn = min(queue, share) if self._prints.prices[index] == rest.price else Decimal(0)
            queue -= worn
            if share > worn:
                parts[index] = share - worn
        return parts

    def _of_volume(self, group: Sequence[_Rest]) -> Iterator[str]:
        """Ask whether the prints can be dealt out to all fills of orders that rest together.

        They can unless some fills want more than all prints that any of them may have (Hall). Of
        an order only its first so many fills need be asked for: a later one may have every print
        that an earlier may.
        """
        ends = [[self._prints.upto(it.clock.trade_id) for it in rest.fills] for rest in group]
        wanted = [
            [Decimal(0), *accumulate(it.quantity_base for it in rest.fills)] for rest in group
        ]
        parts = [self._parts(rest, end[-1]) for rest, end in zip(group, ends, strict=True)]
        indexes = sorted({index for part in parts for index in part})
        for counts in product(*(range(len(end) + 1) for end in ends)):
            until = [
                end[count - 1] if count else 0 for end, count in zip(ends, counts, strict=True)
            ]
            there = sum((self._dealt(index, parts, until) for index in indexes), start=Decimal(0))
            asked = sum(
                (want[count] for want, count in zip(wanted, counts, strict=True)), start=Decimal(0)
            )
            if asked > there:
                names = [
                    rest.fills[n - 1].fill_id for rest, n in zip(group, counts, strict=True) if n
                ]
                yield f"{', '.join(names)}: {asked} filled by then, prints allow {there}"
                return

    def _dealt(
        self, index: int, parts: Sequence[Mapping[int, Decimal]], until: Sequence[int]
    ) -> Decimal:
        own = [
            part.get(index, Decimal(0))
            for part, end in zip(parts, until, strict=True)
            if index < end
        ]
        share = self._rules.participation * self._prints.quantities[index]
        return min(share, sum(own, start=Decimal(0)))


def _intents(log: Sequence[Recorded]) -> dict[tuple[str, int], _Intent]:
    """Give what each order is to be, by its id and generation."""
    signed: dict[UUID, int] = {}
    carried: dict[UUID, list[UUID]] = {}
    for recorded in log:
        match recorded.event:
            case TransactionPlanned() as event:
                carried[recorded.id] = list(event.intents)
            case TransactionSigned() as event:
                for intent in carried[event.transaction]:
                    signed.setdefault(intent, to_millis(event.clock.at))
            case _:
                pass
    intents: dict[tuple[str, int], _Intent] = {}
    for recorded in log:
        match recorded.event:
            case OrderIntended() as event:
                intents[event.client_order_id, 0] = _Intent(
                    event.side, event.kind, event.expires_at, signed.get(recorded.id)
                )
            case ReplaceIntended() as event:
                side = intents[event.client_order_id, 0].side
                intents[event.client_order_id, event.generation] = _Intent(
                    side, event.kind, event.expires_at, signed.get(recorded.id)
                )
            case _:
                pass
    return intents


def _groups(rests: Sequence[_Rest], prints: Prints) -> Iterator[list[_Rest]]:
    """Give the orders with maker fills that could meet the same prints."""
    group: list[_Rest] = []
    until = 0
    filled = [it for it in rests if it.fills]
    filled.sort(key=lambda it: (it.account, it.side, prints.upto(it.landed.trade_id)))
    for rest in filled:
        begin = prints.upto(rest.landed.trade_id)
        is_other = group and (group[-1].account, group[-1].side) != (rest.account, rest.side)
        if is_other or begin >= until:
            if group:
                yield group
            group, until = [], 0
        group.append(rest)
        until = max(until, prints.upto(rest.fills[-1].clock.trade_id))
    if group:
        yield group
