"""The totals of the trades report: fill rates by distance, markouts and slippage by kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from audit.domain.trades.markouts import HORIZONS_S
from audit.domain.trades.rows import BPS_PLACES, ZERO, Fill, Placement, Setup, Slip
from contracts.values import Leg

EDGES_BPS = tuple(Decimal(it) for it in (0, 1, 2, 5, 10, 20))
_RATE_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class FillRate:
    """Entries that were placed within a span of distances."""

    above_bps: Decimal | None
    """The span begins here, without it; None: has no beginning."""
    up_to_bps: Decimal | None
    placements: int
    filled: int
    """Those of them that filled at least in part."""
    quantity_rate: Decimal
    """Part of their quantity that filled."""


@dataclass(frozen=True, slots=True)
class Markout:
    """The markouts of one kind of fills after so many seconds."""

    kind: str
    seconds: int
    fills: int
    """Those whose markout is known."""
    unknown: int
    mean_bps: Decimal | None
    """Weighted by notional; positive is good for us."""
    against: int
    """Fills after which the market went against us."""


@dataclass(frozen=True, slots=True)
class Slippage:
    """What orders that took lost against their reference. Positive is worse for us."""

    what: str
    orders: int
    mean_bps: Decimal
    worst_bps: Decimal


def fill_rates(setups: Iterable[Setup], *, by_mid: bool) -> list[FillRate]:
    """Give the fill rate by distance from the mid or from the touch; spans without any are left."""
    found: dict[int, list[Placement]] = {}
    for setup in setups:
        for placement in setup.placements:
            distance = placement.from_mid_bps if by_mid else placement.from_touch_bps
            if distance is not None:
                span = sum(distance > edge for edge in EDGES_BPS)
                found.setdefault(span, []).append(placement)
    return [_rate(span, found[span]) for span in sorted(found)]


def _rate(span: int, placements: Sequence[Placement]) -> FillRate:
    quantity = sum((it.quantity_base for it in placements), ZERO)
    filled = sum((it.filled_base for it in placements), ZERO)
    return FillRate(
        above_bps=EDGES_BPS[span - 1] if span else None,
        up_to_bps=EDGES_BPS[span] if span < len(EDGES_BPS) else None,
        placements=len(placements),
        filled=sum(it.filled_base > 0 for it in placements),
        quantity_rate=(filled / quantity).quantize(_RATE_PLACES) if quantity else ZERO,
    )


def markouts(setups: Iterable[Setup]) -> list[Markout]:
    """Give the mean markouts by kind of fill."""
    kinds: dict[str, list[Fill]] = {}
    for setup in setups:
        for fill in setup.fills:
            kinds.setdefault(f"{_role(fill.leg)} {fill.liquidity.value}", []).append(fill)
    return [_markout(kind, kinds[kind], it) for kind in sorted(kinds) for it in HORIZONS_S]


def _role(leg: Leg) -> str:
    return "take-profit" if leg in (Leg.TP1, Leg.TP2, Leg.TP3) else leg.value


def _markout(kind: str, fills: Sequence[Fill], seconds: int) -> Markout:
    known = [
        (it.price_usd * it.quantity_base, mark)
        for it in fills
        if (mark := it.markouts_bps.get(seconds)) is not None
    ]
    weight = sum((notional for notional, _ in known), ZERO)
    total = sum((notional * mark for notional, mark in known), ZERO)
    return Markout(
        kind=kind,
        seconds=seconds,
        fills=len(known),
        unknown=len(fills) - len(known),
        mean_bps=(total / weight).quantize(BPS_PLACES) if known else None,
        against=sum(mark < 0 for _, mark in known),
    )


def slippages(setups: Iterable[Setup]) -> list[Slippage]:
    """Give what stops, converted entries and closes lost, by which they are."""
    kinds: dict[str, list[Slip]] = {}
    for setup in setups:
        for slip in setup.slips:
            kinds.setdefault(slip.what, []).append(slip)
    return [_slippage(what, kinds[what]) for what in sorted(kinds)]


def _slippage(what: str, slips: Sequence[Slip]) -> Slippage:
    found = [it.slippage_bps for it in slips if it.slippage_bps is not None]
    mean = sum(found, ZERO) / len(found) if found else ZERO
    return Slippage(what, len(found), mean.quantize(BPS_PLACES), max(found, default=ZERO))
