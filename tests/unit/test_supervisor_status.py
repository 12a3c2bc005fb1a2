"""What a terminal that is no terminal is told."""

from supervisor.status import Row, changes


def a_row(state: str, *, restarts: int = 0, ended: str = "") -> Row:
    return Row("signals", state, 7, restarts, ended)


def test_a_state_is_told_once() -> None:
    shown: dict[str, Row] = {}

    told = [changes([a_row(state)], shown) for state in ("starting", "ready", "ready")]

    assert told == [["signals      starting"], ["signals      ready"], []]


def test_an_end_is_told_once_though_nobody_looked_before_the_next_start() -> None:
    shown: dict[str, Row] = {}
    changes([a_row("ready")], shown)
    again = a_row("ready", restarts=1, ended="killed by signal 9")

    assert changes([again], shown) == ["signals      killed by signal 9", "signals      ready"]
    assert changes([again], shown) == []


def test_an_end_that_is_still_the_state_is_told_once() -> None:
    shown: dict[str, Row] = {}
    changes([a_row("ready")], shown)
    state = "killed by signal 9, again in 0.5 s"
    rows = [a_row(it, restarts=1, ended="killed by signal 9") for it in (state, "ready")]

    assert [changes([row], shown) for row in rows] == [
        [f"signals      {state}"],
        ["signals      ready"],
    ]


def test_what_a_ready_process_says_of_itself_leaves_it_ready() -> None:
    said = ("ready", "ready: Drift 2.82 on http://127.0.0.1:1", "readying", "starting")

    assert [a_row(state).is_ready for state in said] == [True, True, False, False]
