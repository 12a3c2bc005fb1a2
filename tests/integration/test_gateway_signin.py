"""Two gateways on one NATS: a session of one is a session of both, and so is its end."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chassis.log import LogClient
from contracts.access import SignedIn, SignedOut, SignOutCause
from contracts.control import KillSwitchEngaged
from kit.gateway_events import feed_opened
from kit.gateway_process import GatewayProcess, draft_of, gateway_process, log_as
from kit.gateway_signin import NEIGHBOR, OWNER, STRANGER, asked, proof, signed_in
from kit.servers import NatsServer, nats_server
from kit.service_process import WAIT_S_MAX
from kit.zygote import Zygote

WALLETS = f"{OWNER.address},{NEIGHBOR.address}=neighbor"


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


@contextlib.asynccontextmanager
async def two_gateways(
    zygote: Zygote, folder: Path, nats: NatsServer
) -> AsyncGenerator[tuple[GatewayProcess, GatewayProcess]]:
    for name in ("one", "other"):
        (folder / name).mkdir()
    async with (
        gateway_process(
            zygote, folder / "one", nats, SIGN_IN_WALLETS=WALLETS, INSTANCE="gateway-0"
        ) as one,
        gateway_process(
            zygote, folder / "other", nats, SIGN_IN_WALLETS=WALLETS, INSTANCE="gateway-1"
        ) as other,
    ):
        for gateway in (one, other):
            gateway.http.headers["Origin"] = f"http://127.0.0.1:{gateway.port}"
        yield one, other


async def works(http: httpx.AsyncClient) -> None:
    """Wait until the gateway shows the whole log to whoever is signed in."""
    async with asyncio.timeout(WAIT_S_MAX):
        while (await http.get("/readyz")).status_code == 503:  # noqa: ASYNC110  Another process.
            await asyncio.sleep(0.05)


async def stream_of(gateway: GatewayProcess, token: str) -> ClientConnection:
    origin = f"http://127.0.0.1:{gateway.port}"
    return await connect(
        f"ws://127.0.0.1:{gateway.port}/api/ws/engine.events?v=1",
        origin=origin,  # pyright: ignore[reportArgumentType]
        additional_headers={"Cookie": f"sid={token}"},
        proxy=None,
    )


async def close_code(stream: ClientConnection) -> int | None:
    """Read to the end of a stream; give the code that it was closed with."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                await stream.recv()
    return stream.close_code


async def recorded(log: LogClient) -> list[SignedIn | SignedOut | KillSwitchEngaged]:
    found = [one.event async for one in log.read(subjects=["control.>"])]
    return [event for event in found if isinstance(event, SignedIn | SignedOut | KillSwitchEngaged)]


async def until_recorded(
    log: LogClient, count: int
) -> list[SignedIn | SignedOut | KillSwitchEngaged]:
    """Wait for so many: the end of a session is recorded after it is answered."""
    async with asyncio.timeout(WAIT_S_MAX):
        while len(found := await recorded(log)) < count:  # noqa: ASYNC110  Another process.
            await asyncio.sleep(0.05)
    return found


async def test_a_session_of_one_is_a_session_of_both_and_so_is_its_end(
    zygote: Zygote, tmp_path: Path, nats: NatsServer
) -> None:
    async with two_gateways(zygote, tmp_path, nats) as (one, other), log_as(nats, "ingest") as log:
        await log.append([draft_of(feed_opened())])
        view = await signed_in(one.http)
        token = one.http.cookies["sid"]
        other.http.cookies.set("sid", token)
        for gateway in (one, other):
            await works(gateway.http)
            assert (await gateway.http.get("/api/state")).status_code == 200
        streams = [await stream_of(gateway, token) for gateway in (one, other)]
        killed = await other.http.post("/api/engine/kill", json={"reason": "by the owner"})
        assert killed.status_code == 202

        answer = await other.http.delete(f"/api/auth/sessions/{view['id']}")
        assert answer.json() == {"sessions": 1, "status": "ended"}
        begin = asyncio.get_running_loop().time()
        assert [await close_code(stream) for stream in streams] == [4401, 4401]
        # At once: before the heartbeat of five seconds.
        assert asyncio.get_running_loop().time() - begin < 4
        for gateway in (one, other):
            cookie = {"Cookie": f"sid={token}"}
            refused = await gateway.http.get("/api/state", headers=cookie)
            assert (refused.status_code, refused.json()["code"]) == (401, "sign_in_required")
        assert await close_code(await stream_of(one, token)) == 4401

        events = await until_recorded(log, 3)
        assert [type(event) for event in events] == [SignedIn, KillSwitchEngaged, SignedOut]
        assert isinstance(events[1], KillSwitchEngaged)
        assert events[1].by == OWNER.address
        assert isinstance(events[2], SignedOut)
        assert (events[2].session, events[2].cause) == (view["id"], SignOutCause.REVOKED)
        for gateway in (one, other):
            assert await gateway.stop() == 0
            assert token not in gateway.process.text
            assert "request_failed" not in gateway.process.text
        on_disk = await asyncio.to_thread(_bytes_under, nats.folder)
        assert OWNER.address.encode() in on_disk
        assert token.encode() not in on_disk


def _bytes_under(folder: Path) -> bytes:
    paths = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return b"".join(path.read_bytes() for path in paths)


async def test_a_challenge_is_answered_once_over_both(
    zygote: Zygote, tmp_path: Path, nats: NatsServer
) -> None:
    async with two_gateways(zygote, tmp_path, nats) as (one, other):
        body = proof(await asked(one.http, OWNER), OWNER)
        race = [one.http.post("/api/auth/verify", json=body) for _ in range(2)]
        codes = sorted(answer.status_code for answer in await asyncio.gather(*race))
        assert codes == [200, 401]
        # The other one is another site: its text would have named another address.
        body = proof(await asked(one.http, OWNER), OWNER)
        other.http.cookies.set("siws", one.http.cookies["siws"])
        answer = await other.http.post("/api/auth/verify", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "challenge_invalid")
        for who in (STRANGER, NEIGHBOR):
            answer = await one.http.post(
                "/api/auth/verify", json=proof(await asked(one.http, who), who)
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "wallet_not_allowed")


async def test_a_kill_goes_through_while_nats_is_down_and_sessions_survive_it(
    zygote: Zygote, tmp_path: Path, nats: NatsServer
) -> None:
    async with two_gateways(zygote, tmp_path, nats) as (one, other), log_as(nats, "ingest") as log:
        await log.append([draft_of(feed_opened())])
        await signed_in(one.http)
        other.http.cookies.set("sid", one.http.cookies["sid"])
        for gateway in (one, other):
            await works(gateway.http)
        await nats.kill()
        answer = await other.http.post("/api/engine/kill", json={"reason": "in the dark"})
        assert (answer.status_code, answer.json()["status"]) == (202, "recording")
        ended = await one.http.post("/api/auth/sign-out")
        assert ended.json() == {"sessions": 1, "status": "ending"}
        await nats.start()
        async with asyncio.timeout(WAIT_S_MAX):
            while (await other.http.get("/api/state")).status_code != 401:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        kinds = {type(event) for event in await until_recorded(log, 3)}
        assert kinds == {SignedIn, KillSwitchEngaged, SignedOut}
