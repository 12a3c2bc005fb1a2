"""The hot path under a connection: messages in and out, at a fraction of nats-py's price.

nats-py keeps the connection: it dials, pings, reconnects and restores subscriptions. Per message,
though, it checks every header by itself and wakes a task, which costs more than our own work. Here
a message for us goes from the socket straight to a function, its headers unread until somebody
asks, and a command to send is built in one piece and written without a task in between. All else
goes through nats-py, and nothing overtakes anything.

This reaches into nats-py, whose version is pinned for it: its parser is replaced by a subclass
that takes bytes before its reading task, and commands are put where its own `publish` puts them.
"""
# ruff: noqa: SLF001  nats-py has no public place for either.

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.protocol.parser import Parser

_UNSENT_BYTES_MAX = 1 << 20
"""From here on a sender waits for the socket."""
_FLUSH_S_MAX = 2
_END = b"\r\n"
_VERSION = "NATS/1.0"


class Message:
    """A message that arrived."""

    __slots__ = ("_head", "_headers", "data", "reply", "subject")

    def __init__(self, *, subject: str, reply: str, head: bytes, data: bytes) -> None:
        self.subject = subject
        self.reply = reply
        self.data = data
        self._head = head
        self._headers: dict[str, str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers; the server's status, if there is one, stands under `Status`."""
        if self._headers is None:
            self._headers = parse_headers(self._head)
        return self._headers

    @property
    def is_unheard(self) -> bool:
        """Say whether this is the server's word that nobody listens."""
        return self._head.startswith(b"NATS/1.0 503")


Hear = Callable[[Message], None]
"""Takes a message. It runs in the reading of the socket, so it must not raise."""


class Wire:
    """Sends and hears over a client that is connected."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inside: Any = client
        self._lanes: dict[bytes, Hear] = {}
        self._is_due = False
        """Whether what is to be sent will be written in this round of the event loop."""
        self._inside._ps = _LaneParser(client, self._lanes)

    def send(
        self, subject: str, payload: bytes = b"", *, reply: str = "", head: bytes = b""
    ) -> None:
        """Send soon, after what was sent before; `head` is what `encode_headers` gives.

        Raises nats.errors.Error when it cannot be sent, and ValueError for what is no subject.
        """
        client, inside = self._client, self._inside
        if client.is_closed:
            raise nats.errors.ConnectionClosedError
        if client.is_draining_pubs:
            raise nats.errors.ConnectionDrainingError
        size = len(head) + len(payload)
        if size > client.max_payload:
            raise nats.errors.MaxPayloadError
        sizes = f"{len(head)} {size}" if head else f"{size}"
        line = f"{'HPUB' if head else 'PUB'} {subject} {reply} {sizes}"
        if not subject or " " in subject or not line.isprintable():
            raise ValueError(f"expected a subject, found {subject!r:.200}")
        command = b"".join((line.encode(), _END, head, payload, _END))
        inside._pending.append(command)
        inside._pending_data_size += len(command)
        if not self._is_due and client.is_connected:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        """Give the socket what is to be sent; where it is full, nats-py's flusher waits for it."""
        self._is_due = False
        inside = self._inside
        if not self._client.is_connected or not inside._pending:
            return
        writer = getattr(inside._transport, "_io_writer", None)
        if writer is None or writer.transport.get_write_buffer_size():
            if inside._flush_queue.empty():
                inside._flush_queue.put_nowait(asyncio.get_running_loop().create_future())
            return
        commands, inside._pending, inside._pending_data_size = inside._pending, [], 0
        with contextlib.suppress(OSError, RuntimeError):  # Broken: the reading side tells.
            writer.writelines(commands)

    @property
    def is_full(self) -> bool:
        """Say whether so much is still to be sent that a sender should `flush` first."""
        return self._client.pending_data_size > _UNSENT_BYTES_MAX

    async def flush(self) -> None:
        """Wait until the server has read everything. Raises nats.errors.Error."""
        await self._client.flush(timeout=_FLUSH_S_MAX)

    async def subscribe(self, inbox: str, hear: Hear) -> "Lane":
        """Hand every message to `hear` as it arrives, unbounded: the caller bounds what it asks.

        `inbox` is new: nobody writes to it before this returns. Raises nats.errors.Error.
        """
        subscription: Any = await self._client.subscribe(  # pyright: ignore[reportUnknownMemberType]
            inbox, cb=_pass_over
        )
        sid = b"%d" % subscription._id
        self._lanes[sid] = hear
        return Lane(subscription, lambda: self._lanes.pop(sid))


class Lane:
    """A subscription of ours."""

    def __init__(self, subscription: Subscription, leave: Callable[[], object]) -> None:
        self._subscription = subscription
        self._leave = leave

    async def unsubscribe(self) -> None:
        """Hear nothing more. Raises nats.errors.Error."""
        self._leave()
        await self._subscription.unsubscribe()


async def _pass_over(message: Msg) -> None:
    """Stand where nats-py wants a function; the parser knows a better one."""
    raise AssertionError(f"expected a lane for {message.subject}, found none")


class _LaneParser(Parser):
    """nats-py's parser, which sees no message of a lane.

    It begins in nats-py's reading task. From then on it takes bytes where they arrive, without
    that task, until something of nats-py's own comes; when that is read, it goes on as before.
    """

    def __init__(self, client: Client, lanes: Mapping[bytes, Hear]) -> None:
        self._client: Any = client
        self._lanes = lanes
        self._rest = b""
        self._reader: Any = None
        self._is_direct = False
        super().__init__(client)  # pyright: ignore[reportUnknownMemberType]

    def reset(self) -> None:
        """Forget what a broken connection left behind."""
        super().reset()
        self._rest = b""
        self._is_direct = False

    async def parse(self, data: bytes = b"") -> None:
        """Take bytes of the server; raise ProtocolError where they do not follow the protocol."""
        self._rest += data
        end = self._hear_lanes()
        while end:
            theirs, self._rest = self._rest[:end], self._rest[end:]
            await super().parse(theirs)
            end = self._hear_lanes()
        self._take_bytes_where_they_arrive()

    def _hear_lanes(self) -> int:
        """Hand out messages of lanes; give the length of what is nats-py's before the next one.

        It is 0 when more bytes must come first.
        """
        data, at, theirs = self._rest, 0, 0
        while (end := data.find(_END, at)) >= 0:
            begin = end + len(_END)
            if not data.startswith((b"MSG ", b"HMSG "), at):
                theirs = begin - at
                break
            # MSG subject sid [reply] size, or HMSG subject sid [reply] head_size size
            words = data[at:end].split()
            is_headed = words[0] == b"HMSG"
            has_reply = len(words) == 5 + is_headed
            sizes = words[4:] if has_reply else words[3:]
            try:
                body = begin + int(sizes[0]) if is_headed else begin
                stop = begin + int(sizes[is_headed])
            except (IndexError, ValueError):
                theirs = begin - at  # nats-py refuses it.
                break
            hear = self._lanes.get(words[2])
            after = stop + len(_END)
            if len(data) < after:
                break
            if hear is None:
                theirs = after - at
                break
            at = after
            hear(
                Message(
                    subject=words[1].decode(),
                    reply=words[3].decode() if has_reply else "",
                    head=data[begin:body],
                    data=data[body:stop],
                )
            )
        self._rest = data[at:]
        return theirs

    def _take_bytes_where_they_arrive(self) -> None:
        reader = getattr(self._client._transport, "_io_reader", None)
        if reader is None:
            return
        if reader is not self._reader:
            self._reader = reader
            reader.feed_data = functools.partial(self._on_bytes, reader.feed_data)
        self._is_direct = not reader._buffer

    def _on_bytes(self, leave: Callable[[bytes], None], data: bytes) -> None:
        if self._is_direct:
            self._rest += data
            if not self._hear_lanes():
                return
            data, self._rest = self._rest, b""
            self._is_direct = False
        leave(data)


def encode_headers(headers: Mapping[str, str]) -> bytes:
    """Give the block that stands before a payload; raise ValueError at a line break inside."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if not lines.count("\r") == lines.count("\n") == len(headers):
        raise ValueError(f"expected headers of one line each, found {dict(headers)!r:.500}")
    return f"{_VERSION}\r\n{lines}\r\n".encode()


def extend_headers(head: bytes, headers: Mapping[str, str]) -> bytes:
    """Give a block with these headers added."""
    return head[: -len(_END)] + encode_headers(headers)[len(_VERSION) + len(_END) :]


def parse_headers(head: bytes) -> dict[str, str]:
    """Read a block of headers; the status that the server may begin it with is one more."""
    first, *lines = head.decode(errors="replace").split("\r\n")
    status = first.removeprefix(_VERSION).split(maxsplit=1)
    headers = {"Status": status[0]} if status else {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name] = value.strip()
    return headers
