import gzip
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from chassis.settings import ConfigurationError
from contracts.ticks import TopOfBook, Trade
from ingest.domain.items import Finished, Ignored, Item, OtherTrade, Refused
from ingest.domain.totals import Totals
from ingest.feeds.tape import play
from ingest.feeds.tape_files import TapeKind, find_tape
from kit.cuts import cut_ticks
from kit.ingest_frames import (
    NOON_MS,
    RECEIVED_NS,
    agg_trade,
    book_ticker,
    combined,
    frame_lines,
    raw_trade,
    tick_row,
    write_frames,
    write_ticks,
)
from kit.recordings import FRAMES, LTC_TICKS, recording
from kit.signals_recordings import frame_trades, ltc_trades


def played(*paths: Path) -> list[Item]:
    return list(play(find_tape([str(path) for path in paths], symbol="solusdt")))


def trades_of(items: Sequence[Item]) -> list[Trade]:
    return [item for item in items if isinstance(item, Trade)]


def refused_of(items: Sequence[Item]) -> list[Refused]:
    return [item for item in items if isinstance(item, Refused)]


def totals_of(items: Sequence[Item]) -> Totals:
    last = items[-1]
    assert isinstance(last, Finished)
    return last.totals


def test_the_ltc_recording_gives_every_trade_once_and_every_gap() -> None:
    items = played(recording(LTC_TICKS))

    assert trades_of(items) == list(ltc_trades())
    assert totals_of(items) == Totals(
        trades=152_763,
        quantity_base=sum((Decimal(trade.q) for trade in ltc_trades()), Decimal(0)),
        first_trade_id=293_517_768,
        last_trade_id=293_696_125,
        first_ms=1_750_507_467_356,
        last_ms=1_750_636_795_708,
        gaps=26,
        missing_trades=25_595,
        is_truncated=False,
    )


def test_the_eth_files_continue_each_other_in_whatever_order_they_are_named() -> None:
    names = ("ethusdt_20240718", "ethusdt_20240719")
    items = played(*(recording(FRAMES) / f"{name}.gz" for name in reversed(names)))

    assert trades_of(items) == list(frame_trades(*names))
    totals = totals_of(items)
    # Contiguous: 4,217,910,238 - 4,217,896,584 + 1 = 13,655.
    assert (totals.trades, totals.gaps) == (13_655, 0)


def test_the_btc_recording_is_whole() -> None:
    items = played(recording(FRAMES) / "btcusdt_20240808.gz")

    assert trades_of(items) == list(frame_trades("btcusdt_20240808"))
    assert sum(isinstance(item, TopOfBook) for item in items) == 66_089
    assert sum(isinstance(item, Ignored) for item in items) == 6_551 + 1


def test_overlapping_tick_files_are_merged(tmp_path: Path) -> None:
    write_ticks(tmp_path / "LTCUSDT_a.csv", [1, 2, 3, 7, 8])
    write_ticks(tmp_path / "LTCUSDT_b.csv", [2, 3, 4, 5])
    write_ticks(tmp_path / "LTCUSDT_c.csv", [10, 11])

    items = played(tmp_path)

    assert [trade.i for trade in trades_of(items)] == [1, 2, 3, 4, 5, 7, 8, 10, 11]
    assert (totals_of(items).gaps, totals_of(items).missing_trades) == (2, 2)


@pytest.mark.parametrize(
    ("from_ms", "note"),
    [(1_750_550_400_000, ""), (1_750_507_467_356, "; begins at 12:04 UTC, within a session: ")],
    ids=["at midnight", "at noon"],
)
def test_a_tape_that_begins_within_a_session_says_that_it_gives_no_entries(
    from_ms: int, note: str, tmp_path: Path
) -> None:
    cut = cut_ticks(tmp_path / "LTCUSDT_cut.csv", from_ms=from_ms, until_ms=from_ms + 60_000)

    said = find_tape([str(cut)], symbol="x").source.description

    expected = "recording of ltcusdt: LTCUSDT_cut.csv"
    assert said == expected + (f"{note}no entries before the next 00:00 UTC" if note else "")


