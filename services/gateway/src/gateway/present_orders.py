"""From verdicts, setups, orders and transactions to what the API answers."""

from contracts.values import plain
from contracts.verdict import OrderApproved, OrderDenied
from gateway import views
from gateway.domain.book import Adopted, SetupState
from gateway.domain.desk import Verdict
from gateway.domain.orders import OrderState
from gateway.domain.program_words import why_failed
from gateway.domain.transactions import Fate, TransactionState
from gateway.stream.protocol import time_text
from gateway.written import maybe_plain, maybe_text


def verdict_view(said: Verdict) -> views.VerdictView:
    """Give a verdict with all its findings."""
    event = said.event
    return views.VerdictView(
        pos=str(said.position),
        id=str(said.id),
        proposal=str(event.proposal),
        is_approved=isinstance(event, OrderApproved),
        headline=event.headline if isinstance(event, OrderDenied) else None,
        at=time_text(said.occurred_at),
        side=event.side,
        quantity_base=plain(event.quantity_base),
        entry_price_usd=plain(event.entry_price_usd),
        stop_price_usd=plain(event.stop_price_usd),
        tp_prices_usd=[plain(price) for price in event.tp_prices_usd],
        notional_usd=plain(event.notional_usd),
        risk_usd=plain(event.risk_usd),
        equity_usd=plain(event.equity_usd),
        leverage_after=maybe_plain(event.leverage_after),
        policy=event.policy,
        findings=[
            views.FindingView(
                rule=finding.rule,
                passed=finding.passed,
                observed=maybe_plain(finding.observed),
                limit=maybe_plain(finding.limit),
                unit=finding.unit,
            )
            for finding in event.findings
        ],
    )


def order_view(one: OrderState) -> views.OrderView:
    """Give an order of ours."""
    return views.OrderView(
        order_id=one.client_order_id,
        venue_order_id=maybe_text(one.venue_order_id),
        setup=str(one.setup),
        leg=one.leg,
        side=one.side,
        type=one.kind,
        status=one.status,
        is_open=not one.status.is_over,
        price_usd=plain(one.price_usd),
        quantity_base=maybe_plain(one.quantity_base),
        filled_base=plain(one.filled_base),
        is_reduce_only=one.is_reduce_only,
        generation=one.generation,
        reason=one.reason,
        pos=str(one.position),
    )


def transaction_view(one: TransactionState) -> views.TransactionView:
    """Give a transaction, with the orders that it concerns."""
    return views.TransactionView(
        id=str(one.id),
        order_ids=list(one.client_order_ids),
        retry_class=one.retry_class,
        urgency=one.urgency,
        attempt=one.attempt,
        fate=one.fate,
        code=one.code,
        reason=one.reason,
        why=_why(one),
        signature=one.signature,
        slot=maybe_text(one.slot),
        fee_lamports=maybe_text(one.fee_lamports),
        pos=str(one.position),
    )


def _why(one: TransactionState) -> str:
    match one.fate:
        case Fate.FAILED if one.code is not None:
            return why_failed(one.code)
        case Fate.DEAD if one.reason:
            return f"this desk's own signer refused it: {one.reason.replace('-', ' ')}"
        case Fate.DEAD:
            return "no block took it in time"
        case _:
            return ""


def adopted_view(adopted: Adopted) -> views.AdoptedView:
    """Give a position that was adopted."""
    return views.AdoptedView(
        setup=str(adopted.id),
        quantity_base=plain(adopted.quantity_base),
        stop_price_usd=plain(adopted.stop_price_usd),
        pos=str(adopted.position),
    )


def setup_view(setup: SetupState) -> views.SetupView:
    """Give a setup, and how it ended."""
    closed = setup.closed
    return views.SetupView(
        id=str(setup.id),
        proposal=str(setup.proposal),
        side=setup.side,
        status=setup.status,
        quantity_base=plain(setup.quantity_base),
        entry_price_usd=plain(setup.entry_price_usd),
        stop_price_usd=plain(setup.stop_price_usd),
        tp_prices_usd=[plain(price) for price in setup.tp_prices_usd],
        notional_usd=plain(setup.notional_usd),
        risk_usd=plain(setup.risk_usd),
        approved_at=time_text(setup.approved_at),
        expires_at=time_text(setup.expires_at),
        outcome="" if closed is None else closed.outcome,
        realized_pnl_usd=None if closed is None else plain(closed.realized_pnl_usd),
        fees_usd=None if closed is None else plain(closed.fees_usd),
        funding_usd=None if closed is None else plain(closed.funding_usd),
        transaction_fees_lamports=maybe_text(
            None if closed is None else closed.transaction_fees_lamports
        ),
    )
