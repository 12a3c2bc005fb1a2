"""Connections of strangers: how many, how slow, and what the others notice of it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import cast

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.protocol import State
from websockets.typing import Origin

from gateway.connections import Bounds, Connections, speaks_for_others
from gateway.page_files import File, PageFiles
from gateway.server import bind, serving
from gateway.site import loopback_site
from kit.gateway_app import Desk, gated, running_desk, until
from kit.gateway_signin import SignInStage, signed_in

STRANGER, ANOTHER = "127.0.0.2", "127.0.0.3"
"""Addresses of this machine that no proxy has, so that they count as clients."""
NEVER_S = 3600.0
ATTEMPTS = 10_000
AT_ONCE = 200
PAGE: PageFiles = {"app.js": File(b"x" * 2_000_000, "text/javascript", None)}
HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@dataclass(frozen=True, slots=True)
class Knock:
    """A client's end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ended(self) -> bytes:
        """Wait until the server has ended it; give what it said before."""
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := await self.reader.read(4096):
                said += chunk
        self.writer.close()
        return said

    @property
    def is_open(self) -> bool:
        """Say whether the server has not ended it, as far as it was heard."""
        return not self.reader.at_eof() and self.reader.exception() is None


@dataclass(frozen=True, slots=True)
class Door:
    """A gateway that listens."""

    desk: Desk
    port: int
    connections: Connections

    async def knock(self, address: str = STRANGER, said: bytes = b"") -> Knock:
        """Connect from an address of this machine, and say something."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(address, 0)
        )
        writer.write(said)
        return Knock(reader, writer)

    async def is_answered(self, address: str = ANOTHER) -> bool:
        """Say whether somebody else is served."""
        knock = await self.knock(address, self.request("/healthz", "Connection: close"))
        return (await knock.ended()).startswith(b"HTTP/1.1 200")

    def request(self, path: str, *headers: str) -> bytes:
        """Write a request that asks for something."""
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers, "", ""]
        return "\r\n".join(lines).encode()

    def handshake(self, *headers: str) -> bytes:
        """Write the page's request for a stream."""
        return self.request(
            "/api/ws/engine.events?v=1",
            f"Origin: http://127.0.0.1:{self.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {'A' * 22}==",
            *headers,
        )


@contextlib.asynccontextmanager
async def a_door(**bounds: float) -> AsyncGenerator[Door]:
    """Serve a desk with sign-in on a port, with patience for ever where nothing else is said."""
    listener = await bind("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    stage = SignInStage(site=loopback_site(port, requires_origin=True))
    given = {"total_max": 100, "per_network_max": 50, "head_s": NEVER_S, "body_s": NEVER_S}
    kept = Bounds(**{**given, "unread_s": NEVER_S, **bounds})  # pyright: ignore[reportArgumentType]
    async with (
        running_desk(stage=stage, page=PAGE) as desk,
        serving(gated(desk, stage.site), listener, bounds=kept) as connections,
    ):
        yield Door(desk, port, connections)


async def test_ten_thousand_strangers_leave_others_unaffected() -> None:
    """Half of them never say what they want, half want a stream without a session."""
    async with a_door(close_s=NEVER_S) as door:
        browser = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{door.port}",
            headers={"Origin": f"http://127.0.0.1:{door.port}"},
            timeout=60,
        )
        async with browser:
            await signed_in(browser)
            async with connect(
                f"ws://127.0.0.1:{door.port}/api/ws/engine.events?v=1",
                origin=Origin(f"http://127.0.0.1:{door.port}"),
                additional_headers={"Cookie": f"sid={browser.cookies['sid']}"},
                local_addr=(ANOTHER, 0),
            ) as page:
                await until(lambda: door.desk.live.hub.streams == 1)
                answered: list[bool] = []
                for number in range(0, ATTEMPTS, AT_ONCE):
                    said = door.handshake() if number // AT_ONCE % 2 else HEAD
                    knocks = await asyncio.gather(*(door.knock(said=said) for _ in range(AT_ONCE)))
                    answered.append(await door.is_answered())
                    for knock in knocks:
                        knock.writer.transport.abort()
                assert answered == [True] * (ATTEMPTS // AT_ONCE)
                assert (await browser.post("/api/engine/kill")).status_code == 202
                assert door.desk.live.hub.streams == 1
                assert page.state is State.OPEN


async def test_one_client_has_so_many_connections_and_the_next_is_told() -> None:
    async with a_door(per_network_max=3) as door:
        held = [await door.knock(said=HEAD) for _ in range(3)]
        refused = await door.knock(said=HEAD)
        said = await refused.ended()
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 10" in said
        assert await door.is_answered()
        held[0].writer.close()
        await until(lambda: len(door.connections) == 2)
        for knock in held[1:]:
            assert knock.is_open
        again = await door.knock(said=door.request("/healthz", "Connection: close"))
        assert b"200" in await again.ended()
        for knock in held[1:]:
            knock.writer.close()


async def test_when_all_places_are_taken_who_waited_longest_makes_room() -> None:
    async with a_door(total_max=3, per_network_max=3) as door:
        first, second, third = [await door.knock(said=HEAD) for _ in range(3)]
        # Saying more does not make young again.
        first.writer.write(b"X-More: 1\r\n")
        assert await door.is_answered()
        assert await first.ended() == b""
        assert second.is_open
        assert third.is_open
        for knock in (second, third):
            knock.writer.close()


async def test_a_stream_makes_no_room() -> None:
    async with a_door(total_max=2, per_network_max=2) as door:
        browser = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{door.port}",
            headers={"Origin": f"http://127.0.0.1:{door.port}", "Connection": "close"},
        )
        async with browser:
            await signed_in(browser)
        cookie = f"Cookie: sid={browser.cookies['sid']}"
        streams = [await door.knock(ANOTHER, door.handshake(cookie)) for _ in range(2)]
        await until(lambda: door.desk.live.hub.streams == 2)
        refused = await door.knock()
        assert (await refused.ended()).startswith(b"HTTP/1.1 503 ")
        assert all(stream.is_open for stream in streams)
        for stream in streams:
            stream.writer.close()