def test_files_that_disagree_about_a_trade_are_told(tmp_path: Path) -> None:
    write_ticks(tmp_path / "LTCUSDT_a.csv", [1, 2, 3])
    write_ticks(tmp_path / "LTCUSDT_b.csv", [tick_row(2, price="99")])

    items = played(tmp_path)

    assert [trade.i for trade in trades_of(items)] == [1, 2, 3]
    assert [it.origin for it in refused_of(items)] == ["LTCUSDT_b.csv:2"]


def test_a_tape_is_the_same_whatever_its_files_are_called(tmp_path: Path) -> None:
    one = find_tape([str(write_ticks(tmp_path / "LTCUSDT_a.csv", [1, 2]))], symbol="x")
    two = find_tape([str(write_ticks(tmp_path / "ltcusdt_b.csv", [1, 2]))], symbol="x")
    other = find_tape([str(write_ticks(tmp_path / "ltcusdt_c.csv", [1, 3]))], symbol="x")

    assert one.source.identity == two.source.identity
    assert one.source.identity != other.source.identity
    assert (one.kind, one.source.venue, one.source.symbol, one.source.market) == (
        TapeKind.TICKS,
        "binance-spot",
        "ltcusdt",
        "ltc-perp",
    )


def test_bad_lines_in_the_middle_are_refused_with_their_place(tmp_path: Path) -> None:
    half = combined(agg_trade(2))[:60]
    path = write_frames(
        tmp_path / "sol.log",
        [agg_trade(1), half, agg_trade(3, p="NaN"), agg_trade(4, q="-1"), agg_trade(5)],
    )

    items = played(path)

    assert [trade.i for trade in trades_of(items)] == [1, 5]
    assert [(it.origin, it.ordinal) for it in refused_of(items)] == [
        ("sol.log:2", 1),
        ("sol.log:3", 2),
        ("sol.log:4", 3),
    ]
    assert refused_of(items)[0].frame.endswith(half)
    assert totals_of(items).missing_trades == 3
    assert not totals_of(items).is_truncated


def test_a_line_cut_in_half_at_the_end_is_a_truncated_tape(tmp_path: Path) -> None:
    content = frame_lines([agg_trade(1), agg_trade(2), agg_trade(3)])
    (tmp_path / "sol.log").write_bytes(content[:-40])

    items = played(tmp_path / "sol.log")

    assert [trade.i for trade in trades_of(items)] == [1, 2]
    assert [it.origin for it in refused_of(items)] == ["sol.log:3"]
    assert totals_of(items).is_truncated


def test_a_last_line_without_its_end_is_whole_when_it_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "sol.log").write_bytes(frame_lines([agg_trade(1), agg_trade(2)])[:-1])

    items = played(tmp_path / "sol.log")

    assert [trade.i for trade in trades_of(items)] == [1, 2]
    assert not totals_of(items).is_truncated


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_gzip_plays_its_good_part(tmp_path: Path, kept: float) -> None:
    frames = [agg_trade(index, p=f"15{index % 7}.{index:04d}") for index in range(1, 400)]
    content = gzip.compress(frame_lines(frames), mtime=0)
    (tmp_path / "sol.gz").write_bytes(content[: int(len(content) * kept)])

    items = played(tmp_path / "sol.gz")

    good = [trade.i for trade in trades_of(items)]
    assert good == list(range(1, len(good) + 1))
    assert len(good) > 50
    (refused,) = refused_of(items)
    assert refused.origin == f"sol.gz:{len(good) + 1}"
    assert "expected the end of the gzip data" in refused.reason
    assert totals_of(items).is_truncated


def test_a_damaged_gzip_is_reported_and_the_next_file_is_played(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(frame_lines([agg_trade(i) for i in range(1, 50)]), mtime=0))
    content[-6] ^= 0xFF
    (tmp_path / "a.gz").write_bytes(content)
    later = frame_lines([agg_trade(i) for i in range(50, 60)], received_ns=2 * RECEIVED_NS)
    (tmp_path / "b.log").write_bytes(later)

    items = played(tmp_path / "a.gz", tmp_path / "b.log")

    assert [trade.i for trade in trades_of(items)][-10:] == list(range(50, 60))
    assert "expected gzip data" in refused_of(items)[0].reason
    assert totals_of(items).is_truncated


