"""How long a process counts as silent: by looks, and only after its first answer."""

from supervisor.watch import Silence

ONE, ANOTHER = 7, 8


def silent_after(looks: list[tuple[float, int, bool]]) -> list[float]:
    """Give the seconds of silence after each look: at a time, at a process, heard or not."""
    silence = Silence()
    return [silence.after(pid, is_heard=is_heard, now=now) for now, pid, is_heard in looks]


def test_silence_counts_from_the_last_answer_and_ends_with_the_next() -> None:
    looks = [(10.0, ONE, True), (11.5, ONE, False), (13.0, ONE, False), (13.5, ONE, True)]

    assert silent_after([*looks, (14.0, ONE, False)]) == [0.0, 1.5, 3.0, 0.0, 0.5]


def test_a_start_takes_as_long_as_it_takes() -> None:
    looks = [(float(at_s), ONE, False) for at_s in range(600)]

    assert set(silent_after(looks)) == {0.0}


def test_who_comes_anew_starts_anew() -> None:
    looks = [(0.0, ONE, True), (1.5, ONE, False), (3.0, ANOTHER, False), (4.5, ANOTHER, False)]

    assert silent_after(looks) == [0.0, 1.5, 0.0, 0.0]


def test_while_we_stood_still_nobody_was_silent() -> None:
    looks = [(0.0, ONE, True), (1.0, ONE, False), (9_000.0, ONE, False), (9_001.0, ONE, False)]

    assert silent_after(looks) == [0.0, 1.0, 3.0, 4.0]  # the long look counts 2 s
