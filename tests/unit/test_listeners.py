"""What our servers accept is written to at once, not held back for small writes to gather."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from gateway.server import bind
from localnet.app import listeners


async def of_the_gateway() -> socket.socket:
    return await bind("127.0.0.1", 0)


async def of_a_localnet() -> socket.socket:
    first, second = listeners(None)
    second.close()
    return first


@pytest.mark.parametrize("bound", [of_the_gateway, of_a_localnet])
async def test_an_answer_in_two_writes_waits_for_no_acknowledgment(
    bound: Callable[[], Awaitable[socket.socket]],
) -> None:
    taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own: socket.socket = writer.get_extra_info("socket")
        taken.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = await bound()
    async with await asyncio.start_server(accepted, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await taken
        writer.close()
