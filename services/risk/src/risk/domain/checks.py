"""The rules. Every one is asked for every proposal, and each says what it saw.

A check reads true when all is well. What is missing or stale fails with nothing observed; it is
never read as zero. A finding that passes satisfies `observed` against `limit` as it shows them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from contracts.engine import Mode
from contracts.ids import EventId
from contracts.liquidation import liquidation_price_usd
from contracts.markets import MarketSpec
from contracts.verdict import Finding, Rule
from risk.domain.account import AccountState, Halt
from risk.domain.arithmetic import rounded_down, rounded_up
from risk.domain.policy import Policy
from risk.domain.proposal import Marker, Proposal
from risk.domain.sizing import Sizing, risk_limit_usd

NOT_APPLICABLE = "not_applicable"
"""The unit of a rule that asks nothing of this kind of proposal: it passes, with no numbers."""
_MODES = tuple(Mode)


@dataclass(frozen=True, slots=True)
class Case:
    """All that a verdict rests on."""

    proposal: Proposal
    account: AccountState
    halts: tuple[Halt, ...]
    """The last word on the global and on the account's own kill, where there was one."""
    marker: Marker | None
    """How far the account's venue has worked the market; None when it never said."""
    market: MarketSpec | None
    sizing: Sizing
    policy: Policy


Check = Callable[[Case], Finding]


def not_halted(case: Case) -> Finding:
    """Stand still while a kill of any level is in force, the account's or the global one."""
    engaged = sum(halt.is_engaged for halt in case.halts)
    sources = tuple(halt.source for halt in case.halts) or (case.account.opened_by,)
    return _at_most(
        Rule.NOT_HALTED, observed=Decimal(engaged), limit=Decimal(0), unit="kills", inputs=sources
    )


def is_reconciled(case: Case) -> Finding:
    """Stand still while the log and the venue disagree about the account, in any market.

    Before a chain has shown the account's money there is nothing to agree about.
    """
    said = tuple(one for _, one in sorted(case.account.reconciliations.items()))
    is_known = case.account.capital_usd is not None
    return _at_most(
        Rule.RECONCILED,
        observed=Decimal(sum(one.is_broken for one in said)) if is_known else None,
        limit=Decimal(0),
        unit="breaks",
        inputs=tuple(one.source for one in said) or (case.account.opened_by,),
    )


def engine_runs(case: Case) -> Finding:
    """Take no new risk while the engine may take none, in any market of the account."""
    said = tuple(one for _, one in sorted(case.account.modes.items()))
    return _at_most(
        Rule.ENGINE_RUNS,
        observed=Decimal(max((_MODES.index(one.mode) for one in said), default=0)),
        limit=Decimal(_MODES.index(Mode.RUN)),
        unit="mode",
        inputs=tuple(one.source for one in said) or (case.account.opened_by,),
    )


def strategy_is_enabled(case: Case) -> Finding:
    """Take signals only while the account's strategy is switched on; a person may always ask."""
    if case.proposal.manual is not None:
        return _not_applicable(Rule.STRATEGY_ENABLED)
    return _at_least(
        Rule.STRATEGY_ENABLED,
        observed=Decimal(case.account.settings.strategy_enabled),
        limit=Decimal(1),
        unit="switch",
        inputs=(case.account.settings_by,),
    )


def inputs_are_fresh(case: Case) -> Finding:
    """Judge a signal on the account as it is right after the signal's bar, and not much later.

    An order by hand is judged on the newest marker; on a live feed that must be recent.
    """
    manual, marker = case.proposal.manual, case.marker
    limit = case.policy.lag_ms_max if manual is None else case.policy.manual_lag_ms_max
    if marker is None:
        lag, sources = None, tuple[EventId, ...]()
    elif manual is None:
        lag, sources = _millis(case.proposal.closed_at, marker.closed_at), (marker.source,)
    else:
        asked_at = manual.requested_at or marker.closed_at
        lag, sources = _millis(marker.closed_at, asked_at), (case.proposal.id, marker.source)
    is_behind = manual is None and lag is not None and lag < 0
    return Finding(
        rule=Rule.INPUTS_FRESH,
        passed=lag is not None and not is_behind and lag <= limit,
        observed=None if lag is None else Decimal(lag),
        limit=Decimal(limit),
        unit="ms",
        inputs=sources,
    )


