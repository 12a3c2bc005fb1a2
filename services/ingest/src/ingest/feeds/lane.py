"""One path of the exchange's sockets, kept open for ever.

A connection lives 24 h at most. Before that the next one is opened beside it, and takes over
when nothing can be lost. What breaks is replaced, with full jitter between the attempts.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from ingest.domain.decode import FrameDecoder
from ingest.domain.handover import Handover
from ingest.domain.items import Decoded, Ignored, Item, Passed, Recovered, Refusal, Refused, Stalled
from ingest.domain.silence import SilenceWatch
from ingest.feeds.sockets import Arrived, Beat, Closed, Note, Opened, Timing, read_socket

INBOX_MAX = 10_000
"""Frames read and not yet passed on; beyond, the socket is not read."""
STALL_RETRY_S = 30.0
"""While a stream stays silent, a new connection is tried this often."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A path: its name, where it is, and the streams that it carries."""

    name: str
    url: str
    streams: Mapping[type, str]
    """Kind of tick -> stream name."""
    deadlines_s: Mapping[str, float]
    """Stream name -> longest silence; streams that may be silent are absent."""
    leading: str
    """The stream whose ids tell when a new connection may take over."""


@dataclass
class _Connection:
    number: int
    task: asyncio.Task[None]
    opened_s: float = field(default=float("inf"))
    rotate_s: float = field(default=float("inf"))


