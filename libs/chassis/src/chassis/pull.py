"""One continuous pull of a JetStream consumer, in order and without holes.

nats-py restores a subscription after a server restart, but not the pull request on it, and its
`fetch` stalls; so the requests here are our own. The consumer is an accelerator: whenever its
deliveries are not what must come next (an outage, a redelivery, a missed heartbeat, a consumer that
is gone), it is made anew from the last message that was handed out. So nothing is skipped.
"""

import asyncio
import functools
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar

import nats.errors
import structlog

from chassis import jetstream
from chassis.connection import Connection, OutcomeUnknown
from chassis.consumers import Consumer, Delivery, PullSpec, parse_delivery
from chassis.jetstream import JetStreamError
from chassis.wire import Lane, Message

T = TypeVar("T")

EXPIRES_S = 60.0
HEARTBEAT_S = 0.5
SILENT_TICKS_MAX = 3
"""Ticks of HEARTBEAT_S without a word: between two and three missed heartbeats."""
HANDOUT_MAX = 256
"""Most messages that one `next` hands out, so that the event loop is not held for long."""
_ACKNOWLEDGE_EVERY_S = 0.1
"""Acknowledgements feed the lag and nothing else, so they are gathered."""
_REPLIES_MAX = 65_536
"""Places that can still be acknowledged; a follower that never does loses the oldest."""
_RECREATE_S_MIN = 0.2
"""Shortest time from one consumer to the next, so that a lasting cause does not spin."""

_log = structlog.get_logger()


