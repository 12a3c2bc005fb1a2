"""Messages between the socket's bytes and our functions, and what nats-py still gets."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import nats.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.protocol import command as nats_command

from chassis.wire import Message, Wire, encode_headers, extend_headers, parse_headers

OURS, THEIRS = b"7", b"8"

tokens = st.text("abcXYZ019-_$", min_size=1, max_size=8)
names = st.lists(tokens, min_size=1, max_size=4).map(".".join)
header_values = st.text(
    st.characters(exclude_categories=["C", "Z"], max_codepoint=0x2FFF), max_size=12
)
headers = st.dictionaries(tokens, header_values, max_size=4)


@dataclass(frozen=True)
class Sent:
    """What the server sends on one subscription."""

    sid: bytes
    subject: str
    reply: str
    headers: dict[str, str]
    data: bytes

    @property
    def bytes(self) -> bytes:
        names = b" ".join(
            [self.subject.encode(), self.sid, *([self.reply.encode()] if self.reply else [])]
        )
        if not self.headers:
            return b"MSG %b %d\r\n%b\r\n" % (names, len(self.data), self.data)
        head = encode_headers(self.headers)
        sizes = b"%d %d" % (len(head), len(head) + len(self.data))
        return b"HMSG %b %b\r\n%b%b\r\n" % (names, sizes, head, self.data)


messages = st.builds(
    Sent,
    sid=st.sampled_from([OURS, THEIRS]),
    subject=names,
    reply=st.just("") | names,
    headers=headers,
    data=st.binary(max_size=40),
)
lines = st.sampled_from([b"PING\r\n", b"+OK\r\n", b'INFO {"server_id": "a"}\r\n'])


@dataclass
class Wiretap:
    """A client that is not connected, and what its bytes lead to, in order."""

    client: Any = field(default_factory=Client)
    heard: list[Sent] = field(default_factory=list[Sent])
    pings: int = 0
    pinged: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ours(self) -> list[Sent]:
        return [it for it in self.heard if it.sid == OURS]

    def __post_init__(self) -> None:
        wire: Any = Wire(self.client)
        wire._lanes[OURS] = self._hear

        async def process_message(
            sid: int, subject: bytes, reply: bytes, data: bytes, head: bytes | None
        ) -> None:
            found = parse_headers(head or b"")
            self.heard.append(Sent(b"%d" % sid, subject.decode(), reply.decode(), found, data))

        async def process_ping() -> None:
            self.pings += 1
            self.pinged.set()

        async def process_info(info: object) -> None:
            del info

        self.client._process_msg = process_message
        self.client._process_ping = process_ping
        self.client._process_info = process_info

    async def arrive(self, *chunks: bytes) -> None:
        for chunk in chunks:
            await self.client._ps.parse(chunk)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[asyncio.StreamReader]:
        """Connect a reader, which nats-py's task reads; its first bytes were there before."""
        reader = asyncio.StreamReader()

        async def read() -> None:
            while data := await reader.read(20):
                await self.client._ps.parse(data)
                await asyncio.sleep(0)  # Bytes may come while others wait for this task.

        self.client._transport = SimpleNamespace(_io_reader=reader)
        task = asyncio.create_task(read())
        reader.feed_data(b"PING\r\n")
        yield reader
        reader.feed_eof()
        await task

    def _hear(self, message: Message) -> None:
        self.heard.append(Sent(OURS, message.subject, message.reply, message.headers, message.data))


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


@given(st.lists(messages | lines, max_size=8), st.lists(st.integers(0, 10_000), max_size=8))
async def test_every_message_arrives_once_in_order_however_the_bytes_are_cut(
    sent: list[Sent | bytes], places: list[int]
) -> None:
    tap = Wiretap()
    data = b"".join(it if isinstance(it, bytes) else it.bytes for it in sent)
    await tap.arrive(*cut(data, places))
    assert tap.heard == [it for it in sent if isinstance(it, Sent)]
    assert tap.pings == sent.count(b"PING\r\n")


