"""Which build this process runs: what it records was decided by this code."""

import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

UNKNOWN = "unknown"


def revision() -> str:
    """Give PERP_DESK_REVISION, else the git revision of the sources, else `unknown`."""
    given = os.environ.get("PERP_DESK_REVISION", "").strip()
    return given or _git_revision(Path(__file__).resolve().parent) or UNKNOWN


def _git_revision(folder: Path) -> str | None:
    """Give the head of the repository that these sources belong to, not of one around them."""
    if _git(folder, "ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  Fixed arguments.
            ["git", "-C", str(folder), *arguments],  # noqa: S607  Whichever git is there.
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def packages_sha256() -> str:
    """Give the digest of the installed distributions: `name==version` per line, sorted."""
    lines = sorted(
        {
            f"{found.name.lower()}=={found.version}"
            for found in metadata.distributions()
            if found.name
        }
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def python() -> str:
    """Give the version of Python."""
    return platform.python_version()
