"""What the API answers about the market's gauges and its closed minutes."""

from gateway.view import View
from gateway.views import BarView


class DetailView(View, frozen=True):
    """One more number of a panel."""

    name: str
    value: str
    unit: str


class PanelView(View, frozen=True):
    """One gauge. Without a feed it says why, and has neither value nor age."""

    id: str
    """`price`, `cvd`, `vwap`, `funding`, `basis`, `open_interest`, `liquidations`, `regime` or
    `feed_health`."""
    is_fed: bool
    why: str
    """Why it is not fed; else empty."""
    value: str | None
    unit: str
    """`usd`, `base`, `bps`, `pct`, or empty for a word."""
    source: str
    at: str | None
    """In the market's time."""
    heard_at: str | None
    """When this gateway heard it."""
    age_ms: int | None
    """Since the market's time where that is now; of a recording, since it was heard."""
    details: list[DetailView]


class TelemetryView(View, frozen=True):
    """All gauges, always the same ones in the same order."""

    pos: str
    server_time: str
    market: str | None
    panels: list[PanelView]


class HeatCellView(View, frozen=True):
    """What was liquidated from a time and a price on, one step of each."""

    at: str
    price_usd: str
    long_usd: str
    short_usd: str
    count: int


class HeatmapView(View, frozen=True):
    """Liquidations over price and time, in the market's time; cells that hold nothing are left out.

    Of a feed that has sent neither them nor a mark price only `why` is told.
    """

    is_fed: bool
    why: str
    source: str
    begins_at: str | None
    ends_at: str | None
    step_ms: int
    price_step_usd: str | None
    is_cut: bool
    """Whether there were more than are kept: the oldest are missing."""
    cells: list[HeatCellView]


class BarList(View, frozen=True):
    """Closed minutes, the oldest first."""

    market: str | None
    """Null before a feed has opened."""
    pos: str
    items: list[BarView]
