"""Random sequences of orders on paper and on the real program, compared after every act.

A seed gives a sequence; both venues are asked the same, in the same seconds. Compared are the code,
every open order with its id, number, side, kind, price, size, fill and end, the position, and the
cash but for what takers paid: that price is the venue's own. Keepers work only when an act says so,
and then until nothing is left for them, because their pace is the venue's own too.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from contracts.order import CancelReason, OrderIntended
from contracts.values import Leg, Liquidity, OrderKind, Side
from contracts.venue import ObservedOrder, VenueObserved
from execution.venues.drift.config import DriftVenue
from execution.venues.paper.state import HOUSE
from execution.venues.port import AnyRecord, EndedRecord, FeeRecord, FilledRecord, Intent
from kit.differential_reasons import (
    FIRED_COUNTS,
    WHOLE,
    explanation,
    explanation_of_cash,
    explanation_of_orders,
    orders_of,
    plain_or_dash,
)
from kit.drift_rig import Rig
from kit.intents import ACCOUNT, MARKET, a_cancel, a_fire, a_move, a_side_cancel, an_order
from kit.localnet_rig import START_S, Desk, drift_program
from kit.paper_stage import PaperStage, stage_rules
from kit.program_stage import ProgramStage
from kit.scenario import DEPOSIT_USD, MIDDLE
from localnet.chain import Chain
from localnet.drift import instructions
from localnet.drift.actors import Actors
from localnet.drift.addresses import PROGRAM
from localnet.drift.world import World, keypair

SEQUENCES_OF_A_WORLD = 25
ACTS = 18
RULES = stage_rules(
    imf_factor=Decimal(0),
    open_interest_max_usd=Decimal(10_000_000),
    funding_offset_per_year=Decimal(0),
)
_HALF = Decimal("0.5")
_MAKER_BASE = Decimal(100)
"""What the maker of `drift_rig` rests."""
_UNIT = Decimal("0.000001")
_GREY = (Decimal("0.010"), Decimal("0.030"))
"""From the oracle, in USD: where the program's AMM and paper's may disagree on who crosses."""
_SIZES = tuple(
    map(Decimal, ("0.004", "0.01", "0.019", "0.5", "1", "1", "3.333", "10", "10", "1000", "1500"))
)
_ENTRIES, _PROFITS, _CLOSES = (16, 17, 18), (112, 113), (208, 209)
_SIZED = 49
"""Number of a stop with a size."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two venues parted."""

    seed: int
    act: int
    what: str
    paper: object
    program: object

    def __str__(self) -> str:
        return (
            f"seed {self.seed}, act {self.act}: {self.what}: "
            f"paper {self.paper}, program {self.program}"
        )


@dataclass
class Compared:
    """What some sequences came to."""

    acts: int = 0
    codes: Counter[int | None] = field(default_factory=Counter[int | None])
    """What the program answered."""
    fills: int = 0
    explained: Counter[str] = field(default_factory=Counter[str])
    differences: list[Difference] = field(default_factory=list[Difference])


class _Parted(Exception):
    """One venue did what the other refused: the sequence ends."""


def compare(seeds: range) -> Compared:
    """Live through seeds; skip without a program."""
    compared, world = Compared(), None
    for number, seed in enumerate(seeds):
        if number % SEQUENCES_OF_A_WORLD == 0:
            world = World(Chain(at_s=START_S), *drift_program())
        assert world is not None
        _Sequence(seed, world, compared).live()
    return compared


