"""The rules and the market's increments in the program's integers."""

from dataclasses import dataclass
from decimal import localcontext
from math import isqrt

from contracts.markets import MarketSpec
from contracts.values import Liquidity, Side
from execution.domain.policy import ARITHMETIC
from execution.venues.paper.rules import PaperRules
from execution.venues.units import (
    BASE,
    PPM,
    base_units,
    bps_ppm,
    ceil_to,
    floor_to,
    ppm,
    price_units,
    usd,
    usd_units,
)

_IMF_SCALE = 10**7
"""1e5 of the size's root times 1e6 of the factor over 1e4 of the ratio, in the program's units."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a market's rules come to, in units (`units.py`)."""

    rules: PaperRules
    market: str
    tick: int
    step: int
    quantity_min: int
    participation: int
    queue_ahead: int
    fill_min: int
    basis: int
    venue_spread: int
    amm_spread: int
    taker_spread: int
    depth: int
    taker_bound: int
    auction_fill_max: int
    open_interest_room: int
    keeper_fee: int
    order_margin: int
    initial_ratio: int
    maintenance_ratio: int
    imf_factor: int
    liquidator_fee: int
    insurance_fee: int
    liquidation_share: int
    liquidation_buffer: int
    trigger_band: int
    funding_offset: int
    funding_clamp: int
    funding_dead_zone: int

    @classmethod
    def of(cls, rules: PaperRules, spec: MarketSpec) -> "Terms":
        """Read rules; raise ValueError when a number has more digits than the program's."""
        tick, step = price_units(spec.tick_usd), base_units(spec.step_base)
        if tick * step % BASE:
            raise ValueError(f"expected a tick times a step to be whole units of USD in {spec}")
        room = rules.open_interest_max_usd - rules.open_interest_others_usd
        return cls(
            rules=rules,
            market=spec.market,
            tick=tick,
            step=step,
            quantity_min=base_units(spec.quantity_base_min),
            participation=ppm(rules.participation),
            queue_ahead=usd_units(rules.queue_ahead_usd),
            fill_min=usd_units(rules.fill_usd_min),
            basis=bps_ppm(rules.basis_bps),
            venue_spread=bps_ppm(rules.venue_spread_bps),
            amm_spread=bps_ppm(rules.amm_spread_bps),
            taker_spread=bps_ppm(rules.taker_spread_bps),
            depth=usd_units(rules.depth_usd),
            taker_bound=bps_ppm(rules.taker_bound_bps),
            auction_fill_max=usd_units(rules.auction_fill_usd_max),
            open_interest_room=usd_units(room),
            keeper_fee=usd_units(rules.keeper_fee_usd),
            order_margin=usd_units(rules.order_margin_usd),
            initial_ratio=ppm(rules.initial_margin_ratio),
            maintenance_ratio=ppm(spec.maintenance_margin_ratio),
            imf_factor=ppm(rules.imf_factor),
            liquidator_fee=ppm(rules.liquidator_fee_ratio),
            insurance_fee=ppm(rules.insurance_fee_ratio),
            liquidation_share=ppm(rules.liquidation_share_max),
            liquidation_buffer=ppm(rules.liquidation_buffer_ratio),
            trigger_band=bps_ppm(rules.trigger_band_bps),
            funding_offset=ppm(rules.funding_offset_per_year),
            funding_clamp=ppm(rules.funding_clamp),
            funding_dead_zone=bps_ppm(rules.funding_dead_zone_bps),
        )

    def slot_at(self, time_ms: int) -> int:
        """Give the slot of a chain time; it is the block's height too."""
        return time_ms // self.rules.slot_ms

    def quote(self, price: int, quantity: int) -> int:
        """Give the notional of a size at a price; exact on the grid, else rounded down."""
        return price * quantity // BASE

    def fee(self, quote: int, liquidity: Liquidity) -> int:
        """Give the fee of a fill, negative for a rebate."""
        with localcontext(ARITHMETIC):
            return usd_units(self.rules.fees.fee_usd(usd(quote), liquidity))

    def on_grid(self, side: Side, price: int) -> int:
        """Put a price on the tick as the program does: a buy down, a sell up."""
        return (floor_to if side is Side.LONG else ceil_to)(price, self.tick)

    def against(self, side: Side, price: int) -> int:
        """Put a taker's price on the tick, to its disadvantage."""
        return (ceil_to if side is Side.LONG else floor_to)(price, self.tick)

    def with_premium(self, ratio: int, quantity: int) -> int:
        """Give a margin ratio for a size: beyond some size it grows with its square root."""
        root = isqrt(quantity * 10 + 1)
        premium = root * self.imf_factor * (PPM // 10_000) // _IMF_SCALE
        return max(ratio, ratio * 4 // 5 + premium)
