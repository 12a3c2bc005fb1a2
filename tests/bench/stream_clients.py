"""Clients of a stream, as light as they can be: a process that reads frames and notes the time.

A message is looked at for its position only. All clients share the process, so that the server
under test has a processor for itself.
"""

import asyncio
import base64
import os
import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from bench.processes import Worker, heard_from, working

OPEN_S_MAX = 60.0
ARRIVE_S_MAX = 120.0
_TEXT, _CLOSE, _PING = 0x1, 0x8, 0x9
_POSITION = re.compile(rb'"pos":"(\d+)"')
_HEAD_BYTES = 64
"""A position stands this near to the beginning of a message."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open so many streams of one address; answered when each has its first message."""

    port: int
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Collect:
    """Wait until every stream has had a position; answered with the times, then all close."""

    until: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Why it could not be done."""

    reason: str


Arrivals = Sequence[dict[int, int]]
"""For each client the monotonic time of each position, in nanoseconds."""


class Clients:
    """The process, told what to do."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator["Clients"]:
        """Run the process."""
        worker = Worker(_serve)
        async with working(worker):
            yield cls(worker)

    async def open(self, port: int, path: str, count: int) -> None:
        """Return when so many streams are open."""
        self._worker.tell(Open(port, path, count))
        await self._heard()

    async def arrivals(self, until: int) -> Arrivals:
        """Give when each client had each position, once all had `until`; close the streams."""
        self._worker.tell(Collect(until))
        return await self._heard()

    async def _heard(self) -> Arrivals:
        answer = await self._worker.hear()
        if isinstance(answer, Failed):
            raise RuntimeError(answer.reason)  # noqa: TRY004  It is the answer that failed.
        return answer


def _serve(pipe: Pipe) -> None:
    async def work() -> None:
        pipe.send("ready")
        streams: list[_Stream] = []
        while True:
            try:
                match await heard_from(pipe):
                    case Open() as asked:
                        streams = await _opened(asked)
                        pipe.send([])
                    case Collect(until=until):
                        async with asyncio.timeout(ARRIVE_S_MAX):
                            for stream in streams:
                                await stream.has(until)
                        pipe.send([stream.arrived for stream in streams])
                        for stream in streams:
                            stream.close()
                    case other:
                        raise RuntimeError(f"expected to open or to collect, found {other!r}")
            except (OSError, TimeoutError, ValueError) as error:
                pipe.send(Failed(f"clients failed: {type(error).__name__} {error}"))

    asyncio.run(work())


async def _opened(asked: Open) -> list["_Stream"]:
    loop = asyncio.get_running_loop()
    streams: list[_Stream] = []
    async with asyncio.timeout(OPEN_S_MAX):
        for _ in range(asked.count):
            stream = _Stream(asked.port, asked.path)
            await loop.create_connection(lambda stream=stream: stream, "127.0.0.1", asked.port)
            await stream.greeted()
            streams.append(stream)
    return streams


class _Stream(asyncio.Protocol):
    """One client's end: the handshake, then the server's frames (RFC 6455, 5.2)."""

    def __init__(self, port: int, path: str) -> None:
        self.arrived: dict[int, int] = {}
        self._port, self._path = port, path
        self._data = bytearray()
        self._is_open = False
        self._end = ""
        self._messages = 0
        self._last = 0
        self._moved = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host = f"127.0.0.1:{self._port}"
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        at_ns = time.monotonic_ns()
        self._data += data
        if not self._is_open:
            head, found, rest = bytes(self._data).partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._finish(f"expected 101, found {head!r:.200}")
                return
            self._is_open = True
            self._data = bytearray(rest)
        self._read(at_ns)
        self._moved.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(f"expected an open stream, found that it was closed: {exc!r}")

    async def greeted(self) -> None:
        """Wait for the first message; raise ValueError when the stream ended instead."""
        while not self._messages:
            await self._wait()

    async def has(self, position: int) -> None:
        """Wait for a position; raise ValueError when the stream ended before."""
        while self._last < position:
            await self._wait()

    def close(self) -> None:
        """Go away."""
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self) -> None:
        if self._end:
            raise ValueError(self._end)
        self._moved.clear()
        await self._moved.wait()

    def _read(self, at_ns: int) -> None:
        """Take the whole frames that are there."""
        data, start = self._data, 0
        while len(data) - start >= 2:
            opcode, size, body = data[start] & 0x0F, data[start + 1] & 0x7F, start + 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                if len(data) - body < wide:
                    break
                size = int.from_bytes(data[body : body + wide])
                body += wide
            if len(data) - body < size:
                break
            self._take(opcode, data[body : min(body + size, body + _HEAD_BYTES)], at_ns)
            start = body + size
        del data[:start]

    def _take(self, opcode: int, head: bytes | bytearray, at_ns: int) -> None:
        if opcode == _TEXT:
            self._messages += 1
            found = _POSITION.search(head)
            if found is not None:
                self._last = int(found[1])
                self.arrived[self._last] = at_ns
        elif opcode == _CLOSE:
            self._finish(f"expected an open stream, found a close: {bytes(head)!r:.80}")
        elif opcode == _PING and self._transport is not None:
            # A masked pong whose mask is zero, with the ping's own body.
            self._transport.write(b"\x8a" + bytes([0x80 | len(head)]) + bytes(4) + head)

    def _finish(self, why: str) -> None:
        self._end = self._end or why
        self._moved.set()
