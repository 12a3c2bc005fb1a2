"""Hears the log as any other reader would, and notes when each event came."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import attrgetter

from nats.aio.msg import Msg

from bench.raw import ContinuousPull, open_client
from contracts.codec import TYPE
from contracts.subjects import StreamName

_HEARD_S_MAX = 120.0
_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of the log when it came, not read yet; the time is in nanoseconds."""

    at_ns: int
    subject: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event_type(self) -> str:
        """Give the type of the event."""
        return self.headers[TYPE]


class Listener:
    """Keeps what came since `forget`, and counts all of it by name: by type, unless told how."""

    def __init__(self, clock_ns: Callable[[], int], name_of: Callable[[Heard], str]) -> None:
        self.heard: list[Heard] = []
        self._counts: Counter[str] = Counter()
        self._clock_ns = clock_ns
        self._name_of = name_of
        self._moved = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def on(
        cls,
        url: str,
        *filters: str,
        clock_ns: Callable[[], int],
        name_of: Callable[[Heard], str] = attrgetter("event_type"),
    ) -> AsyncGenerator["Listener"]:
        """Listen to the subjects of the log that match."""
        client = await open_client(url)
        listener = cls(clock_ns, name_of)
        pull = ContinuousPull(
            client,
            stream=StreamName.LOG,
            consumer="bench-listen",
            window=_WINDOW,
            on_message=listener._on_message,
        )
        await pull.start(filters)
        try:
            yield listener
        finally:
            await client.close()

    async def until(self, name: str, count: int) -> None:
        """Return when so many events of a name have come in all."""
        async with asyncio.timeout(_HEARD_S_MAX):
            while self._counts[name] < count:
                self._moved.clear()
                await self._moved.wait()

    def count(self, name: str) -> int:
        """Give how many events of a name have come."""
        return self._counts[name]

    def forget(self) -> None:
        """Keep nothing of what came; the counts go on."""
        self.heard.clear()

    async def _on_message(self, message: Msg) -> None:
        at_ns = self._clock_ns()
        if not message.headers:
            raise RuntimeError(f"expected an event, found {message.data!r:.200}")
        heard = Heard(at_ns, message.subject, message.headers, message.data)
        self.heard.append(heard)
        self._counts[self._name_of(heard)] += 1
        self._moved.set()
