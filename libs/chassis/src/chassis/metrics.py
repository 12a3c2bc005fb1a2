"""Prometheus metrics of one process; the words are those of the spans and the log lines."""

import functools
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from contracts.event import Draft

_APPEND_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 60.0)


class Metrics:
    """What every service counts; a service adds its own to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        appended = Counter(
            "events_appended", "Events acknowledged by the log", ["type"], registry=self.registry
        )
        handled = Counter("events_handled", "Events handled", ["type"], registry=self.registry)
        # Finding the child of a label costs more than counting; there are few event types.
        self._appended_of = functools.cache(appended.labels)
        self._handled_of = functools.cache(handled.labels)
        self._append_seconds = Histogram(
            "append_seconds",
            "Time from an append to its acknowledgement",
            buckets=_APPEND_SECONDS,
            registry=self.registry,
        )
        self._lag = Gauge(
            "follower_lag",
            "Messages stored and not yet handed out",
            ["consumer"],
            registry=self.registry,
        )
        self._position = Gauge(
            "follower_position",
            "Sequence of the last message handed out",
            ["consumer"],
            registry=self.registry,
        )
        self._recreated = Counter(
            "consumers_recreated",
            "Consumers made anew after an outage, a redelivery or a silence",
            ["consumer"],
            registry=self.registry,
        )
        self._dead_letters = Counter(
            "dead_letters", "Messages parked", ["what"], registry=self.registry
        )
        self._ready = Gauge("ready", "1 when the service does its work", registry=self.registry)

    def appended(self, drafts: Sequence[Draft], seconds: float) -> None:
        """Count an append and its time."""
        for draft in drafts:
            self._appended_of(draft.event.event_type).inc()
        self._append_seconds.observe(seconds)

    def handled(self, event_type: str) -> None:
        """Count a handled event."""
        self._handled_of(event_type).inc()

    def follow(self, consumer: str, *, position: Callable[[], int], lag: Callable[[], int]) -> None:
        """Ask a follower how far it is, whenever the metrics are asked for."""
        self._position.labels(consumer).set_function(position)
        self._lag.labels(consumer).set_function(lag)

    def recreated(self, consumer: str) -> None:
        """Count a consumer that was made anew."""
        self._recreated.labels(consumer).inc()

    def dead_letter(self, what: str) -> None:
        """Count a parked message."""
        self._dead_letters.labels(what).inc()

    def ready(self, *, state: bool) -> None:
        """Say whether the service is ready."""
        self._ready.set(1 if state else 0)

    def text(self) -> bytes:
        """Give everything in Prometheus' text format."""
        return generate_latest(self.registry)
