"""What a random sequence does on both venues: see `differential`."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from random import Random

from solders.pubkey import Pubkey

from contracts.order import OrderIntended
from contracts.values import Leg, OrderKind, Side
from contracts.venue import ObservedOrder
from execution.venues.paper.state import HOUSE
from execution.venues.port import Intent
from kit.differential_reasons import WHOLE, orders_of
from kit.intents import ACCOUNT, a_cancel, a_fire, a_move, a_side_cancel, an_order
from kit.paper_stage import PaperStage
from kit.program_stage import ProgramStage
from kit.scenario import MIDDLE
from localnet.drift import instructions

_HALF = Decimal("0.5")
_MAKER_BASE = Decimal(100)
"""What the maker of `drift_rig` rests."""
_GREY = (Decimal("0.010"), Decimal("0.030"))
"""From the oracle, in USD: where the program's AMM and paper's may disagree on who crosses."""
_SIZES = tuple(
    map(Decimal, ("0.004", "0.01", "0.019", "0.5", "1", "1", "3.333", "10", "10", "1000", "1500"))
)
_ENTRIES, _PROFITS, _CLOSES = (16, 17, 18), (112, 113), (208, 209)
_SIZED = 49
"""Number of a stop with a size."""


class Acts(ABC):
    """One seed's acts, asked of both venues in the same seconds."""

    def __init__(self, seed: int, program: ProgramStage, paper: PaperStage) -> None:
        self.chance = Random(seed)
        self.program, self.paper = program, paper
        self.oracle = MIDDLE
        self.did: str = ""
        """The act, for people."""
        self.held = Decimal(0)
        """The position before it."""

    @abstractmethod
    def _send(self, *intents: Intent) -> None:
        """Ask both, and compare the codes."""

    def switch_keepers(self, *, on: bool) -> None:
        """Let keepers of both work, or not."""
        for it in (self.paper, self.program):
            it.switch_keepers(on=on)

    def act(self) -> None:
        """Do one, by chance."""
        acts: tuple[tuple[Callable[[], None], int], ...] = (
            (self._place, 30),
            (self._bracket, 16),
            (self._move, 12),
            (self._cancel, 6),
            (self._cancel_side, 3),
            (self._fire, 6),
            (self._take, 18),
            (self._close, 8),
            (self._drift, 8),
            (self._wait, 6),
            (self._keepers, 5),
            (self._crowd, 1),
            (self._revoke, 1),
        )
        names, weights = zip(*acts, strict=True)
        act = self.chance.choices(names, weights)[0]
        self.did = f"{act.__name__} at {self.oracle}"
        self.held = self.program.seen().position_base
        act()

    def _place(self) -> None:
        self._send(self._order())

    def _bracket(self) -> None:
        side, passive = self._side(), self._passive
        entry = an_order(
            Leg.ENTRY,
            OrderKind.POST_ONLY_LIMIT,
            side,
            passive(side),
            self._size(),
            number=self.chance.choice(_ENTRIES),
            expires_at=self._end(),
        )
        self._send(entry, self._stop(side.opposite), *self._maybe(self._order))

    def _order(self) -> OrderIntended:
        kinds = ("entry", "entry", "stop", "profit", "profit", "limit")
        side = self._side()
        match self.chance.choice(kinds):
            case "stop":
                return self._stop(side)
            case "profit":
                return an_order(
                    Leg.TP1,
                    OrderKind.REDUCE_ONLY_LIMIT,
                    side,
                    self._passive(side),
                    self._size(),
                    number=self.chance.choice(_PROFITS),
                    is_reduce_only=True,
                    expires_at=self._end(),
                )
            case kind:
                is_entry = kind == "entry"
                return an_order(
                    Leg.ENTRY,
                    OrderKind.POST_ONLY_LIMIT if is_entry else OrderKind.LIMIT,
                    side,
                    self._any_price(side) if is_entry else self._passive(side),
                    self._size(),
                    number=self.chance.choice(_ENTRIES),
                    expires_at=self._end(),
                )

    def _stop(self, side: Side) -> OrderIntended:
        is_met = self.chance.random() < 0.1
        away = self._away() * side.sign * (-1 if is_met else 1)
        is_whole = self.chance.random() < 0.7
        return an_order(
            Leg.STOP,
            OrderKind.TRIGGER_MARKET,
            side,
            self.oracle + away,
            None if is_whole else self._size(),
            number=WHOLE if is_whole else _SIZED,
            is_reduce_only=True,
        )

    def _close(self) -> None:
        """Take at once from somebody who rests for that time only."""
        rig, side = self.program.rig, self._side()
        held = self.program.seen().position_base
        if abs(held) > _MAKER_BASE:
            return  # How deep the market is, is the venue's own.
        if held and self.chance.random() < 0.8:
            side = Side.SHORT if held > 0 else Side.LONG
        rig.quote(str(self.oracle - _HALF), str(self.oracle + _HALF))
        self._keep_time()
        self._send(
            an_order(
                Leg.CLOSE,
                OrderKind.IMMEDIATE_OR_CANCEL,
                side,
                self.oracle + side.sign * self.chance.choice((_HALF, 2 * _HALF)),
                self._size(),
                number=self.chance.choice(_CLOSES),
                is_reduce_only=True,
                expires_at=self._end(),
            )
        )
        maker = rig.desk.world.maker
        step = instructions.cancel_all(maker.trader, signer=maker.key.pubkey())
        rig.desk.world.chain.run([step], maker.key)
        rig.makers = ()

    def _move(self) -> None:
        order = self._one_of(lambda _: True)
        if order is None:
            self._send(
                a_move(Leg.ENTRY, 99, OrderKind.POST_ONLY_LIMIT, self.oracle - 1, expires_at=None)
            )
            return
        kind, price = order.kind, self._any_price(order.side)
        if kind is OrderKind.TRIGGER_MARKET:
            price = self.oracle + order.side.sign * self._away()
        elif kind is not OrderKind.POST_ONLY_LIMIT:
            price = self._passive(order.side)
        leg = Leg.STOP if kind is OrderKind.TRIGGER_MARKET else Leg.ENTRY
        end = None if leg is Leg.STOP else self._end()
        self._send(a_move(leg, order.venue_order_id, kind, price, expires_at=end))

    def _cancel(self) -> None:
        order = self._one_of(lambda _: True)
        self._send(a_cancel(Leg.ENTRY, 99 if order is None else order.venue_order_id))

    def _cancel_side(self) -> None:
        self._send(a_side_cancel(self._side()))

    def _fire(self) -> None:
        is_any = self.chance.random() < 0.3
        order = self._one_of(lambda it: is_any or it.kind is OrderKind.TRIGGER_MARKET)
        self._send(a_fire(99 if order is None else order.venue_order_id))

    def _take(self) -> None:
        """Let somebody take at the price of one of our orders, or a little beyond it."""
        order = self._one_of(
            lambda it: it.kind is not OrderKind.TRIGGER_MARKET and it.expires_at is None
        ) or self._one_of(lambda it: it.kind is not OrderKind.TRIGGER_MARKET)
        side = self._side() if order is None else order.side.opposite
        price = self.oracle if order is None else order.price_usd
        beyond = self.chance.choice((Decimal(0), Decimal("0.01"), Decimal("0.5")))
        quantity = self.chance.choice((Decimal("0.01"), Decimal("0.5"), Decimal(7), Decimal(2_000)))
        before = self.program.seen()
        self.did += f" {side} {quantity} at {price} by {beyond}: {orders_of(before)}"
        self._both(lambda it: it.take(side, price + side.sign * beyond, quantity))

    def _drift(self) -> None:
        """Move the oracle, but not through a limit that keepers would fill from the AMM."""
        to = MIDDLE + Decimal(self.chance.randint(-200, 200)) / 100
        for it in self.program.seen().orders:
            if it.kind in {OrderKind.LIMIT, OrderKind.REDUCE_ONLY_LIMIT} and (
                it.side.sign * (it.price_usd - to) > -_GREY[1]
            ):
                return
        self.oracle = to
        self._both(lambda it: it.move(to))

    def _wait(self) -> None:
        seconds = self.chance.choice((1, 1, 4, 20))
        self._both(lambda it: it.pass_s(seconds))

    def _keepers(self) -> None:
        self.switch_keepers(on=True)
        self._both(lambda it: it.pass_s(60))
        self.switch_keepers(on=False)

    def _crowd(self) -> None:
        """Place as many as an account holds, and more."""
        for number in range(100, 136):
            self._send(
                an_order(
                    Leg.ENTRY,
                    OrderKind.POST_ONLY_LIMIT,
                    Side.LONG,
                    self.oracle - 1,
                    Decimal("0.01"),
                    number=number,
                )
            )
        self._send(a_side_cancel(Side.LONG))

    def _revoke(self) -> None:
        """Let the owner name somebody else, try, and be named again."""
        rig = self.program.rig
        owner = rig.desk.owner
        other = instructions.name_delegate(owner.trader, Pubkey.new_unique())
        rig.desk.world.chain.run([other], owner.key)
        self.paper.chain.set_delegate(ACCOUNT, "somebody")
        self._send(self._order())
        again = instructions.name_delegate(owner.trader, rig.delegate)
        rig.desk.world.chain.run([again], owner.key)
        self.paper.chain.set_delegate(ACCOUNT, HOUSE)

    # Chance.

    def _side(self) -> Side:
        return self.chance.choice((Side.LONG, Side.SHORT))

    def _size(self) -> Decimal:
        return self.chance.choice(_SIZES)

    def _away(self) -> Decimal:
        fine = self.chance.choice((Decimal(0), Decimal(0), Decimal("0.00005"), Decimal("0.000999")))
        return Decimal(self.chance.randint(4, 150)) / 100 + fine

    def _passive(self, side: Side) -> Decimal:
        return self.oracle - side.sign * self._away()

    def _any_price(self, side: Side) -> Decimal:
        crosses = self.chance.random() < 0.15
        return self.oracle + side.sign * self._away() * (1 if crosses else -1)

    def _end(self) -> datetime | None:
        seconds = self.chance.choice((None, None, None, None, -5, 3, 30))
        return None if seconds is None else self.program.at(seconds)

    def _maybe(self, make: Callable[[], OrderIntended]) -> tuple[OrderIntended, ...]:
        return (make(),) if self.chance.random() < 0.2 else ()

    def _one_of(self, fits: Callable[[ObservedOrder], bool]) -> ObservedOrder | None:
        found = [it for it in self.program.seen().orders if fits(it)]
        return self.chance.choice(found) if found else None

    def _both(self, do: Callable[[PaperStage | ProgramStage], object]) -> None:
        do(self.program)
        do(self.paper)
        self._keep_time()

    def _keep_time(self) -> None:
        """Let paper stand at the program's second."""
        self.paper.pass_until(self.program.rig.now_s * 1_000)
