"""What the API answers about the open position."""

from gateway.view import View


class TargetView(View, frozen=True):
    """One take-profit of the open position."""

    leg: str
    status: str
    price_usd: str
    filled_base: str
    quantity_base: str | None


class ProtectionView(View, frozen=True):
    """What protects the open position."""

    is_held: bool
    """Whether the venue holds its stop."""
    stop_status: str | None
    """Null when there is no stop, nor one on its way."""
    stop_price_usd: str | None
    stop_order_id: str | None
    stop_distance_pct: str | None
    """From the price to the stop, in percent of the price; negative when it is passed."""
    targets: list[TargetView]
    targets_filled: int


class PositionView(View, frozen=True):
    """The signed position and what it made and cost since it was flat; all but size null if flat.

    It is valued at the last trade of the feed.
    """

    quantity_base: str
    entry_price_usd: str | None
    """The average of its fills."""
    notional_usd: str | None
    price_usd: str | None
    price_source: str
    price_at: str | None
    """In the market's time."""
    price_heard_at: str | None
    """When this gateway heard it; null for the close of a minute that the log has."""
    opened_at: str | None
    fills: int
    unrealized_pnl_usd: str | None
    realized_pnl_usd: str | None
    """Of the parts that were closed, before fees."""
    fees_usd: str | None
    """All that the venue charged; negative for rebates."""
    funding_usd: str | None
    """Received; negative when paid."""
    net_usd: str | None
    """All of these together: what it would have made, closed at this price without a fee."""
    break_even_usd: str | None
    """The exit price at which that is nothing."""
    liquidation_usd: str | None
    """By the formula of risk's rule `liquidation_distance`; zero when the price cannot get there.

    This position alone, with the whole equity as its margin."""
    liquidation_distance_pct: str | None
    liquidation_distance_atr: str | None
    """In ATR(14) of five-minute bars."""
    maintenance_ratio: str | None
    maintenance_usd: str | None
    """The margin that this share of the notional asks for."""
    margin_ratio_pct: str | None
    """Equity over notional; the venue takes over where it is the maintenance ratio."""
    health_pct: str | None
    """100 less the part of the equity that the maintenance margin takes; 0 at liquidation."""
    venue_liquidation_usd: str | None
    """By the venue, which counts its own terms."""
    venue_break_even_usd: str | None
    """By the venue, with the fee of the exit."""
    venue_at: str | None
    """When the venue showed it, in the chain's time; null when the position changed since."""
    protection: ProtectionView | None
