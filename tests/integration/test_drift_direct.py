"""The direct way to a node: every shape of an answer, and connections that end at every moment."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from execution.venues.drift.direct import Direct, way_to_nodes

FIXED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;as=said\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: one\r\n\r\n"
)
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\nhello"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
ZIPPED = gzip.compress(b"hello", mtime=0)
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
END = b""
"""In a script: the connection ends here."""


@dataclass
class Node:
    """Answers each request with the next script: pieces, each in a packet of its own."""

    scripts: list[Sequence[bytes]]
    url: str = ""
    asked: list[bytes] = field(default_factory=list[bytes])
    connections: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """A connection came to its end."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked.append(head + await reader.readexactly(_length(head)))
                for piece in self.scripts.pop(0):
                    if piece == END:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.ended.set()


def _length(head: bytes) -> int:
    lines = dict(it.lower().split(b": ", 1) for it in head.split(b"\r\n")[1:] if it)
    return int(lines[b"content-length"])


@asynccontextmanager
async def a_node(
    *scripts: Sequence[bytes], tls: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[Node, httpx.AsyncClient]]:
    """Run a node, with a client that goes straight to it."""
    node = Node(list(scripts))
    server = await asyncio.start_server(node.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    node.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}/key?a=1"
    try:
        async with httpx.AsyncClient(transport=Direct()) as client:
            yield node, client
    finally:
        server.close()


def ask(node: Node, client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return client.post(node.url, content=b"{}", headers={"Content-Type": "application/json"})


async def test_a_request_says_what_httpx_would_say() -> None:
    async with a_node([FIXED]) as (node, client):
        answer = await ask(node, client)
        assert (answer.status_code, answer.content) == (200, b"hello")
        assert answer.headers["content-length"] == "5"
        head, _, body = node.asked[0].partition(b"\r\n\r\n")
        first, *headers = head.split(b"\r\n")
        assert (first, body) == (b"POST /key?a=1 HTTP/1.1", b"{}")
        host = node.url.removeprefix("http://").partition("/")[0]
        assert f"Host: {host}".encode() in headers
        assert b"Content-Length: 2" in headers
        assert b"Content-Type: application/json" in headers


@pytest.mark.parametrize(
    "whole", [FIXED, CHUNKED, TO_THE_END, EARLY + FIXED], ids=["fixed", "chunked", "end", "early"]
)
@pytest.mark.parametrize("size", [1, 7, 1_000])
async def test_an_answer_is_read_in_whatever_pieces_it_comes(whole: bytes, size: int) -> None:
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    async with a_node([*pieces, *([END] if whole is TO_THE_END else [])]) as (node, client):
        answer = await ask(node, client)
        assert (answer.status_code, answer.content) == (200, b"hello")


async def test_a_packed_answer_is_unpacked() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED)
    async with a_node([head + ZIPPED]) as (node, client):
        assert (await ask(node, client)).content == b"hello"


async def test_a_connection_serves_again_after_a_whole_answer() -> None:
    async with a_node([FIXED], [CHUNKED], [FIXED]) as (node, client):
        for _ in range(3):
            assert (await ask(node, client)).content == b"hello"
        assert node.connections == 1


@pytest.mark.parametrize("said", [LAST, FIXED + b"more", b"HTTP/1.0" + FIXED[8:]])
async def test_a_connection_with_something_left_on_it_serves_no_more(said: bytes) -> None:
    async with a_node([said], [FIXED]) as (node, client):
        for _ in range(2):
            assert (await ask(node, client)).content == b"hello"
        assert node.connections == 2


async def test_requests_at_once_have_connections_of_their_own() -> None:
    async with a_node(*[[FIXED]] * 6) as (node, client):
        answers = await asyncio.gather(*(ask(node, client) for _ in range(3)))
        assert [it.content for it in answers] == [b"hello"] * 3
        assert node.connections == 3
        await asyncio.gather(*(ask(node, client) for _ in range(3)))
        assert node.connections == 3


async def test_what_met_a_connection_that_had_ended_is_asked_on_a_new_one() -> None:
    async with a_node([FIXED], [END], [FIXED]) as (node, client):
        await ask(node, client)
        assert (await ask(node, client)).content == b"hello"
        assert (len(node.asked), node.connections) == (3, 2)


async def test_a_connection_that_ended_while_idle_is_not_used() -> None:
    async with a_node([FIXED, END], [FIXED]) as (node, client):
        await ask(node, client)
        await node.ended.wait()
        assert (await ask(node, client)).content == b"hello"
        assert len(node.asked) == 2


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([END], httpx.RemoteProtocolError),
        ([FIXED[:-2], END], httpx.ReadError),
        ([CHUNKED[:-4], END], httpx.ReadError),
        ([b"hello\r\n\r\n"], httpx.RemoteProtocolError),
        ([b"HTTP/1.1 OK\r\n\r\n"], httpx.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"], httpx.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"], httpx.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"], httpx.RemoteProtocolError),
        ([CHUNKED.replace(b"3;", b"+3;")], httpx.RemoteProtocolError),
        ([b"H" * 70_000], httpx.RemoteProtocolError),
    ],
)
async def test_what_is_no_whole_answer_is_an_error_and_the_next_is_well(
    script: Sequence[bytes], error: type[httpx.TransportError]
) -> None:
    async with a_node(script, [FIXED]) as (node, client):
        with pytest.raises(error):
            await ask(node, client)
        assert (await ask(node, client)).content == b"hello"
        assert node.connections == 2


async def test_an_answer_that_does_not_come_in_time_leaves_no_connection_behind() -> None:
    async with a_node([], [FIXED]) as (node, client):
        with pytest.raises(httpx.ReadTimeout):
            await client.post(node.url, content=b"{}", timeout=httpx.Timeout(5, read=0.01))
        await node.ended.wait()
        assert (await ask(node, client)).content == b"hello"
        assert node.connections == 2


async def test_a_node_that_is_not_there_is_an_error_of_the_connection() -> None:
    async with a_node() as (node, client):
        url = node.url
    async with httpx.AsyncClient(transport=Direct()) as client:
        with pytest.raises(httpx.ConnectError):
            await client.post(url, content=b"{}")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_left_to_httpx(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scheme in ("http", "https", "all"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "elsewhere")
    assert isinstance(way_to_nodes(), Direct)
    monkeypatch.setenv(name, "http://proxy:3128")
    assert way_to_nodes() is None


async def test_a_node_is_known_by_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = a_certificate(tmp_path)
    async with a_node([FIXED], tls=tls) as (node, client):
        with pytest.raises(httpx.ConnectError):
            await ask(node, client)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        async with httpx.AsyncClient(transport=Direct()) as knowing:
            assert (await ask(node, knowing)).content == b"hello"


def a_certificate(folder: Path) -> ssl.SSLContext:
    """Give a server's side that nobody vouches for, and write its certificate."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a node")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
