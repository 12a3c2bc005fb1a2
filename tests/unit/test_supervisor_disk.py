"""A full disk is said and keeps a desk from starting; once it has room, all goes on."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from supervisor.disk import FREE_MB_MIN, Disk
from supervisor.refusal import Refusal

FULL = "[ERR] JetStream failed to store a msg on stream '$G > MARKET': no space left on device"


@dataclass
class Machine:
    """Free space and a clock, set by hand."""

    free_mb: int = 1000
    now_s: float = 0.0

    @property
    def disk(self) -> Disk:
        return Disk(Path("/data"), free=lambda _: self.free_mb << 20, clock=lambda: self.now_s)


def test_a_disk_with_room_is_no_problem() -> None:
    disk = Machine(free_mb=FREE_MB_MIN).disk
    disk.require_room()
    assert disk.problem == ""


def test_a_desk_does_not_start_without_room() -> None:
    with pytest.raises(Refusal, match=r"expected 128 MB free at /data, found 127"):
        Machine(free_mb=127).disk.require_room()


def test_a_folder_that_cannot_be_looked_at_is_a_problem(tmp_path: Path) -> None:
    assert "No such file" in Disk(tmp_path / "none").problem


def test_a_server_that_could_not_store_starts_anew_once_there_is_room() -> None:
    machine = Machine(free_mb=0)
    disk = machine.disk
    disk.hear("[INF] Server is ready")
    machine.free_mb = 1000
    assert not disk.wants_renewal()
    machine.free_mb = 0
    disk.hear(FULL)
    assert not disk.wants_renewal()
    machine.free_mb = 1000
    assert disk.wants_renewal()
    assert not disk.wants_renewal()


def test_a_server_that_still_cannot_store_starts_anew_now_and_then_only() -> None:
    machine = Machine()
    disk = machine.disk
    disk.hear(FULL)
    assert disk.wants_renewal()
    disk.hear(FULL)
    machine.now_s = 29.0
    assert not disk.wants_renewal()
    machine.now_s = 30.0
    assert disk.wants_renewal()
