"""The chain that the latency is measured on: who hears what, and says what.

Every chain reports, from the process of its last hop, when a message was through; the clock is the
machine's monotonic one, which all its processes share.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Protocol

from bench import events
from bench.processes import Worker, heard_from
from contracts.event import Draft
from contracts.ids import EventId
from contracts.subjects import ConsumerSpec, StreamName

FIRST = "gateway"
"""Who sends the messages."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One process: what it hears leads to what `says` gives for the ids of cause and root."""

    service: str
    says: Callable[[EventId, EventId], Draft]

    @property
    def consumer(self) -> str:
        """Name the hop's consumer."""
        return f"bench-{self.service}"


HOPS = (
    Hop("ingest", events.trade_gap_detected),
    Hop("signals", events.entry_signaled),
    Hop("risk", events.order_approved),
    Hop("execution", events.order_intended),
)


def example_messages() -> list[tuple[Draft, str]]:
    """Give one event of each hop with who says it, beginning with the one that is sent."""
    draft = events.cancel_requested(0)
    root = draft.id
    messages = [(draft, FIRST)]
    for hop in HOPS:
        draft = hop.says(draft.id, root)
        messages.append((draft, hop.service))
    return messages


CONSUMERS = tuple(
    ConsumerSpec(hop.consumer, hop.service, StreamName.LOG, (heard.subject,))
    for hop, (heard, _) in zip(HOPS, example_messages(), strict=False)
)
"""Each hop hears what the hop before says, and nothing else."""


class Chain(Protocol):
    """A chain of processes that runs."""

    async def send(self, number: int) -> None:
        """Put a message into the chain, without waiting for anything."""
        ...

    async def arrived(self, messages: int) -> dict[int, int]:
        """Wait for so many messages; give the time in nanoseconds at which each was through."""
        ...


class Arrivals:
    """What the last hop saw; lives in its process."""

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._moved = asyncio.Event()

    def add(self, number: int) -> None:
        """Note that a message is through."""
        self._times[number] = time.monotonic_ns()
        self._moved.set()

    async def serve(self, pipe: Pipe) -> None:
        """Answer `ask_arrivals`, until canceled."""
        while True:
            wanted: int = await heard_from(pipe)
            while len(self._times) < wanted:
                self._moved.clear()
                await self._moved.wait()
            pipe.send(self._times)
            self._times = {}


async def ask_arrivals(worker: Worker, messages: int) -> dict[int, int]:
    """Ask the last hop's process for the messages that came through since it was asked last."""
    worker.tell(messages)
    return await worker.hear()
