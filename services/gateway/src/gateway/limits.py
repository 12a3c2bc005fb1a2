"""What a request may ask for at most, and in which steps: refused at once, by field."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from contracts.markets import MarketSpec
from contracts.values import plain
from gateway.problems import Code, FieldError, Problem
from gateway.requests import OrderRequest, SettingsBody

LIMITS: Mapping[str, Decimal] = {
    "max_leverage": Decimal(100),
    "risk_per_trade": Decimal(1_000),
    "daily_drawdown_limit": Decimal(100),
}
"""Largest values that settings may take: 100 x, 1,000 bps, 100 percent."""


def invalid(errors: Sequence[FieldError]) -> Problem:
    """Give the problem that names every wrong value."""
    detail = f"{errors[0].pointer}: {errors[0].message}"
    return Problem(Code.INVALID_REQUEST, detail, errors=errors)


def require_increments(order: OrderRequest, spec: MarketSpec) -> None:
    """Refuse a price or a size that the venue cannot hold."""
    units: dict[str, Decimal] = dict.fromkeys(("px", "sl", "tp1", "tp2", "tp3"), spec.tick_usd)
    units["size"] = spec.step_base
    errors = [
        FieldError(
            f"/{name}", f"expected a multiple of {plain(unit)}, found {getattr(order, name)}"
        )
        for name, unit in units.items()
        if Decimal(getattr(order, name)) % unit != 0
    ]
    if errors:
        raise invalid(errors)


def require_limits(body: SettingsBody) -> None:
    """Refuse settings beyond what a person can mean."""
    errors = [
        FieldError(f"/{name}", f"expected at most {plain(most)}, found {getattr(body, name)}")
        for name, most in LIMITS.items()
        if Decimal(getattr(body, name)) > most
    ]
    if errors:
        raise invalid(errors)
