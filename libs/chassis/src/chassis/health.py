"""Live and ready: what a supervisor or a cluster asks a process.

Live means that the event loop answers. Ready means connected, caught up and no reason of the
service's own against it. A process is never dead because NATS is down.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from faststream.asgi import AsgiResponse, get
from prometheus_client import CONTENT_TYPE_LATEST

from chassis.connection import Connection
from chassis.log import LogClient
from chassis.metrics import Metrics

JsonObject = dict[str, Any]  # The wire of `status.<service>`.


_APPEND_S_MAX = 5.0
"""An append that takes longer than this is an outage."""


class Health:
    """Knows how the process is."""

    def __init__(
        self, *, service: str, instance: str, connection: Connection, metrics: Metrics
    ) -> None:
        self._service = service
        self._instance = instance
        self._connection = connection
        self._metrics = metrics
        self._log: LogClient | None = None
        self._begin = time.monotonic()
        self._state = False
        self._reason = "starting"
        self._tellers: list[Callable[[], Mapping[str, object]]] = []

    def watch(self, log: LogClient) -> None:
        """Take positions and lags from this client."""
        self._log = log

    def set_ready(self, *, state: bool, reason: str) -> None:
        """Take the service's own word."""
        self._state = state
        self._reason = "" if state else reason

    def show_when_asked(self, tell: Callable[[], Mapping[str, object]]) -> None:
        """Add what `tell` gives whenever somebody asks for the status."""
        self._tellers.append(tell)

    def ready(self) -> tuple[bool, str]:
        """Say whether the service does its work now, and if not, why."""
        if not self._connection.is_up:
            return False, "not connected to NATS"
        waits_s = 0.0 if self._log is None else self._log.append_waits_s
        if waits_s > _APPEND_S_MAX:
            # A server whose disk is full or broken does not refuse: it says nothing.
            return False, f"the log has not answered an append for {waits_s:.0f} s"
        return self._state, self._reason

    def status(self) -> JsonObject:
        """Give everything as the JSON of `status.<service>`."""
        state, reason = self.ready()
        extra: JsonObject = {}
        for tell in self._tellers:
            extra |= tell()
        return extra | {
            "service": self._service,
            "instance": self._instance,
            "ready": state,
            "reason": reason,
            "position": 0 if self._log is None else self._log.position,
            "lag": 0 if self._log is None else self._log.lag,
            "uptime_s": self._uptime_s,
        }

    @property
    def _uptime_s(self) -> float:
        return round(time.monotonic() - self._begin, 3)

    def routes(self) -> list[tuple[str, Callable[..., Any]]]:
        """Give the ASGI routes."""

        @get(include_in_schema=False)
        async def live(scope: JsonObject) -> AsgiResponse:
            del scope
            return _json({"live": True, "uptime_s": self._uptime_s}, 200)

        @get(include_in_schema=False)
        async def ready(scope: JsonObject) -> AsgiResponse:
            del scope
            status = self.status()
            return _json(status, 200 if status["ready"] else 503)

        @get(include_in_schema=False)
        async def metrics(scope: JsonObject) -> AsgiResponse:
            del scope
            self._metrics.ready(state=self.ready()[0])
            return AsgiResponse(self._metrics.text(), 200, {"Content-Type": CONTENT_TYPE_LATEST})

        return [("/live", live), ("/ready", ready), ("/metrics", metrics)]


def _json(content: JsonObject, status: int) -> AsgiResponse:
    body = json.dumps(content, default=str).encode()
    return AsgiResponse(body, status, {"Content-Type": "application/json"})
