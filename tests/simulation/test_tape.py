"""A tape gives one domain log: at every speed, in every run, and it is the file's own truth."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from contracts.event import Recorded
from contracts.feed import TapeEnded, TradeGapDetected
from contracts.minute import MinuteClosed
from contracts.order import OrderFilled, OrderIntended, SetupClosed
from contracts.signal import EntrySignaled
from contracts.values import Leg
from kit.cuts import cut_frames, cut_ticks
from kit.postgres import PostgresServer
from kit.runs import run_tape, running_desk
from kit.stack import domain_log, first_difference, read_log
from kit.zygote import Zygote

E = TypeVar("E")

# 2025-06-22 00:00 to 04:12 UTC: three id gaps; a short that takes its first profit and is stopped
# out at break-even; another that is refused at first, replaced, filled, stopped out; two denials.
LTC_FROM_MS = 1_750_550_400_000
LTC_UNTIL_MS = 1_750_565_520_000
# 2024-07-18 23:59:52 to 24:00:06 by the recorder's clock: a minute, an hour and a session end.
ETH_FROM_MS = 1_721_347_192_000
ETH_UNTIL_MS = 1_721_347_206_000
SYNTHETIC = {"FEED": "synthetic", "SYNTHETIC_WARMUP_MINUTES": "100"}
"""The first setup comes in minute 104; the minutes before it are played at once at every speed."""


@pytest.mark.timeout(300)
async def test_every_trade_is_folded_once_and_a_second_run_gives_the_same_log(
    tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    tape = cut_ticks(tmp_path / "LTCUSDT_cut.csv", from_ms=LTC_FROM_MS, until_ms=LTC_UNTIL_MS)
    rows = [line.split(",") for line in tape.read_text(encoding="utf-8").splitlines()[1:]]
    ids = [int(row[4]) for row in rows]

    first = await run_tape(tmp_path / "a", str(tape), zygote=zygote, postgres=postgres)
    second = await run_tape(
        tmp_path / "b", str(tape), zygote=zygote, postgres=postgres, speed="7200"
    )

    minutes = of(first.events, MinuteClosed)
    assert sum(it.trades for it in minutes) == len(rows)
    assert sum(it.volume_base for it in minutes) == sum(Decimal(row[2]) for row in rows)
    gaps = of(first.events, TradeGapDetected)
    holes = [(a, b) for a, b in pairwise(ids) if b - a > 1]
    assert [(it.first_missing_id, it.last_missing_id) for it in gaps] == [
        (a + 1, b - 1) for a, b in holes
    ]
    assert sum(it.missing_trades for it in minutes) == sum(b - a - 1 for a, b in holes) > 0
    (ended,) = of(first.events, TapeEnded)
    assert (ended.trades, ended.gaps) == (len(rows), len(holes))
    assert of(first.events, EntrySignaled)
    assert {it.leg for it in of(first.events, OrderIntended)} >= {Leg.ENTRY, Leg.STOP, Leg.TP1}
    assert of(first.events, OrderFilled)
    assert of(first.events, SetupClosed)
    assert first_difference(domain_log(first.events), domain_log(second.events)) is None
    assert first.deaths == second.deaths == []
    count = len(first.events)
    assert first.archived == (1, count, count, count)


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_speed_does_not_show_in_the_log(
    tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    tape = cut_frames(tmp_path / "eth.gz", from_ms=ETH_FROM_MS, until_ms=ETH_UNTIL_MS)
    logs = [
        domain_log(
            (
                await run_tape(
                    tmp_path / speed, str(tape), zygote=zygote, postgres=postgres, speed=speed
                )
            ).events
        )
        for speed in ("1", "60", "max")
    ]
    assert sum(len(events) for events in logs[0].values()) > 4
    assert first_difference(logs[0], logs[1]) is None
    assert first_difference(logs[0], logs[2]) is None


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_speed_does_not_show_in_a_trade(
    tmp_path: Path, zygote: Zygote, postgres: PostgresServer
) -> None:
    async def until_closed(speed: str) -> list[Recorded]:
        feed = {**SYNTHETIC, "SYNTHETIC_SPEED": speed}
        async with running_desk(tmp_path / speed, feed, zygote=zygote, postgres=postgres) as stack:
            await stack.says(SetupClosed)
            assert stack.deaths == []
            return await read_log(stack.nats)

    slow, fast = await until_closed("60"), await until_closed("max")
    for events in (slow, fast):
        assert {Leg.ENTRY, Leg.STOP} <= {it.leg for it in of(events, OrderIntended)}
        assert of(events, OrderFilled)
        assert of(events, SetupClosed)
    assert first_difference_of_common(domain_log(slow), domain_log(fast)) is None


def first_difference_of_common(
    one: dict[str, list[bytes]], other: dict[str, list[bytes]]
) -> str | None:
    """Compare each subject as far as both logs have come: the market of these runs has no end."""
    both = {
        subject: min(len(one.get(subject, [])), len(other.get(subject, [])))
        for subject in one.keys() | other.keys()
    }
    cut = ({it: log.get(it, [])[:count] for it, count in both.items()} for log in (one, other))
    return first_difference(*cut)


def of(events: list[Recorded], kind: type[E]) -> list[E]:
    """Give the events of one kind, in order."""
    return [recorded.event for recorded in events if isinstance(recorded.event, kind)]
