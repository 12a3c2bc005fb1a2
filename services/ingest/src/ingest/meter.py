"""Counts what went through, for Prometheus and for the status answer."""

from collections.abc import Mapping

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

_KINDS = ("trade", "top", "mark", "liquidation")
TOLD_MAX = 50
"""Unknown things that are named in the log, each once."""

_log = structlog.get_logger()


class Meter:
    """One feed's counters."""

    def __init__(self, registry: CollectorRegistry) -> None:
        published = Counter(
            "ingest_ticks_published", "Ticks sent to MARKET", ["kind"], registry=registry
        )
        self._published = {kind: published.labels(kind) for kind in _KINDS}
        self._passed = Counter(
            "ingest_frames_passed_over", "Frames without a tick for us", ["what"], registry=registry
        )
        self._known = Counter(
            "ingest_trades_known", "Trades that MARKET held already", registry=registry
        )
        self._missing = Counter(
            "ingest_trades_missing", "Trades missing by the exchange's ids", registry=registry
        )
        self._waits = Counter(
            "ingest_waits", "Times that the feed waited for a slow consumer", registry=registry
        )
        Gauge(
            "ingest_exchange_time_seconds", "Exchange time of the last trade", registry=registry
        ).set_function(lambda: self.exchange_ms / 1000)
        self._told: set[str] = set()
        self.trades = 0
        self.exchange_ms = 0
        """Exchange time of the last trade that was sent."""

    def published(self, kind: str) -> None:
        """Count a tick that was sent."""
        self._published[kind].inc()

    def trade_published(self, at_ms: int) -> int:
        """Count a trade that was sent; give how many there were."""
        self.trades += 1
        self.exchange_ms = at_ms
        self._published["trade"].inc()
        return self.trades

    def known(self) -> None:
        """Count a trade that was passed over."""
        self._known.inc()

    def passed(self, what: str) -> None:
        """Count a frame without a tick."""
        self._passed.labels(what).inc()

    def gap(self, missing_trades: int) -> None:
        """Count missing trades."""
        self._missing.inc(missing_trades)

    def waited(self, behind: Mapping[str, int]) -> None:
        """Count a wait for consumers that are this far behind."""
        self._waits.inc()
        if "waits" not in self._told:
            self._told.add("waits")
            _log.info("feed_waits_for_consumers", behind=dict(behind))

    def tell_once(self, what: str, detail: str) -> None:
        """Name something unknown in the log, the first time it shows."""
        key = f"{what}:{detail}"
        if key not in self._told and len(self._told) < TOLD_MAX:
            self._told.add(key)
            _log.warning("frame_passed_over", what=what, detail=detail)
