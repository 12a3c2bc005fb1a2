"""The chain over Redis Streams, synced always, where redis-server is installed.

One stream per hop, read as a consumer group. RESP is spoken here, so that the bench needs no
client library.
"""

import asyncio
import contextlib
import shutil
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection as Pipe

from bench.chain_nats import Template, number_in, templates
from bench.hops import HOPS, Arrivals, ask_arrivals
from bench.processes import Worker, working
from kit.servers import free_port

_GROUP = b"hop"
_START_S_MAX = 10.0

Reply = bytes | int | list["Reply"] | None


def redis_server_binary() -> str | None:
    """Give the path of redis-server, if there is one."""
    return shutil.which("redis-server")


class Resp:
    """A connection to Redis; answers come in the order of the commands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Resp":
        """Connect to the loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, *words: bytes) -> None:
        """Send a command without waiting for its answer."""
        parts = [b"*%d\r\n" % len(words)]
        parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
        self._writer.write(b"".join(parts))

    async def answer(self) -> Reply:
        """Read the next answer; raise RuntimeError when it is an error."""
        line = (await self._reader.readuntil(b"\r\n"))[:-2]
        kind, rest = line[:1], line[1:]
        match kind:
            case b"+":
                return rest
            case b":":
                return int(rest)
            case b"$":
                size = int(rest)
                return None if size < 0 else (await self._reader.readexactly(size + 2))[:-2]
            case b"*":
                return None if rest == b"-1" else [await self.answer() for _ in range(int(rest))]
            case _:
                raise RuntimeError(f"expected an answer of Redis, found {line!r:.200}")

    async def do(self, *words: bytes) -> Reply:
        """Send a command and give its answer."""
        self.send(*words)
        return await self.answer()


class RedisChain:
    """The chain, and the connection that feeds it."""

    def __init__(self, resp: Resp, last: Worker) -> None:
        self._resp = resp
        self._last = last
        self._template = templates()[0]

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator["RedisChain"]:
        """Run the chain's processes on a server of their own."""
        async with _server() as port:
            workers = [Worker(_serve, port, index) for index in range(len(HOPS))]
            async with working(*workers):
                resp = await Resp.connect(port)
                answers = asyncio.create_task(_drain(resp))
                yield cls(resp, workers[-1])
                answers.cancel()

    async def send(self, number: int) -> None:
        """Do as Chain.send."""
        _add(self._resp, self._template, number)

    async def arrived(self, messages: int) -> dict[int, int]:
        """Do as Chain.arrived."""
        return await ask_arrivals(self._last, messages)


async def _drain(resp: Resp) -> None:
    while True:
        await resp.answer()


def _add(resp: Resp, template: Template, number: int) -> None:
    """Append a message with the bytes that JetStream gets."""
    words: list[bytes] = []
    for name, value in template.headers.items():
        words += (name.encode(), value.encode())
    key = template.subject.encode()
    resp.send(b"XADD", key, b"*", *words, b"body", template.body(number))


@asynccontextmanager
async def _server() -> AsyncGenerator[int]:
    binary = redis_server_binary()
    assert binary is not None
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        options = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": ""}
        options |= {"appendonly": "yes", "appendfsync": "always"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        process = await asyncio.create_subprocess_exec(binary, *words, stdout=DEVNULL)
        try:
            await _listening(port)
            yield port
        finally:
            process.kill()
            await process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(_START_S_MAX):
        while True:
            with contextlib.suppress(OSError):
                await Resp.connect(port)
                return
            await asyncio.sleep(0.02)


def _serve(pipe: Pipe, port: int, index: int) -> None:
    async def work() -> None:
        given = templates()
        arrivals = Arrivals()
        hop = _RedisHop(await Resp.connect(port), await Resp.connect(port), arrivals)
        async with asyncio.TaskGroup() as group:
            await hop.start(given[index].subject.encode(), given[index + 1], group)
            pipe.send("ready")
            await arrivals.serve(pipe)

    asyncio.run(work())


class _RedisHop:
    """Reads on one connection, which blocks, and writes on another."""

    def __init__(self, reads: Resp, writes: Resp, arrivals: Arrivals) -> None:
        self._reads = reads
        self._writes = writes
        self._arrivals = arrivals
        self._unanswered: asyncio.Queue[int] = asyncio.Queue()

    async def start(self, hears: bytes, says: Template, group: asyncio.TaskGroup) -> None:
        await self._reads.do(b"XGROUP", b"CREATE", hears, _GROUP, b"0", b"MKSTREAM")
        group.create_task(self._hear(hears, says))
        group.create_task(self._take_answers())

    async def _hear(self, hears: bytes, says: Template) -> None:
        read = (b"XREADGROUP", b"GROUP", _GROUP, b"one", b"COUNT", b"256", b"BLOCK", b"1000")
        while True:
            for entry, number in _entries(await self._reads.do(*read, b"STREAMS", hears, b">")):
                _add(self._writes, says, number)
                self._writes.send(b"XACK", hears, _GROUP, entry)
                self._unanswered.put_nowait(number)

    async def _take_answers(self) -> None:
        while True:
            number = await self._unanswered.get()
            await self._writes.answer()
            await self._writes.answer()
            self._arrivals.add(number)


def _entries(found: Reply) -> Iterator[tuple[bytes, int]]:
    """Give id and number of each message in the answer of XREADGROUP for one stream."""
    match found:
        case [[_, [*entries]]]:
            for entry in entries:
                match entry:
                    case [bytes() as entry_id, [*_, bytes() as body]]:
                        yield entry_id, number_in(body)
                    case _:
                        raise RuntimeError(f"expected a message of Redis, found {entry!r:.200}")
        case _:
            return
