"""The one connection of a process to NATS.

It reconnects for ever, soon and with jitter. Requests in flight when it breaks fail at once with
OutcomeUnknown, so that nobody waits for an answer that cannot come. What cannot heal (a permission
that is missing, a client that closed itself) fails the connection, and with it the process.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import nats
import nats.errors
import structlog
from nats.aio.client import Client, Server

from chassis.settings import ConfigurationError, ServiceSettings, place_of
from chassis.wire import Hear, Lane, Message, Wire

_RECONNECT_S_MIN = 0.1
_RECONNECT_S_MAX = 1.0
_STALLED_S_MAX = 30.0
"""A reconnecting client tries at least this often; one that does not is broken."""
_REMIND_FIRST_S = 1.0
_REMIND_S = 5.0
"""How often an outage is said again."""
REQUEST_S_MAX = 5.0
"""How long an answer may take before its outcome counts as unknown."""

_NOT_SENT = (
    nats.errors.OutboundBufferLimitError,
    nats.errors.ConnectionClosedError,
    nats.errors.ConnectionDrainingError,
    nats.errors.StaleConnectionError,
)

Listener = Callable[[bool], None]

_log = structlog.get_logger()


class OutcomeUnknown(Exception):
    """The server may or may not have done what was asked."""


class ConnectionLost(Exception):
    """The client gave up for good; only a new process helps."""


class PermissionViolation(ConfigurationError):
    """The server forbids this service something that it needs."""


class Connection:
    """A NATS client with what our clients of it share: requests, outages, failure."""

    def __init__(
        self, settings: ServiceSettings, service: str, *, beside: "Connection | None" = None
    ) -> None:
        self.service = service
        self._settings = settings
        self._url = settings.nats_url
        self._beside = beside
        self.outages = 0
        """How often the connection broke so far."""
        self._client: Client | None = None
        self._wire: Wire | None = None
        self._up = asyncio.Event()
        self._failed = asyncio.Event()
        self._failure: Exception | None = None
        self._listeners: list[Listener] = []
        self._waiting: dict[str, asyncio.Future[Message | None]] = {}
        self._inbox = ""
        self._count = 0
        self._closing = False
        self._tried_at = time.monotonic()
        self._guard: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Give what may be shown of the server's URL."""
        return place_of(self._url)

    def options(self) -> dict[str, Any]:
        """Give the options that any client of ours connects with (nats-py's names)."""
        return {
            "servers": [self._url],
            "name": self.service,
            "inbox_prefix": f"_INBOX_{self.service}",
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": 0.2,
            "reconnect_to_server_handler": self._choose_server,
            "connect_timeout": 2,
            # A half-open connection is noticed after two unanswered pings.
            "ping_interval": 5,
            "max_outstanding_pings": 2,
            # Without it a publish into a full buffer waits for ever when the connection breaks.
            "flush_timeout": 2.0,
            "drain_timeout": 5,
            "error_cb": self._on_error,
            "disconnected_cb": self._on_disconnected,
            "reconnected_cb": self._on_reconnected,
            "closed_cb": self._on_closed,
        }

    async def open(self, opener: Callable[[], Awaitable[Client]] | None = None) -> None:
        """Connect, waiting for the server as long as it takes and saying so.

        `opener` connects with `options()` in place of nats-py, so that a broker can share the
        client. Raises ConfigurationError when the URL or the credentials are wrong.
        """
        reminder = asyncio.create_task(self._remind())
        opening = asyncio.ensure_future(opener() if opener else self._connect())
        failing = asyncio.create_task(self._failed.wait())
        try:
            await asyncio.wait((opening, failing), return_when=asyncio.FIRST_COMPLETED)
            self._raise_failure()
            self._client = await opening
        except ValueError:  # what it says may repeat a part of the URL
            raise ConfigurationError(f"expected a NATS URL, found {self.url!r}") from None
        except nats.errors.Error as error:
            raise ConfigurationError(f"expected a NATS URL, found {self.url!r}: {error}") from None
        finally:
            for task in (reminder, opening, failing):
                task.cancel()
        self._wire = Wire(self._client)
        self._inbox = self.client.new_inbox()
        await self.subscribe(f"{self._inbox}.*", self._on_answer)
        self._up.set()
        self._guard = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Close the client; nothing may be in flight."""
        self._closing = True
        if self._guard is not None:
            self._guard.cancel()
        if self._client is not None and not self._client.is_closed:
            await self._client.close()
        self._drop_waiting()

    def expect_close(self) -> None:
        """Say that somebody else is about to close the client on purpose."""
        self._closing = True

    @property
    def client(self) -> Client:
        """Give the nats-py client."""
        if self._client is None:
            raise RuntimeError("expected an open connection, found one that was never opened")
        return self._client

    @property
    def is_up(self) -> bool:
        """Say whether the server is there now."""
        return self._up.is_set()

    @property
    def failure(self) -> Exception | None:
        """Give what broke the connection for good."""
        return self._failure

    def fail(self, error: Exception) -> None:
        """Break the connection for good: every wait on it raises `error` from now on."""
        if self._failure is not None:
            return
        self._failure = error
        self._failed.set()
        self._up.set()
        self._drop_waiting()
        self._tell(is_up=False)
        if self._beside is not None and not self._closing:
            self._beside.fail(error)

    @contextlib.asynccontextmanager
    async def beside(self) -> AsyncGenerator["Connection", None]:
        """Hold another connection, so that a flood on it delays no answer on this one."""
        other = Connection(self._settings, self.service, beside=self)
        await other.open()
        try:
            yield other
        finally:
            await other.close()

    async def failed(self) -> Exception:
        """Wait until the connection is broken for good; give the reason."""
        await self._failed.wait()
        return self._failure or ConnectionLost("expected a reason, found none")

    async def wait_up(self) -> None:
        """Return when the server is there; raise what broke the connection for good."""
        self._raise_failure()
        await self._up.wait()
        self._raise_failure()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(is_up)` at every change; give the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def wire(self) -> Wire:
        """Give what sends and hears on this connection."""
        if self._wire is None:
            raise RuntimeError("expected an open connection, found one that was never opened")
        return self._wire

    async def subscribe(self, subject: str, hear: Hear) -> Lane:
        """Hand every message on a subject to `hear`; the caller bounds what it asks for."""
        return await self.wire.subscribe(subject, hear)

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        *,
        timeout_s: float = REQUEST_S_MAX,
        head: bytes = b"",
    ) -> Message:
        """Ask once; `head` is a block of headers, as `wire.encode_headers` gives it.

        Raises OutcomeUnknown on time-out, on an outage and when nobody listens.
        """
        self._raise_failure()
        if not self.is_up:
            raise OutcomeUnknown(f"expected a connection for {subject}, found none")
        self._count += 1
        token = str(self._count)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Message | None] = loop.create_future()
        self._waiting[token] = answer
        timer = loop.call_later(timeout_s, _give_up, answer)
        try:
            self.wire.send(subject, payload, reply=f"{self._inbox}.{token}", head=head)
            message = await answer
        except TimeoutError:
            raise OutcomeUnknown(f"expected an answer on {subject} in {timeout_s} s") from None
        except _NOT_SENT as error:
            raise OutcomeUnknown(f"expected to send on {subject}, found {error}") from None
        finally:
            timer.cancel()
            self._waiting.pop(token, None)
        if message is None:
            self._raise_failure()
            raise OutcomeUnknown(f"expected an answer on {subject}, found a broken connection")
        if message.is_unheard:
            raise OutcomeUnknown(f"expected someone to answer on {subject}, found nobody")
        return message

    # What nats-py tells.

    def _on_answer(self, message: Message) -> None:
        waiting = self._waiting.get(message.subject.rpartition(".")[2])
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    async def _on_error(self, error: Exception) -> None:
        text = str(error)
        if "permissions violation" in text.lower():
            _log.critical("permission_violation", error=text)
            self.fail(PermissionViolation(f"expected permission as {self.service}, found {text}"))
        elif "authorization violation" in text.lower():
            _log.critical("authorization_refused", error=text)
            self.fail(PermissionViolation(f"expected NATS to let {self.service} in, found {text}"))
        elif isinstance(error, nats.errors.SlowConsumerError):
            # A subscription dropped messages: followers notice by sequence and begin anew.
            _log.error("messages_dropped_by_client", subject=error.subject)
        else:
            _log.debug("nats_error", error=text, kind=type(error).__name__)

    async def _on_disconnected(self) -> None:
        if self._closing or not self._up.is_set():
            return
        self.outages += 1
        self._tried_at = time.monotonic()
        self._up.clear()
        self._drop_buffered()
        self._drop_waiting()
        self._tell(is_up=False)
        self._say("nats_disconnected")

    async def _on_reconnected(self) -> None:
        if self._failure is not None:
            return
        self._up.set()
        self._tell(is_up=True)
        self._say("nats_reconnected")

    async def _on_closed(self) -> None:
        if self._client is not None:
            self.fail(ConnectionLost("expected an open connection, found that it was closed"))

    def _choose_server(
        self, servers: list[Server], _info: dict[str, Any]
    ) -> tuple[Server | None, float]:
        """Choose the server that failed least; wait 0.1 s to 1 s, longer with every failure."""
        self._tried_at = time.monotonic()
        server = min(servers, key=lambda candidate: candidate.reconnects)
        longest = min(_RECONNECT_S_MAX, _RECONNECT_S_MIN * 2 ** min(server.reconnects + 1, 10))
        return server, random.uniform(_RECONNECT_S_MIN, longest)  # noqa: S311  Spread, no secret.

    # Inside.

    async def _connect(self) -> Client:
        return await nats.connect(**self.options())  # pyright: ignore[reportUnknownMemberType]

    def _say(self, event: str) -> None:
        """Log a change; one connection of a process speaks for those beside it."""
        level = logging.WARNING if self._beside is None else logging.DEBUG
        _log.log(level, event, url=self.url)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _drop_buffered(self) -> None:
        """Forget what was to be sent; whoever sent it hears that the outcome is unknown.

        nats-py would send it after reconnecting, but not what the broken connection swallowed
        before it: a hole in the middle of what was published. It offers no other way.
        """
        client = self.client
        client._pending.clear()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        client._pending_data_size = 0  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def _drop_waiting(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)

    def _tell(self, *, is_up: bool) -> None:
        for listener in tuple(self._listeners):
            listener(is_up)

    async def _watch(self) -> None:
        """Say that an outage lasts; fail when nats-py stopped trying to end it."""
        while True:
            await asyncio.sleep(_REMIND_S)
            if self._up.is_set():
                continue
            self._say("waiting_for_nats")
            if time.monotonic() - self._tried_at > _STALLED_S_MAX:
                self.fail(ConnectionLost("expected attempts to reconnect, found none"))
                return

    async def _remind(self) -> None:
        pause = _REMIND_FIRST_S
        while True:
            await asyncio.sleep(pause)
            self._say("waiting_for_nats")
            pause = _REMIND_S


def _give_up(answer: asyncio.Future[Message | None]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


async def connect(settings: ServiceSettings, service: str) -> Connection:
    """Open a connection of its own for a service or a tool; the caller closes it."""
    connection = Connection(settings, service)
    await connection.open()
    return connection


@contextlib.asynccontextmanager
async def connected(settings: ServiceSettings, service: str) -> AsyncGenerator[Connection, None]:
    """Hold a connection for as long as the context lasts."""
    connection = await connect(settings, service)
    try:
        yield connection
    finally:
        await connection.close()


async def request(connection: Connection, subject: str, payload: bytes, timeout_s: float) -> bytes:
    """Ask a service and give the bytes of its answer. Raises OutcomeUnknown."""
    return (await connection.request(subject, payload, timeout_s=timeout_s)).data
