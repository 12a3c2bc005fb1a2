"""The composition root: a chain, its world and actors, its pace, and the two servers."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import uvicorn

from localnet.builds import Build
from localnet.chain import Chain
from localnet.control import Control
from localnet.drift.actors import Actors
from localnet.drift.world import World
from localnet.node import Node
from localnet.pace import ClockMode, Pace
from localnet.rpc.http import HttpApp
from localnet.rpc.sockets import Sockets

LOOPBACK = "127.0.0.1"
_TRIES = 50
_START_S_MAX = 10.0


class PortTaken(Exception):
    """A port, or the one after it, belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Localnet:
    """A running localnet. Its parts may be used directly by whoever runs it in the same process."""

    port: int
    """Of HTTP; WebSockets are at the next one, where every client expects them."""
    node: Node
    pace: Pace
    sockets: Sockets
    world: World | None
    actors: Actors | None

    @property
    def url(self) -> str:
        """Give the address of the RPC."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def socket_url(self) -> str:
        """Give the address of the WebSockets."""
        return f"ws://{LOOPBACK}:{self.port + 1}"


@asynccontextmanager
async def localnet(
    program: tuple[Build, bytes] | None,
    *,
    clock: ClockMode,
    port: int | None = None,
    at_s: int | None = None,
    first_prices_usd: Mapping[str, Decimal] = MappingProxyType({}),
) -> AsyncGenerator[Localnet]:
    """Run a localnet for as long as the block runs; without a program it is a bare chain.

    It starts at chain time `at_s`, now unless one is given, and on a free pair of ports unless one
    is named; `first_prices_usd` says where its markets (by id) begin. Raises PortTaken.
    """
    listener, socket_listener = listeners(port)
    try:
        chain = Chain(at_s=int(time.time()) if at_s is None else at_s)
        world = (
            None if program is None else World(chain, *program, first_prices_usd=first_prices_usd)
        )
        actors = None if world is None else Actors(world)
        node = Node(chain)
        if actors is not None:
            node.on_slot = actors.on_slot
        sockets, pace = Sockets(node), Pace(node, clock)
        chain.on_news = sockets.wake
        control = Control(node=node, pace=pace, sockets=sockets, world=world, actors=actors)
        running = Localnet(listener.getsockname()[1], node, pace, sockets, world, actors)
        async with (
            sockets.serving(socket_listener),
            _http(HttpApp(node, control), listener),
            _beating(pace),
        ):
            yield running
    finally:
        listener.close()
        socket_listener.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to the process around this server."""
        yield


@asynccontextmanager
async def _http(app: HttpApp, listener: socket.socket) -> AsyncGenerator[None]:
    config = uvicorn.Config(
        app, http="h11", ws="none", lifespan="off", access_log=False, log_level="error"
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(_START_S_MAX):
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task


@asynccontextmanager
async def _beating(pace: Pace) -> AsyncGenerator[None]:
    """Keep the pace; when that fails, so does whatever runs in the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(pace.run())
        try:
            yield
        finally:
            task.cancel()


def listeners(port: int | None) -> tuple[socket.socket, socket.socket]:
    """Bind a port and the next one."""
    for _ in range(_TRIES if port is None else 1):
        first = _bound(port or 0)
        if first is None:
            break
        second = _bound(first.getsockname()[1] + 1)
        if second is not None:
            return first, second
        first.close()
    wanted = (
        "two free ports in a row" if port is None else f"ports {port} and {port + 1} to be free"
    )
    raise PortTaken(f"expected {wanted}, found none")


def _bound(port: int) -> socket.socket | None:
    # With the protocol named, asyncio switches Nagle's algorithm off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except (OSError, OverflowError):
        listener.close()
        return None
    return listener