@given(
    st.lists(messages | lines, max_size=8),
    st.lists(st.integers(0, 10_000), max_size=8),
    st.lists(st.integers(0, 3), min_size=1, max_size=9),
)
async def test_the_same_holds_for_bytes_that_are_taken_where_they_arrive(
    sent: list[Sent | bytes], places: list[int], rounds: list[int]
) -> None:
    tap = Wiretap()
    data = b"".join(it if isinstance(it, bytes) else it.bytes for it in sent)
    async with tap.reading() as reader:
        for chunk, passing in zip(cut(data, places), itertools.cycle(rounds), strict=False):
            for _ in range(passing):
                await asyncio.sleep(0)
            reader.feed_data(chunk)
    assert tap.heard == [it for it in sent if isinstance(it, Sent)]
    assert tap.pings == 1 + sent.count(b"PING\r\n")


async def test_our_messages_pass_by_the_task_that_reads() -> None:
    tap = Wiretap()
    async with tap.reading() as reader:
        await tap.pinged.wait()
        for number in range(3):
            reader.feed_data(b"MSG a 7 1\r\n%d\r\n" % number)
            assert [it.data for it in tap.ours] == [b"%d" % it for it in range(number + 1)]


async def test_the_reader_of_the_next_connection_is_taken_over_too() -> None:
    tap = Wiretap()
    async with tap.reading() as reader:
        await tap.pinged.wait()
        reader.feed_data(b"MSG a 7 10\r\nhalf of")
        tap.client._ps.reset()
        tap.pinged.clear()
        async with tap.reading() as other:
            await tap.pinged.wait()
            other.feed_data(b"MSG b 7 2\r\nok\r\n")
            assert [it.data for it in tap.ours] == [b"ok"]


@pytest.mark.parametrize(
    "line", [b"MSG a\r\n", b"MSG a 7 many\r\n", b"HMSG a 7 4\r\n", b"MSG \r\n", b"WAT\r\n"]
)
async def test_what_is_not_the_protocol_is_refused(line: bytes) -> None:
    with pytest.raises(nats.errors.ProtocolError):
        await Wiretap().arrive(line)


async def test_a_broken_connection_leaves_nothing_to_the_next() -> None:
    tap = Wiretap()
    await tap.arrive(b"MSG a 7 10\r\nhalf of")
    tap.client._ps.reset()
    await tap.arrive(b"MSG b 7 2\r\nok\r\n")
    assert [it.data for it in tap.ours] == [b"ok"]


async def test_nothing_is_read_past_the_error_that_ends_a_connection() -> None:
    tap = Wiretap()

    async def process_error(text: str) -> None:
        assert "stale connection" in text
        tap.client._ps.reset()

    tap.client._process_err = process_error
    await tap.arrive(b"-ERR 'Stale Connection'\r\nMSG a 7 2\r\nno\r\n")
    assert tap.ours == []


# Headers


@given(headers)
def test_headers_come_back_as_they_were(given: dict[str, str]) -> None:
    assert parse_headers(encode_headers(given)) == given


@given(headers)
def test_nats_py_reads_our_headers(given: dict[str, str]) -> None:
    read: Callable[[bytes], dict[str, str]] = getattr(Client, "_parse_header_lines")  # noqa: B009
    assert read(encode_headers(given).removeprefix(b"NATS/1.0\r\n")) == given


@given(headers, headers)
def test_added_headers_stand_beside_those_before(
    first: dict[str, str], more: dict[str, str]
) -> None:
    assert parse_headers(extend_headers(encode_headers(first), more)) == first | more


@pytest.mark.parametrize("value", ["a\r\nNats-Rollup: all", "a\n", "\r", "\r\n\r\n"])
def test_a_line_break_in_a_header_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="one line each"):
        encode_headers({"reason": value})


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"NATS/1.0 503\r\n\r\n", {"Status": "503"}),
        (b"NATS/1.0 404 No Messages\r\n\r\n", {"Status": "404"}),
        (
            b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 12\r\n\r\n",
            {"Status": "408", "Nats-Pending-Messages": "12"},
        ),
        (b"NATS/1.0\r\nplain:no space \r\n\r\n", {"plain": "no space"}),
        (b"", {}),
    ],
)
def test_the_servers_status_is_a_header(head: bytes, expected: dict[str, str]) -> None:
    assert parse_headers(head) == expected


def test_only_a_503_says_that_nobody_listens() -> None:
    def message(head: bytes) -> Message:
        return Message(subject="a", reply="", head=head, data=b"")

    assert message(b"NATS/1.0 503\r\n\r\n").is_unheard
    assert not message(b"NATS/1.0 404\r\n\r\n").is_unheard
    assert not message(b"").is_unheard