def test_a_gzip_of_several_members_is_one_file(tmp_path: Path) -> None:
    parts = [frame_lines([agg_trade(1)]), frame_lines([agg_trade(2)])]
    (tmp_path / "sol.gz").write_bytes(b"".join(map(gzip.compress, parts)) + b"\0\0")

    items = played(tmp_path / "sol.gz")

    assert [trade.i for trade in trades_of(items)] == [1, 2]
    assert not totals_of(items).is_truncated


def test_a_tick_row_out_of_order_is_refused(tmp_path: Path) -> None:
    path = write_ticks(tmp_path / "LTCUSDT_a.csv", [1, 5, 3, 6, "1,2,3", tick_row(7, side="up")])

    items = played(path)

    assert [trade.i for trade in trades_of(items)] == [1, 5, 6]
    assert [it.origin.split(":")[1] for it in refused_of(items)] == ["4", "6", "7"]


def test_trades_outside_the_book_close_no_gap_and_open_none(tmp_path: Path) -> None:
    path = write_frames(
        tmp_path / "sol.log", [raw_trade(1), raw_trade(2, X="ADL"), raw_trade(3), raw_trade(5)]
    )

    items = played(path)

    assert [type(item) for item in items[:3]] == [Trade, OtherTrade, Trade]
    assert (totals_of(items).trades, totals_of(items).missing_trades) == (3, 1)


def test_frames_of_another_symbol_are_refused(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "sol.log", [agg_trade(1), agg_trade(9, s="BTCUSDT")])

    assert "found 'BTCUSDT'" in refused_of(played(path))[0].reason


def test_the_tape_begins_at_its_first_tick(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "sol.log", [book_ticker(4), agg_trade(1)])

    source = find_tape([str(path)], symbol="x").source

    assert source.begins_at.timestamp() * 1000 == NOON_MS + 4
    assert source.is_replayable


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("LTCUSDT_2025.csv", "ltcusdt"),
        ("trades-2025-BTCUSDT.csv", "btcusdt"),
        ("trades.csv", "ethusdt"),
    ],
)
def test_a_tick_file_is_of_the_symbol_in_its_name_or_else_of_the_setting(
    name: str, symbol: str, tmp_path: Path
) -> None:
    tape = find_tape([str(write_ticks(tmp_path / name, [1]))], symbol="ethusdt")

    assert tape.source.symbol == symbol


def bad_choices(folder: Path) -> dict[str, list[Path]]:
    (folder / "empty.csv").touch()
    (folder / "none").mkdir()
    (folder / "text.txt").write_text("hello\n")
    (folder / "cut.gz").write_bytes(gzip.compress(b"1 {}")[:9])
    sol = write_frames(folder / "sol.log", [agg_trade(1)])
    btc = write_frames(folder / "btc.log", [agg_trade(1, s="BTCUSDT")])
    doge = write_frames(folder / "doge.log", [agg_trade(1, s="DOGEUSDT")])
    ltc = write_ticks(folder / "LTCUSDT_a.csv", [1])
    return {
        "found no such file": [folder / "nowhere.gz"],
        "found an empty file": [folder / "empty.csv"],
        "expected files in the tape folder": [folder / "none"],
        "found 'hello'": [folder / "text.txt"],
        "no readable line": [folder / "cut.gz"],
        "expected one symbol": [sol, btc],
        "expected one kind of tape": [sol, ltc],
        "found 'dogeusdt'": [doge],
        "expected trades in": [write_ticks(folder / "LTCUSDT_b.csv", ["x"])],
        "expected ticks in": [write_frames(folder / "none.log", [b'{"lastUpdateId":1}'])],
        "expected the files of a tape": [],
    }


@pytest.mark.parametrize(
    "reason",
    [
        "found no such file",
        "found an empty file",
        "expected files in the tape folder",
        "found 'hello'",
        "no readable line",
        "expected one symbol",
        "expected one kind of tape",
        "found 'dogeusdt'",
        "expected trades in",
        "expected ticks in",
        "expected the files of a tape",
    ],
)
def test_a_choice_of_files_that_cannot_be_played_is_one_clear_line(
    reason: str, tmp_path: Path
) -> None:
    names = [str(path) for path in bad_choices(tmp_path)[reason]]

    with pytest.raises(ConfigurationError, match=reason) as refusal:
        find_tape(names, symbol="solusdt")

    assert "\n" not in str(refusal.value)
