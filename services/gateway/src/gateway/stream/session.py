"""One open stream: catch up by position, follow, beat, answer pings, and end in good order."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import msgspec

from gateway.stream import protocol
from gateway.stream.hub import Hub
from gateway.stream.protocol import Close, SetTopics, Topic

STREAMS_MAX = 256
"""Streams open at one time."""
PAGE = 50
"""Events sent before anything else gets a turn."""
SEND_S_MAX = 5.0
"""A page that takes longer is a client that does not read."""
CLOSE_S_MAX = 1.0
BEAT_S = 5.0
INBOUND_PER_S_MAX = 10
PONGS_MAX = 10
IDLE_S = 120.0
"""A client that says nothing for longer is let go; the page pings at every beat."""
_POSITION = re.compile(r"[0-9]{1,19}")
_POSITION_MAX = 2**63


class Disconnected(Exception):
    """The client is gone."""


class Socket(Protocol):
    """The client's end."""

    async def send(self, text: str) -> None:
        """Send a message; raise Disconnected."""
        ...

    async def receive(self) -> str:
        """Give the next text message, or an empty string for a binary one; raise Disconnected."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a code."""
        ...


class BadOpening(ValueError):
    """The stream was asked for with parameters that make no sense; `code` closes it."""

    def __init__(self, message: str, *, code: Close = Close.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Opening:
    """How a client asks for the stream."""

    after: int | None = None
    """Position of the last event that it has; None to hear only what is new."""
    epoch: str = ""
    topics: frozenset[Topic] = frozenset(Topic)
    version: int = protocol.VERSION


def read_opening(*, after: str, epoch: str, topics: str, version: str) -> Opening:
    """Read the query parameters, each empty when it was not given; raise BadOpening."""
    if after and not (_POSITION.fullmatch(after) and int(after) < _POSITION_MAX):
        raise BadOpening(f"expected after to be a position, found {after!r:.40}")
    if len(epoch) > 64:
        raise BadOpening(f"expected an epoch of at most 64 characters, found {len(epoch)}")
    names = topics.split(",") if topics else [*Topic]
    unknown = [name for name in names if name not in [*Topic]]
    if unknown:
        raise BadOpening(f"expected topics of {', '.join(Topic)}, found {unknown[0]!r:.40}")
    if version not in ("", str(protocol.VERSION)):
        message = f"expected v={protocol.VERSION}, found {version!r:.40}"
        raise BadOpening(message, code=Close.TOO_OLD)
    return Opening(
        after=int(after) if after else None, epoch=epoch, topics=frozenset(map(Topic, names))
    )


async def serve(
    socket: Socket,
    hub: Hub,
    opening: Opening,
    *,
    clock: Callable[[], datetime],
    closes: Callable[[], Close | None],
    beat_s: float = BEAT_S,
    send_s_max: float = SEND_S_MAX,
    idle_s: float = IDLE_S,
) -> Close | None:
    """Run one stream to its end; give the code it was closed with, None when the client left.

    `closes` is asked at every beat and whenever the hub rings: a code closes the stream.
    """
    if hub.is_closing or not hub.is_open:
        return await say_goodbye(socket, Close.TRY_LATER)
    if hub.streams >= STREAMS_MAX:
        return await say_goodbye(socket, Close.TOO_MANY)
    session = _Session(
        socket,
        hub,
        opening,
        clock=clock,
        closes=closes,
        beat_s=beat_s,
        send_s_max=send_s_max,
        idle_s=idle_s,
    )
    tasks = [asyncio.create_task(it) for it in (session.read(), session.write(), session.watch())]
    hub.streams += 1
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.streams -= 1
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    code = next((end for end in ends if isinstance(end, Close)), None)
    return None if code is None else await say_goodbye(socket, code)


async def say_goodbye(socket: Socket, code: Close, reason: str = "") -> Close:
    """Announce the end and close; one who does not read sees only that it is over."""
    try:
        async with asyncio.timeout(CLOSE_S_MAX):
            await socket.send(protocol.bye_text(code))
            await socket.close(code, reason or code.name.lower())
    except (TimeoutError, Disconnected):
        pass
    return code


class _Session:
    def __init__(
        self,
        socket: Socket,
        hub: Hub,
        opening: Opening,
        *,
        clock: Callable[[], datetime],
        closes: Callable[[], Close | None],
        beat_s: float,
        send_s_max: float,
        idle_s: float,
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._opening = opening
        self._clock = clock
        self._closes = closes
        self._beat_s = beat_s
        self._send_s_max = send_s_max
        self._idle_s = idle_s
        self._topics = opening.topics
        self._cursor = hub.ring.last
        self._seen: dict[str, int] = {}
        self._seen_newest = 0
        self._sends_since: float | None = None
        self._is_beat_due = False
        self._pongs: list[str] = []
        self._woken: asyncio.Event | None = None

    async def read(self) -> Close | None:
        """Take the client's messages until it leaves or misbehaves."""
        allowance, refilled = float(INBOUND_PER_S_MAX), time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    text = await self._socket.receive()
            except Disconnected:
                return None
            except TimeoutError:
                return Close.IDLE
            now = time.monotonic()
            allowance = min(INBOUND_PER_S_MAX, allowance + (now - refilled) * INBOUND_PER_S_MAX)
            refilled = now
            if allowance < 1:
                return Close.TOO_MANY
            allowance -= 1
            if not self._take(text):
                return Close.BAD_REQUEST

    def _take(self, text: str) -> bool:
        if len(text.encode(errors="surrogatepass")) > protocol.FRAME_BYTES_MAX:
            return False
        try:
            message = protocol.read_inbound(text)
        except (msgspec.DecodeError, RecursionError):
            return False
        if isinstance(message, SetTopics):
            was_off = Topic.ACTIVITY not in self._topics
            self._topics = frozenset(message.set)
            self._seen_newest = 0
            if was_off:
                self._cursor = self._hub.ring.last
        elif len(self._pongs) < PONGS_MAX:
            self._pongs.append(protocol.pong_text(ping_id=message.id[:64], now=self._clock()))
        if self._woken is not None:
            self._woken.set()
        return True

    async def write(self) -> Close | None:
        """Send until the server stops or the client leaves."""
        try:
            with self._hub.bell() as bell:
                self._woken = bell
                return await self._write(bell)
        except Disconnected:
            return None

    async def watch(self) -> Close:
        """Return when the client does not read: one timer for all that is sent."""
        while True:
            await asyncio.sleep(self._send_s_max / 4)
            since = self._sends_since
            if since is not None and time.monotonic() - since >= self._send_s_max:
                return Close.SLOW_CLIENT

    async def _write(self, bell: asyncio.Event) -> Close:
        await self._send(self._greeting())
        self._is_beat_due = False
        timer = self._beat_later(bell)
        try:
            while True:
                bell.clear()
                end = self._closes()
                if end is not None:
                    return end
                if self._hub.is_closing:
                    return Close.RESTART
                if Topic.ACTIVITY not in self._topics:
                    self._cursor = self._hub.ring.last
                if self._cursor + 1 < self._hub.ring.first:
                    return Close.SLOW_CLIENT
                page = self._hub.ring.after(self._cursor, limit=PAGE)
                texts = [
                    *self._take_pongs(),
                    *(entry.text for entry in page if entry.text),
                    *self._new_snaps(),
                ]
                if self._is_beat_due:
                    texts.append(protocol.beat_text(head=self._hub.ring.last, now=self._clock()))
                    self._is_beat_due = False
                    timer = self._beat_later(bell)
                await self._send(texts)
                if page:
                    self._cursor = max(self._cursor, page[-1].position)
                if len(page) < PAGE:
                    await bell.wait()
                else:
                    await asyncio.sleep(0)
        finally:
            timer.cancel()

    def _beat_later(self, bell: asyncio.Event) -> asyncio.TimerHandle:
        def beat() -> None:
            self._is_beat_due = True
            bell.set()

        return asyncio.get_running_loop().call_later(self._beat_s, beat)

    def _greeting(self) -> list[str]:
        hub, ring, after = self._hub, self._hub.ring, self._opening.after
        texts = [
            protocol.hello_text(
                conn=uuid4().hex[:12],
                head=ring.last,
                oldest=ring.first,
                epoch=hub.epoch,
                beat_ms=round(self._beat_s * 1000),
                now=self._clock(),
            )
        ]
        if after is None:
            return texts
        if after > ring.last or self._opening.epoch not in ("", hub.epoch):
            texts.append(protocol.reset_text(reason="epoch", head=ring.last))
        elif after + 1 < ring.first:
            texts.append(protocol.reset_text(reason="gap", head=ring.last))
        else:
            self._cursor = after
        return texts

    def _take_pongs(self) -> list[str]:
        pongs, self._pongs = self._pongs, []
        return pongs

    def _new_snaps(self) -> list[str]:
        if self._seen_newest == self._hub.newest:
            return []
        self._seen_newest = self._hub.newest
        texts: list[str] = []
        for snap in self._hub.snaps.values():
            if snap.topic in self._topics and self._seen.get(snap.name) != snap.version:
                self._seen[snap.name] = snap.version
                texts.append(snap.text)
        return texts

    async def _send(self, texts: Sequence[str]) -> None:
        """Send a page; `watch` sees when it takes too long."""
        self._sends_since = time.monotonic()
        for text in texts:
            await self._socket.send(text)
        self._sends_since = None
