"""Scripts for a paper chain: prints, submissions, waiting and weather, for properties.

A script is a value; playing it twice in the same way gives the same chain. What a step means may
depend on the orders that the chain holds, never on anything else.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import strategies as st

from contracts.ticks import Trade
from contracts.values import OrderKind, Side
from contracts.venue import MarketStatus
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.state import OrderStatus
from execution.venues.paper.weather import ViewFault
from execution.venues.port import AnyRecord, Intent
from kit.paper_chain import (
    ACCOUNT,
    BEGIN_MS,
    LONG,
    SHORT,
    Desk,
    a_cancel,
    a_move,
    a_side_cancel,
    a_stop,
    a_take,
    a_target,
    a_trigger,
    an_order,
    calm,
)

DEPOSIT = Decimal(170)
POST_ONLY, STOPS, TARGETS, LIMITS, TAKES = 16, 48, 112, 180, 208
"""Where the numbers of each kind of order begin; eight of each."""


@dataclass(frozen=True)
class Print:
    """A trade some ticks of a cent from 100."""

    cents: int
    hundredths: int
    is_sell: bool
    after_ms: int


@dataclass(frozen=True)
class Wait:
    """Time without a print."""

    milliseconds: int


@dataclass(frozen=True)
class Send:
    """A transaction; `what` names it, and numbers choose among what there is."""

    what: str
    market_cents: int
    away_cents: int
    """From the market; a buy below it and a sell above it, or its stop beyond."""
    hundredths: int
    choice: int
    lives_ms: int | None


@dataclass(frozen=True)
class Weather:
    """A switch."""

    what: str
    is_on: bool


Step = Print | Wait | Send | Weather

_WORDS = (
    *("bracket", "bracket", "entry", "entry", "stop", "target", "target", "limit", "take", "take"),
    *("move", "convert", "cancel", "cancel_side", "trigger", "foreign"),
)
_WAITS_MS = (1, 50, 400, 400, 1_500, 1_500, 1_500, 9_000, 9_000, 40_000, 3_700_000)
_SWITCHES = ("keeper_is_down", "oracle_is_frozen", "is_engine_down", "paused", "view")


def a_script(seed: int) -> list[Step]:
    """Walk a price about at random, with everything that may happen along the way."""
    chance = random.Random(seed)
    cents, steps = 0, list[Step]()
    reach = chance.choice((4, 15, 60, 200))
    for _ in range(chance.randint(20, 80)):
        match chance.choices(("print", "send", "wait", "weather"), (50, 30, 15, 5))[0]:
            case "print":
                cents = max(-5_000, min(5_000, cents + chance.randint(-reach, reach)))
                after_ms = chance.choice((0, 1, 50, 400, 400, 2_000, 2_000, -300))
                is_sell = chance.random() < 0.5
                steps.append(Print(cents, chance.randint(1, 3_000), is_sell, after_ms))
            case "send":
                steps.append(
                    Send(
                        what=chance.choice(_WORDS),
                        market_cents=cents,
                        away_cents=chance.choice((-1, 1)) * chance.randint(0, 2 * reach),
                        hundredths=chance.choice((5, 500, 3_000)),
                        choice=chance.randint(0, 7),
                        lives_ms=chance.choice((None, None, 500, 20_000)),
                    )
                )
            case "wait":
                steps.append(Wait(chance.choice(_WAITS_MS)))
            case _:
                steps.append(Weather(chance.choice(_SWITCHES), chance.random() < 0.3))
    return steps


scripts = st.integers(0, 1 << 32).map(a_script)
rules = st.sampled_from(
    [
        calm(),
        calm(auction_slots=20, liquidator_fee_ratio=Decimal("0.01")),
        calm(participation=Decimal("0.3"), queue_ahead_usd=Decimal(200), basis_bps=Decimal(3)),
        calm(view_lag_slots_max=4, landing_ms=((0, 100), (1_000, 3_000)), drop_rate=Decimal("0.4")),
        PaperRules(),
    ]
)


@dataclass
class Played:
    """A chain on which a script is played."""

    rules: PaperRules
    desk: Desk = field(init=False)
    prints: dict[int, Print] = field(default_factory=dict[int, Print])
    converted: set[int] = field(default_factory=set[int])
    """Orders that were asked to become takers."""

    def __post_init__(self) -> None:
        self.desk = Desk(self.rules, deposit=str(DEPOSIT))

    def play(
        self,
        script: Sequence[Step],
        *,
        before_step: Callable[[int], None] = lambda _: None,
        advance: Callable[[Desk, int], None] = lambda desk, ms: desk.wait(ms),
    ) -> "Played":
        """Play a script, with something done before each step or in place of waiting."""
        for number, step in enumerate(script):
            before_step(number)
            match step:
                case Print():
                    self._print(step)
                case Wait(milliseconds):
                    advance(self.desk, milliseconds)
                case Send():
                    self._send(step)
                case Weather(what, is_on):
                    self._switch(what, is_on=is_on)
        return self

    @property
    def records(self) -> Sequence[tuple[int, AnyRecord]]:
        """Give what is told, as late as it is."""
        return self.desk.chain.records(ACCOUNT, after=0)

    def _print(self, step: Print) -> None:
        desk = self.desk
        desk.trade_id += 1
        desk.time_ms = max(desk.time_ms, desk.time_ms + step.after_ms)
        self.prints[desk.trade_id] = step
        desk.chain.on_print(
            Trade(
                i=desk.trade_id,
                t=desk.time_ms if step.after_ms >= 0 else desk.time_ms + step.after_ms,
                p=str(price_of(step)),
                q=str(Decimal(step.hundredths) / 100),
                m=step.is_sell,
            )
        )

    def _send(self, step: Send) -> None:
        desk = self.desk
        if step.what == "foreign":
            self._switch_foreign(step)
        else:
            desk.send(*self._intents(step))

    def _intents(self, step: Send) -> Sequence[Intent]:
        side = LONG if step.away_cents < 0 else SHORT
        price = str(100 + Decimal(step.market_cents + step.away_cents) / 100)
        beyond = str(100 + Decimal(step.market_cents + 2 * step.away_cents) / 100)
        size = str(Decimal(step.hundredths) / 100)
        lives = None if step.lives_ms is None else self.desk.time_ms - BEGIN_MS + step.lives_ms
        number, opposite = step.choice, side.opposite
        match step.what:
            case "bracket":
                return (
                    an_order(side, price, size, number=POST_ONLY + number, expires_ms=lives),
                    a_stop(opposite, beyond, number=STOPS + number),
                )
            case "entry":
                return (an_order(side, price, size, number=POST_ONLY + number, expires_ms=lives),)
            case "stop":
                return (a_stop(opposite, price, number=STOPS + number, expires_ms=lives),)
            case "target":
                return (a_target(side, price, size, number=TARGETS + number),)
            case "limit":
                kind = OrderKind.LIMIT
                return (an_order(opposite, price, size, kind=kind, number=LIMITS + number),)
            case "take":
                is_exit = step.choice < 4
                return (a_take(side, price, size, reduce_only=is_exit, number=TAKES + number),)
            case "cancel_side":
                return (a_side_cancel(side),)
            case _:
                return (self._about_an_order(step, price, lives),)

    def _about_an_order(self, step: Send, price: str, lives: int | None) -> Intent:
        held = [
            it
            for it in self.desk.chain.held_orders(ACCOUNT)
            if it.status is OrderStatus.OPEN and it.user_order_id
        ]
        order = held[step.choice % len(held)] if held else None
        order_id = 0 if order is None else order.venue_order_id
        number = 0 if order is None else order.user_order_id
        match step.what:
            case "move":
                return a_move(order_id, price, kind=kind_of(number), expires_ms=lives)
            case "convert" if number < STOPS:
                self.converted.add(order_id)
                return a_move(order_id, price, kind=OrderKind.LIMIT, expires_ms=lives)
            case "trigger":
                return a_trigger(order_id)
            case _:
                return a_cancel(order_id)

    def _switch_foreign(self, step: Send) -> None:
        desk = self.desk
        for order in desk.chain.held_orders(ACCOUNT):
            if order.status is OrderStatus.OPEN and step.choice < 2:
                desk.chain.cancel_foreign(ACCOUNT, order.venue_order_id)
                return

    def _switch(self, what: str, *, is_on: bool) -> None:
        chain = self.desk.chain
        match what:
            case "paused":
                chain.set_status(MarketStatus.FILLS_PAUSED if is_on else MarketStatus.ACTIVE)
            case "view" if is_on:
                chain.weather.views[ACCOUNT] = ViewFault(since_slot=chain.slot, lag_slots=20)
            case "view":
                chain.weather.views.pop(ACCOUNT, None)
            case _:
                setattr(chain.weather, what, is_on)


def price_of(step: Print) -> Decimal:
    """Give a print's price."""
    return 100 + Decimal(step.cents) / 100


def kind_of(number: int) -> OrderKind:
    """Give the kind of order that a number is for."""
    if number >= LIMITS:
        return OrderKind.LIMIT
    if number >= TARGETS:
        return OrderKind.REDUCE_ONLY_LIMIT
    return OrderKind.TRIGGER_MARKET if number >= STOPS else OrderKind.POST_ONLY_LIMIT


def may_reach(step: Print, side: Side, price: Decimal, rules: PaperRules) -> bool:
    """Say whether a print may fill a resting order of this side and price."""
    if step.is_sell is not (side is LONG):
        return False
    at_venue = price_of(step) * (1 + rules.basis_bps / 10_000)
    return side.sign * (price - at_venue) >= 0
