"""The chain of our services: each follows the log and appends with the chassis's clients.

The processes are made by `run_service`, so that an event is decoded, traced, counted and encoded at
every hop as in any service of ours.
"""

import asyncio
import sys
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection as Pipe
from unittest import mock

from bench import events
from bench.hops import CONSUMERS, FIRST, HOPS, Arrivals, Hop, ask_arrivals
from bench.processes import Worker, working
from bench.servers import bench_server
from chassis.connection import connected
from chassis.log import Follower, Log, LogClient
from chassis.service import Runtime, run_service
from chassis.settings import ServiceSettings
from chassis.telemetry import handling
from contracts import subjects
from contracts.event import Recorded
from contracts.ids import EventId

_IN_FLIGHT_MAX = 256


class OurChain:
    """The chain, and the gateway that feeds it."""

    def __init__(self, log: LogClient, last: Worker) -> None:
        self._log = log
        self._last = last
        self._numbers: dict[EventId, int] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator["OurChain"]:
        """Run the chain's processes on a server of their own."""
        async with bench_server() as url:
            workers = [Worker(_serve, url, index) for index in range(len(HOPS))]
            async with (
                working(*workers),
                connected(ServiceSettings(nats_url=url), FIRST) as connection,
            ):
                yield cls(LogClient(connection, service=FIRST), workers[-1])

    async def send(self, number: int) -> None:
        """Do as Chain.send."""
        task = asyncio.create_task(self._log.append([events.cancel_requested(number)]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def arrived(self, messages: int) -> dict[int, int]:
        """Do as Chain.arrived."""
        return await ask_arrivals(self._last, messages)


def _serve(pipe: Pipe, url: str, index: int) -> None:
    async def main(runtime: Runtime) -> None:
        arrivals = Arrivals()
        with mock.patch.object(subjects, "CONSUMERS", CONSUMERS):
            following = runtime.log.follow(HOPS[index].consumer, after=0)
            async with following as follower, asyncio.TaskGroup() as group:
                hop = _Hop(runtime.log, follower, HOPS[index], arrivals)
                group.create_task(hop.run(group))
                pipe.send("ready")
                await arrivals.serve(pipe)

    settings = ServiceSettings(nats_url=url, log_level="warning", instance="bench")
    sys.exit(run_service(HOPS[index].service, settings, main))


class _Hop:
    """Answers each event without waiting for the answer before; acknowledges in order."""

    def __init__(self, log: Log, follower: Follower, hop: Hop, arrivals: Arrivals) -> None:
        self._log = log
        self._follower = follower
        self._says = hop.says
        self._arrivals = arrivals
        self._open: deque[int] = deque()
        self._done: set[int] = set()
        self._room = asyncio.Semaphore(_IN_FLIGHT_MAX)

    async def run(self, group: asyncio.TaskGroup) -> None:
        while True:
            for recorded in await self._follower.next():
                await self._room.acquire()
                self._open.append(recorded.position)
                group.create_task(self._answer(recorded))

    async def _answer(self, recorded: Recorded) -> None:
        with handling(recorded):
            await self._log.append([self._says(recorded.id, recorded.correlation_id)])
        self._arrivals.add(events.number_of(recorded.correlation_id))
        self._room.release()
        self._done.add(recorded.position)
        while self._open and self._open[0] in self._done:
            position = self._open.popleft()
            self._done.remove(position)
            self._follower.acknowledge(position)
