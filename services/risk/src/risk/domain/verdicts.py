"""The decision: one case in, one verdict out, approved only when every rule passed."""

from typing import Any

from contracts import subjects
from contracts.event import Draft
from contracts.ids import AccountId, EventId, MarketId, derive_id
from contracts.verdict import OrderApproved, OrderDenied
from risk.domain.arithmetic import as_recorded, rounded_up
from risk.domain.checks import CHECKS, Case, leverage_after


def verdict_id(proposal: EventId, account: str) -> EventId:
    """Give the id of the one verdict on a proposal for an account, whichever way it goes."""
    return derive_id(proposal, f"verdict/{account}")


def decide(case: Case) -> Draft:
    """Judge a proposal for an account by every rule."""
    findings = tuple(check(case) for check in CHECKS)
    failed = next((finding for finding in findings if not finding.passed), None)
    proposal, account, sizing = case.proposal, case.account, case.sizing
    leverage = leverage_after(case)
    shared: dict[str, Any] = {  # Any: the event's own class checks each field.
        "account": account.account,
        "market": proposal.market,
        "proposal": proposal.id,
        "side": proposal.side,
        "quantity_base": sizing.quantity_base,
        "entry_price_usd": proposal.entry_price_usd,
        "stop_price_usd": proposal.stop_price_usd,
        "tp_prices_usd": proposal.tp_prices_usd,
        "notional_usd": rounded_up(sizing.notional_usd),
        "risk_usd": rounded_up(sizing.risk_usd),
        "equity_usd": as_recorded(account.equity_usd),
        "leverage_after": leverage,
        "policy": case.policy.version,
        "findings": findings,
    }
    if failed is None:
        event = OrderApproved(
            **shared,
            expires_at=proposal.closed_at + case.policy.approval_lifetime,
            priority_fee_microlamports=account.priority_fee_microlamports,
        )
    else:
        event = OrderDenied(**shared, headline=failed.rule)
    return Draft(
        event=event,
        id=verdict_id(proposal.id, account.account),
        subject=subjects.verdicts(AccountId(account.account), MarketId(proposal.market)),
        occurred_at=proposal.closed_at,
        correlation_id=proposal.id,
        causation_id=proposal.id,
    )
