"""The bench runs: a bench that is broken is noticed when it is needed, which is too late."""

import json

import pytest

from bench import (
    bench_append,
    bench_gateway,
    bench_kill,
    bench_planner,
    bench_services,
    bench_ticks,
)
from bench.measure import Row, Size, quantile, row
from bench.report import record, table


@pytest.mark.soak
async def test_the_append_section_gives_both_rows() -> None:
    rows = await bench_append.run(Size.TINY)
    assert [found.what for found in rows] == [
        "durable appends, serial",
        "durable appends, 64 in flight",
    ]
    assert all(found.ours > 0 and found.floor for found in rows)


@pytest.mark.soak
async def test_the_ticks_section_moves_the_whole_tape() -> None:
    [found] = await bench_ticks.run(Size.TINY)
    assert found.what == "ingest to signals, 2,000 made-up trades"
    assert found.ours > 0


@pytest.mark.soak
async def test_the_kill_section_kills_one_account_and_all() -> None:
    rows = await bench_kill.run(Size.TINY)
    assert [found.what for found in rows if found.aim is not None] == [
        "one account, over HTTP, p50 of 2",
        "one account, over HTTP, p99 of 2",
        "one of 3 accounts, over HTTP, p50 of 1",
        "one of 3 accounts, over HTTP, p99 of 1",
        "all of 2 accounts, from the append, p50 of 1",
        "all of 2 accounts, from the append, p99 of 1",
    ]
    for until_recorded, until_signed in zip(rows[4::6], rows[5::6], strict=True):
        assert 0 < until_recorded.ours < until_signed.ours


@pytest.mark.soak
async def test_the_gateway_section_has_its_floor_in_every_row() -> None:
    rows = await bench_gateway.run(Size.TINY)
    assert [found.what for found in rows[:4]] == [
        "50/s from the append to 3 clients, p50",
        "50/s from the append to 3 clients, p99",
        "  of the server's processor, by event and client",
        "a client catches up with 50 events",
    ]
    assert all(found.ours > 0 and found.floor for found in rows)


@pytest.mark.soak
async def test_the_planner_section_tells_plans_and_accounts() -> None:
    plans, answers, accounts = await bench_planner.run(Size.TINY)
    assert plans.ours > answers.ours > 0
    assert accounts.ours == pytest.approx(plans.ours * 0.4)  # A slot is 400 ms.


@pytest.mark.soak
async def test_the_services_section_follows_a_signal_to_its_signature() -> None:
    rows = await bench_services.run(Size.TINY)
    assert [found.what for found in rows[::2]] == [
        "bar closed to entry signaled, p50 of 1",
        "bar closed to verdict, p50 of 1",
        "bar closed to entry intended and signed, p50 of 1",
    ]
    signaled, judged, signed = (found.ours for found in rows[::2])
    assert 0 < signaled < judged < signed


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    found = row("s", "w", "1/s", ours=[1, 4, 9], floor_name="f", floor=[2, 4, 3], aim=0.5)
    assert found.ratio == 1  # Of 1/2, 4/4 and 9/3.
    assert found.meets_aim


@pytest.mark.parametrize(("q", "expected"), [(0.5, 50), (0.99, 99), (0.001, 1)])
def test_a_quantile_is_one_of_the_values(q: float, expected: float) -> None:
    assert quantile(range(100, 0, -1), q) == expected


def test_the_table_aligns_and_names_what_misses() -> None:
    slow = Row("latency", "p99", "ms", 3.0, "nats-py", 1.0, 3.0, aim=1.5, is_latency=True)
    alone = Row("audit", "replayed", "events/s", 1234.5)
    lines = table([slow, alone]).splitlines()
    assert lines[1].split()[:5] == ["latency:", "p99", "3.00", "1.00", "ms"]
    assert lines[1].endswith("(nats-py)   3.00  <= 1.5  MISSED")
    assert lines[2].split() == ["audit:", "replayed", "1,234", "events/s"]
    assert json.loads(record([slow], Size.TINY))["rows"][0]["meets_aim"] is False
