"""What people and risk said, taken into a decision in the order of the log."""

from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace

from contracts.control import CancelRequested, KillSwitchEngaged, TradingResumed
from contracts.delegation import OwnerNamed
from contracts.engine import Mode
from contracts.manual import OfferDeclined, SigningModeChanged, TransactionReturned
from contracts.order import CancelDenied, SetupClosed
from contracts.values import Leg
from contracts.verdict import OrderApproved
from execution.domain import asking
from execution.domain import setup as setups
from execution.domain.account import AccountState, Heard
from execution.domain.deliberation import Deliberation
from execution.domain.ledger import ZERO
from execution.domain.setup import Setup
from execution.domain.state import level_after


@dataclass(frozen=True, slots=True)
class News:
    """What was heard, and needs the mode to be decided on."""

    approvals: tuple[tuple[Heard, OrderApproved], ...]
    returned: tuple[tuple[Heard, TransactionReturned], ...]
    """What a wallet signed."""


def hear(so_far: Deliberation) -> News:
    """Take in what people said, in the order of the log; give what else there is."""
    until = so_far.seen.heard
    now = [it for it in so_far.state.heard if it.number <= until]
    later = tuple(it for it in so_far.state.heard if it.number > until)
    so_far.state = replace(so_far.state, heard=later)
    approvals: list[tuple[Heard, OrderApproved]] = []
    returned: list[tuple[Heard, TransactionReturned]] = []
    for heard in now:
        match event := heard.event():
            case KillSwitchEngaged() | TradingResumed():
                so_far.state = with_kill(so_far.state, event)
            case CancelRequested():
                _cancel(so_far, event, heard)
            case SigningModeChanged():
                asking.choose(so_far, event.wallet)
            case OwnerNamed():
                if event.wallet != so_far.state.wallet:
                    asking.choose(so_far, None)
            case OfferDeclined():
                asking.decline(so_far, event, heard)
            case TransactionReturned():
                returned.append((heard, event))
            case OrderApproved():
                approvals.append((heard, event))
            case _:
                raise AssertionError(f"expected what is heard, found {heard.event_type}")
    return News(tuple(approvals), tuple(returned))


def with_kill(state: AccountState, event: KillSwitchEngaged | TradingResumed) -> AccountState:
    """Give the account under what people said of its kill, or of everybody's."""
    if event.account is None:
        return replace(state, global_kill=level_after(state.global_kill, event))
    return replace(state, own_kill=level_after(state.own_kill, event))


def _cancel(so_far: Deliberation, wish: CancelRequested, heard: Heard) -> None:
    """Note that a person does not want an order, or say why it stays."""
    after = without_order(so_far.state, wish)
    if isinstance(after, AccountState):
        so_far.state = after
        return
    denied = CancelDenied(**so_far.who, client_order_id=wish.client_order_id, reason=after)
    so_far.drafts.add(denied, heard.correlation_id)


def without_order(state: AccountState, wish: CancelRequested) -> AccountState | str:
    """Give the account with an order marked that a person does not want, or why it stays."""
    setup = state.setup
    order = None if setup is None else setup.by_client_id(wish.client_order_id)
    if setup is None or order is None or order.is_over:
        return "no-such-order"
    if order.leg in (Leg.STOP, Leg.CLOSE):
        return "stop-protects"
    if order.is_unwanted or order.cancel_reason is not None:
        return "already-canceling"
    return replace(state, setup=setup.with_order(replace(order, is_unwanted=True)))


def consider(so_far: Deliberation, offer: Heard, verdict: OrderApproved, mode: Mode) -> None:
    """Arm an approval that may be worked; close any other visibly."""
    setup = setups.approved(
        verdict,
        verdict_id=offer.id,
        correlation_id=offer.correlation_id,
        spec=so_far.spec,
        policy=so_far.policy,
    )
    why = _why_not(so_far, setup, mode)
    if why is None:
        so_far.state = replace(so_far.state, setup=setup)
    else:
        so_far.drafts.add(not_started(verdict, offer.id, why), offer.correlation_id)


def _why_not(so_far: Deliberation, setup: Setup, mode: Mode) -> str | None:
    if so_far.state.setup is not None:
        return "busy"
    if mode in (Mode.PAUSED, Mode.KILL_CANCEL, Mode.KILL_FLATTEN, Mode.REVOKED):
        return "halted"
    if setup.quantity_base < so_far.spec.quantity_base_min:
        return "too-small"
    return "stop-beyond-entry" if setup.stop_distance_usd <= 0 else None


def not_started(verdict: OrderApproved, verdict_id: UUID, why: str) -> SetupClosed:
    """Say that an approval was not worked, and why."""
    return SetupClosed(
        account=verdict.account,
        market=verdict.market,
        setup=verdict_id,
        outcome=f"not-started-{why}",
        realized_pnl_usd=ZERO,
        fees_usd=ZERO,
        funding_usd=ZERO,
        transaction_fees_lamports=0,
    )