class Pull(Generic[T]):
    """Hands out a consumer's messages to one caller of `next`; a task of its own keeps it going.

    `make` builds what is handed out. `resume` gives the sequence to continue after; it is asked
    whenever the consumer is made, with the last sequence handed out, and may raise to stop the
    pull. With `hole`, the stream must have none: it gives the error for one.
    """

    def __init__(
        self,
        connection: Connection,
        spec: PullSpec,
        *,
        after: int,
        make: Callable[[Message, Delivery], T],
        resume: Callable[[int], Awaitable[int]],
        hole: Callable[[int, int], Exception] | None = None,
    ) -> None:
        self.handed_out: int = after
        """Sequence of the last message handed out."""
        self.recreated = 0
        """How often the consumer was made anew."""
        self._connection = connection
        self._spec = spec
        self._make = make
        self._resume = resume
        self._hole = hole
        self._consumer = Consumer(connection, spec)
        self._inbox = ""
        self._generation = 0
        self._lane: Lane | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stop_listening: Callable[[], None] | None = None
        self._has_work = asyncio.Event()
        self._ready = asyncio.Event()
        self._opened = asyncio.Event()
        self._failure: Exception | None = None
        self._is_broken = True
        self._why = "begin"
        self._buffer: deque[tuple[int, T]] = deque()
        self._replies: deque[tuple[int, str]] = deque(maxlen=_REPLIES_MAX)
        self._acknowledge_with = ""
        self._acknowledging: asyncio.TimerHandle | None = None
        self._outstanding = 0
        self._half = spec.window // 2
        self._arrived: int = after
        self._consumer_sequence: int = 0
        self._pending = 0
        self._heard = False
        self._silent_ticks = 0
        self._made_at = 0.0

    async def __aenter__(self) -> Self:
        """Make the consumer; it exists when this returns."""
        self._stop_listening = self._connection.listen(self._on_connection)
        self._keeper = asyncio.create_task(self._keep(), name=f"pull-{self._spec.consumer}")
        try:
            await self._opened.wait()
        except asyncio.CancelledError:
            await self._close()
            raise
        if self._failure is not None:
            await self._close()
            raise self._failure
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def next(self, timeout_s: float | None = None) -> list[T]:
        """Give what is there, in order; an empty list only when the time is over."""
        if not self._buffer and self._failure is None:
            await self._wait(timeout_s)
        if not self._buffer and self._failure is not None:
            raise self._failure
        buffer = self._buffer
        handed = [buffer.popleft() for _ in range(min(len(buffer), HANDOUT_MAX))]
        if handed:
            self.handed_out = handed[-1][0]
            self._ask_if_due()
        return [item for _, item in handed]

    async def _wait(self, timeout_s: float | None) -> None:
        """Return when there is something to hand out, when it failed, or when the time is over."""
        is_over = False

        def end() -> None:
            nonlocal is_over
            is_over = True
            self._ready.set()

        loop = asyncio.get_running_loop()
        timer = None if timeout_s is None else loop.call_later(timeout_s, end)
        try:
            while not self._buffer and self._failure is None and not is_over:
                self._ready.clear()
                await self._ready.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def acknowledge(self, sequence: int) -> None:
        """Say that everything up to here is done; the last reply before it is sent, soon."""
        replies = self._replies
        while replies and replies[0][0] <= sequence:
            self._acknowledge_with = replies.popleft()[1]
        if self._acknowledge_with and self._acknowledging is None:
            loop = asyncio.get_running_loop()
            self._acknowledging = loop.call_later(_ACKNOWLEDGE_EVERY_S, self._acknowledge_now)

    @property
    def lag(self) -> int:
        """Give the number of messages that are stored and not yet handed out, as far as known."""
        return self._pending + len(self._buffer)

    @property
    def is_exhausted(self) -> bool:
        """Say whether nothing was left when the last message was handed out."""
        return not self._is_broken and not self._buffer and self._pending == 0

    # Arriving: runs in the reading of the socket, and so never raises.

    def _on_message(self, generation: int, message: Message) -> None:
        if self._is_broken or generation != self._generation:
            return
        self._heard = True
        try:
            if message.reply.startswith("$JS.ACK"):
                self._on_delivery(message, parse_delivery(message.reply))
            else:
                self._on_status(message.headers)
        except Exception as error:  # noqa: BLE001  It would end the reading of the socket.
            self._fail(error)

    def _on_delivery(self, message: Message, delivery: Delivery) -> None:
        if delivery.consumer_sequence != self._consumer_sequence + 1 or delivery.delivered != 1:
            self._break("out_of_order")
            return
        expected = self._arrived + 1
        if delivery.sequence < expected:
            self._break("repeated")
            return
        if self._hole is not None and delivery.sequence != expected:
            self._fail(self._hole(expected, delivery.sequence))
            return
        self._consumer_sequence = delivery.consumer_sequence
        self._arrived = delivery.sequence
        self._pending = delivery.pending
        self._outstanding -= 1
        self._buffer.append((delivery.sequence, self._make(message, delivery)))
        if self._spec.is_durable:
            self._replies.append((delivery.sequence, message.reply))
        self._ready.set()
        if self._outstanding <= self._half:
            self._ask_if_due()

    def _on_status(self, headers: Mapping[str, str]) -> None:
        status = headers.get("Status", "")
        if status in ("100", ""):
            return
        if status == "408":
            # The request ran out; what it still owed is not coming.
            self._outstanding -= int(headers.get("Nats-Pending-Messages", self._outstanding))
            self._ask_if_due()
            return
        self._break(f"status_{status}")

    def _on_connection(self, is_up: bool) -> None:  # noqa: FBT001  The listener's one argument.
        if self._connection.failure is not None:
            self._fail(self._connection.failure)
        elif not is_up:
            self._break("disconnected")

    def _break(self, why: str) -> None:
        if not self._is_broken:
            self._is_broken = True
            self._why = why
        self._has_work.set()

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
        self._is_broken = True
        self._ready.set()
        self._opened.set()
        self._has_work.set()

    # Asking and acknowledging: what is lost here is noticed as silence.

    def _ask_if_due(self) -> None:
        """Ask for more when half the window is free."""
        waiting = self._outstanding + len(self._buffer)
        if waiting > self._half or self._is_broken:
            return
        wanted = self._spec.window - waiting
        self._outstanding += wanted
        request = {
            "batch": wanted,
            "expires": jetstream.nanoseconds(EXPIRES_S),
            "idle_heartbeat": jetstream.nanoseconds(HEARTBEAT_S),
        }
        self._send(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._spec.stream}.{self._spec.consumer}",
            json.dumps(request).encode(),
            reply=self._inbox,
        )

    def _acknowledge_now(self) -> None:
        reply, self._acknowledge_with = self._acknowledge_with, ""
        self._acknowledging = None
        if reply and not self._is_broken:
            self._send(reply)

    def _send(self, subject: str, payload: bytes = b"", *, reply: str = "") -> None:
        try:
            self._connection.wire.send(subject, payload, reply=reply)
        except nats.errors.Error as error:
            self._break(type(error).__name__)

    # Keeping it going: one task.

    async def _keep(self) -> None:
        ticker = asyncio.create_task(self._tick())
        try:
            while self._failure is None:
                if self._is_broken:
                    await self._make_consumer()
                await self._has_work.wait()
                self._has_work.clear()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  Whatever it is, `next` must raise it.
            self._fail(error)
        finally:
            ticker.cancel()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(HEARTBEAT_S)
            was_held = loop.time() - before > 2 * HEARTBEAT_S
            if self._heard or was_held or self._is_broken or self._outstanding <= 0:
                self._silent_ticks = 0
            else:
                self._silent_ticks += 1
            self._heard = False
            if self._silent_ticks >= SILENT_TICKS_MAX:
                self._silent_ticks = 0
                self._break("silent")

    async def _make_consumer(self) -> None:
        """Make the consumer from the last message handed out on."""
        is_first = not self._opened.is_set()
        if not is_first:
            self.recreated += 1
            await asyncio.sleep(max(0.0, _RECREATE_S_MIN - (time.monotonic() - self._made_at)))
            _log.info(
                "consumer_recreated",
                consumer=self._spec.consumer,
                after=self.handed_out,
                reason=self._why,
            )
        self._generation += 1
        self._buffer.clear()
        self._replies.clear()
        self._acknowledge_with = ""
        outages = self._connection.outages
        after = await self._resume(self.handed_out)
        await self._listen_anew()
        pending = await self._consumer.make(after=after, is_first=is_first)
        if self._failure is not None:
            return
        self._made_at = time.monotonic()
        self._arrived = self.handed_out = after
        self._consumer_sequence = 0
        self._pending = pending
        self._outstanding = 0
        self._silent_ticks = 0
        self._heard = True
        self._is_broken = self._connection.outages != outages
        self._ask_if_due()
        self._opened.set()

    async def _listen_anew(self) -> None:
        """Hear only what is asked for from now on: a delivery does not name its request."""
        if self._lane is not None:
            await self._lane.unsubscribe()
        self._inbox = self._connection.client.new_inbox()
        self._lane = await self._connection.subscribe(
            self._inbox, functools.partial(self._on_message, self._generation)
        )

    async def _close(self) -> None:
        """Send what is still to be acknowledged, and let go. A durable consumer stays."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        if self._acknowledging is not None:
            self._acknowledging.cancel()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,))
        if self._connection.client.is_closed or not self._connection.is_up:
            return
        try:
            if self._acknowledge_with and not self._is_broken:
                self._connection.wire.send(self._acknowledge_with)
            if self._lane is not None:
                await self._lane.unsubscribe()
            if not self._spec.is_durable:
                await self._consumer.delete()
        except (nats.errors.Error, OutcomeUnknown, JetStreamError) as error:
            _log.debug("follower_left_behind", consumer=self._spec.consumer, error=str(error))
