"""The real program as a stage: through encoder, policy, chain, snapshot and history."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.values import Side
from contracts.venue import VenueObserved
from execution.venues.drift.events import Executed
from execution.venues.drift.history import History
from execution.venues.port import AnyRecord, Intent
from kit.drift_rig import Rig, a_rig
from localnet.drift.markets import MARKETS
from localnet.errors import error_code
from localnet.journal import Landed

SOL_PERP = MARKETS[0]


@dataclass
class ProgramStage:
    """A desk on the program."""

    rig: Rig

    def at(self, seconds: int) -> datetime:
        """Give chain time so many seconds from now."""
        return self.rig.at(seconds)

    def send(self, *intents: Intent, is_judged: bool = True) -> int | None:
        """Send a transaction, with the policy's leave, and let it land; give the program's code."""
        if is_judged:
            return self.rig.code(*intents)
        return error_code(self.rig.land(self.rig.message(*intents)).error)

    def seen(self) -> VenueObserved:
        """Observe the account."""
        return self.rig.seen()

    def records(self) -> list[AnyRecord]:
        """Give all that happened."""
        return told(self.rig)

    def move(self, oracle: Decimal) -> None:
        """Move the oracle."""
        self.rig.desk.actors.set_price(SOL_PERP, oracle)

    def take(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let a taker cross to a price; orders of one slot do not meet."""
        self.rig.desk.open_slots(1)
        self.rig.desk.actors.trade(SOL_PERP, side, price, quantity)

    def rest(self, bid: Decimal, ask: Decimal) -> None:
        """Let somebody rest."""
        self.rig.quote(str(bid), str(ask))

    def pass_s(self, seconds: int) -> None:
        """Let time pass, in slots of a second."""
        self.rig.desk.open_slots(seconds)

    def switch_keepers(self, *, on: bool) -> None:
        """Let keepers work, or not."""
        self.rig.desk.actors.is_keeper_off = not on


def program_stage(side: Side) -> ProgramStage:
    """Build a stage whose policy has an approval of this side; skip without a program."""
    rig = a_rig()
    rig.side = side
    return ProgramStage(rig)


def executed(landed: Landed) -> Executed:
    """Give a transaction as a node tells it."""
    signature = str(landed.transaction.signatures[0])
    return Executed(signature, landed.slot, landed.at_s, landed.logs, landed.error is not None)


def landed_of(rig: Rig) -> list[Executed]:
    """Give what names the account, oldest first."""
    return [executed(it) for it in reversed(rig.desk.world.chain.landed_of(rig.venue.user))]


def told(rig: Rig) -> list[AnyRecord]:
    """Tell the account's whole history; it ends at the position that the account shows."""
    history = History(rig.venue, position=0, orders={})
    records = [record for it in landed_of(rig) for record in history.take(it)]
    assert history.position == int(rig.seen().position_base.scaleb(9))
    return records
