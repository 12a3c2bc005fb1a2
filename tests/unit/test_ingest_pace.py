import math

import pytest

from ingest.pace import Pace
from ingest.settings import IngestSettings
from kit.ingest_frames import NOON_MS


class Clock:
    """A monotonic clock set by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_an_item_is_due_when_the_exchange_time_has_passed_at_the_speed() -> None:
    pace = Pace(speed=60, now=Clock())

    assert pace.delay_s(NOON_MS) == 0
    # 120 s of the exchange at 60x are 2 s.
    assert pace.delay_s(NOON_MS + 120_000) == pytest.approx(2.0)


def test_max_never_waits() -> None:
    pace = Pace(speed=math.inf, now=Clock())

    assert [pace.delay_s(NOON_MS + i * 3_600_000) for i in range(3)] == [0, 0, 0]


def test_the_warm_up_goes_out_at_once_and_the_pace_begins_behind_it() -> None:
    pace = Pace(speed=1, now=Clock(), free_until_ms=NOON_MS)

    assert pace.delay_s(NOON_MS - 3_600_000) == 0
    assert pace.delay_s(NOON_MS - 1) == 0
    assert pace.delay_s(NOON_MS + 5) == 0
    assert pace.delay_s(NOON_MS + 1_005) == pytest.approx(1.0)


def test_after_a_hold_up_the_pace_goes_on_and_does_not_run() -> None:
    clock = Clock()
    pace = Pace(speed=1, now=clock)
    pace.delay_s(NOON_MS)
    clock.now_s += 100

    assert pace.delay_s(NOON_MS + 1_000) == 0
    assert pace.delay_s(NOON_MS + 3_000) == pytest.approx(2.0)


def test_a_late_trade_does_not_turn_the_clock_back() -> None:
    clock = Clock()
    pace = Pace(speed=1, now=clock)
    pace.delay_s(NOON_MS)
    clock.now_s += 10

    assert pace.delay_s(NOON_MS + 10_000) == 0
    assert pace.delay_s(NOON_MS + 2_000) == 0
    assert pace.delay_s(NOON_MS + 11_000) == pytest.approx(1.0)


@pytest.mark.parametrize(("text", "speed"), [("60", 60), ("0.5", 0.5), ("max", math.inf)])
def test_a_speed_is_a_number_or_max(text: str, speed: float) -> None:
    assert IngestSettings.model_validate({"tape_speed": text}).tape_speed == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", "1e9"])
def test_another_speed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number above 0"):
        IngestSettings.model_validate({"tape_speed": text})