class _Sequence:
    """One seed on both venues."""

    def __init__(self, seed: int, world: World, compared: Compared) -> None:
        self.seed, self.chance, self.compared = seed, Random(seed), compared
        self.program = ProgramStage(_rig(world, seed))
        self.program.move(MIDDLE)
        self.paper = PaperStage(RULES, now_ms=self.program.rig.now_s * 1_000)
        self.oracle = MIDDLE
        self.number = 0
        self.did = ""
        """The act, for people."""
        self.held = Decimal(0)
        """The position before it."""
        self.switch_keepers(on=False)

    def live(self) -> None:
        """Do the acts; leave the world as it was found."""
        try:
            for self.number in range(1, ACTS + 1):
                self._act()
                self.compared.acts += 1
                if not self._agrees():
                    break
        except _Parted:
            pass
        finally:
            self._leave()

    # What is done.

    def _act(self) -> None:
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

    # What is compared.

    def _send(self, *intents: Intent) -> None:
        before = self.program.seen()
        asked = "; ".join(map(_short, intents))
        self.did += f" {asked} on {plain_or_dash(before.position_base)} with {orders_of(before)}"
        program = self.program.send(*intents, is_judged=False)
        self._keep_time()
        paper = self.paper.send(*intents, is_judged=False)
        self.compared.codes[program] += 1
        if paper == program:
            return
        why = explanation(intents, paper, program, before)
        if why is None:
            self._differ("code", paper, program)
            raise _Parted
        self.compared.explained[why] += 1
        if None in {paper, program}:
            raise _Parted

    def _agrees(self) -> bool:
        paper, program = self.paper.seen(), self.program.seen()
        if paper.position_base != program.position_base:
            why = self._why_untouched(program)
            if why is not None:
                self.compared.explained[why] += 1
                return False
            self._differ("position", paper.position_base, program.position_base)
            return False
        if orders_of(paper) != orders_of(program):
            why = explanation_of_orders(paper, program, _ended(self.paper.records()))
            if why is None:
                self._differ("orders", orders_of(paper), orders_of(program))
            else:
                self.compared.explained[why] += 1
            return False
        fills = _fills(self.program.records())
        self.compared.fills += len(fills) if self.number == ACTS else 0
        told = [it.records() for it in (self.paper, self.program)]
        cash = [_cash(paper, told[0]), _cash(program, told[1])]
        if abs(cash[0] - cash[1]) > _UNIT * len(fills):
            why = explanation_of_cash(cash[0] - cash[1], *told)
            if why is None:
                self._differ("cash", *cash)
            else:
                self.compared.explained[why] += 1
            return False
        return True

    def _why_untouched(self, program: VenueObserved) -> str | None:
        """Say why the program's position may have stayed; None when it did not, or may not."""
        if program.position_base != self.held:
            return None
        if self.did.startswith("_take"):
            return "the AMM stands before us"
        has_fired = any(it.is_triggered for it in program.orders)
        return FIRED_COUNTS if has_fired and self.did.startswith("_keepers") else None

    def _differ(self, what: str, paper: object, program: object) -> None:
        told = f"{self.did}: {what}"
        difference = Difference(self.seed, self.number, told, paper, program)
        self.compared.differences.append(difference)

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

    def switch_keepers(self, *, on: bool) -> None:
        """Let keepers of both work, or not."""
        for it in (self.paper, self.program):
            it.switch_keepers(on=on)

    def _leave(self) -> None:
        owner = self.program.rig.desk.owner
        step = instructions.cancel_all(owner.trader, signer=owner.key.pubkey())
        self.program.rig.desk.world.chain.run([step], owner.key)


def _rig(world: World, seed: int) -> Rig:
    """Open an account of its own in a world that others have used."""
    delegate: Keypair = keypair("delegate")
    world.fund(delegate.pubkey(), usdc=Decimal(1), sol=Decimal(1))
    owner = world.open_actor(f"owner {seed}", usdc=DEPOSIT_USD, delegate=delegate.pubkey())
    venue = DriftVenue("localnet", PROGRAM, "USDC", MARKET, 0, owner.trader.authority)
    return Rig(Desk(world, Actors(world), owner, delegate), venue)


def _short(intent: Intent) -> str:
    kept = intent.model_dump(exclude={"account", "market", "setup", "client_order_id", "reason"})
    return " ".join(f"{name}={value}" for name, value in kept.items() if value is not None)


def _fills(records: Sequence[AnyRecord]) -> list[FilledRecord]:
    return [it for it in records if isinstance(it, FilledRecord)]


def _ended(records: Sequence[AnyRecord]) -> dict[int, CancelReason | None]:
    return {it.venue_order_id: it.reason for it in records if isinstance(it, EndedRecord)}


def _cash(seen: VenueObserved, records: Sequence[AnyRecord]) -> Decimal:
    """Give the cash as if taking had cost nothing, and nobody been paid for an order's end."""
    took = [it for it in _fills(records) if it.liquidity is Liquidity.TAKER]
    paid = (it.side.sign * it.price_usd * it.quantity_base + it.fee_usd for it in took)
    flat = (it.fee_usd for it in records if isinstance(it, FeeRecord) and it.reason != "trigger")
    return seen.cash_usd + sum(paid, Decimal(0)) + sum(flat, Decimal(0))


def main() -> int:
    """Compare as many sequences as asked; give 1 when the venues differ."""
    parser = argparse.ArgumentParser(prog="differential", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=1_000, help="sequences (1,000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    options = parser.parse_args()
    compared = compare(range(options.seed, options.seed + options.runs))
    for it in compared.differences:
        print(it)
    print(f"{options.runs} sequences, {compared.acts} acts, {compared.fills} fills")
    print(f"codes {dict(compared.codes.most_common())}")
    print(f"explained {dict(compared.explained.most_common())}")
    print(f"{len(compared.differences)} differences")
    return 1 if compared.differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
