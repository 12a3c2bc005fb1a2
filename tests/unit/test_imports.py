import subprocess
import sys
from pathlib import Path

import pytest

from kit import import_probe

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    path.parent.name
    for sources in ("libs/*/src", "services/*/src", "deploy/local/src")
    for path in ROOT.glob(f"{sources}/*/__init__.py")
)


def probe(package: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Import `package` in a process of its own; it may also lie in `folder`."""
    return subprocess.run(
        [sys.executable, "-B", import_probe.__file__, package],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_packages_are_found() -> None:
    assert {"contracts", "chassis", "ingest", "audit", "supervisor"} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_does_nothing(package: str, tmp_path: Path) -> None:
    done = probe(package, tmp_path)

    assert done.stderr == ""
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize(
    "line",
    [
        "open('left-behind', 'w')",
        "import socket; socket.socket().connect(('127.0.0.1', 9))",
        "from threading import Event, Thread; Thread(target=Event().wait, daemon=True).start()",
        "import logging; logging.basicConfig()",
    ],
    ids=["file", "socket", "thread", "logging"],
)
def test_a_module_that_acts_when_it_is_imported_is_noticed(line: str, tmp_path: Path) -> None:
    package = tmp_path / "acting"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "module.py").write_text(f"{line}\n")

    done = probe("acting", tmp_path)

    assert done.returncode == 1
    assert "RuntimeError: importing " in done.stderr
