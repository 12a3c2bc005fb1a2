"""The time that a stop takes is given once."""

from chassis.drain import FAREWELL_S, Drain, stop_s_max


def test_who_drains_second_has_what_the_first_left() -> None:
    now_s = [100.0]
    drain = Drain(20.0, clock=lambda: now_s[0])

    left = [drain.left_s()]
    for now_s[0] in (115.0, 120.0, 140.0):
        left.append(drain.left_s())

    assert left == [20.0, 5.0, 0.0, 0.0]


def test_the_clock_starts_with_the_stop_and_not_with_the_process() -> None:
    now_s = [0.0]
    drain = Drain(20.0, clock=lambda: now_s[0])
    now_s[0] = 9_000.0

    assert drain.left_s() == 20.0


def test_a_stop_takes_the_drain_and_a_bound_for_each_farewell() -> None:
    assert stop_s_max(20.0) == 20.0 + 5 * FAREWELL_S
