"""A service as a process: it starts, answers, drains, and says why it cannot."""

import asyncio
import contextlib
import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from chassis import jetstream
from chassis.connection import (
    Connection,
    OutcomeUnknown,
    PermissionViolation,
    connected,
    request,
)
from chassis.log import LogClient
from chassis.settings import ServiceSettings
from contracts.process import ServiceStarted, ServiceStopped
from kit.chassis_events import a_kill
from kit.chassis_stage import RealStage, real_stage
from kit.chassis_tiny import SAY_S_MAX, Mode, tiny
from kit.servers import NatsServer, free_port, nats_server

NOWHERE = "nats://127.0.0.1:4222"


async def get(port: int, path: str) -> tuple[int, str]:
    def fetch() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


async def status(connection: Connection) -> dict[str, Any]:
    return json.loads(await request(connection, "status.risk", b"", 30))


async def is_ready(connection: Connection) -> None:
    """Wait until the service does its work."""
    async with asyncio.timeout(SAY_S_MAX):
        while True:
            with contextlib.suppress(OutcomeUnknown):
                if (await status(connection))["ready"]:
                    return
            await asyncio.sleep(0.02)


async def test_a_service_starts_works_answers_and_drains(tmp_path: Path) -> None:
    port = free_port()
    async with (
        real_stage(tmp_path) as real,
        tiny(real.server.url, tmp_path, HEALTH_PORT=str(port)) as running,
    ):
        await is_ready(real.connection)
        await real.log.append([a_kill(1)])
        while await real.log.head() < 3:  # noqa: ASYNC110  The server has no event for it.
            await asyncio.sleep(0.02)

        found = await status(real.connection)
        assert (found["service"], found["instance"], found["feed"]) == ("risk", "tiny-1", "tape")
        assert (found["ready"], found["reason"]) == (True, "")
        assert found["position"] >= 2
        assert (await get(port, "/live"))[0] == 200
        assert (await get(port, "/ready"))[0] == 200
        counted = 'events_appended_total{type="service_stopped"} 1.0'
        # The log holds the event before the service has heard so.
        while counted not in (await get(port, "/metrics"))[1]:  # noqa: ASYNC110  Nobody tells.
            await asyncio.sleep(0.02)

        running.stop()
        assert await running.ended() == 0
        events = [event.event async for event in real.log.read(subjects=["process.risk"])]
    started, answer, stopped = events
    assert isinstance(started, ServiceStarted)
    assert (started.service, started.instance) == ("risk", "tiny-1")
    assert answer == ServiceStopped(service="risk", instance="answer")
    assert stopped == ServiceStopped(service="risk", instance="tiny-1")
    assert all({"service", "instance", "level", "at"} <= line.keys() for line in running.lines)


async def test_a_request_that_cannot_be_read_is_parked_and_the_next_is_answered(
    tmp_path: Path,
) -> None:
    async with real_stage(tmp_path) as real, tiny(real.server.url, tmp_path) as running:
        await running.says("service_started")
        for poison in (b'{"number": "many"}', b"\xff\xfe", b"", b"[1]"):
            refused = json.loads(await request(real.connection, "tiny.double", poison, 30))
            assert refused["error"] == "refused"
        answer = await request(real.connection, "tiny.double", b'{"number": 21}', 30)
        assert json.loads(answer) == {"number": 42}
        letter = await jetstream.stored(real.connection, "DEAD_LETTERS", {"seq": 1})
        assert letter is not None
        assert letter.data == b'{"number": "many"}'
        assert letter.headers is not None
        assert letter.headers["Nats-Subject"] == "dlq.risk.request"
        assert letter.headers["origin"] == "tiny.double"


async def test_nats_being_down_kills_nobody(tmp_path: Path) -> None:
    port = free_port()
    async with (
        real_stage(tmp_path) as real,
        tiny(real.server.url, tmp_path, HEALTH_PORT=str(port)) as running,
    ):
        await is_ready(real.connection)
        await real.server.stop()
        await running.says("nats_disconnected")
        assert (await get(port, "/live"))[0] == 200
        code, body = await get(port, "/ready")
        assert code == 503
        assert json.loads(body)["reason"] == "not connected to NATS"
        await real.server.start()
        await running.says("nats_reconnected")
        assert (await get(port, "/ready"))[0] == 200


