"""HTTP on one socket, inside the event loop that is already running."""

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import AsyncGenerator, Generator
from functools import partial
from typing import cast

import uvicorn

from chassis.settings import ConfigurationError
from gateway.connections import (
    Bounds,
    Connections,
    HttpConnection,
    StreamConnection,
    places_max,
    speaks_for_others,
)
from gateway.edge import App
from gateway.stream.protocol import FRAME_BYTES_MAX

BIND_TRIES = 15
BIND_EVERY_S = 0.2
GRACE_S = 3


async def bind(host: str, port: int) -> socket.socket:
    """Give a listening socket; a port that stays taken raises ConfigurationError.

    A process before this one may still be letting go of the port, so it is tried for a while.
    """
    why = ""
    for _ in range(BIND_TRIES):
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                raise
            why = str(error.strerror)
        await asyncio.sleep(BIND_EVERY_S)
    raise ConfigurationError(f"expected GATEWAY_PORT {port} of {host} to be free, found: {why}")


def _bound(host: str, port: int) -> socket.socket:
    is_v6 = ipaddress.ip_address(host).version == 6
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off: else the second write of an
    # answer waits up to 40 ms for a delayed acknowledgment of the first.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(128)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to the process around this server."""
        yield


@contextlib.asynccontextmanager
async def serving(
    app: App,
    listener: socket.socket,
    *,
    proxies: str = "",
    bounds: Bounds | None = None,
) -> AsyncGenerator[Connections]:
    """Answer requests for as long as the context lasts; then finish those in flight.

    Gives the connections, to be counted. Only `proxies`, addresses and networks with commas
    between, are believed whom they speak for.
    """
    connections = Connections(
        bounds or Bounds(total_max=places_max()), spares=speaks_for_others(proxies)
    )
    config = uvicorn.Config(
        app,
        # uvicorn calls what it takes for classes with keywords only.
        http=cast("type[asyncio.Protocol]", partial(HttpConnection, connections)),
        ws=cast("type[asyncio.Protocol]", partial(StreamConnection, connections)),
        ws_max_size=FRAME_BYTES_MAX,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        h11_max_incomplete_event_size=16 * 1024,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield connections
    finally:
        server.should_exit = True
        await task
