"""Random sequences of orders on paper and on the real program, compared after every act.

A seed gives a sequence; both venues are asked the same, in the same seconds. Compared are the code,
every open order with its id, number, side, kind, price, size, fill and end, the position, and the
cash but for what takers paid: that price is the venue's own. Keepers work only when an act says so,
and then until nothing is left for them, because their pace is the venue's own too.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from solders.keypair import Keypair

from contracts.order import CancelReason
from contracts.values import Liquidity
from contracts.venue import VenueObserved
from execution.venues.drift.config import DriftVenue
from execution.venues.port import AnyRecord, EndedRecord, FeeRecord, FilledRecord, Intent
from kit.differential_acts import Acts
from kit.differential_reasons import (
    FIRED_COUNTS,
    explanation,
    explanation_of_cash,
    explanation_of_orders,
    orders_of,
    plain_or_dash,
)
from kit.drift_rig import Rig
from kit.intents import MARKET
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
_UNIT = Decimal("0.000001")


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


class _Sequence(Acts):
    """One seed on both venues."""

    def __init__(self, seed: int, world: World, compared: Compared) -> None:
        program = ProgramStage(_rig(world, seed))
        program.move(MIDDLE)
        super().__init__(seed, program, PaperStage(RULES, now_ms=program.rig.now_s * 1_000))
        self.seed, self.compared = seed, compared
        self.number = 0
        self.switch_keepers(on=False)

    def live(self) -> None:
        """Do the acts; leave the world as it was found."""
        try:
            for self.number in range(1, ACTS + 1):
                self.act()
                self.compared.acts += 1
                if not self._agrees():
                    break
        except _Parted:
            pass
        finally:
            self._leave()

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