async def test_a_service_waits_for_nats_and_says_so(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    async with tiny(server.url, tmp_path) as running:
        line = await running.says("waiting_for_nats")
        assert line["url"] == server.url
        await server.start()
        try:
            await running.says("service_started")
        finally:
            await server.kill()


async def test_a_service_that_waits_for_nats_can_be_stopped(tmp_path: Path) -> None:
    async with tiny(f"nats://127.0.0.1:{free_port()}", tmp_path) as running:
        await running.says("waiting_for_nats")
        running.stop()
        assert await running.ended() == 0


async def test_a_service_stops_within_its_bound_though_nats_is_down(tmp_path: Path) -> None:
    async with (
        real_stage(tmp_path) as real,
        tiny(real.server.url, tmp_path, DRAIN_S="120") as running,
    ):
        await is_ready(real.connection)
        await real.server.kill()
        await running.says("nats_disconnected")
        running.stop()
        assert await running.ended() == 0
        assert running.said("service_stopped_not_recorded")


@pytest.mark.parametrize(
    ("mode", "code", "event"),
    [
        ("finish", 0, "service_stopped"),
        ("crash", 1, "service_failed"),
        ("misconfigured", 78, "configuration_error"),
    ],
)
async def test_an_end_has_its_exit_code_and_its_line(
    tmp_path: Path, mode: Mode, code: int, event: str
) -> None:
    async with nats_server(tmp_path) as server, tiny(server.url, tmp_path, mode=mode) as running:
        assert await running.ended() == code
        assert running.said(event)


async def test_a_service_that_will_not_stop_is_cut_short(tmp_path: Path) -> None:
    async with (
        nats_server(tmp_path) as server,
        tiny(server.url, tmp_path, mode="stubborn", DRAIN_S="0.5") as running,
    ):
        await running.says("service_started")
        running.stop()
        assert await running.ended() == 1
        assert running.said("drain_cut_short")


async def test_a_log_that_cannot_be_read_ends_the_service_with_65(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real, tiny(real.server.url, tmp_path) as running:
        await running.says("service_started")
        await poison(real)
        assert await running.ended() == 65
        line = running.said("data_error")
        assert line is not None
        assert line["kind"] == "MissingHeader"
        assert line["notes"] == "at position 2 on process.gateway"


async def poison(real: RealStage) -> None:
    assert b"seq" in (await real.connection.request("process.gateway", b"{}")).data


async def test_a_taken_health_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with tiny(NOWHERE, tmp_path, HEALTH_PORT=str(port)) as running:
            assert await running.ended() == 78
            (line,) = running.lines
    assert line["event"] == "configuration_error"
    assert line["error"] == (
        f"expected a free health port 127.0.0.1:{port}, found a port that is taken"
    )


async def test_drift_is_one_clear_line(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        info = await jetstream.call(real.connection, "STREAM.INFO.MARKET")
        changed = info["config"] | {"max_age": 3_600_000_000_000}
        await jetstream.call(real.connection, "STREAM.UPDATE.MARKET", changed)
        async with tiny(real.server.url, tmp_path) as running:
            assert await running.ended() == 78
            line = running.said("configuration_error")
    assert line is not None
    assert line["error"] == (
        "expected max_age of stream MARKET to be 172800000000000, found 3600000000000"
    )


async def test_a_url_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    async with tiny("nats://", tmp_path) as running:
        assert await running.ended() == 78
        assert running.said("configuration_error")


# Permissions

DENIED = """
authorization {
  users = [
    {user: "risk", password: "pw", permissions: {
      publish: {deny: ["dlq.>"]}
    }}
  ]
}
"""


async def test_a_missing_permission_is_a_fatal_alarm(tmp_path: Path) -> None:
    async with nats_server(tmp_path, config=DENIED) as server:
        url = server.url.replace("nats://", "nats://risk:pw@")
        async with connected(ServiceSettings(nats_url=url), "risk") as connection:
            with pytest.raises(PermissionViolation, match=r'publish to "dlq\.risk\.frame"'):
                await connection.request("dlq.risk.frame", b"", timeout_s=30)
            with pytest.raises(PermissionViolation):
                await LogClient(connection, service="risk").head()


async def test_wrong_credentials_are_one_clear_line(tmp_path: Path) -> None:
    async with nats_server(tmp_path, config=DENIED) as server:
        url = server.url.replace("nats://", "nats://risk:hunter2@")
        async with tiny(url, tmp_path) as running:
            assert await running.ended() == 78
            line = running.said("configuration_error")
    assert line is not None
    assert "hunter2" not in json.dumps(running.lines)


async def test_an_outage_is_logged_without_the_password(tmp_path: Path) -> None:
    async with tiny(f"nats://risk:hunter2@127.0.0.1:{free_port()}", tmp_path) as running:
        line = await running.says("waiting_for_nats")
    assert line["url"].startswith("nats://127.0.0.1:")
    assert "hunter2" not in json.dumps(running.lines)
