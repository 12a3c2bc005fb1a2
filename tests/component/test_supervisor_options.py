"""What `up` says about its feed before anything starts."""

from pathlib import Path

import pytest

from kit.cuts import cut_ticks
from supervisor.options import choose_feed, parser

NOON_MS = 1_750_507_467_356


def test_up_says_on_the_terminal_why_a_cut_tape_gives_no_entries(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = cut_ticks(tmp_path / "LTCUSDT_cut.csv", from_ms=NOON_MS, until_ms=NOON_MS + 60_000)

    feed = choose_feed(parser().parse_args(["up", "--tape", str(cut)]))

    assert feed.description == "TAPE of binance-spot ltcusdt at speed 1"
    assert capsys.readouterr().out == (
        "recording of ltcusdt: LTCUSDT_cut.csv; begins at 12:04 UTC, within a session: "
        "no entries before the next 00:00 UTC\n"
    )
