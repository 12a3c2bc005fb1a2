"""Entries stop at each line that the log's room falls under, and a person may resume between."""

import pytest

from gateway.domain.storage import Storage, Watch

_GIB = 1 << 30
_MB = 1 << 20


def a_log(*, left_pct: float = 100, disk_free_mb: int | None = None) -> Storage:
    free = None if disk_free_mb is None else disk_free_mb * _MB
    return Storage(round(16 * _GIB * (1 - left_pct / 100)), 16 * _GIB, free)


def stops(*seen: Storage) -> list[bool]:
    """Look at one after the other; say each time whether entries are to stop."""
    watch, found = Watch(), list[bool]()
    for storage in seen:
        watch, is_due = watch.sees(storage)
        found.append(is_due)
    return found


@pytest.mark.parametrize(("left_pct", "is_due"), [(100, False), (20, False), (19.9, True)])
def test_entries_stop_when_the_log_is_filled_to_80_percent(left_pct: float, is_due: bool) -> None:
    assert stops(a_log(left_pct=left_pct)) == [is_due]


@pytest.mark.parametrize(("free_mb", "is_due"), [(4096, False), (512, False), (511, True)])
def test_entries_stop_when_its_disk_is_nearly_full(free_mb: int, is_due: bool) -> None:
    assert stops(a_log(disk_free_mb=free_mb)) == [is_due]


def test_each_line_stops_once_and_the_next_one_again() -> None:
    lefts = (30, 19, 18, 11, 9, 8, 6, 4, 1)
    found = stops(*(a_log(left_pct=left) for left in lefts))
    assert [left for left, is_due in zip(lefts, found, strict=True) if is_due] == [19, 9, 4]


def test_two_lines_at_once_are_one_stop() -> None:
    assert stops(a_log(left_pct=19), a_log(left_pct=19, disk_free_mb=100)) == [True, True]
    assert stops(a_log(left_pct=4, disk_free_mb=100)) == [True]


def test_room_that_comes_and_goes_at_a_line_stops_once() -> None:
    at_the_line = [a_log(disk_free_mb=free) for free in (511, 513, 511, 639, 511)]
    assert stops(*at_the_line) == [True, False, False, False, False]


def test_a_line_that_was_left_behind_stops_again() -> None:
    seen = [a_log(disk_free_mb=free) for free in (511, 640, 511)]
    assert stops(*seen) == [True, False, True]


def test_what_stopped_entries_before_this_process_is_known() -> None:
    watch = Watch().knows(a_log(left_pct=19))
    assert watch.sees(a_log(left_pct=18)) == (watch, False)
    assert watch.sees(a_log(left_pct=9)) == (Watch(2), True)


def test_a_person_reads_what_is_left() -> None:
    assert str(a_log(left_pct=19)) == "19 % of the log's 16384 MB are free"
    assert str(a_log(left_pct=50, disk_free_mb=400)) == (
        "50 % of the log's 16384 MB are free, and 400 MB of its disk"
    )
