"""The chain in plain nats-py: messages of the same size, the same consumers, nothing read.

A hop publishes on delivery, without waiting, and acknowledges what it heard when the server has
acknowledged what it said.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.hops import CONSUMERS, HOPS, Arrivals, ask_arrivals, example_messages
from bench.processes import Worker, working
from bench.raw import ContinuousPull, listen, open_client, require_taken
from bench.servers import bench_server
from contracts.codec import MESSAGE_ID, TRACEPARENT, encode
from contracts.subjects import StreamName

_WINDOW = 1024
_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Template:
    """A message of one hop; its body is a number and filling."""

    subject: str
    headers: dict[str, str]
    filling: bytes

    def body(self, number: int) -> bytes:
        """Give the body of a message."""
        return b"%0*d" % (_DIGITS, number) + self.filling

    def numbered_headers(self, number: int) -> dict[str, str]:
        """Give the headers of a message: its id is another one for each number and subject."""
        return self.headers | {MESSAGE_ID: f"{self.subject[0]}{number:035}"}


def number_in(body: bytes) -> int:
    """Give the number of a message."""
    return int(body[:_DIGITS])


def templates() -> list[Template]:
    """Give the message that starts the chain, and what each hop says."""
    given: list[Template] = []
    for draft, service in example_messages():
        headers, body = encode(draft, source=service)
        headers[TRACEPARENT] = "00-" + "1" * 32 + "-" + "1" * 16 + "-01"
        given.append(Template(draft.subject, headers, b"x" * (len(body) - _DIGITS)))
    return given


class NatsChain:
    """The chain, and the client that feeds it."""

    def __init__(self, client: Client, last: Worker) -> None:
        self._client = client
        self._last = last
        self._template = templates()[0]

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator["NatsChain"]:
        """Run the chain's processes on a server of their own."""
        async with bench_server() as url:
            workers = [Worker(_serve, url, index) for index in range(len(HOPS))]
            async with working(*workers):
                client = await open_client(url)
                yield cls(client, workers[-1])
                await client.close()

    async def send(self, number: int) -> None:
        """Do as Chain.send."""
        template = self._template
        await self._client.publish(
            template.subject, template.body(number), headers=template.numbered_headers(number)
        )

    async def arrived(self, messages: int) -> dict[int, int]:
        """Do as Chain.arrived."""
        return await ask_arrivals(self._last, messages)


def _serve(pipe: Pipe, url: str, index: int) -> None:
    async def work() -> None:
        client = await open_client(url)
        arrivals = Arrivals()
        hop = _RawHop(client, index, arrivals)
        await hop.start()
        pipe.send("ready")
        await arrivals.serve(pipe)

    asyncio.run(work())


class _RawHop:
    def __init__(self, client: Client, index: int, arrivals: Arrivals) -> None:
        given = templates()
        self._client = client
        self._consumer = CONSUMERS[index]
        self._says = given[index + 1]
        self._arrivals = arrivals
        self._inbox = client.new_inbox()
        self._unanswered: deque[tuple[int, str]] = deque()

    async def start(self) -> None:
        await listen(self._client, self._inbox, self._on_answer)
        pull = ContinuousPull(
            self._client,
            stream=StreamName.LOG,
            consumer=self._consumer.name,
            window=_WINDOW,
            on_message=self._on_message,
        )
        await pull.start(self._consumer.filters)

    async def _on_message(self, message: Msg) -> None:
        number = number_in(message.data)
        self._unanswered.append((number, message.reply))
        await self._client.publish(
            self._says.subject,
            self._says.body(number),
            reply=self._inbox,
            headers=self._says.numbered_headers(number),
        )

    async def _on_answer(self, message: Msg) -> None:
        require_taken(message)
        number, heard = self._unanswered.popleft()
        await self._client.publish(heard)
        self._arrivals.add(number)
