"""The lives of orders, kept after they are over: a fold over the log."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from contracts import order as o
from contracts import transaction as t
from contracts.event import Recorded
from contracts.venue import VenueFeeCharged, VenueObserved
from contracts.verdict import OrderApproved
from gateway.domain import orders
from gateway.domain.life import Life, Seen, Stage, Step, Traded
from gateway.domain.orders import Change

LIVES_MAX = 60
"""Orders kept; of more the oldest that are over are forgotten. The log has them all."""
STEPS_MAX = 40
"""Steps kept of one order; of more the oldest after its intent are forgotten."""
APPROVALS_MAX = 8
SIGHTS_MAX = 8
_PLACES = Decimal("1E-8")
_Carried = t.TransactionSigned | t.SigningRefused | t.TransactionLanded | t.TransactionDied
_Told = _Carried | o.SideCancelIntended | VenueFeeCharged | Change
"""What is told of orders that live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """When risk approved a setup, by the log's clock."""

    setup: UUID
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """The newest orders, the newest last."""

    items: tuple[Life, ...] = ()
    position: int = 0
    """Of the last event that changed one."""
    sights: tuple[Seen, ...] = ()
    """What was last seen of the market, the newest last."""
    approvals: tuple[Approval, ...] = ()


def evolve(lives: Lives, recorded: Recorded) -> Lives:
    """Fold one event of the account."""
    event = recorded.event
    match event:
        case VenueObserved():
            return replace(lives, sights=(*lives.sights, _seen(event))[-SIGHTS_MAX:])
        case OrderApproved():
            new = Approval(setup=recorded.id, recorded_at=recorded.recorded_at)
            return replace(lives, approvals=(*lives.approvals, new)[-APPROVALS_MAX:])
        case o.OrderIntended():
            kept = (*lives.items, _born(lives, event, recorded))
            return replace(lives, items=_bounded(kept), position=recorded.position)
        case t.TransactionPlanned():
            return replace(
                lives, items=tuple(_planned(one, event, recorded.id) for one in lives.items)
            )
        case _ if isinstance(event, _Told):
            return _lived(lives, _change(lives, event, recorded), recorded.position)
        case _:
            return lives


def _change(lives: Lives, event: _Told, recorded: Recorded) -> Callable[[Life], Life]:
    """Give what an event makes of a life; the same life where it is about others."""

    def change(life: Life) -> Life:
        order = life.order
        if isinstance(event, _Carried):
            is_meant = event.transaction in life.transactions
            return _with(life, _carried(event, recorded)) if is_meant else life
        match event:
            case o.SideCancelIntended():
                if order.side is not event.side or order.status.is_over:
                    return life
                after = orders.side_canceled(order, event, recorded)
                step = _step(Stage.CANCEL_INTENDED, recorded, note=event.reason)
                return _with(replace(life, order=after), step)
            case VenueFeeCharged():
                return _charged(life, event, recorded)
            case _:
                is_meant = order.client_order_id == event.client_order_id
                return _changed(life, lives.sights, event, recorded) if is_meant else life

    return change


def _lived(lives: Lives, change: Callable[[Life], Life], position: int) -> Lives:
    after = tuple(change(life) for life in lives.items)
    is_moved = any(one is not other for one, other in zip(after, lives.items, strict=True))
    return replace(lives, items=after, position=position) if is_moved else lives


def _born(lives: Lives, event: o.OrderIntended, recorded: Recorded) -> Life:
    """Begin a life; only what is sent first is timed from the verdict."""
    is_first = not any(one.transactions for one in lives.items if one.order.setup == event.setup)
    approved = next((one for one in lives.approvals if one.setup == event.setup), None)
    return Life(
        order=orders.intended(event, recorded),
        intended_price_usd=event.price_usd,
        approved_at=approved.recorded_at if approved is not None and is_first else None,
        steps=(
            _step(
                Stage.INTENDED,
                recorded,
                price_usd=event.price_usd,
                quantity_base=event.quantity_base,
            ),
        ),
    )


def _planned(life: Life, event: t.TransactionPlanned, transaction: UUID) -> Life:
    if set(event.intents).isdisjoint(life.order.intents):
        return life
    return replace(life, transactions=(*life.transactions, transaction))


def _carried(event: _Carried, recorded: Recorded) -> Step:
    match event:
        case t.TransactionSigned():
            return _step(Stage.SIGNED, recorded, signature=event.signature, slot=event.clock.slot)
        case t.SigningRefused():
            return _step(Stage.SIGNING_REFUSED, recorded, note=event.code)
        case t.TransactionLanded():
            return _step(
                Stage.LANDED if event.code is None else Stage.FAILED,
                recorded,
                signature=event.signature,
                slot=event.slot,
                fee_lamports=event.fee_lamports,
                note="" if event.code is None else f"{event.reason or 'refused'} ({event.code})",
            )
        case t.TransactionDied():
            return _step(Stage.DEAD, recorded, signature=event.signature)


def _changed(life: Life, sights: tuple[Seen, ...], event: Change, recorded: Recorded) -> Life:
    after = replace(life, order=orders.changed(life.order, event, recorded))
    if isinstance(event, o.OrderPlaced | o.OrderReplaced):
        after = replace(after, venue_ids=(*after.venue_ids, event.venue_order_id))
    if isinstance(event, o.OrderFilled):
        seen = next((one for one in reversed(sights) if one.at <= event.clock.at), None)
        after = replace(after, traded=_traded(life.traded, event, seen))
    return _with(after, _changed_step(event, recorded))


