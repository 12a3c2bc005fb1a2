"""Scenarios of a setup's life as data, and the driver that plays them over a venue port.

A file says what is sent, what others do, and what then stands. It is written for a long at an
oracle of 150; `mirrored` gives the same life of a short, with prices on the other side of 150.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from contracts.values import Leg, Liquidity, OrderKind, Side
from contracts.venue import ObservedOrder, VenueObserved
from execution.venues.paper.fees import FEES
from execution.venues.port import (
    AnyRecord,
    FeeRecord,
    FilledRecord,
    FundingRecord,
    Intent,
)
from kit.intents import a_cancel, a_fire, a_move, a_side_cancel, an_order

DEPOSIT_USD = Decimal(10_000)
MIDDLE = Decimal(150)
FEES_OF_PROGRAM = FEES["drift"]
FLAT_FEE_USD = Decimal("0.01")
NUMBERS = {
    Leg.ENTRY: 16,
    Leg.STOP: 48,
    Leg.TP1: 112,
    Leg.TP2: 113,
    Leg.TP3: 114,
    Leg.CLOSE: 208,
}
_KINDS = {
    Leg.ENTRY: OrderKind.POST_ONLY_LIMIT,
    Leg.STOP: OrderKind.TRIGGER_MARKET,
    Leg.CLOSE: OrderKind.IMMEDIATE_OR_CANCEL,
}
_UNIT = Decimal("0.000001")
_FOLDER = Path(__file__).parent / "scenarios"


class _Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    pass


class Place(_Ask, frozen=True, tag="place"):
    """An order; a stop without a quantity covers the position."""

    leg: Leg
    price: Decimal
    quantity: Decimal | None = None
    life_s: int | None = None


class Move(_Ask, frozen=True, tag="move"):
    """The order of a leg at another price; `takes` lets an entry cross."""

    leg: Leg
    price: Decimal
    life_s: int | None = None
    takes: bool = False
    order_id: int | None = None
    """Another order than the leg's."""


class Cancel(_Ask, frozen=True, tag="cancel"):
    """The order of a leg back."""

    leg: Leg


class CancelSide(_Ask, frozen=True, tag="cancel-side"):
    """Every order of a side back."""

    side: Side


class Fire(_Ask, frozen=True, tag="fire"):
    """Our own stop, by ourselves."""

    leg: Leg = Leg.STOP


class Taker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody takes down or up to a price."""

    side: Side
    price: Decimal
    quantity: Decimal


class Maker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody rests on both sides."""

    bid: Decimal
    ask: Decimal


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens, in the order of the fields, and what then stands."""

    keepers: bool | None = None
    oracle: Decimal | None = None
    maker: Maker | None = None
    send: tuple[Place | Move | Cancel | CancelSide | Fire, ...] = ()
    code: int | None = None
    """The program's answer to what is sent."""
    is_judged: bool = True
    """Whether the policy is asked; what comes late would not be signed any more."""
    taker: Taker | None = None
    pass_s: int = 0
    until: Literal["filled", "flat", "ended"] | None = None
    """Time passes until the entry is filled, the position closed, or an order is gone."""
    position: Decimal | None = None
    orders: tuple[str, ...] | None = None
    """`leg side price quantity`, with `/filled` when some of it is, and `fired` for a stop."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A life."""

    says: str
    step: tuple[Step, ...]
    maker_fills: tuple[str, ...] = ()
    """`leg side price quantity` of each fill of a resting order, in order: to the last unit."""
    taken: Decimal = Decimal(0)
    """What our orders took in all; at the venue's own price, within `band_usd` of the oracle."""
    band_usd: Decimal = Decimal(1)
    flat_fees: int = 0
    """How often the program charged its flat fee."""


