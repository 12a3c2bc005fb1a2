"""The gateway as it runs: a process, a real nats-server, real sockets; no audit, no PostgreSQL."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chassis.log import LogClient
from contracts.control import AccountOpened, KillSwitchEngaged
from contracts.process import ServiceStopped
from gateway.activity.check import check
from gateway.stream.ring import Entry
from kit.gateway_app import running_desk, served, until
from kit.gateway_events import feed_opened, minute_closed
from kit.gateway_process import GatewayProcess, draft_of, gateway_process, log_as
from kit.gateway_stream import paced
from kit.servers import NatsServer, nats_server
from kit.service_process import WAIT_S_MAX
from kit.zygote import Zygote


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


async def open_stream(gateway_port: int, **query: str) -> ClientConnection:
    wanted = "&".join(f"{name}={value}" for name, value in query.items())
    return await connect(
        f"ws://127.0.0.1:{gateway_port}/api/ws/engine.events?{wanted}",
        origin=f"http://127.0.0.1:{gateway_port}",  # pyright: ignore[reportArgumentType]
        proxy=None,
    )


async def read_events(stream: ClientConnection, until_position: int) -> list[int]:
    """Read until a position; give the positions in the order that they came in."""
    found: list[int] = []
    async with asyncio.timeout(WAIT_S_MAX):
        while not found or found[-1] < until_position:
            message: dict[str, Any] = json.loads(await stream.recv())
            if message["kind"] == "ev":
                found.append(int(message["pos"]))
    return found


async def test_a_day_of_a_gateway(zygote: Zygote, tmp_path: Path, nats: NatsServer) -> None:
    """It opens the account, streams, kills without audit, and knows after a restart."""
    async with gateway_process(zygote, tmp_path, nats) as gateway, log_as(nats, "ingest") as ingest:
        await ingest.append([draft_of(feed_opened())])
        await gateway.answers("/readyz")
        await it_streams_without_gap_or_duplicate(gateway, nats)
        await it_refuses_streams_of_others(gateway)
        answer = await gateway.http.post("/api/engine/kill", content=b"")
        assert (answer.status_code, answer.json()["status"]) == (202, "recorded")
        history = (await gateway.http.get("/api/activity?after=0&limit=3")).json()
        assert history["items"][0]["event"] == "service_started"
        sheet = await gateway.http.get("/api/activity/export?format=csv&type=kill_switch")
        assert check(sheet.content.splitlines(keepends=True))["count"] == "1"
        assert await gateway.stop() == 0
        recorded = [one async for one in ingest.read()]
        accounts = [one.event for one in recorded if isinstance(one.event, AccountOpened)]
        assert len(accounts) == 1
        assert isinstance(recorded[-1].event, ServiceStopped)
    async with gateway_process(zygote, tmp_path, nats, MAX_LEVERAGE="9") as again:
        await again.answers("/readyz")
        state = (await again.http.get("/api/state")).json()
        assert state["isHalted"]
        assert state["halts"][0]["reason"] == "no reason given"
        assert state["settings"]["max_leverage"] == "5"
        assert await again.stop(signal.SIGINT) == 0


async def it_streams_without_gap_or_duplicate(gateway: GatewayProcess, nats: NatsServer) -> None:
    async with log_as(nats, "signals") as signals:
        seen: list[int] = []
        for round_ in range(3):
            await write_minutes(signals, 10 * round_, 5)
            stream = await open_stream(gateway.port, v="1", after=str(seen[-1] if seen else 0))
            await write_minutes(signals, 10 * round_ + 5, 5)
            head = await signals.head()
            seen += await read_events(stream, head)
            await stream.close()
            assert seen == list(range(1, seen[-1] + 1))
            assert seen[-1] >= head


async def write_minutes(log: LogClient, first: int, count: int) -> None:
    for number in range(first, first + count):
        await log.append([draft_of(minute_closed(number), number)])


async def it_refuses_streams_of_others(gateway: GatewayProcess) -> None:
    url = f"ws://127.0.0.1:{gateway.port}/api/ws/engine.events"
    for origin in ("http://evil.example", "null", None):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, origin=origin, proxy=None)  # pyright: ignore[reportArgumentType]
        assert refused.value.response.status_code == 403
    stream = await open_stream(gateway.port)
    await stream.send("x" * 5_000)
    with pytest.raises(ConnectionClosed):
        await read_events(stream, 10**9)
    assert stream.close_code == 1009
    stream = await open_stream(gateway.port, after="-5")
    with pytest.raises(ConnectionClosed):
        await read_events(stream, 10**9)
    assert stream.close_code == 4400


async def test_a_kill_while_nats_is_down_is_recorded_when_it_is_back(
    zygote: Zygote, tmp_path: Path, nats: NatsServer
) -> None:
    async with gateway_process(zygote, tmp_path, nats) as gateway:
        async with log_as(nats, "ingest") as ingest:
            await ingest.append([draft_of(feed_opened())])
        await gateway.answers("/readyz")
        await nats.kill()
        answers = await asyncio.gather(
            gateway.http.post("/api/engine/kill", json={"reason": "in the dark"}),
            gateway.http.post("/api/engine/resume", json={"reason": "never mind"}),
        )
        assert [answer.status_code for answer in answers] == [202, 503]
        assert answers[0].json()["status"] == "recording"
        assert (await gateway.http.get("/api/state")).status_code == 200
        await nats.start()
        async with log_as(nats, "ingest") as ingest:
            await gateway.shows("isHalted")
            events = [one async for one in ingest.read(subjects=["control.>"])]
        kills = [one for one in events if isinstance(one.event, KillSwitchEngaged)]
        assert [str(one.id) for one in kills] == [answers[0].json()["commandId"]]


async def test_a_client_that_never_reads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    paced(monkeypatch, beat_s=5.0, send_s_max=0.3)
    async with running_desk() as desk, served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(
            f"GET /api/ws/engine.events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Origin: http://127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode()
        )
        assert b"101" in await reader.readline()
        await until(lambda: desk.live.hub.streams == 1)
        for position in range(desk.live.hub.ring.last + 1, 400):
            desk.live.hub.publish(Entry(position, "x" * 60_000))
        await until(lambda: desk.live.hub.streams == 0)
        writer.close()
