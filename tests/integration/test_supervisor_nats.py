"""The embedded nats-server answers to those who have its token, and to nobody else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chassis.connection import connect
from chassis.settings import ServiceSettings
from supervisor.nats_server import nats_child, wait_until_listening
from supervisor.ports import LOOPBACK, free_ports


@asynccontextmanager
async def embedded(data: Path) -> AsyncGenerator[tuple[int, str], None]:
    """Run the server of a data folder; give its port and the URL that opens it."""
    (port,) = free_ports(1)
    child, url = nats_child(data, port=port, logs=data)
    running = asyncio.create_task(child.keep_running())
    try:
        await wait_until_listening(child, port)
        yield port, url
    finally:
        await child.stop(grace_s=10)
        await running


async def answer_to(hello: bytes, port: int) -> bytes:
    """Give what the server says to a client's first line, after its own."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    async with asyncio.timeout(60):
        assert (await reader.readline()).startswith(b"INFO ")
        writer.write(hello + b"\r\nPING\r\n")
        said = await reader.readline()
    writer.close()
    return said.strip()


@pytest.mark.parametrize("token", [None, "", "guessed"], ids=["none", "empty", "wrong"])
async def test_a_client_without_the_token_is_turned_away(token: str | None, tmp_path: Path) -> None:
    hello = "CONNECT {}" if token is None else f'CONNECT {{"auth_token":"{token}"}}'
    async with embedded(tmp_path) as (port, _):
        assert await answer_to(hello.encode(), port) == b"-ERR 'Authorization Violation'"


async def test_the_url_opens_it_and_its_token_is_new_at_every_start(tmp_path: Path) -> None:
    tokens: list[str] = []
    for _ in range(2):
        async with embedded(tmp_path) as (port, url):
            tokens.append(url.removeprefix("nats://").partition("@")[0])
            hello = f'CONNECT {{"auth_token":"{tokens[-1]}"}}'
            assert await answer_to(hello.encode(), port) == b"+OK"
            connection = await connect(ServiceSettings(nats_url=url), service="test")
            await connection.close()

    assert len(set(tokens)) == 2
    assert min(map(len, tokens)) == 48
    assert (tmp_path / "nats.conf").stat().st_mode & 0o077 == 0