# Sending


@given(names, st.just("") | names, headers, st.binary(max_size=40))
def test_a_command_is_what_nats_py_would_send(
    subject: str, reply: str, given: dict[str, str], payload: bytes
) -> None:
    tap = Wiretap()
    wire = Wire(tap.client)
    tap.client._max_payload = 1_000
    command: Any = nats_command
    if given:
        head = encode_headers(given)
        expected = command.hpub_cmd(subject, reply, head, payload)
        wire.send(subject, payload, reply=reply, head=head)
    else:
        expected = command.pub_cmd(subject, reply, payload)
        wire.send(subject, payload, reply=reply)
    assert tap.client._pending == [expected]
    assert tap.client.pending_data_size == len(expected)


@pytest.mark.parametrize(
    ("subject", "reply"),
    [("", ""), ("a b", ""), ("a\r\nPUB x 0", ""), ("a\tb", ""), ("\n", ""), ("a", "b\r\nPUB x 0")],
)
def test_what_is_no_subject_is_not_sent(subject: str, reply: str) -> None:
    tap = Wiretap()
    tap.client._max_payload = 1_000
    wire = Wire(tap.client)
    with pytest.raises(ValueError, match="expected a subject"):
        wire.send(subject, reply=reply)
    assert tap.client._pending == []


def test_what_the_server_would_refuse_is_not_sent() -> None:
    tap = Wiretap()
    tap.client._max_payload = 30
    wire = Wire(tap.client)
    head = encode_headers({"a": "b"})
    wire.send("a", b"x" * (30 - len(head)), head=head)
    with pytest.raises(nats.errors.MaxPayloadError):
        wire.send("a", b"x" * (31 - len(head)), head=head)
    assert len(tap.client._pending) == 1


def test_a_sender_learns_that_much_is_unsent() -> None:
    tap = Wiretap()
    tap.client._max_payload = 1 << 20
    wire = Wire(tap.client)
    assert not wire.is_full
    wire.send("a", b"x" * (1 << 20))
    assert wire.is_full


@dataclass
class Socket:
    """What a connected client writes to."""

    writes: list[bytes] = field(default_factory=list[bytes])
    waiting: int = 0

    def writelines(self, commands: Sequence[bytes]) -> None:
        self.writes.append(b"".join(commands))

    def get_write_buffer_size(self) -> int:
        return self.waiting

    @property
    def transport(self) -> "Socket":
        return self


def _connected(tap: Wiretap, socket: object) -> Wire:
    tap.client._max_payload = 1_000
    tap.client._status = Client.CONNECTED
    tap.client._flush_queue = asyncio.Queue()
    tap.client._transport = SimpleNamespace(_io_writer=socket)
    return Wire(tap.client)


async def test_what_is_sent_in_one_round_is_written_at_once_after_what_was_sent_before() -> None:
    tap, socket = Wiretap(), Socket()
    wire = _connected(tap, socket)
    await tap.client._send_command(b"SUB a 1\r\n")
    wire.send("a", b"1")
    wire.send("b", b"2")
    assert socket.writes == []
    await asyncio.sleep(0)
    assert socket.writes == [b"SUB a 1\r\nPUB a  1\r\n1\r\nPUB b  1\r\n2\r\n"]
    assert (tap.client._pending, tap.client.pending_data_size) == ([], 0)
    wire.send("c", b"3")
    await asyncio.sleep(0)
    assert socket.writes[1:] == [b"PUB c  1\r\n3\r\n"]


async def test_a_full_socket_is_left_to_who_waits_for_it() -> None:
    tap, socket = Wiretap(), Socket(waiting=1)
    wire = _connected(tap, socket)
    wire.send("a", b"1")
    await asyncio.sleep(0)
    assert socket.writes == []
    assert tap.client.pending_data_size == len(b"PUB a  1\r\n1\r\n")
    assert tap.client._flush_queue.qsize() == 1


async def test_a_broken_socket_is_for_the_reading_side_to_tell() -> None:
    class Broken(Socket):
        def writelines(self, commands: Sequence[bytes]) -> None:
            raise RuntimeError("the handler is closed")

    tap = Wiretap()
    wire = _connected(tap, Broken())
    wire.send("a", b"1")
    await asyncio.sleep(0)
    assert tap.client._pending == []
