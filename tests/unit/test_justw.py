"""Which Python `./justw` runs on."""

import re
import shutil
import subprocess
from pathlib import Path

JUSTW = Path(__file__).parents[2] / "justw"


def a_program(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return path


def a_python(path: Path, *, is_fit: bool = True) -> Path:
    """Put a program there that answers as an interpreter of a version that fits, or does not."""
    return a_program(path, f"echo {path}", f"exit {int(not is_fit)}")


def chosen(root: Path) -> str:
    """Give the Python that just is told of; nothing is installed."""
    script = shutil.copy(JUSTW, root / "justw")
    text = JUSTW.read_text()
    uv, just = (re.search(rf"^{it}_version=(.+)$", text, re.MULTILINE) for it in ("uv", "just"))
    assert uv is not None
    assert just is not None
    a_program(root / ".tools/bin/just", 'echo "$UV_PYTHON"')
    (root / ".tools/stamp").write_text(f"uv {uv[1]}, just {just[1]}\n")
    done = subprocess.run(
        [script], env={"PATH": f"{root / 'path'}:/usr/bin:/bin"}, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def test_an_environment_that_stands_keeps_its_python(tmp_path: Path) -> None:
    ours = a_python(tmp_path / ".venv/bin/python")
    a_python(tmp_path / "path/python3.13")
    assert chosen(tmp_path) == str(ours)


def test_without_one_the_newest_on_the_path_is_taken(tmp_path: Path) -> None:
    a_python(tmp_path / "path/python3.13", is_fit=False)
    theirs = a_python(tmp_path / "path/python3.12")
    assert chosen(tmp_path) == str(theirs)


def test_an_environment_whose_python_is_gone_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(tmp_path / "gone")
    theirs = a_python(tmp_path / "path/python3.13")
    assert chosen(tmp_path) == str(theirs)
