"""A TCP proxy that loses what a test tells it to lose."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Proxy:
    """Forwards to one port. Answers can be swallowed or stalled, connections cut and refused."""

    def __init__(self, target_port: int) -> None:
        self.swallows_answers = False
        """Drop what the server says, so that a client never learns the outcome."""
        self.flows = asyncio.Event()
        """While it is clear nothing passes, and nothing is lost."""
        self.flows.set()
        self.holds = asyncio.Event()
        """Set once something that a client said has been kept from passing."""
        self.port = 0
        self._target_port = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Give the URL of the proxied NATS server."""
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on a free port, or again on the one before."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Break every connection and let no new one in, until `start`."""
        if self._server is not None:
            self._server.close()
        self.cut()

    async def stop(self) -> None:
        """Stop listening and close everything."""
        self.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection now."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(
                "127.0.0.1", self._target_port
            )
        except OSError:
            writer.transport.abort()
            return
        for source, sink, is_answer in (
            (reader, there_writer, False),
            (there_reader, writer, True),
        ):
            task = asyncio.create_task(self._pump(source, sink, is_answer=is_answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        self._writers.add(sink)
        try:
            while data := await source.read(65536):
                if not is_answer and not self.flows.is_set():
                    self.holds.set()
                await self.flows.wait()
                if is_answer and self.swallows_answers:
                    continue
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(sink)
            sink.transport.abort()


@asynccontextmanager
async def proxy(target_port: int) -> AsyncGenerator[Proxy, None]:
    """Run a proxy for as long as the context lasts."""
    running = Proxy(target_port)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()