def inputs_are_complete(case: Case) -> Finding:
    """Refuse a signal whose window misses trades."""
    if case.proposal.missing_trades is None:
        return _not_applicable(Rule.INPUTS_COMPLETE)
    return _at_most(
        Rule.INPUTS_COMPLETE,
        observed=Decimal(case.proposal.missing_trades),
        limit=Decimal(0),
        unit="trades",
        inputs=(case.proposal.id,),
    )


def prices_are_ordered(case: Case) -> Finding:
    """Want the stop before the entry, and each take-profit at or past the one before it."""
    proposal = case.proposal
    prices = (proposal.stop_price_usd, proposal.entry_price_usd, *proposal.tp_prices_usd)
    steps = [(after - before) * proposal.side.sign for before, after in pairwise(prices)]
    wrong = sum(step <= 0 for step in steps[:2]) + sum(step < 0 for step in steps[2:])
    return _at_most(
        Rule.PRICES_ORDERED,
        observed=Decimal(wrong),
        limit=Decimal(0),
        unit="wrong_pairs",
        inputs=(proposal.id,),
    )


def market_is_free(case: Case) -> Finding:
    """Hold one position or one live setup per market; an adopted position is both."""
    market, account = case.proposal.market, case.account
    held = account.positions.get(market)
    live = tuple(setup.id for setup in account.setups if setup.market == market)
    return _at_most(
        Rule.ONE_POSITION_PER_MARKET,
        observed=Decimal(max(len(live), held is not None)),
        limit=Decimal(0),
        unit="positions",
        inputs=live if held is None else (held.source, *live),
    )


def daily_loss_allows(case: Case) -> Finding:
    """Stop for the day when its loss, fees and funding included, reaches a share of its equity.

    The share is of the equity that the day began with, and of what was paid in since.
    """
    account, day = case.account, case.proposal.closed_at.date()
    start, limit = account.day_start_equity_usd(day), account.settings.daily_drawdown_limit_pct
    lost_pct = rounded_up(account.day_loss_usd(day) * 100 / start) if start > 0 else None
    return Finding(
        rule=Rule.DAILY_LOSS,
        passed=lost_pct is not None and lost_pct < limit,
        observed=lost_pct,
        limit=limit,
        unit="pct",
        inputs=account.equity_sources,
    )


def quantity_reaches_minimum(case: Case) -> Finding:
    """Send nothing that the venue would refuse as too small."""
    return _at_least(
        Rule.QUANTITY_MIN,
        observed=case.sizing.quantity_base,
        limit=None if case.market is None else case.market.quantity_base_min,
        unit="base",
        inputs=(case.proposal.id, *case.account.equity_sources),
    )


def leverage_fits(case: Case) -> Finding:
    """Keep the account's leverage after this entry, and what a person asks for, under the cap."""
    after, manual = leverage_after(case), case.proposal.manual
    observed = after if after is None or manual is None else max(after, manual.leverage)
    account = case.account
    return _at_most(
        Rule.LEVERAGE,
        observed=observed,
        limit=account.settings.leverage_max,
        unit="x",
        inputs=(case.proposal.id, *account.equity_sources, *account.exposure_sources),
    )


def risk_per_trade_fits(case: Case) -> Finding:
    """Lose no more at the stop, from the farthest entry, than one setup may."""
    has_equity = case.account.equity_usd > 0
    return _at_most(
        Rule.RISK_PER_TRADE,
        observed=rounded_up(case.sizing.risk_usd) if has_equity else None,
        limit=risk_limit_usd(case.account),
        unit="usd",
        inputs=(case.proposal.id, *case.account.equity_sources, case.account.settings_by),
    )


