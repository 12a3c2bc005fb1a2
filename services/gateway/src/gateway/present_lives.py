"""From the lives of orders to what the API answers."""

from datetime import timedelta

from contracts.values import plain
from gateway.domain.life import Life, Step
from gateway.domain.lives import Lives
from gateway.order_views import OrderLifeView, OrderLives, StageView
from gateway.stream.protocol import time_text
from gateway.written import maybe_plain, maybe_text


def lives_view(lives: Lives) -> OrderLives:
    """Give the newest orders, newest first."""
    return OrderLives(pos=str(lives.position), items=[_life(one) for one in reversed(lives.items)])


def _life(life: Life) -> OrderLifeView:
    """Give one order."""
    order = life.order
    return OrderLifeView(
        order_id=order.client_order_id,
        venue_order_id=maybe_text(order.venue_order_id),
        setup=str(order.setup),
        leg=order.leg,
        side=order.side,
        type=order.kind,
        status=order.status,
        is_open=not order.status.is_over,
        reason=order.reason,
        intended_price_usd=plain(life.intended_price_usd),
        price_usd=plain(order.price_usd),
        quantity_base=maybe_plain(order.quantity_base),
        filled_base=plain(order.filled_base),
        filled_price_usd=maybe_plain(life.filled_price_usd),
        cost_to_intended_bps=maybe_plain(life.cost_to_intended_bps),
        cost_to_mid_bps=maybe_plain(life.cost_to_mid_bps),
        cost_to_oracle_bps=maybe_plain(life.cost_to_oracle_bps),
        seen_age_ms=_millis(life.traded.seen_age_max),
        fees_usd=plain(life.traded.fees_usd),
        fees_bps=maybe_plain(life.fees_bps),
        venue_fees_usd=plain(life.venue_fees_usd),
        verdict_to_sent_ms=_millis(life.verdict_to_sent),
        sent_to_landed_ms=_millis(life.sent_to_landed),
        sent_to_landed_slots=life.slots_to_landed,
        stages=[_stage(step) for step in life.steps],
    )


def _stage(step: Step) -> StageView:
    return StageView(
        stage=step.stage,
        pos=str(step.position),
        at=time_text(step.at),
        recorded_at=time_text(step.recorded_at),
        price_usd=maybe_plain(step.price_usd),
        quantity_base=maybe_plain(step.quantity_base),
        fee_usd=maybe_plain(step.fee_usd),
        fee_lamports=maybe_text(step.fee_lamports),
        signature=step.signature,
        slot=maybe_text(step.slot),
        note=step.note,
        parts=step.parts,
    )


def _millis(length: timedelta | None) -> int | None:
    return None if length is None else length // timedelta(milliseconds=1)
