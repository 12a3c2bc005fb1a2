"""Notifications of a real gateway on a real NATS: killed amid a delivery, searched for secrets."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx

from kit import notify_gateway
from kit.gateway_events import feed_opened
from kit.gateway_notify import KEY, channel, wish
from kit.gateway_process import draft_of, log_as
from kit.notify_receiver import Receiver, receiving
from kit.servers import NatsServer, free_port, nats_server

WAIT_S_MAX = 60.0
HOOK = "jsons://hooks.example.com/secret-path-4711"


@contextlib.asynccontextmanager
async def gateway(
    folder: Path, nats: NatsServer, receiver: Receiver, how: signal.Signals
) -> AsyncGenerator[httpx.AsyncClient]:
    """Run a gateway until the context ends, and end it by a signal."""
    port = free_port()
    key = folder / "key"
    if not key.exists():
        key.write_text(KEY.hex())
        key.chmod(0o600)
    environment = {
        **os.environ,
        "NATS_URL": nats.url,
        "GATEWAY_PORT": str(port),
        "INSTANCE": "gateway-0",
        "NOTIFICATIONS_KEY_FILE": str(key),
        "TRUSTED": str(receiver.bundle),
        "PYTHONPATH": str(Path(notify_gateway.__file__).parents[1]),
    }
    with (folder / "gateway.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(notify_gateway.__file__)),
            receiver.world(),
            stdout=output,
            stderr=output,
            env=environment,
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                await until_answers(http, "/healthz")
                yield http
        finally:
            process.send_signal(how)
            await process.wait()


async def until_answers(http: httpx.AsyncClient, path: str) -> None:
    """Wait until an address answers with success."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await http.get(path)).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def until_told(receiver: Receiver, *reasons: str) -> list[str]:
    """Wait until every reason was told; give all that was told."""
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            told = [json.loads(body)["message"] for _, body in receiver.got]
            if all(any(reason in body for body in told) for reason in reasons):
                return told
            await asyncio.sleep(0.02)


async def kill(http: httpx.AsyncClient, reason: str) -> None:
    answer = await http.post("/api/engine/kill", json={"reason": reason})
    assert answer.status_code == 202


async def test_a_gateway_killed_amid_a_delivery_tells_everything_and_shows_no_secret(
    tmp_path: Path,
) -> None:
    async with (
        nats_server(tmp_path / "nats") as nats,
        receiving(tmp_path / "tls") as receiver,
    ):
        async with gateway(tmp_path, nats, receiver, signal.SIGKILL) as http:
            async with log_as(nats, "ingest") as log:
                await log.append([draft_of(feed_opened())])
            await until_answers(http, "/readyz")
            answer = await http.put(
                "/api/notifications",
                json=wish(channel("hook", HOOK)),
                headers={"If-Match": '"0"'},
            )
            assert answer.status_code == 200, answer.text
            await until_told(receiver, "changed notifications")
            receiver.answers.clear()
            for reason in ("reason-one", "reason-two", "reason-three"):
                await kill(http, reason)
            await until_told(receiver, "reason-one")
        receiver.answers.set()
        async with gateway(tmp_path, nats, receiver, signal.SIGTERM) as http:
            await kill(http, "reason-four")
            told = await until_told(
                receiver, "reason-one", "reason-two", "reason-three", "reason-four"
            )
            view = (await http.get("/api/notifications")).json()
        times = [sum(reason in body for body in told) for reason in ("-one", "-two", "-three")]
        # The one that was on its way may come again, and no other.
        assert times[0] in (1, 2)
        assert times[1:] == [1, 1]
        assert view["channels"][0]["target"] == "jsons://••••"

        said = (tmp_path / "gateway.log").read_bytes()
        assert b"notice_delivered" in said
        kept = await asyncio.to_thread(_bytes_under, nats.folder)
        assert b"reason-two" in kept
        for secret in (b"secret-path-4711", b"hooks.example.com", KEY.hex().encode()):
            assert secret not in said
            assert secret not in kept


def _bytes_under(folder: Path) -> bytes:
    paths = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return b"".join(path.read_bytes() for path in paths)
