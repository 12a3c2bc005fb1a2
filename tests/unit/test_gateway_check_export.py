"""What the command says that checks an export."""

from pathlib import Path

import pytest

from gateway.activity.__main__ import main


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.csv"
    assert main([str(missing)]) == 2
    assert capsys.readouterr().err == (
        f"expected an exported file at {missing}: No such file or directory\n"
    )


def test_a_file_without_its_end_is_not_ok(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_text('{"pos":"1"}\n')
    assert main([str(cut)]) == 1
    assert capsys.readouterr().err.startswith("not ok: expected a last line with the hash")
