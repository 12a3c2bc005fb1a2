"""The stream: every event once and in order for every client, whatever the interleaving."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stream import protocol, session
from gateway.stream.hub import Hub
from gateway.stream.protocol import Close, Topic
from gateway.stream.ring import Entry, Ring
from gateway.stream.session import BadOpening, Opening, read_opening
from kit.gateway_app import NOW, FakeSocket, until


def hub_of(count: int, *, first: int = 1, **bounds: int) -> Hub:
    hub = Hub(ring=Ring(**bounds), epoch="e1", is_open=True)
    publish(hub, count, first=first)
    return hub


def publish(hub: Hub, count: int, *, first: int | None = None) -> None:
    start = hub.ring.last + 1 if first is None else first
    for position in range(start, start + count):
        hub.publish(Entry(position, f'{{"kind":"ev","pos":"{position}"}}'))


class Client:
    """A stream that runs."""

    def __init__(self, hub: Hub, opening: Opening | None = None, **limits: float) -> None:
        self.socket = FakeSocket()
        serving = session.serve(
            self.socket,
            hub,
            opening or Opening(),
            clock=lambda: NOW,
            closes=lambda: None,
            **limits,
        )
        self.task = asyncio.create_task(serving)

    async def got(self, count: int) -> list[int]:
        await until(lambda: len(self.socket.positions()) >= count)
        return self.socket.positions()

    async def leaves(self) -> list[int]:
        self.socket.leave()
        await self.task
        return self.socket.positions()


@given(
    before=st.integers(0, 30),
    after=st.integers(0, 30),
    steps=st.lists(
        st.tuples(st.sampled_from(["publish", "yield", "reconnect", "block"]), st.integers(1, 70)),
        max_size=12,
    ),
)
@settings(max_examples=60, deadline=None)
def test_catching_up_and_following_leave_no_gap_and_no_duplicate(
    before: int, after: int, steps: list[tuple[str, int]]
) -> None:
    async def run() -> None:
        hub = hub_of(before)
        begin = min(after, before)
        client = Client(hub, Opening(after=begin, epoch="e1"))
        seen: list[int] = []
        for what, count in steps:
            match what:
                case "publish":
                    publish(hub, count)
                case "yield":
                    for _ in range(count):
                        await asyncio.sleep(0)
                case "block":
                    client.socket.reads.clear()
                    await asyncio.sleep(0)
                    client.socket.reads.set()
                case _:
                    seen += await client.leaves()
                    last = seen[-1] if seen else begin
                    client = Client(hub, Opening(after=last, epoch="e1"))
        await client.got(hub.ring.last - (seen[-1] if seen else begin))
        seen += await client.leaves()
        assert seen == list(range(begin + 1, hub.ring.last + 1))

    asyncio.run(run())


async def test_the_greeting_names_the_log_and_where_it_stands() -> None:
    client = Client(hub_of(7))
    await until(lambda: bool(client.socket.got))
    hello = client.socket.got[0]
    assert (hello["kind"], hello["v"], hello["epoch"]) == ("hello", 1, "e1")
    assert (hello["head"], hello["oldest"], hello["hbMs"]) == ("7", "1", 5_000)
    await client.leaves()


@pytest.mark.parametrize(
    ("opening", "reason"),
    [
        (Opening(after=3, epoch="e0"), "epoch"),
        (Opening(after=99, epoch="e1"), "epoch"),
        (Opening(after=1, epoch="e1"), "gap"),
    ],
)
async def test_a_client_that_cannot_be_caught_up_starts_again_from_the_head(
    opening: Opening, reason: str
) -> None:
    hub = hub_of(10, events_max=5)
    client = Client(hub, opening)
    await until(lambda: bool(client.socket.kinds("reset")))
    assert client.socket.kinds("reset") == [{"kind": "reset", "reason": reason, "head": "10"}]
    publish(hub, 2)
    assert await client.got(2) == [11, 12]
    await client.leaves()


async def test_fast_values_are_conflated_to_the_newest() -> None:
    hub = hub_of(0)
    client = Client(hub)
    await until(lambda: bool(client.socket.got))
    client.socket.reads.clear()
    for price in range(100):
        data = {"lastUsd": str(price)}
        hub.show(
            "price", topic=Topic.MARKET, text=protocol.snap_text("price", as_of=NOW, data=data)
        )
        await asyncio.sleep(0)
    client.socket.reads.set()
    newest = {"lastUsd": "99"}
    await until(lambda: newest in [snap["data"] for snap in client.socket.kinds("snap")])
    snaps = client.socket.kinds("snap")
    assert snaps[-1]["data"] == newest
    assert len(snaps) <= 3
    await client.leaves()


async def test_topics_choose_what_is_sent() -> None:
    hub = hub_of(3)
    client = Client(hub, Opening(after=0, epoch="e1", topics=frozenset({Topic.MARKET})))
    hub.show("services", topic=Topic.TELEMETRY, text='{"kind":"snap","topic":"services"}')
    hub.show("price", topic=Topic.MARKET, text='{"kind":"snap","topic":"price"}')
    await until(lambda: bool(client.socket.kinds("snap")))
    assert [snap["topic"] for snap in client.socket.kinds("snap")] == ["price"]
    client.socket.say({"kind": "topics", "set": ["activity"]})
    client.socket.say({"kind": "ping", "id": "now"})
    await until(lambda: bool(client.socket.kinds("pong")))
    publish(hub, 1)
    assert await client.got(1) == [4]  # What was not asked for before is not sent after.
    await client.leaves()


async def test_a_ping_is_answered_with_its_id() -> None:
    client = Client(hub_of(0))
    client.socket.say({"kind": "ping", "id": "p-7"})
    await until(lambda: bool(client.socket.kinds("pong")))
    assert client.socket.kinds("pong")[0]["id"] == "p-7"
    await client.leaves()


async def test_the_heart_beats_while_nothing_happens() -> None:
    client = Client(hub_of(2), beat_s=0.01)
    await until(lambda: len(client.socket.kinds("hb")) >= 2)
    assert client.socket.kinds("hb")[0]["head"] == "2"
    await client.leaves()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "null",
        "[]",
        "x" * 5_000,
        "[" * 4_000,
        {"kind": "order", "side": "long"},
        {"kind": "ping"},
        {"kind": "ping", "id": 5},
        {"kind": "ping", "id": "a", "more": 1},
        {"kind": "topics", "set": ["everything"]},
        {"kind": "topics", "set": "activity"},
    ],
    ids=lambda said: repr(said)[:40],
)
async def test_what_the_protocol_does_not_know_closes_the_stream(said: Any) -> None:
    client = Client(hub_of(0))
    client.socket.say(said)
    assert await client.task is Close.BAD_REQUEST
    assert client.socket.closed == 4400


async def test_a_flood_of_messages_closes_the_stream() -> None:
    client = Client(hub_of(0))
    for number in range(400):
        client.socket.say({"kind": "ping", "id": str(number)})
    assert await client.task is Close.TOO_MANY


async def test_a_client_that_says_nothing_is_let_go_and_one_that_pings_is_not() -> None:
    silent, lively = Client(hub_of(0), idle_s=0.05), Client(hub_of(0), idle_s=1.0)

    async def pings() -> None:
        while True:
            lively.socket.say({"kind": "ping", "id": "p"})
            await asyncio.sleep(0.15)  # Below ten a second, of which more would be a flood.

    pinging = asyncio.create_task(pings())
    assert await silent.task is Close.IDLE
    assert silent.socket.kinds("bye") == [{"kind": "bye", "code": 4408, "retryMs": 1_000}]
    await until(lambda: len(lively.socket.kinds("pong")) >= 9)
    assert lively.socket.closed is None
    pinging.cancel()
    await lively.leaves()


@pytest.mark.parametrize("code", [*Close])
async def test_every_end_is_announced_with_the_code_that_it_has(code: Close) -> None:
    socket = FakeSocket()
    await session.say_goodbye(socket, code)
    assert socket.got[0]["code"] == socket.closed == code
    # Who is not signed in, not allowed, or too old, does not come back by itself.
    stays_away = {Close.SIGN_IN, Close.FORBIDDEN, Close.BAD_REQUEST, Close.TOO_OLD}
    assert (socket.got[0]["retryMs"] == 0) is (code in stays_away)


async def test_a_frame_is_measured_in_bytes() -> None:
    client = Client(hub_of(0))
    client.socket.say(json.dumps({"kind": "ping", "id": "\u00e9" * 2_100}, ensure_ascii=False))
    assert await client.task is Close.BAD_REQUEST


async def test_a_client_that_does_not_read_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CLOSE_S_MAX", 0.02)
    hub = hub_of(0)
    client = Client(hub, send_s_max=0.02)
    await until(lambda: bool(client.socket.got))
    client.socket.reads.clear()
    publish(hub, 3)
    assert await client.task is Close.SLOW_CLIENT
    assert hub.streams == 0


async def test_a_client_that_the_ring_left_behind_is_closed() -> None:
    hub = hub_of(0, events_max=10)
    client = Client(hub)
    await until(lambda: bool(client.socket.got))
    client.socket.reads.clear()
    publish(hub, 1)
    await until(lambda: client.socket.offered > len(client.socket.got))
    publish(hub, 50)
    client.socket.reads.set()
    assert await client.task is Close.SLOW_CLIENT
    assert client.socket.closed == 4008


async def test_a_stop_says_goodbye() -> None:
    hub = hub_of(0)
    client = Client(hub)
    await until(lambda: bool(client.socket.got))
    hub.close()
    assert await client.task is Close.RESTART
    assert client.socket.kinds("bye") == [{"kind": "bye", "code": 1012, "retryMs": 1_000}]


async def test_nobody_is_served_before_the_log_is_read_or_beyond_the_limit() -> None:
    hub = hub_of(0)
    hub.is_open = False
    assert await Client(hub).task is Close.TRY_LATER
    hub.is_open = True
    clients = [Client(hub) for _ in range(session.STREAMS_MAX)]
    await until(lambda: hub.streams == session.STREAMS_MAX)
    assert await Client(hub).task is Close.TOO_MANY
    for client in clients:
        await client.leaves()
    assert hub.streams == 0


Parameters = dict[str, str]
BARE: Parameters = {"after": "", "epoch": "", "topics": "", "version": ""}


def test_an_opening_without_parameters_hears_everything_new() -> None:
    assert read_opening(**BARE) == Opening()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"after": "-1"}, Close.BAD_REQUEST),
        ({"after": "x"}, Close.BAD_REQUEST),
        ({"after": "1.0"}, Close.BAD_REQUEST),
        ({"after": "\u0661"}, Close.BAD_REQUEST),
        ({"after": "9" * 30}, Close.BAD_REQUEST),
        ({"after": "0" * 5_000}, Close.BAD_REQUEST),  # More digits than Python reads.
        ({"after": "0" * 20 + "9" * 30}, Close.BAD_REQUEST),
        ({"after": str(2**63)}, Close.BAD_REQUEST),
        ({"topics": "everything"}, Close.BAD_REQUEST),
        ({"topics": ","}, Close.BAD_REQUEST),
        ({"epoch": "x" * 65}, Close.BAD_REQUEST),
        ({"version": "2"}, Close.TOO_OLD),
    ],
)
def test_an_opening_that_makes_no_sense_is_refused(change: Parameters, code: Close) -> None:
    with pytest.raises(BadOpening) as refused:
        read_opening(**{**BARE, **change})
    assert refused.value.code is code
