"""The engine's simulated lives, with the policy looking over its shoulder.

Every transaction that the engine signs on the paper chain is written as Drift's bytes, by an
encoder of the tests, and judged with the facts that the engine had when it decided.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from solders.hash import Hash

from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.transaction import TransactionPlanned
from contracts.values import Leg, OrderKind, Side, to_millis
from contracts.venue import VenueObserved
from execution.domain.account import AccountState
from execution.domain.account_fold import apply
from execution.domain.planner import PlannerCore
from execution.domain.transactions import Intent
from execution.engine import Engine, Turn
from execution.signing.facts import AccountFacts, SignerFacts
from execution.signing.paper import PaperSigner
from execution.signing.policy import judge
from execution.signing.reading import account_facts
from execution.signing.refusals import Refusal
from execution.venues.port import Venue
from kit.drift_bytes import (
    U64_MAX,
    Change,
    Ix,
    Order,
    cancel_order,
    cancel_orders,
    modify_order,
    place_and_take,
    place_orders,
    trigger_order,
)
from kit.signing_scene import (
    BLOCKHASH,
    FIRING,
    FLAT,
    SIGNER,
    TAKING,
    Asked,
    call,
    raw,
    unit_limit,
    unit_price,
)

UNITS = 200_000


@dataclass
class Watched:
    """What the policy said about the transactions of a life."""

    judged: Counter[str] = field(default_factory=Counter[str])
    """By what they carry out."""
    refused: list[tuple[Refusal, tuple[Intent, ...]]] = field(
        default_factory=list[tuple[Refusal, tuple[Intent, ...]]]
    )

    def engine(self, core: PlannerCore, venue: Venue) -> Engine:
        """Put an engine in a world that shows its turns."""
        return _WatchedEngine(core, venue, self)

    def judge(self, core: PlannerCore, state: AccountState, turn: Turn) -> None:
        """Judge what a turn signs; `state` is the fold before it."""
        for asked, intents in asked_in(core, state, turn):
            self.judged["+".join(it.event_type for it in intents)] += 1
            answer = judge(asked.data, asked.facts)
            if isinstance(answer, Refusal):
                self.refused.append((answer, tuple(intents)))


class _WatchedEngine(Engine):
    def __init__(self, core: PlannerCore, venue: Venue, watched: Watched) -> None:
        super().__init__(core, venue, PaperSigner())
        self._watched = watched

    def turn(self, account: str) -> Turn | None:
        state = self.core.account(account)
        turn = super().turn(account)
        if turn is not None:
            self._watched.judge(self.core, state, turn)
        return turn


def asked_in(
    core: PlannerCore, before: AccountState, turn: Turn
) -> Iterator[tuple[Asked, Sequence[Intent]]]:
    """Give what a turn would have signed, and what for."""
    events = list(turn.drafts)
    at = next(i for i, it in enumerate(events) if isinstance(it.event, VenueObserved))
    for draft in events[:at]:
        before = apply(before, draft.event, event_id=draft.id)
    seen = events[at].event
    assert isinstance(seen, VenueObserved)
    after = core.consider(seen, before).state
    known: dict[UUID, Intent] = {
        it.id: it.event() for tx in before.transactions for it in tx.intents
    }
    known |= {it.id: it.event for it in events if isinstance(it.event, Intent)}
    for draft in events:
        planned = draft.event
        if isinstance(planned, TransactionPlanned):
            intents = [known[it] for it in planned.intents]
            price = planned.priority_fee_lamports * 1_000_000 // UNITS
            offer = (unit_limit(UNITS), unit_price(price))
            data = raw(*calls_of(intents), offer=offer).data()
            yield Asked(data, facts_of(before, after, seen), signer_of(after)), intents


def facts_of(before: AccountState, after: AccountState, seen: VenueObserved) -> AccountFacts:
    return account_facts(
        before,
        after,
        seen,
        venue=FLAT.venue,
        market_index=0,
        blockhashes={Hash(bytes(BLOCKHASH)): seen.block_height + 150},
        notional_usd_max=Decimal(500_000),
        control_position=SIGNER.standing.control_position,
        orders_position=SIGNER.standing.orders_position,
        tables={},
    )


def signer_of(state: AccountState) -> SignerFacts:
    return replace(SIGNER, standing=replace(SIGNER.standing, kill_level=state.kill_level))


def calls_of(intents: Sequence[Intent]) -> list[Ix]:
    """Write intents as calls; neighboring orders are placed together."""
    calls: list[Ix] = []
    placed: list[Order] = []
    for intent in intents:
        is_place = isinstance(intent, OrderIntended)
        if is_place and intent.kind is not OrderKind.IMMEDIATE_OR_CANCEL:
            placed.append(order_of(intent))
        else:
            calls.append(_call(intent))
    return [*([call(place_orders(*placed))] if placed else []), *calls]


def _call(intent: Intent) -> Ix:
    match intent:
        case OrderIntended():
            return call(place_and_take(order_of(intent)), TAKING)
        case ReplaceIntended():
            return call(modify_order(intent.venue_order_id, _change(intent)))
        case CancelIntended():
            return call(cancel_order(intent.venue_order_id))
        case TriggerIntended():
            return call(trigger_order(intent.venue_order_id), FIRING)
        case SideCancelIntended():
            return call(cancel_orders(1, 0, _direction(intent.side)))


def order_of(intent: OrderIntended) -> Order:
    """Write an order."""
    is_stop = intent.kind is OrderKind.TRIGGER_MARKET
    price = _units(intent.price_usd, 6)
    base = U64_MAX if intent.quantity_base is None else _units(intent.quantity_base, 9)
    return Order(
        order_type=2 if is_stop else 1,
        direction=_direction(intent.side),
        number=intent.user_order_id,
        base=base,
        price=0 if is_stop else price,
        reduce_only=int(intent.is_reduce_only),
        post_only=int(intent.kind is OrderKind.POST_ONLY_LIMIT),
        flags=int(intent.kind is OrderKind.IMMEDIATE_OR_CANCEL),
        max_ts=0 if intent.expires_at is None else to_millis(intent.expires_at) // 1000,
        trigger_price=price if is_stop else None,
        condition=_direction(intent.side) if is_stop else 0,
    )


def _change(intent: ReplaceIntended) -> Change:
    price = _units(intent.price_usd, 6)
    is_stop = intent.leg is Leg.STOP
    return Change(
        price=None if is_stop else price,
        trigger_price=price if is_stop else None,
        post_only=0 if intent.kind is OrderKind.LIMIT else None,
        max_ts=0 if intent.expires_at is None else to_millis(intent.expires_at) // 1000,
    )


def _direction(side: Side) -> int:
    return 0 if side is Side.LONG else 1


def _units(value: Decimal, digits: int) -> int:
    return int(value.scaleb(digits))