class Lane:
    """Keeps one path open and hands its items to `put`, in order; `now` gives monotonic seconds."""

    def __init__(
        self,
        spec: LaneSpec,
        *,
        decoder: FrameDecoder,
        put: Callable[[Item], Awaitable[None]],
        timing: Timing,
        chance: random.Random,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec = spec
        self._decoder = decoder
        self._put = put
        self._timing = timing
        self._chance = chance
        self._now = now
        self._inbox: asyncio.Queue[Note] = asyncio.Queue(INBOX_MAX)
        self._handover = Handover()
        self._watch = SilenceWatch(spec.deadlines_s)
        self._old: _Connection | None = None
        self._new: _Connection | None = None
        self._retry_s = 0.0
        """No new connection before this time."""
        self._opened = 0
        self._failures = 0
        self._refusals = 0
        self._down_s: float | None = None
        self._heard_s = now()
        self._led_s = -float("inf")
        """When the connection that is heard gave something of the leading stream last."""

    async def run(self) -> None:
        """Run until canceled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._beat())
                self._old = self._open(delay_s=0.0)
                while True:
                    await self._take(await self._inbox.get())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def _take(self, note: Note) -> None:
        match note:
            case Arrived():
                await self._arrived(note)
            case Opened():
                self._on_opened(note)
            case Closed():
                await self._closed(note)
            case Beat():
                await self._on_beat()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._timing.beat_s)
            await self._inbox.put(Beat())

    def _open(self, *, delay_s: float) -> _Connection:
        self._opened += 1
        number = self._opened
        reading = read_socket(
            self._spec.url,
            number=number,
            inbox=self._inbox,
            timing=self._timing,
            delay_s=delay_s,
        )
        return _Connection(number, self._group.create_task(reading))

    def _open_beside(self) -> None:
        """Open the next connection; the exchange may send on both before we know that it stands."""
        self._new = self._open(delay_s=0.0)
        self._handover.begin()

    def _on_opened(self, note: Opened) -> None:
        now_s = self._now()
        for connection in (self._old, self._new):
            if connection is not None and connection.number == note.number:
                timing = self._timing
                jitter = 1 + timing.rotate_jitter * (2 * self._chance.random() - 1)
                connection.opened_s = now_s
                connection.rotate_s = now_s + timing.life_s * timing.rotate_at * jitter
        self._watch.start(now_s)
        _log.info("socket_opened", lane=self._spec.name, connection=note.number)

    async def _arrived(self, note: Arrived) -> None:
        decoded = self._decoder.decode(note.frame)
        if isinstance(decoded, Ignored) and decoded.what is Passed.SERVER_ERROR:
            await self._server_error(note.number, decoded.detail)
            return
        item = self._as_item(note, decoded)
        if self._old is not None and note.number == self._old.number:
            await self._hear(item)
        elif self._new is not None and note.number == self._new.number:
            self._handover.new(item)
        else:
            return
        if self._new is not None and self._may_take_over():
            await self._take_over()

    def _may_take_over(self) -> bool:
        """Say whether nothing is lost by it, or nothing more is to be had from the old one."""
        handover = self._handover
        is_old_silent = self._watch.is_stalled(self._spec.leading)
        return handover.is_covered or (handover.has_begun and is_old_silent)

    def _as_item(self, note: Arrived, decoded: Decoded) -> Item:
        if not isinstance(decoded, Refusal):
            return decoded
        self._refusals += 1
        origin = f"{self._spec.name} socket, connection {note.number}"
        return Refused(decoded.reason, note.frame, origin, self._refusals)

    async def _hear(self, item: Item) -> None:
        """Note that the connection lives, and pass on what is new."""
        self._failures = 0
        self._heard_s = now_s = self._now()
        if self._down_s is not None:
            stalled_ms = int((now_s - self._down_s) * 1000)
            self._down_s = None
            await self._put(Recovered(self._spec.name, stalled_ms))
        stream = self._spec.streams.get(type(item))
        if stream == self._spec.leading:
            self._led_s = now_s
        if stream is not None:
            recovered = self._watch.heard(stream, now_s)
            if recovered is not None:
                await self._put(recovered)
        if self._handover.lets(item):
            await self._put(item)

    async def _take_over(self) -> None:
        """Let the new connection be the one that is heard."""
        old, self._old, self._new = self._old, self._new, None
        if old is not None:
            old.task.cancel()
        for item in self._handover.finish():
            await self._put(item)
        _log.info("socket_rotated", lane=self._spec.name)

    async def _end_overlap(self, new: _Connection, now_s: float) -> None:
        """Take over, or give the new connection up when it is silent and the old one is not."""
        if self._handover.has_begun or self._led_s < new.opened_s:
            # There was something to compare, or neither gave any: then there is nothing to lose.
            await self._take_over()
            return
        _log.warning("socket_silent", lane=self._spec.name, connection=new.number)
        new.task.cancel()
        self._handover.abandon()
        self._new = None
        self._retry_s = now_s + STALL_RETRY_S

    async def _closed(self, note: Closed) -> None:
        """Replace a connection that is gone."""
        is_old = self._old is not None and self._old.number == note.number
        is_new = self._new is not None and self._new.number == note.number
        if not is_old and not is_new:
            return
        _log.warning("socket_closed", lane=self._spec.name, reason=note.reason)
        delay_s = max(note.wait_s, self._backoff_s())
        if is_new:
            self._handover.abandon()
            self._new = None
            self._retry_s = self._now() + delay_s
            return
        if self._new is not None:
            self._old = None
            await self._take_over()
            return
        self._old = self._open(delay_s=delay_s)
        await self._down(note.reason)

    async def _server_error(self, number: int, detail: str) -> None:
        """Drop a connection on which the exchange refused what we asked for."""
        for connection in (self._old, self._new):
            if connection is not None and connection.number == number:
                connection.task.cancel()
                await self._closed(Closed(number, f"the exchange answered {detail}"))
                return

    async def _down(self, reason: str) -> None:
        if self._down_s is None:
            now_s = self._now()
            self._down_s = now_s
            silence_ms = int((now_s - self._heard_s) * 1000)
            await self._put(Stalled(self._spec.name, reason, silence_ms))

    def _backoff_s(self) -> float:
        """Give a wait with full jitter, doubling its bound with each failure."""
        timing = self._timing
        bound_s = min(timing.backoff_s_max, timing.backoff_first_s * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        return self._chance.uniform(0, bound_s)

    async def _on_beat(self) -> None:
        now_s = self._now()
        old, new = self._old, self._new
        if old is not None and old.opened_s <= now_s:
            for stalled in self._watch.overdue(now_s):
                await self._put(stalled)
        if new is not None and now_s - new.opened_s > self._timing.overlap_s_max:
            await self._end_overlap(new, now_s)
            return
        if new is not None or old is None or now_s < self._retry_s:
            return
        if self._watch.is_stalled() and old.opened_s <= now_s:
            # A silent stream on an open connection: another one may have it.
            self._retry_s = now_s + STALL_RETRY_S
            self._open_beside()
        elif now_s >= old.rotate_s:
            self._open_beside()
