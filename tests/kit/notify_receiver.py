"""Services that people are told by, on the loopback: HTTPS and mail, with their certificates."""

import asyncio
import contextlib
import datetime as dt
import json
import ssl
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.notify.delivery import ProcessSender
from kit import notify_sender

HOST = "127.0.0.1"
NAMES = (
    "hooks.example.com",
    "ping.example.com",
    "api.telegram.org",
    "discord.com",
    "hooks.slack.com",
    "ntfy.sh",
    "api.pushover.net",
    "smtp.example.com",
)


@dataclass
class Receiver:
    """A server that keeps what it was told, and answers as it is set to."""

    context: ssl.SSLContext
    bundle: Path
    port: int = 0
    mail_port: int = 0
    status: int = 200
    location: str = ""
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while it stays silent."""
    connections: int = 0
    got: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Request line and body."""
    mails: list[str] = field(default_factory=list[str])

    def world(
        self, *, names: dict[str, list[str]] | None = None, allow: tuple[str, ...] = (HOST,)
    ) -> str:
        """Give the world in which every known name leads here, for `kit.notify_sender`."""
        known = {name: [HOST] for name in NAMES} if names is None else names
        ports = {"443": self.port, "465": self.mail_port}
        return json.dumps({"names": known, "ports": ports, "allow": allow})

    def sender(
        self,
        *,
        names: dict[str, list[str]] | None = None,
        allow: tuple[str, ...] = (HOST,),
        wait_s: float = 30.0,
        bundle: Path | None = None,
    ) -> ProcessSender:
        """Give a sender in that world."""
        script = Path(notify_sender.__file__)
        trusted = str(bundle or self.bundle)
        return ProcessSender(
            (sys.executable, str(script), self.world(names=names, allow=allow)),
            environment={"REQUESTS_CA_BUNDLE": trusted, "SSL_CERT_FILE": trusted},
            wait_s=wait_s,
        )

    async def serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lengths = [line for line in head.splitlines() if line.lower().startswith("content-len")]
            length = int(lengths[0].partition(":")[2]) if lengths else 0
            body = (await reader.readexactly(length)).decode()
            self.got.append((head.splitlines()[0], body))
            await self.answers.wait()
            said = json.dumps({"ok": True, "status": 1, "result": {}}).encode()
            said = b"ok" if "/services/" in head else said  # Slack's word for yes.
            moved = f"Location: {self.location}\r\n" if self.location else ""
            writer.write(
                f"HTTP/1.1 {self.status} So\r\n{moved}Content-Type: application/json\r\n"
                f"Content-Length: {len(said)}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(said)
            await writer.drain()
        writer.close()

    async def serve_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one mail."""
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(b"220 here\r\n")
            while word := (await reader.readline()).decode().strip().upper():
                if word.startswith("DATA"):
                    writer.write(b"354 go on\r\n")
                    self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    writer.write(b"250 taken\r\n")
                elif word.startswith("EHLO"):
                    writer.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                elif word.startswith("AUTH"):
                    writer.write(b"235 yes\r\n")
                else:
                    writer.write(b"221 bye\r\n" if word.startswith("QUIT") else b"250 yes\r\n")
        writer.close()


@contextlib.asynccontextmanager
async def receiving(folder: Path) -> AsyncGenerator[Receiver]:
    """Run the services for as long as the context lasts."""
    context, bundle = await asyncio.to_thread(certificate, folder)
    receiver = Receiver(context, bundle)
    receiver.answers.set()
    http = await asyncio.start_server(receiver.serve_http, HOST, 0, ssl=context)
    mail = await asyncio.start_server(receiver.serve_mail, HOST, 0, ssl=context)
    receiver.port = http.sockets[0].getsockname()[1]
    receiver.mail_port = mail.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.answers.set()
        http.close()
        mail.close()
        await asyncio.sleep(0)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for all names; give a server's context, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = dt.datetime.now(dt.UTC)
    names: list[Any] = [x509.DNSName(one) for one in NAMES]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    bundle, private = folder / "bundle.pem", folder / "key.pem"
    bundle.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, private)
    return context, bundle
