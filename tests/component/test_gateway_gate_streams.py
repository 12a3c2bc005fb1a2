"""The gate before streams: whose they are, how many, and when they end."""

import asyncio

import pytest

from contracts import control
from gateway.guards import gate
from gateway.guards.gate import STREAMS_PER_SESSION_MAX
from gateway.stream.protocol import Topic
from kit.gateway_app import BASE, running_desk, signed_in_next_door, until
from kit.gateway_signin import SignInStage, signed_in
from kit.gateway_stream import paced, page_headers, page_stream


@pytest.mark.parametrize("topic", [*Topic, None])
async def test_no_topic_is_streamed_without_a_session_or_to_another_account(
    topic: Topic | None,
) -> None:
    stage = SignInStage()
    neighbor = await signed_in_next_door(stage)
    query = "v=1&after=0" + ("" if topic is None else f"&topics={topic}")
    async with running_desk(stage=stage) as desk:
        for cookie, code in (("", 4401), (f"sid={'A' * 43}", 4401), (f"sid={neighbor}", 4403)):
            headers = {"Host": "127.0.0.1:8001", "Origin": BASE, "Cookie": cookie}
            async with page_stream(desk.edge, headers, query=query) as stream:
                assert await stream.ended() == code
                assert stream.is_accepted  # Else the page would only see 1006.
                assert stream.got == [{"kind": "bye", "code": code, "retryMs": 0}]
        await signed_in(desk.http)
        async with page_stream(desk.edge, page_headers(desk), query=query) as stream:
            await until(lambda: len(stream.got) > 0)
            assert stream.got[0]["kind"] == "hello"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
    ids=str,
)
async def test_another_sites_stream_is_refused_before_the_handshake(
    headers: dict[str, str],
) -> None:
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page_headers(desk) | headers) as stream:
            assert await stream.ended() == 4403
            assert not stream.is_accepted


async def test_a_stream_shows_only_events_of_the_own_account() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        for account in ("neighbor", "local", None):
            await desk.story.write(
                control.KillSwitchEngaged(
                    account=account, level=control.KillLevel.FLATTEN, reason="x", by=str(account)
                )
            )
        await desk.caught_up()
        head = await desk.log.head()
        hidden = head - 2
        async with page_stream(desk.edge, page_headers(desk), query="v=1&after=0") as stream:
            await until(lambda: any(one.get("pos") == str(head) for one in stream.got))
            shown = [int(one["pos"]) for one in stream.got if one["kind"] == "ev"]
        assert shown == [one for one in range(1, head + 1) if one != hidden]
        pages = [
            (await desk.http.get(f"/api/activity?{query}")).json()
            for query in ("after=0&limit=500", "limit=500")
        ]
        for answer in pages:
            assert str(hidden) not in [item["pos"] for item in answer["items"]]
            assert len(answer["items"]) == head - 1
        only = (await desk.http.get(f"/api/activity?before={hidden + 1}&limit=1")).json()
        assert (only["items"], only["next"]) == ([], str(hidden))
        answer = await desk.http.get(f"/api/events/{hidden}")
        assert (answer.status_code, answer.json()["code"]) == (404, "event_unknown")
        assert desk.live.state.halt is not None
        assert desk.live.state.halt.by == "local"


async def test_a_session_that_is_ended_ends_its_streams_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paced(monkeypatch, beat_s=3600.0)
    async with running_desk(stage=SignInStage()) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page_headers(desk)) as stream:
            await until(lambda: desk.live.hub.streams == 1)
            await desk.http.delete("/api/auth/sessions")
            assert await stream.ended() == 4401


@pytest.mark.parametrize("minutes", [30, 480])
async def test_a_session_that_is_over_ends_its_streams_at_the_next_beat(
    monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    paced(monkeypatch, beat_s=0.01)
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        async with page_stream(desk.edge, page_headers(desk)) as stream:
            await until(lambda: desk.live.hub.streams == 1)
            stage.passes(minutes=minutes)
            assert await stream.ended() == 4401


async def test_a_session_has_five_streams_and_ten_handshakes_a_minute() -> None:
    stage = SignInStage()
    async with running_desk(stage=stage) as desk:
        await signed_in(desk.http)
        async with asyncio.TaskGroup():
            opened = [
                page_stream(desk.edge, page_headers(desk)) for _ in range(STREAMS_PER_SESSION_MAX)
            ]
            for one in opened:
                await one.__aenter__()
            await until(lambda: desk.live.hub.streams == STREAMS_PER_SESSION_MAX)
            async with page_stream(desk.edge, page_headers(desk)) as stream:
                assert await stream.ended() == 4429
                assert stream.got == [{"kind": "bye", "code": 4429, "retryMs": 10_000}]
            for one in opened:
                await one.__aexit__(None, None, None)
        for _ in range(4):
            async with page_stream(desk.edge, page_headers(desk)) as stream:
                await until(lambda stream=stream: len(stream.got) > 0)
        async with page_stream(desk.edge, page_headers(desk)) as stream:
            assert await stream.ended() == 4429


@pytest.mark.parametrize(
    ("name", "held"), [("STREAMS_PER_WALLET_MAX", 2), ("STREAMS_PER_ADDRESS_MAX", 2)]
)
async def test_all_sessions_of_a_wallet_or_an_address_share_their_streams(
    monkeypatch: pytest.MonkeyPatch, name: str, held: int
) -> None:
    monkeypatch.setattr(gate, name, held)
    async with running_desk(stage=SignInStage()) as desk:
        cookies: list[dict[str, str]] = []
        for _ in range(3):
            desk.http.cookies.clear()
            await signed_in(desk.http)
            cookies.append(page_headers(desk))
        async with (
            page_stream(desk.edge, cookies[0]) as first,
            page_stream(desk.edge, cookies[1]) as second,
        ):
            await until(lambda: bool(first.got) and bool(second.got))
            async with page_stream(desk.edge, cookies[2]) as third:
                assert await third.ended() == 4429
        async with page_stream(desk.edge, cookies[2]) as third:
            await until(lambda: bool(third.got))
            assert third.got[0]["kind"] == "hello"
