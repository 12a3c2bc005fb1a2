"""What the gateway counts: answers by route and status, open streams and connections."""

from collections.abc import Sized

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.stream.hub import Hub


class GatewayMetrics:
    """Counts into the process's registry; the route is the template, so that series stay few."""

    def __init__(self, registry: CollectorRegistry, hub: Hub) -> None:
        self._requests = Counter(
            "gateway_requests",
            "Answered requests",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "gateway_request_seconds", "Time to answer", ["route"], registry=registry
        )
        streams = Gauge("gateway_streams", "Open streams", registry=registry)
        streams.set_function(lambda: hub.streams)
        self._connections = Gauge("gateway_connections", "Open connections", registry=registry)

    def count_connections(self, connections: Sized) -> None:
        """Show how many connections there are."""
        self._connections.set_function(lambda: len(connections))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
