"""What our own signer refuses is in the log, is never sent, and ends as if it were dead."""

from dataclasses import dataclass, field

from audit.domain.permission import Permissions
from contracts.engine import CircuitOpened
from contracts.event import Recorded
from contracts.order import CancelReason, OrderCanceled, SetupClosed
from contracts.transaction import SigningRefused, TransactionPlanned, TransactionSigned
from contracts.values import Leg
from execution.domain.planner import PlannerCore
from execution.signing.paper import PaperSigner
from execution.signing.port import Asked, Signed
from execution.signing.refusals import Code, Refusal
from kit.execution_world import World, a_tape

TAPE = a_tape(3, count=80)


@dataclass
class Refusing:
    """Signs as paper does, but for the first so many, and for all while a position is held."""

    code: Code
    first: int = 0
    while_held: bool = False
    asked: list[Asked] = field(default_factory=list[Asked])
    paper: PaperSigner = field(default_factory=PaperSigner)

    def sign(self, message: bytes, asked: Asked) -> Signed | Refusal:
        self.asked.append(asked)
        is_held = self.while_held and bool(asked.seen.position_base)
        if len(self.asked) <= self.first or is_held:
            return Refusal(self.code, "something else", "this")
        return self.paper.sign(message, asked)

    @property
    def keeps_keys(self) -> bool:
        return False

    def address(self, account: str, now_ms: int) -> str | None:
        return self.paper.address(account, now_ms)


async def lived(signer: Refusing) -> list[Recorded]:
    """Live a tape with a signer; whatever comes of it, audit finds nothing wrong with it."""
    log = await World(TAPE, signer=signer).run()
    permissions = Permissions()
    assert [it for event in log for it in permissions.fold(event)] == []
    core = PlannerCore()
    derived = [draft.id for recorded in log for draft in core.step(recorded)]
    assert derived == [it.id for it in log if isinstance(it.event, PlannerCore.decides)]
    return log


async def test_a_refused_entry_is_given_up_and_its_orders_never_were() -> None:
    log = await lived(Refusing(Code.PRICE_BAND, first=10_000))
    events = [it.event for it in log]
    refused = [it for it in events if isinstance(it, SigningRefused)]
    planned = [it.id for it in log if isinstance(it.event, TransactionPlanned)]
    closed = {it.outcome for it in events if isinstance(it, SetupClosed)}
    gone = [(it.leg, it.reason) for it in events if isinstance(it, OrderCanceled)]

    assert refused
    assert [it.transaction for it in refused] == planned
    assert {it.code for it in refused} == {"price-band"}
    assert not [it for it in events if isinstance(it, TransactionSigned)]
    assert closed == {"not-started-entry-refused"}
    never = CancelReason.NEVER_LANDED
    assert gone == [(Leg.ENTRY, never), (Leg.STOP, never)] * len(refused)


async def test_a_refusal_that_may_pass_is_tried_once_more() -> None:
    log = await lived(Refusing(Code.STANDING_CHANGED, first=1))
    plans = [it for it in log if isinstance(it.event, TransactionPlanned)]
    signed = [it.event for it in log if isinstance(it.event, TransactionSigned)]
    assert signed
    assert signed[0].transaction == plans[1].id
    assert signed[0].account == "local"


async def test_exits_that_are_refused_again_and_again_are_held_for_a_while() -> None:
    log = await lived(Refusing(Code.RATE, while_held=True))
    circuits = [it.event for it in log if isinstance(it.event, CircuitOpened)]
    refused = [it for it in log if isinstance(it.event, SigningRefused)]
    assert circuits
    assert {it.code for it in circuits if isinstance(it, CircuitOpened)} == {0}
    assert len(refused) <= 4 * len(circuits)
