"""What the command says that checks an export."""

from pathlib import Path

import pytest

from gateway.activity.__main__ import main
from gateway.activity.sheet import Chain, Csv


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


def test_a_file_that_was_filtered_and_has_more_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, chain, file = Csv(), Chain(), tmp_path / "part.csv"
    head = chain.add(sheet.opening())
    said = {"count": 0, "from": "1", "to": "8", "next": "9", "auditHead": None}
    file.write_bytes(head + sheet.end({**said, "filter": '{"market":"sol-perp"}'}, chain))
    assert main([str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok: 0 events, positions 1 to 8",
        """of these only what a filter let through: '{"market":"sol-perp"}'""",
        f"its hash, to compare with `activity_exported` in the log: {chain.digest.hex()}",
        "there are more, from position 9 on",
    ]


def test_a_last_line_that_no_reader_of_tables_takes_is_not_ok(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wide.csv"
    file.write_text(f"#end,{'x' * 200_000}\n")
    assert main([str(file)]) == 1
    assert capsys.readouterr().err.startswith("not ok: ")
