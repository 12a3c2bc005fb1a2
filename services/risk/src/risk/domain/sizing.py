"""How large a setup is: what the account may lose at the stop decides, never the margin."""

from dataclasses import dataclass
from decimal import Decimal

from contracts.markets import MarketSpec
from risk.domain.account import AccountState
from risk.domain.arithmetic import rounded_down
from risk.domain.proposal import Proposal

_BPS = Decimal(10_000)
_QUANTITY_MAX = Decimal(10) ** 17
"""The wire carries 18 digits before the point."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """A setup's size, what it is worth at its entry and what it loses at its stop.

    The loss is from the farthest entry that execution may chase to.
    """

    quantity_base: Decimal
    notional_usd: Decimal
    risk_usd: Decimal


def risk_limit_usd(account: AccountState) -> Decimal:
    """Give what one setup may lose at its stop; not positive when the equity is not."""
    return rounded_down(account.equity_usd * account.settings.risk_per_trade_bps / _BPS)


def size(proposal: Proposal, account: AccountState, market: MarketSpec | None) -> Sizing:
    """Size a setup in whole steps of the market, never beyond what was asked or is allowed.

    A signal gets `equity x risk_per_trade_bps / 1e4 / (1.3 x |entry - stop|)`: execution may chase
    the entry by 0.3 of that distance. An order by hand brings its quantity. Zero when the market is
    not known, or a signal has no stop distance or no equity.
    """
    quantity = Decimal(0)
    if market is not None:
        quantity = _wanted_base(proposal, account) // market.step_base * market.step_base
    return Sizing(
        quantity_base=quantity,
        notional_usd=quantity * proposal.entry_price_usd,
        risk_usd=quantity * (proposal.stop_distance_usd + proposal.chase_distance_usd),
    )


def _wanted_base(proposal: Proposal, account: AccountState) -> Decimal:
    if proposal.manual is not None:
        return proposal.manual.quantity_base
    allowed = risk_limit_usd(account)
    distance = proposal.stop_distance_usd + proposal.chase_distance_usd
    if allowed <= 0 or distance == 0:
        return Decimal(0)
    return min(allowed / distance, _QUANTITY_MAX)