def priority_fee_fits(case: Case) -> Finding:
    """Offer no more for a transaction than the account's cap."""
    return _at_most(
        Rule.PRIORITY_FEE_CAP,
        observed=Decimal(case.account.priority_fee_microlamports),
        limit=Decimal(case.account.settings.priority_fee_cap_microlamports),
        unit="microlamports",
        inputs=(case.account.opened_by, case.account.settings_by),
    )


def liquidation_is_far(case: Case) -> Finding:
    """Keep the liquidation price at least four ATR(5m) from the entry.

    Simplified: this position alone, with the whole equity as its margin.
    """
    atr, source = case.proposal.atr_5m_usd, case.proposal.atr_source
    limit = None if atr is None else rounded_up(atr * case.policy.liquidation_distance_atr_min)
    distance = _liquidation_distance_usd(case)
    return _at_least(
        Rule.LIQUIDATION_DISTANCE,
        observed=None if distance is None else rounded_down(distance),
        limit=limit,
        unit="usd",
        inputs=(
            case.proposal.id,
            *(() if source in (None, case.proposal.id) else (source,)),
            *case.account.equity_sources,
        ),
    )


CHECKS: tuple[Check, ...] = (
    not_halted,
    is_reconciled,
    engine_runs,
    strategy_is_enabled,
    inputs_are_fresh,
    inputs_are_complete,
    prices_are_ordered,
    market_is_free,
    daily_loss_allows,
    quantity_reaches_minimum,
    leverage_fits,
    risk_per_trade_fits,
    priority_fee_fits,
    liquidation_is_far,
)
"""In the order of `contracts.verdict.Rule`, which is the precedence of a denial's headline."""


def leverage_after(case: Case) -> Decimal | None:
    """Give the account's leverage once this entry is filled; None without equity.

    Never less than it will be: a long may be chased to a dearer entry. A short is chased to a
    cheaper one, and counts the same.
    """
    equity = case.account.equity_usd
    if equity <= 0:
        return None
    chased_usd = case.sizing.quantity_base * case.proposal.chase_distance_usd
    return rounded_up((case.account.exposure_usd + case.sizing.notional_usd + chased_usd) / equity)


def _liquidation_distance_usd(case: Case) -> Decimal | None:
    """Give the adverse move at which the equity left is the maintenance margin."""
    equity, quantity = case.account.equity_usd, case.sizing.quantity_base
    if case.market is None or equity <= 0 or quantity <= 0:
        return None
    entry = case.proposal.entry_price_usd
    price = liquidation_price_usd(
        side=case.proposal.side,
        quantity_base=quantity,
        price_usd=entry,
        margin_usd=equity,
        maintenance_ratio=case.market.maintenance_margin_ratio,
    )
    return case.proposal.side.sign * (entry - price)


def _at_most(
    rule: Rule,
    *,
    observed: Decimal | None,
    limit: Decimal,
    unit: str,
    inputs: tuple[EventId, ...],
) -> Finding:
    passed = observed is not None and observed <= limit
    return Finding(
        rule=rule, passed=passed, observed=observed, limit=limit, unit=unit, inputs=inputs
    )


def _at_least(
    rule: Rule,
    *,
    observed: Decimal | None,
    limit: Decimal | None,
    unit: str,
    inputs: tuple[EventId, ...],
) -> Finding:
    passed = observed is not None and limit is not None and observed >= limit
    return Finding(
        rule=rule, passed=passed, observed=observed, limit=limit, unit=unit, inputs=inputs
    )


def _not_applicable(rule: Rule) -> Finding:
    return Finding(
        rule=rule, passed=True, observed=None, limit=None, unit=NOT_APPLICABLE, inputs=()
    )


def _millis(earlier: datetime, later: datetime) -> int:
    return (later - earlier) // timedelta(milliseconds=1)
