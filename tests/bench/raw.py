"""The floor: the fastest that plain nats-py does with JetStream, and nothing else on top.

Publish with one reply inbox and count the acknowledgements; consume with one continuous pull. Both
are two to three times as fast as nats-py's own `publish_async` and `fetch`.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from multiprocessing.connection import Connection as Pipe

from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.processes import heard_from

_SECOND = 1_000_000_000
_PUBLISH_WINDOW = 512
_PULL_WINDOW = 1024
_ACK_EVERY = 256


Heard = Callable[[Msg], Awaitable[None]]


async def open_client(url: str) -> Client:
    """Connect, with nats-py's own defaults."""
    client = Client()
    await client.connect(url)
    return client


async def listen(client: Client, inbox: str, heard: Heard) -> None:
    """Subscribe without limits: what is asked for bounds what comes."""
    await client.subscribe(  # pyright: ignore[reportUnknownMemberType]  Half typed.
        inbox, cb=heard, pending_msgs_limit=0, pending_bytes_limit=0
    )


class WindowedPublisher:
    """Publishes with at most `window` messages not yet acknowledged."""

    def __init__(self, client: Client, *, window: int) -> None:
        self._client = client
        self._window = window
        self._inbox = client.new_inbox()
        self._open = 0
        self._moved = asyncio.Event()

    async def start(self) -> None:
        """Listen for acknowledgements."""
        await listen(self._client, self._inbox, self._on_answer)

    async def publish(
        self, subject: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a message; wait while the window is full."""
        while self._open >= self._window:
            await self._wait()
        self._open += 1
        await self._client.publish(
            subject, body, reply=self._inbox, headers=None if headers is None else dict(headers)
        )

    async def flush(self) -> None:
        """Wait until everything is acknowledged."""
        while self._open:
            await self._wait()

    async def _wait(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    async def _on_answer(self, message: Msg) -> None:
        require_taken(message)
        self._open -= 1
        self._moved.set()


class ContinuousPull:
    """Pulls with a standing request that is renewed at half."""

    def __init__(
        self,
        client: Client,
        *,
        stream: str,
        consumer: str,
        window: int,
        on_message: Heard,
    ) -> None:
        self._client = client
        self._stream = stream
        self._consumer = consumer
        self._window = window
        self._on_message = on_message
        self._inbox = client.new_inbox()
        self._outstanding = 0

    async def start(self, filters: tuple[str, ...]) -> None:
        """Create the durable consumer, acknowledging all up to a message, and begin to pull."""
        await create_consumer(
            self._client, stream=self._stream, consumer=self._consumer, filters=filters, after=0
        )
        await listen(self._client, self._inbox, self._on_delivery)
        await self._ask()

    async def _on_delivery(self, message: Msg) -> None:
        if not message.reply:
            return  # A heartbeat.
        self._outstanding -= 1
        if self._outstanding <= self._window // 2:
            await self._ask()
        await self._on_message(message)

    async def _ask(self) -> None:
        request = {
            "batch": self._window - self._outstanding,
            "expires": 3600 * _SECOND,
            "idle_heartbeat": _SECOND // 2,
        }
        self._outstanding = self._window
        await self._client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
            json.dumps(request).encode(),
            reply=self._inbox,
        )


async def create_consumer(
    client: Client, *, stream: str, consumer: str, filters: tuple[str, ...], after: int
) -> None:
    """Create a durable pull consumer that acknowledges all up to a message."""
    config = {
        "durable_name": consumer,
        "ack_policy": "all",
        "ack_wait": 3600 * _SECOND,
        "max_ack_pending": -1,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": after + 1,
        "replay_policy": "instant",
        "filter_subjects": list(filters),
    }
    request = json.dumps({"stream_name": stream, "config": config}).encode()
    require_taken(
        await client.request(f"$JS.API.CONSUMER.CREATE.{stream}.{consumer}", request, timeout=5)
    )


def publish_all(pipe: Pipe, url: str, subject: str, bodies: Sequence[bytes]) -> None:
    """Publish in a process of its own, when told to."""

    async def work() -> None:
        client = await open_client(url)
        publisher = WindowedPublisher(client, window=_PUBLISH_WINDOW)
        await publisher.start()
        pipe.send("ready")
        await heard_from(pipe)
        for body in bodies:
            await publisher.publish(subject, body)
        await publisher.flush()
        await client.close()

    asyncio.run(work())


def consume_all(pipe: Pipe, url: str, stream: str, subject: str, messages: int) -> None:
    """Consume in a process of its own; say at what time the last message was acknowledged."""

    async def work() -> None:
        client = await open_client(url)
        done = asyncio.Event()
        received = 0

        async def on_message(message: Msg) -> None:
            nonlocal received
            received += 1
            if received % _ACK_EVERY == 0 or received == messages:
                await client.publish(message.reply)
            if received == messages:
                done.set()

        pull = ContinuousPull(
            client, stream=stream, consumer="floor", window=_PULL_WINDOW, on_message=on_message
        )
        await pull.start((subject,))
        pipe.send("ready")
        await done.wait()
        pipe.send(time.time())
        await client.close()

    asyncio.run(work())


def require_taken(message: Msg) -> None:
    """Raise when the server refused: a floor that counts refusals would be no floor."""
    if b'"error"' in message.data or not message.data:
        raise RuntimeError(f"expected JetStream to take it, found {message.data!r:.200}")
