"""The helper that finds the recordings: a missing one is told in one line that says what to do."""

from pathlib import Path

import pytest

from kit import recordings
from kit.recordings import LTC_TICKS, RecordingMissing, recording


def test_a_folder_that_is_named_is_the_one_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LTC_TICKS).mkdir()
    monkeypatch.setenv("PERP_DESK_DATA", str(tmp_path))
    assert recording(LTC_TICKS) == tmp_path / LTC_TICKS


def test_a_missing_recording_says_what_was_expected_where_and_why_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = f"expected the recording {LTC_TICKS} in {tmp_path}, found none; PERP_DESK_DATA"
    monkeypatch.setenv("PERP_DESK_DATA", str(tmp_path))
    with pytest.raises(RecordingMissing, match=f"{expected} says so"):
        recording(LTC_TICKS)
    monkeypatch.delenv("PERP_DESK_DATA")
    monkeypatch.setattr(recordings, "_BESIDE", tmp_path)
    with pytest.raises(RecordingMissing, match=f"{expected} is not set: it can name a folder"):
        recording(LTC_TICKS)
