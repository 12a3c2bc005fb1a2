"""`kit.again` gives way to accidents and to nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KIT = Path(__file__).parents[1]


def again(folder: Path, failed: list[str]) -> tuple[int, str]:
    record = folder / ".pytest_cache/v/cache/lastfailed"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps(dict.fromkeys(failed, True)))
    ran = subprocess.run(
        [sys.executable, "-m", "kit.again"],
        cwd=folder,
        env={
            "PYTHONPATH": str(KIT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p xdist",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(("fails_at", "code"), [("never", 0), ("1", 1), ("3", 1)])
def test_a_test_has_to_pass_each_time(tmp_path: Path, fails_at: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text(
        "from pathlib import Path\n"
        "def test_it():\n"
        "    ran = Path('ran'); n = len(ran.read_text()) + 1 if ran.exists() else 1\n"
        f"    ran.write_text('x' * n); assert str(n) != {fails_at!r}\n"
    )
    returned, said = again(tmp_path, ["test_it.py::test_it"])
    assert returned == code, said
    assert ("UNSTEADY: test_it.py::test_it" in said) == (code == 0)


def test_many_failures_are_no_accident(tmp_path: Path) -> None:
    assert again(tmp_path, [f"test_{n}" for n in range(4)])[0] == 1


def test_without_a_failed_test_something_else_went_wrong(tmp_path: Path) -> None:
    assert again(tmp_path, [])[0] == 2
