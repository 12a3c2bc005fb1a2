"""How an account changes with each event: a fold of what the log holds.

`apply` never refuses and never decides. Observations may come twice: each counts once.
"""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from contracts.engine import (
    CircuitOpened,
    ForeignOrderSeen,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Event
from contracts.order import (
    CancelIntended,
    OrderFilled,
    OrderIntended,
    ReplaceIntended,
    SetupClosed,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.transaction import (
    RetryClass,
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
)
from contracts.values import to_millis
from contracts.venue import (
    AccountFunded,
    CapitalMoved,
    DelegateSeen,
    ForeignOrderFilled,
    FundingSettled,
    InterestSettled,
    PositionLiquidated,
    VenueFeeCharged,
    VenueObserved,
)
from execution.domain import errors, offers
from execution.domain import setup as setups
from execution.domain import transactions as txs
from execution.domain.account import AccountState, Refusals
from execution.domain.errors import Action, classify
from execution.domain.interest import begun
from execution.domain.ledger import FLAT, Ledger
from execution.domain.policy import POLICY
from execution.domain.setup import Setup
from execution.domain.timers import timers_after
from execution.domain.transactions import Transaction
from execution.domain.uids import used

_HELD_LANES = ("entry", "move", "take-profit")
"""What may wait while the venue refuses it; protection and exits may not."""


def lane_of(transaction: Transaction) -> str:
    """Name what a transaction is about: what is refused in a row counts per lane."""
    return _refused_lane(txs.lane(transaction.intents[0], transaction.retry_class))


def _refused_lane(lane: str) -> str:
    """Name a lane as refusals count: all moves together."""
    return "move" if lane.startswith("move-") else lane


Observation = (
    setups.OrderObservation
    | PositionLiquidated
    | ForeignOrderFilled
    | FundingSettled
    | VenueFeeCharged
    | CapitalMoved
)
"""What happened on the account; each has a key for ever, and may come again."""


def apply(state: AccountState, event: Event, *, event_id: UUID) -> AccountState:
    """Give the state after an event of this account; what does not concern it changes nothing."""
    if isinstance(event, VenueObserved):
        return _observed(state, event)
    if isinstance(event, txs.Intent):
        return _intended(state, event, event_id)
    if isinstance(event, _OfTransaction):
        return _went(state, event, event_id)
    if isinstance(event, Observation):
        return _happened(state, event, event_id)
    if isinstance(event, offers.OfferEvent):
        return offers.apply(state, event, event_id=event_id)
    return _said(state, event, event_id)


_OfTransaction = (
    TransactionPlanned | TransactionSigned | SigningRefused | TransactionLanded | TransactionDied
)


def _observed(state: AccountState, seen: VenueObserved) -> AccountState:
    slot = max(state.slot, seen.clock.slot)
    timers = timers_after(state.timers, seen, setup=state.setup, expected=state.expected)
    if state.timers.hindered is not None and timers.hindered is None:
        state = _exits_anew(state)
    resting = {it.venue_order_id for it in seen.orders}
    return replace(
        state,
        snapshots=state.snapshots + 1,
        slot=slot,
        transactions=state.open_transactions(slot),
        staged=(),
        now_ms=max(state.now_ms, to_millis(seen.clock.at)),
        timers=timers,
        foreign=tuple(it for it in state.foreign if it in resting),
        is_delegate=seen.delegate is DelegateSeen.OURS,
        is_denied=state.is_denied and seen.delegate is DelegateSeen.OURS,
        is_shrink_only=state.is_shrink_only and seen.is_reduce_only,
    )


def _exits_anew(state: AccountState) -> AccountState:
    """Let exits be tried at once, whatever had refused them until now."""
    return replace(
        state,
        refusals={lane: it for lane, it in state.refusals.items() if lane in _HELD_LANES},
        circuits={lane: it for lane, it in state.circuits.items() if lane in _HELD_LANES},
    )


def _intended(state: AccountState, event: txs.Intent, event_id: UUID) -> AccountState:
    state = replace(state, staged=(*state.staged, txs.kept(event_id, event)))
    if isinstance(event, OrderIntended):
        state = replace(state, rings=used(state.rings, event.leg, event.user_order_id))
    if state.setup is None:
        return state
    match event:
        case OrderIntended():
            return replace(state, setup=setups.intended(state.setup, event))
        case ReplaceIntended():
            return replace(state, setup=setups.move_intended(state.setup, event))
        case CancelIntended() | SideCancelIntended():
            return replace(state, setup=setups.cancel_intended(state.setup, event))
        case TriggerIntended():
            return state


def _went(state: AccountState, event: _OfTransaction, event_id: UUID) -> AccountState:
    match event:
        case TransactionPlanned():
            return _planned(state, event, event_id)
        case TransactionSigned():
            return _with_transaction(state, event.transaction, lambda it: txs.signed(it, event))
        case SigningRefused():
            return _not_signed(state, event)
        case TransactionLanded():
            return _landed(state, event)
        case TransactionDied():
            return _died(state, event)


def _said(state: AccountState, event: Event, event_id: UUID) -> AccountState:
    match event:
        case SetupClosed():
            is_live = state.setup is not None and state.setup.id == event.setup
            return replace(state, setup=None) if is_live else state
        case ModeChanged():
            return replace(state, mode=event.mode, mode_since_slot=state.slot)
        case ReconciliationBroke():
            return replace(state, broken=tuple(sorted({*state.broken, event.what})))
        case ReconciliationPassed():
            return replace(state, broken=tuple(it for it in state.broken if it != event.what))
        case ForeignOrderSeen():
            return replace(state, foreign=tuple(sorted({*state.foreign, event.venue_order_id})))
        case PositionAdopted():
            return _adopted(state, event, event_id)
        case CircuitOpened():
            return _tripped(state, event)
        case AccountFunded() | InterestSettled():
            return _shown(state, event)
        case _:
            return state


def _shown(state: AccountState, event: AccountFunded | InterestSettled) -> AccountState:
    """Take the money that the venue shows for what there is."""
    state = replace(state, accrual=begun(event.quote))
    if isinstance(event, InterestSettled):
        return replace(state, ledger=state.ledger.accrued(event.amount_usd))
    return replace(state, deposit_usd=event.cash_usd, funded_slot=event.clock.slot, ledger=FLAT)


def _planned(state: AccountState, event: TransactionPlanned, event_id: UUID) -> AccountState:
    known = {it.id: it for tx in state.transactions for it in tx.intents}
    known |= {it.id: it for it in state.staged}
    intents = [known[it] for it in event.intents if it in known]
    transaction = txs.planned(event, event_id=event_id, intents=intents, slot=state.slot)
    lamports = event.priority_fee_lamports + POLICY.fees.signature_lamports
    return replace(
        state,
        spending=state.spending.planned(lamports, at_ms=state.now_ms),
        transactions=(*state.transactions, transaction),
        staged=tuple(it for it in state.staged if it.id not in event.intents),
    )


def _with_transaction(
    state: AccountState, transaction_id: UUID, change: Callable[[Transaction], Transaction]
) -> AccountState:
    changed = tuple(change(it) if it.id == transaction_id else it for it in state.transactions)
    return replace(state, transactions=changed)


def _landed(state: AccountState, event: TransactionLanded) -> AccountState:
    found = next((it for it in state.transactions if it.id == event.transaction), None)
    if found is None or found.landed_slot is not None:
        return state
    refusals = _refusals_after(state, lane_of(found), event.code)
    setup = state.setup
    if setup is not None:
        total = setup.transaction_fees_lamports + event.fee_lamports
        setup = replace(setup, transaction_fees_lamports=total)
    if event.code is not None and setup is not None and found.retry_class is RetryClass.EXPOSURE:
        setup = _entry_refused(setup, found, event.code)
    marked = replace(found, landed_slot=event.slot, code=event.code)
    action = None if event.code is None else classify(event.code)
    return replace(
        _with_transaction(state, found.id, lambda _: marked),
        setup=setup,
        refusals=refusals,
        is_denied=state.is_denied or action is Action.DENIED,
        is_incompatible=state.is_incompatible or action is Action.STOP_ALL,
        is_shrink_only=state.is_shrink_only or event.code in errors.SHRINK_ONLY,
    )


def _refusals_after(state: AccountState, lane: str, code: int | None) -> dict[str, Refusals]:
    """Count how often in a row a lane was refused for one reason; None for no refusal."""
    refusals = {it: count for it, count in state.refusals.items() if it != lane}
    if code is not None:
        before = state.refusals.get(lane)
        count = before.count + 1 if before is not None and before.code == code else 1
        refusals[lane] = Refusals(code, count)
    return refusals


def _entry_refused(setup: Setup, entry: Transaction, code: int) -> Setup:
    if classify(code) is Action.REPLAN_PRICE:
        is_sent = _has_others(setup, entry)
        return replace(setup, is_sent=is_sent, replaces=setup.replaces + 1)
    return replace(setup, refused_code=code)


def _has_others(setup: Setup, entry: Transaction) -> bool:
    """Say whether more of the setup lives than an entry that came to nothing brought along.

    A stop, for a position that came from elsewhere meanwhile: it is looked after to its end.
    """
    brought = {it.client_order_id for it in entry.intents}
    return any(not it.is_over and it.client_order_id not in brought for it in setup.orders)


def _died(state: AccountState, event: TransactionDied | SigningRefused) -> AccountState:
    found = next((it for it in state.transactions if it.id == event.transaction), None)
    if found is None:
        return state
    setup = state.setup
    if setup is not None and found.retry_class is RetryClass.EXPOSURE:
        is_sent = _has_others(setup, found)
        setup = replace(setup, is_sent=is_sent, attempts=setup.attempts + 1)
    left = tuple(it for it in state.transactions if it.id != found.id)
    return replace(state, transactions=left, setup=setup)


def _not_signed(state: AccountState, event: SigningRefused) -> AccountState:
    """Let a transaction be dead; an entry is given up, unless the refusal may pass by itself."""
    found = next((it for it in state.transactions if it.id == event.transaction), None)
    if found is None:
        return _not_offered(state, event)
    refusals = _refusals_after(state, lane_of(found), errors.NOT_SIGNED)
    state = _died(replace(state, refusals=refusals), event)
    is_entry = found.retry_class is RetryClass.EXPOSURE
    return _given_up(state, event) if is_entry else state


def _not_offered(state: AccountState, event: SigningRefused) -> AccountState:
    """Let an offer be gone whose bytes were refused before anybody saw them."""
    offer = next((it for it in state.offers if it.id == event.transaction), None)
    if offer is None:
        return state
    refusals = _refusals_after(state, _refused_lane(offer.lane), errors.NOT_SIGNED)
    state = offers.without(replace(state, refusals=refusals), offer.id)
    return _given_up(state, event) if offer.is_entry else state


def _given_up(state: AccountState, event: SigningRefused) -> AccountState:
    if state.setup is None or event.code in errors.PASSING:
        return state
    return replace(state, setup=replace(state.setup, refused_code=errors.NOT_SIGNED))


def _happened(state: AccountState, event: Observation, event_id: UUID) -> AccountState:
    if state.has_counted(event_id):
        return state
    state = state.counted(event_id)
    match event:
        case OrderFilled() | PositionLiquidated() | ForeignOrderFilled():
            state = _with_flow(
                state,
                lambda it: it.filled(
                    side=event.side,
                    price_usd=event.price_usd,
                    quantity_base=event.quantity_base,
                    fee_usd=event.fee_usd,
                ),
            )
        case FundingSettled():
            return _with_flow(state, lambda it: it.funded(event.amount_usd))
        case VenueFeeCharged():
            return _with_flow(state, lambda it: it.charged(event.fee_usd))
        case CapitalMoved():
            return _moved(state, event.amount_usd)
        case _:
            pass
    is_ours = not isinstance(event, PositionLiquidated | ForeignOrderFilled)
    if is_ours and state.setup is not None and state.setup.id == event.setup:
        return replace(state, setup=setups.observed(state.setup, event))
    return state


def _moved(state: AccountState, amount_usd: Decimal) -> AccountState:
    if state.deposit_usd is None:
        return state  # Whatever there is then is shown later.
    accrual = state.accrual and state.accrual.moved(amount_usd)
    return replace(state, deposit_usd=state.deposit_usd + amount_usd, accrual=accrual)


def _with_flow(state: AccountState, change: Callable[[Ledger], Ledger]) -> AccountState:
    setup = state.setup and replace(state.setup, costs=change(state.setup.costs))
    return replace(state, ledger=change(state.ledger), setup=setup)


def _adopted(state: AccountState, event: PositionAdopted, event_id: UUID) -> AccountState:
    setup = setups.adopted(
        adoption_id=event_id,
        position_base=event.position_base,
        stop_price_usd=event.stop_price_usd,
        price_usd=event.oracle_usd,
    )
    return replace(state, setup=setup)


def _tripped(state: AccountState, event: CircuitOpened) -> AccountState:
    refusals = {it: count for it, count in state.refusals.items() if it != event.lane}
    slots = POLICY.circuit_slots if event.lane in _HELD_LANES else POLICY.circuit_exit_slots
    circuits = {**state.circuits, event.lane: state.slot + slots}
    return replace(state, refusals=refusals, circuits=circuits)
