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


class BarList(View, frozen=True):
    """Closed minutes, the oldest first."""

    market: str | None
    """Null before a feed has opened."""
    pos: str
    items: list[BarView]
