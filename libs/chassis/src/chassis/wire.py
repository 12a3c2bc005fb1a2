"""The hot path under a connection: messages in and out, at a fraction of nats-py's price.

nats-py keeps the connection: it dials, pings, reconnects and restores subscriptions. Per message,
though, it checks every header by itself and wakes a task, which costs more than our own work. Here
a message for us goes from the socket's buffer straight to a function, its headers unread until
somebody asks, and a command to send is built in one piece. All else goes through nats-py.

This reaches into nats-py, whose version is pinned for it: its parser is replaced by a subclass,
and commands are put where its own `publish` puts them.
"""
# ruff: noqa: SLF001  nats-py has no public place for either.

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ProtocolError
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
        if client.is_connected and inside._flush_queue.empty():
            inside._flush_queue.put_nowait(asyncio.get_running_loop().create_future())

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
    """nats-py's parser, which sees no message of a lane."""

    def __init__(self, client: Client, lanes: Mapping[bytes, Hear]) -> None:
        self._lanes = lanes
        self._rest = b""
        super().__init__(client)  # pyright: ignore[reportUnknownMemberType]

    def reset(self) -> None:
        """Forget what a broken connection left behind."""
        super().reset()
        self._rest = b""

    async def parse(self, data: bytes = b"") -> None:
        """Take bytes of the server; raise ProtocolError where they do not follow the protocol."""
        data = self._rest + data if self._rest else data
        at = 0
        while (end := data.find(_END, at)) >= 0:
            begin = end + len(_END)
            if not data.startswith((b"MSG ", b"HMSG "), at):
                data, at = await self._leave(data, at, begin), 0
                continue
            # MSG subject sid [reply] size, or HMSG subject sid [reply] head_size size
            words = data[at:end].split()
            is_headed = words[0] == b"HMSG"
            has_reply = len(words) == 5 + is_headed
            sizes = words[4:] if has_reply else words[3:]
            try:
                body = begin + int(sizes[0]) if is_headed else begin
                stop = begin + int(sizes[is_headed])
            except (IndexError, ValueError):
                raise ProtocolError(f"expected a message, found {words!r:.200}") from None
            hear = self._lanes.get(words[2])
            after = stop + len(_END)
            if len(data) < after:
                break
            if hear is None:
                data, at = await self._leave(data, at, after), 0
                continue
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

    async def _leave(self, data: bytes, begin: int, end: int) -> bytes:
        """Leave this part to nats-py; give what follows it, nothing if nats-py reset the parser."""
        self._rest = data[end:]
        await super().parse(data[begin:end])
        return self._rest


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