class Stage(Protocol):
    """A venue with everybody who trades there."""

    def at(self, seconds: int) -> datetime:
        """Give chain time so many seconds from now."""
        ...

    def send(self, *intents: Intent, is_judged: bool = True) -> int | None:
        """Send a transaction, with the policy's leave, and let it land; give the program's code."""
        ...

    def seen(self) -> VenueObserved:
        """Observe the account."""
        ...

    def records(self) -> list[AnyRecord]:
        """Give all that happened."""
        ...

    def move(self, oracle: Decimal) -> None:
        """Move the oracle."""
        ...

    def take(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let a taker cross to a price."""
        ...

    def rest(self, bid: Decimal, ask: Decimal) -> None:
        """Let somebody rest."""
        ...

    def pass_s(self, seconds: int) -> None:
        """Let time pass."""
        ...

    def switch_keepers(self, *, on: bool) -> None:
        """Let keepers work, or not."""
        ...


def scenarios() -> dict[str, Scenario]:
    """Give every scenario by its file's name."""
    return {
        path.stem: msgspec.toml.decode(path.read_bytes(), type=Scenario, strict=False)
        for path in sorted(_FOLDER.glob("*.toml"))
    }


def mirrored(scenario: Scenario) -> Scenario:
    """Give the same life of a short."""
    return replace(
        scenario,
        step=tuple(map(_mirrored_step, scenario.step)),
        maker_fills=tuple(map(_mirrored_line, scenario.maker_fills)),
    )


def play(stage: Stage, scenario: Scenario, *, side: Side = Side.LONG) -> None:
    """Play a scenario of this side; raise AssertionError where it comes to something else."""
    _Player(stage, side).play(scenario)


@dataclass
class _Player:
    stage: Stage
    side: Side

    def play(self, scenario: Scenario) -> None:
        oracles = [MIDDLE]
        for number, step in enumerate(scenario.step, start=1):
            try:
                self._do(step)
                self._check(step)
            except AssertionError as wrong:
                raise AssertionError(f"step {number} of {scenario.says!r}: {wrong}") from wrong
            if step.oracle is not None:
                oracles.append(step.oracle)
        self._settle(scenario, oracles)

    def _do(self, step: Step) -> None:
        stage = self.stage
        if step.keepers is not None:
            stage.switch_keepers(on=step.keepers)
        if step.oracle is not None:
            stage.move(step.oracle)
        if step.maker is not None:
            stage.rest(step.maker.bid, step.maker.ask)
        if step.send:
            code = stage.send(*map(self._intent, step.send), is_judged=step.is_judged)
            assert code == step.code, f"expected {step.code}, found {code}"
        if step.taker is not None:
            stage.take(step.taker.side, step.taker.price, step.taker.quantity)
        stage.pass_s(step.pass_s)
        if step.until is not None:
            self._wait(step.until)

    def _wait(self, until: str) -> None:
        before = len(self.stage.seen().orders)
        for _ in range(120):
            seen = self.stage.seen()
            is_entered = not any(it.user_order_id == NUMBERS[Leg.ENTRY] for it in seen.orders)
            is_so = {
                "filled": bool(seen.position_base) and is_entered,
                "flat": not seen.position_base,
                "ended": len(seen.orders) < before,
            }
            if is_so[until]:
                return
            self.stage.pass_s(1)
        raise AssertionError(f"expected it {until} within 120 s, found {self.stage.seen()}")

    def _check(self, step: Step) -> None:
        seen = self.stage.seen()
        if step.position is not None:
            assert seen.position_base == step.position, f"found {seen.position_base}"
        if step.orders is not None:
            found = tuple(map(_line, sorted(seen.orders, key=lambda it: it.user_order_id)))
            assert found == tuple(map(_exact, step.orders)), f"found {found}"

    def _settle(self, scenario: Scenario, oracles: list[Decimal]) -> None:
        """Check fills, fees and cash of the whole life."""
        records = self.stage.records()
        fills = [it for it in records if isinstance(it, FilledRecord)]
        made = [it for it in fills if it.liquidity is Liquidity.MAKER]
        lines = tuple(
            f"{_leg(it.user_order_id)} {it.side} {_plain(it.price_usd)} {_plain(it.quantity_base)}"
            for it in made
        )
        assert lines == tuple(map(_exact, scenario.maker_fills)), f"maker fills: {lines}"
        took = [it for it in fills if it.liquidity is Liquidity.TAKER]
        assert sum(it.quantity_base for it in took) == scenario.taken, f"taken: {took}"
        for it in took:
            away = min(abs(it.price_usd - oracle) for oracle in oracles)
            assert away <= scenario.band_usd, f"took at {it.price_usd}, of {oracles}"
        for it in fills:
            notional = (it.price_usd * it.quantity_base).quantize(_UNIT)
            fee = FEES_OF_PROGRAM.fee_usd(notional, it.liquidity)
            assert abs(it.fee_usd - fee) <= _UNIT, f"a fee of {it.fee_usd} for {notional}"
        flat = [it for it in records if isinstance(it, FeeRecord)]
        assert all(it.fee_usd == FLAT_FEE_USD for it in flat)
        assert len(flat) == scenario.flat_fees, f"flat fees: {[it.reason for it in flat]}"
        paid = sum((it.side.sign * it.price_usd * it.quantity_base for it in fills), Decimal(0))
        fees = sum((it.fee_usd for it in (*fills, *flat)), Decimal(0))
        funded = sum((it.amount_usd for it in records if isinstance(it, FundingRecord)), Decimal(0))
        cash = (DEPOSIT_USD - paid - fees + funded).quantize(_UNIT)
        assert self.stage.seen().cash_usd == cash, f"expected {cash}"

    def _intent(self, ask: Place | Move | Cancel | CancelSide | Fire) -> Intent:
        end = None
        if isinstance(ask, Place | Move) and ask.life_s is not None:
            end = self.stage.at(ask.life_s)
        match ask:
            case Place(leg, price, quantity):
                return an_order(
                    leg,
                    _KINDS.get(leg, OrderKind.REDUCE_ONLY_LIMIT),
                    self.side if leg is Leg.ENTRY else self.side.opposite,
                    price,
                    quantity,
                    number=NUMBERS[leg],
                    is_reduce_only=leg is not Leg.ENTRY,
                    expires_at=end,
                )
            case Move(leg, price):
                order_id = self._order(leg) if ask.order_id is None else ask.order_id
                kind = OrderKind.LIMIT if ask.takes else _KINDS[leg]
                return a_move(leg, order_id, kind, price, expires_at=end)
            case Cancel(leg):
                return a_cancel(leg, self._order(leg))
            case CancelSide(side):
                return a_side_cancel(side)
            case Fire(leg):
                return a_fire(self._order(leg))

    def _order(self, leg: Leg) -> int:
        number = NUMBERS[leg]
        found = [it for it in self.stage.seen().orders if it.user_order_id == number]
        assert found, f"expected an open {leg}, found none"
        return found[0].venue_order_id


def _line(order: ObservedOrder) -> str:
    size = "all" if order.quantity_base is None else _plain(order.quantity_base)
    filled = f"/{_plain(order.filled_base)}" if order.filled_base else ""
    fired = " fired" if order.is_triggered else ""
    leg = _leg(order.user_order_id)
    return f"{leg} {order.side} {_plain(order.price_usd)} {size}{filled}{fired}"


def _leg(number: int) -> Leg:
    return next(leg for leg, its in NUMBERS.items() if its == number)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _exact(line: str) -> str:
    """Give a line as it is found."""
    leg, side, price, *rest = line.split()
    return " ".join((leg, side, _plain(Decimal(price)), *rest))


def _mirrored_line(line: str) -> str:
    leg, side, price, *rest = line.split()
    return " ".join((leg, Side(side).opposite, str(_across(Decimal(price))), *rest))


def _across(price: Decimal) -> Decimal:
    return 2 * MIDDLE - price


def _mirrored_step(step: Step) -> Step:
    taker, maker = step.taker, step.maker
    return replace(
        step,
        oracle=None if step.oracle is None else _across(step.oracle),
        maker=None if maker is None else Maker(bid=_across(maker.ask), ask=_across(maker.bid)),
        send=tuple(map(_mirrored_ask, step.send)),
        taker=None
        if taker is None
        else Taker(taker.side.opposite, _across(taker.price), taker.quantity),
        position=None if step.position is None else -step.position,
        orders=None if step.orders is None else tuple(map(_mirrored_line, step.orders)),
    )


def _mirrored_ask(
    ask: Place | Move | Cancel | CancelSide | Fire,
) -> Place | Move | Cancel | CancelSide | Fire:
    match ask:
        case Place() | Move():
            return replace(ask, price=_across(ask.price))
        case CancelSide(side):
            return CancelSide(side.opposite)
        case Cancel() | Fire():
            return ask