@pytest.mark.parametrize("said", [b"", b"G", HEAD], ids=["nothing", "a letter", "half a head"])
async def test_a_head_that_does_not_come_ends_the_connection(said: bytes) -> None:
    async with a_door(head_s=0.2) as door:
        assert await (await door.knock(said=said)).ended() == b""


async def test_a_head_that_trickles_in_gets_no_more_time() -> None:
    async with a_door(head_s=0.5) as door:
        knock = await door.knock(said=HEAD)

        async def trickle() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    knock.writer.write(b"X-More: 1\r\n")
                    await asyncio.sleep(0.02)

        dripping = asyncio.create_task(trickle())
        async with asyncio.timeout(30):
            assert await knock.ended() == b""
        dripping.cancel()


async def test_the_head_of_a_second_request_has_its_time_too() -> None:
    async with a_door(head_s=0.3) as door:
        knock = await door.knock(said=door.request("/healthz") + HEAD)
        said = await knock.ended()
        assert said.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    "said",
    [HEAD + b"X-Long: " + b"x" * 20_000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"],
    ids=["a head without end", "TLS"],
)
async def test_what_is_no_request_is_refused_at_once(said: bytes) -> None:
    async with a_door() as door:
        assert (await (await door.knock(said=said)).ended()).startswith(b"HTTP/1.1 400 ")
        assert await door.is_answered()


async def test_a_body_that_does_not_come_ends_the_connection() -> None:
    async with a_door(body_s=0.2) as door:
        host = f"127.0.0.1:{door.port}"
        head = (
            f"POST /api/auth/challenge HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Content-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
        )
        assert await (await door.knock(said=head.encode())).ended() == b""
        assert await door.is_answered()


async def test_an_answer_that_is_not_read_ends_its_connection_and_holds_nobody() -> None:
    async with a_door(unread_s=0.3) as door:
        knock = await door.knock(said=door.request("/assets/app.js") * 10)
        cast("asyncio.Transport", knock.writer.transport).pause_reading()
        await until(lambda: len(door.connections) == 1)
        assert await door.is_answered()
        await until(lambda: len(door.connections) == 0)
        knock.writer.transport.abort()


def test_a_proxy_and_this_machine_are_not_counted_as_one_client() -> None:
    spares = speaks_for_others("10.1.0.0/16, 2001:db8::7")
    assert [
        spares(it) for it in ("10.1.2.3", "2001:db8::7", "127.0.0.1", "::1", "10.2.0.1", "")
    ] == [True, True, True, True, False, False]