def _traded(before: Traded, event: o.OrderFilled, seen: Seen | None) -> Traded:
    quantity = event.quantity_base
    after = replace(
        before,
        quantity_base=before.quantity_base + quantity,
        turnover_usd=before.turnover_usd + event.price_usd * quantity,
        fees_usd=before.fees_usd + event.fee_usd,
    )
    if seen is None or before.at_mid_usd is None or before.at_oracle_usd is None:
        return replace(after, at_mid_usd=None, at_oracle_usd=None, seen_age_max=None)
    return replace(
        after,
        at_mid_usd=before.at_mid_usd + seen.mid_usd * quantity,
        at_oracle_usd=before.at_oracle_usd + seen.oracle_usd * quantity,
        seen_age_max=max(before.seen_age_max or timedelta(), event.clock.at - seen.at),
    )


def _changed_step(event: Change, recorded: Recorded) -> Step:
    match event:
        case o.ReplaceIntended():
            return _step(
                Stage.MOVE_INTENDED, recorded, price_usd=event.price_usd, note=event.reason
            )
        case o.CancelIntended():
            return _step(Stage.CANCEL_INTENDED, recorded, note=event.reason)
        case o.TriggerIntended():
            return _step(Stage.TRIGGER_INTENDED, recorded)
        case o.OrderPlaced():
            return _step(Stage.RESTING, recorded, price_usd=event.price_usd)
        case o.OrderReplaced():
            return _step(Stage.MOVED, recorded, price_usd=event.price_usd)
        case o.OrderRejected():
            return _step(Stage.REJECTED, recorded, note=f"{event.reason} ({event.code})")
        case o.OrderCanceled():
            return _step(
                Stage.CANCELED, recorded, quantity_base=event.unfilled_base, note=event.reason
            )
        case o.StopTriggered():
            return _step(Stage.TRIGGERED, recorded, price_usd=event.trigger_price_usd)
        case o.OrderFilled():
            return _step(
                Stage.FILLED,
                recorded,
                price_usd=event.price_usd,
                quantity_base=event.quantity_base,
                fee_usd=event.fee_usd,
                note=event.liquidity,
            )


def _charged(life: Life, event: VenueFeeCharged, recorded: Recorded) -> Life:
    if event.venue_order_id not in life.venue_ids:
        return life
    charged = replace(life, venue_fees_usd=life.venue_fees_usd + event.fee_usd)
    step = _step(Stage.VENUE_FEE, recorded, fee_usd=event.fee_usd, note=event.reason)
    return _with(charged, step)


def _with(life: Life, step: Step) -> Life:
    last = life.steps[-1]
    if step.stage is Stage.FILLED and last.stage is Stage.FILLED and step.note == last.note:
        return replace(life, steps=(*life.steps[:-1], _joined(last, step)))
    steps = (*life.steps, step)
    if len(steps) > STEPS_MAX:
        steps = (steps[0], *steps[2:])
    return replace(life, steps=steps)


def _joined(first: Step, second: Step) -> Step:
    """Give fills that follow each other as one, at their average price."""
    quantity = _or_zero(first.quantity_base) + _or_zero(second.quantity_base)
    turnover = _turnover_usd(first) + _turnover_usd(second)
    return replace(
        second,
        price_usd=(turnover / quantity).quantize(_PLACES),
        quantity_base=quantity,
        fee_usd=_or_zero(first.fee_usd) + _or_zero(second.fee_usd),
        parts=first.parts + second.parts,
    )


def _turnover_usd(step: Step) -> Decimal:
    return _or_zero(step.price_usd) * _or_zero(step.quantity_base)


def _or_zero(value: Decimal | None) -> Decimal:
    return Decimal(0) if value is None else value


def _step(
    stage: Stage,
    recorded: Recorded,
    *,
    price_usd: Decimal | None = None,
    quantity_base: Decimal | None = None,
    fee_usd: Decimal | None = None,
    fee_lamports: int | None = None,
    signature: str = "",
    slot: int | None = None,
    note: str = "",
) -> Step:
    clock = getattr(recorded.event, "clock", None)
    return Step(
        stage=stage,
        position=recorded.position,
        at=recorded.occurred_at if clock is None else clock.at,
        recorded_at=recorded.recorded_at,
        price_usd=price_usd,
        quantity_base=quantity_base,
        fee_usd=fee_usd,
        fee_lamports=fee_lamports,
        signature=signature,
        slot=slot,
        note=note,
    )


def _seen(event: VenueObserved) -> Seen:
    market = event.market_seen
    return Seen(
        at=event.clock.at,
        oracle_usd=market.oracle_usd,
        mid_usd=(market.bid_usd + market.ask_usd) / 2,
    )


def _bounded(items: tuple[Life, ...]) -> tuple[Life, ...]:
    """Forget the oldest that are over."""
    surplus = len(items) - LIVES_MAX
    kept: list[Life] = []
    for life in items:
        if surplus > 0 and life.order.status.is_over:
            surplus -= 1
        else:
            kept.append(life)
    return tuple(kept)
