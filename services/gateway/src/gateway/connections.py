"""How many connections there may be, and how long each may take to say what it wants.

One that does nothing costs a descriptor, and there are few of those. So a client has so many and no
more; a request that does not come, or an answer that is not read, ends its connection; and when
all places are taken, whoever has kept one waiting for the longest makes room. Never is that a
connection whose request is being answered, or a stream that was let in: those have bounds of their
own, further in.
"""

import asyncio
import ipaddress
import resource
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.guards.rates import network_of

PLACES_MAX = 640
_DESCRIPTORS_ELSEWHERE = 128
"""For NATS, for deliveries, for files."""
TELL_EVERY_S = 10.0
"""However many are refused, the log hears of it this often at most."""
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What connections may use."""

    total_max: int
    per_network_max: int = 64
    """Of one client, counted as rates are; a browser opens six, and its streams."""
    head_s: float = 10.0
    """From the connection, or the first byte of a further request, to the end of its headers."""
    body_s: float = 20.0
    """From there to the end of its body."""
    unread_s: float = 20.0
    """How long an answer may wait for a client that does not read."""
    close_s: float = 2.0
    """How long a stream that ends waits for the client's goodbye."""


class Held(Protocol):
    """A connection that has a place."""

    transport: asyncio.Transport


class Connections:
    """The places; each connection of a server has one or is refused."""

    def __init__(self, bounds: Bounds, *, spares: Callable[[str], bool]) -> None:
        """Count no client whose address `spares` names: behind it are others."""
        self.bounds = bounds
        self._spares = spares
        self._held: dict[Held, str] = {}
        self._per_network: Counter[str] = Counter()
        self._waiting: OrderedDict[Held, None] = OrderedDict()
        """Those that may be ended, the one that has waited longest first."""
        self._refused = 0
        self._told_at = -float("inf")

    def __len__(self) -> int:
        """Give the number of places that are taken."""
        return len(self._held)

    def admit(self, held: Held) -> bool:
        """Take a place; one who waits may lose his for it."""
        peer = held.transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        network = "" if self._spares(address) else network_of(address)
        if network and self._per_network[network] >= self.bounds.per_network_max:
            self._refuse(held, f"expected at most {self.bounds.per_network_max} of one network")
            return False
        if len(self._held) >= self.bounds.total_max and not self._make_room():
            self._refuse(held, f"expected at most {self.bounds.total_max} connections")
            return False
        self._held[held] = network
        self._per_network[network] += 1
        self.waits(held)
        return True

    def waits(self, held: Held) -> None:
        """Note that nothing is done for a connection from here on: it may lose its place."""
        if held in self._held:
            self._waiting.setdefault(held)

    def works(self, held: Held) -> None:
        """Note that something is done for a connection."""
        self._waiting.pop(held, None)

    def passes(self, held: Held, to: Held) -> None:
        """Give a place to what speaks another protocol on the same connection."""
        network = self._held.pop(held, None)
        self._waiting.pop(held, None)
        if network is not None:
            self._held[to] = network

    def leave(self, held: Held) -> None:
        """Give a place back."""
        self._waiting.pop(held, None)
        network = self._held.pop(held, None)
        if network is not None:
            self._per_network[network] -= 1
            if not self._per_network[network]:
                del self._per_network[network]

    def _make_room(self) -> bool:
        if not self._waiting:
            return False
        oldest = next(iter(self._waiting))
        self.leave(oldest)
        oldest.transport.abort()
        return True

    def _refuse(self, held: Held, reason: str) -> None:
        held.transport.write(_REFUSAL)
        held.transport.close()
        self._refused += 1
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            _log.warning("connections_refused", reason=reason, count=self._refused)
            self._refused = 0


class HttpConnection(H11Protocol):
    """uvicorn's, with a place and with patience that ends."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._awaits: object = None
        self._is_in = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  as uvicorn's
        """Take a place, or refuse."""
        super().connection_made(transport)
        self._is_in = self._connections.admit(self)
        if self._is_in:
            self._expect(h11.IDLE, self._connections.bounds.head_s)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a client that has a place."""
        if not self._is_in:
            return
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._connections.leave(self)
        self._expect(None, 0)
        self._stop_unread()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Let a stream have the place."""
        self._expect(None, 0)
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._connections.bounds.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        """See that the client reads."""
        super().resume_writing()
        self._stop_unread()

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _look(self) -> None:
        """See what the client still owes: the head of a request, its body, or nothing."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        bounds, owes = self._connections.bounds, self.conn.their_state
        if owes is h11.IDLE and self.conn.trailing_data[0]:
            self._expect(h11.IDLE, bounds.head_s)
        elif owes is h11.SEND_BODY:
            self._expect(h11.SEND_BODY, bounds.body_s)
        else:
            self._expect(None, 0)
        if owes in (h11.IDLE, h11.SEND_BODY):
            self._connections.waits(self)
        else:
            self._connections.works(self)

    def _expect(self, what: object, within_s: float) -> None:
        """Have something come in time; more of the same gives no more time."""
        if what is self._awaits and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._awaits = what
        self._timer = None
        if what is not None:
            self._timer = self.loop.call_later(within_s, self.transport.abort)


class StreamConnection(WebSocketsSansIOProtocol):
    """uvicorn's, with the place of the connection that it came from."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self.close_timeout = connections.bounds.close_s
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the place over."""
        before = cast("asyncio.Transport", transport).get_protocol()
        super().connection_made(transport)
        if isinstance(before, HttpConnection):
            self._connections.passes(before, self)

    async def send(self, message: Any) -> None:  # Any: the ASGI protocol.
        """Send; a stream that is closed only waits for the client's goodbye."""
        await super().send(message)
        if message["type"] == "websocket.close":
            self._connections.waits(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._connections.leave(self)
        super().connection_lost(exc)


def places_max() -> int:
    """Give how many connections there are descriptors for, when the system gives what it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = PLACES_MAX + _DESCRIPTORS_ELSEWHERE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, soft - _DESCRIPTORS_ELSEWHERE)
    return PLACES_MAX


def speaks_for_others(proxies: str) -> Callable[[str], bool]:
    """Say of which addresses many clients come: of the proxies named, and of this machine."""
    named = [part.strip() for part in proxies.split(",") if part.strip()]
    networks = [ipaddress.ip_network(part) for part in [*named, "127.0.0.1", "::1"]]

    def spares(address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in networks)

    return spares
