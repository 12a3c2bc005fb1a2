import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from structlog.testing import capture_logs

from chassis.settings import ConfigurationError
from contracts.codec import UndecodableMessage
from contracts.minute import MinuteClosed
from contracts.signal import EntryWithheld, WithheldReason
from contracts.ticks import TapeEnd, Tick, Trade, encode_tick
from kit.signals_minutes import (
    BEGIN_MS,
    a_feed,
    a_minute,
    a_trade,
    an_end,
    feed_draft,
    folded,
    tape_of,
)
from kit.signals_stage import TRADES, Stage, a_stage, running, steps
from signals.domain.bars import minute_draft
from signals.domain.core import SignalsCore
from signals.handlers import AnotherWriter

# A tape of nine minutes: a silence, ids that are missing, a trade of the bar before behind the
# first of the next, a late one, and an end with two bars open.
TAPE: list[Tick] = [
    a_trade(1, 1, "100"),
    a_trade(2, 40, "101", is_sell=True),
    a_trade(3, 60.2, "102"),
    a_trade(4, 59.9, "103"),
    a_trade(5, 60.7, "104"),
    a_trade(9, 61, "105"),
    a_trade(10, 119, "106"),
    a_trade(11, 121, "107"),
    a_trade(12, 90, "90", is_sell=True),
    a_trade(13, 350, "108"),
    a_trade(14, 360.1, "109"),
    a_trade(15, 359.9, "110"),
    a_trade(16, 361, "111"),
    a_trade(17, 420.4, "112"),
    a_trade(18, 480.2, "113"),
    an_end(18, 480.2),
]


async def undisturbed(tape: Sequence[Tick]) -> Stage:
    stage = await a_stage()
    await stage.publish(tape)
    async with running(stage):
        await stage.until_ended()
    return stage


async def test_every_minute_is_recorded_with_its_decision_beside_it() -> None:
    stage = await undisturbed(TAPE)

    assert stage.minutes == folded(TAPE)
    opened, *events = stage.log.recorded
    assert opened.event.event_type == "feed_opened"
    for minute, decision in zip(events[::2], events[1::2], strict=True):
        assert isinstance(minute.event, MinuteClosed)
        assert decision.causation_id == minute.id
        assert decision.position == minute.position + 1
    assert stage.is_ready
    assert stage.reason == ""


async def test_a_replay_of_the_recorded_minutes_gives_the_recorded_decisions() -> None:
    stage = await undisturbed(TAPE)
    core = SignalsCore()

    replayed = [draft for event in stage.log.recorded for draft in core.step(event)]

    assert [draft.event for draft in replayed] == stage.decisions
    assert len(replayed) == len(stage.minutes) == 9


async def test_the_status_says_where_the_strategy_stands() -> None:
    stage = await undisturbed(TAPE)

    # All in one session: 103 bought of 1 each but two; turnover / volume.
    turnover = (
        100 + 101 + 102 + 103 + 104 + 105 + 106 + 107 + 90 + 108 + 109 + 110 + 111 + 112 + 113
    )
    assert stage.status == {
        "market": "sol-perp",
        "last_minute_ms": BEGIN_MS + 8 * 60_000,
        "last_trade_id": 18,
        "is_session_whole": False,  # 4 of 18 trades are missing
        "session_vwap_usd": f"{turnover / 15:.10f}",
        "session_cvd_base": "11.00000000",  # 13 bought less 2 sold
        "long_phase": "idle",
        "short_phase": "idle",
        "duplicate_trades": 0,
        "policy": "signals-3",
        "parked_ticks": 0,
        "is_tape_ended": True,
    }


async def test_the_log_says_once_since_when_entries_are_withheld_for_want_of_a_session() -> None:
    noon_ms = 12 * 60 * 60_000
    later = [replace(tick, t=tick.t + noon_ms) for tick in TAPE]
    with capture_logs() as said:
        await undisturbed(later)

    [line] = [line for line in said if line["event"] == "session_incomplete"]
    assert line["log_level"] == "warning"
    assert line["since"] == "2026-03-02T12:00:00+00:00"


async def publish_slowly(stage: Stage, tape: Sequence[Tick]) -> None:
    for tick in tape:
        await stage.publish([tick])
        await steps(2)


async def test_a_kill_at_any_step_changes_nothing() -> None:
    expected = (await undisturbed(TAPE)).canonical_log
    kills = 0
    for step in range(10_000):
        stage = await a_stage()
        publishing = asyncio.create_task(publish_slowly(stage, TAPE))
        async with running(stage, checkpoint_minutes=1) as service:
            await steps(step)
            was_done = stage.canonical_log == expected
            assert not service.done()
        kills += 1
        async with running(stage):
            await publishing
            await stage.until_ended()
        assert stage.canonical_log == expected, f"killed at step {step}"
        if was_done:
            break
    assert kills > len(TAPE)


async def test_a_kill_after_any_number_of_messages_changes_nothing() -> None:
    expected = (await undisturbed(TAPE)).canonical_log
    for count in range(len(TAPE) + 1):
        stage = await a_stage()
        await stage.publish(TAPE[:count])
        async with running(stage, checkpoint_minutes=3):
            await stage.until_folded()
        async with running(stage):
            await stage.publish(TAPE[count:])
            await stage.until_ended()
        assert stage.canonical_log == expected, f"killed after {count} messages"


@st.composite
def tapes(draw: st.DrawFn) -> list[Tick]:
    steps_of = st.tuples(
        st.sampled_from([0, 40, 700, 20_000, 31_000, 59_000, 61_000, 200_000]),
        st.sampled_from([0, 0, 0, -300, -499, -900, -70_000]),
        st.sampled_from([1, 1, 1, 1, 5]),
    )
    trades: list[Trade] = []
    trade_id, time_ms = 1, BEGIN_MS
    for ahead, late, step in draw(st.lists(steps_of, min_size=1, max_size=60)):
        time_ms, trade_id = time_ms + ahead, trade_id + step
        trades.append(Trade(trade_id, time_ms + late, f"{100 + trade_id % 7}", "1.5", m=False))
    return tape_of(trades)


@given(tapes(), st.lists(st.integers(0, 80), max_size=4), st.integers(1, 4), st.data())
@settings(max_examples=25, deadline=None)
async def test_any_kills_and_any_losses_of_the_market_stream_change_nothing(
    tape: list[Tick], kills: list[int], checkpoint_minutes: int, data: st.DataObject
) -> None:
    expected = (await undisturbed(tape)).canonical_log
    stage = await a_stage()
    await stage.publish(tape[: data.draw(st.integers(0, len(tape)))])
    for step in kills:
        async with running(stage, checkpoint_minutes=checkpoint_minutes):
            await steps(step)
            # The server dies, loses its last messages and delivers others again; ingest publishes
            # anew from the last that is there.
            lost = data.draw(st.integers(0, len(stage.market.messages)))
            await stage.market.interrupt(lost=lost, redelivered=data.draw(st.integers(0, 9)))
            there = len(stage.market.messages)
            await stage.publish(tape[there : data.draw(st.integers(there, len(tape)))])
            await steps(step)
    async with running(stage, checkpoint_minutes=checkpoint_minutes):
        await stage.publish(tape[len(stage.market.messages) :])
        await stage.until_ended()

    assert stage.canonical_log == expected


async def test_a_restart_reads_the_market_stream_from_where_it_stood() -> None:
    tape = [a_trade(i, i) for i in range(1, 1_200)]
    stage = await a_stage()
    await stage.publish(tape)
    async with running(stage):
        await stage.until_folded()
    async with running(stage):
        await stage.publish([a_trade(i, i) for i in range(1_200, 1_300)])
        await stage.publish([an_end(1_299, 1_299)])
        await stage.until_ended()
        passed_over = stage.status["duplicate_trades"]

    # The log's last minute is 18; its checkpoint was taken a minute before, and what is read
    # again begins at most a batch of 256 before that.
    assert isinstance(passed_over, int)
    assert passed_over < 60 + 60 + 256
    assert stage.minutes == folded(
        [*[a_trade(i, i) for i in range(1, 1_300)], an_end(1_299, 1_299)]
    )


async def test_a_hint_that_no_longer_holds_is_refused_and_reading_begins_anew() -> None:
    tape: list[Tick] = [*(a_trade(i, i) for i in range(1, 1_000)), an_end(999, 999)]
    stage = await a_stage()
    await stage.publish(tape[:900])
    async with running(stage):
        await stage.until_folded()
    await stage.market.interrupt(lost=900)
    # The same trades stand at other sequences now.
    await stage.market.put(TRADES, b"something else")
    await stage.publish(tape)
    with capture_logs() as said:
        async with running(stage):
            await stage.until_ended()

    assert [line["event"] for line in said].count("market_hint_refused") == 1
    assert stage.minutes == folded(tape)


async def test_a_market_stream_that_was_lost_whole_is_waited_for() -> None:
    stage = await a_stage()
    await stage.publish(TAPE[:12])
    async with running(stage, checkpoint_minutes=1):
        await stage.until_folded()
    await stage.market.interrupt(lost=12)
    with capture_logs() as said:
        async with running(stage):
            while "market_hint_refused" not in [line["event"] for line in said]:
                await steps(1)
            await stage.publish(TAPE)
            await stage.until_ended()

    assert stage.minutes == folded(TAPE)


async def test_a_wrong_checkpoint_costs_time_and_nothing_else() -> None:
    expected = (await undisturbed(TAPE)).canonical_log
    for damage in ("digest", "state", "version"):
        stage = await a_stage()
        await stage.publish(TAPE[:14])
        async with running(stage, checkpoint_minutes=1):
            await stage.until_folded()
        if damage == "digest":
            stage.checkpoints.damage("signals")
        else:
            version = "signals-3" if damage == "state" else "signals-2"
            await stage.checkpoints.save("signals", version=version, position=2, state=b'{"a":1}')
        with capture_logs() as said:
            async with running(stage):
                await stage.publish(TAPE[14:])
                await stage.until_ended()

        [refused] = [line for line in said if line["event"] == "checkpoint_refused"]
        assert refused["field"] == damage
        assert stage.canonical_log == expected


async def test_a_decision_that_a_crash_left_out_is_completed() -> None:
    expected = await undisturbed(TAPE)
    stage = await a_stage()
    await stage.log.append([minute_draft(expected.minutes[0])])
    await stage.publish(TAPE)
    async with running(stage):
        await stage.until_ended()

    assert stage.canonical_log == expected.canonical_log


POISON = [
    b"",
    b"{",
    b"\xff\xfe",
    b'{"k":"trade","i":5,"t":1,"p":"1","q":"1"}',
    b'{"k":"trade","i":5,"t":1,"p":"1","q":"1","m":0}',
    b'{"k":"nonsense"}',
    b'{"k":"end","i":1,"t":1},{"k":"end","i":1,"t":1}',
    encode_tick(a_trade(5, 30, "-100")),
    encode_tick(a_trade(5, 30, "NaN")),
    encode_tick(a_trade(5, 60 * 86_400)),
]


@pytest.mark.parametrize("body", POISON, ids=range(len(POISON)))
async def test_a_poisoned_tick_is_parked_and_its_loss_shows(body: bytes) -> None:
    stage = await a_stage()
    await stage.publish([a_trade(4, 10)])
    await stage.market.put(TRADES, body)
    await stage.publish([a_trade(6, 50), a_trade(7, 61)])
    async with running(stage):
        await stage.until_folded()

    [minute] = stage.minutes
    assert (minute.trades, minute.missing_trades) == (2, 1)
    [letter] = stage.dead_letters.parked
    assert letter.what == "tick"
    assert letter.body == body
    assert letter.reason.startswith("expected ")
    assert "found" in letter.reason
    assert letter.origin == f"{TRADES} at 2 of the market stream"
    assert stage.status["parked_ticks"] == 1


STRAY = "trades.binance-usdm.btcusdt"


async def test_a_message_of_another_feed_is_parked_and_the_fold_goes_on() -> None:
    expected = await undisturbed(TAPE)
    stage = await a_stage()
    await stage.publish(TAPE[:5])
    await stage.publish([a_trade(5, 3_600, "1")], subject=STRAY)
    await stage.publish([an_end(5, 3_600)], subject=STRAY)
    await stage.publish(TAPE[5:])
    async with running(stage):
        await stage.until_ended()

    assert stage.canonical_log == expected.canonical_log
    assert [letter.body for letter in stage.dead_letters.parked] == [
        encode_tick(a_trade(5, 3_600, "1")),
        encode_tick(an_end(5, 3_600)),
    ]
    for letter in stage.dead_letters.parked:
        assert letter.reason == f"expected a message on {TRADES}, found one on {STRAY}"
        assert letter.origin.startswith(f"{STRAY} at ")
    assert stage.status["parked_ticks"] == 2


async def test_a_restart_begins_where_our_trades_stand_whatever_ids_another_feed_has() -> None:
    # Five trades a second, so that a minute is more than a batch.
    tape: list[Tick] = [*(a_trade(i, i / 5) for i in range(1, 1_000)), an_end(999, 999 / 5)]
    expected = (await undisturbed(tape)).canonical_log
    stage = await a_stage()
    for part in (tape[:800], tape[800:]):
        for tick in part:
            # The other feed is behind ours in the ids that a place is remembered by.
            await stage.publish([a_trade(max(1, tick.i - 400), 0)], subject=STRAY)
            await stage.publish([tick])
        async with running(stage, checkpoint_minutes=100) as service:
            await stage.until_folded()
            stage.stopping.set()
            await service

    assert stage.canonical_log == expected


async def test_a_second_feed_in_the_log_is_refused_by_name() -> None:
    second = feed_draft(a_feed(symbol="btcusdt", market="btc-perp", identity="tape:other"))
    stage = await a_stage()
    async with running(stage) as service:
        await steps(20)
        assert not service.done()
        await stage.log.as_service("ingest").append([second])
        with pytest.raises(ConfigurationError, match="expected one feed in this log"):
            await service
    async with running(stage) as service:
        with pytest.raises(ConfigurationError, match="expected one feed in this log"):
            await service


@pytest.mark.parametrize(
    "minute", [a_minute(2), a_minute(1, "1.00000000001")], ids=["a hole", "too many decimals"]
)
async def test_a_log_whose_minutes_cannot_be_stops_it(minute: MinuteClosed) -> None:
    stage = await a_stage()
    await stage.log.append([minute_draft(it) for it in (a_minute(0), minute)])
    async with running(stage) as service:
        with pytest.raises(UndecodableMessage, match=r"^expected .* found"):
            await service


async def test_without_a_feed_it_waits_for_one() -> None:
    stage = await a_stage(is_open=False)
    await stage.publish(TAPE)
    async with running(stage):
        await steps(50)
        assert stage.minutes == []
        assert "signals-fold-trades" not in await stage.market.lags()
        assert stage.is_ready
        await stage.open_feed()
        await stage.until_ended()

    assert stage.minutes == folded(TAPE)


async def test_a_second_writer_stops_it_with_a_clear_error() -> None:
    stage = await a_stage()
    await stage.publish(TAPE[:4])
    async with running(stage) as service:
        await stage.until_folded()
        await stage.log.append([minute_draft(a_minute(0, "77"))])
        await stage.publish(TAPE[4:])
        with pytest.raises(
            AnotherWriter, match=r"expected to be the only writer of market\.minute\.sol-perp"
        ):
            await service


async def test_nothing_is_acknowledged_before_it_is_recorded() -> None:
    stage = await a_stage()
    async with running(stage):
        await steps(20)
        stage.log.pause()
        await stage.publish(TAPE)
        await steps(200)
        assert await stage.market.lags() == {"signals-fold-trades": len(TAPE)}
        stage.log.resume()
        await stage.until_ended()
        await stage.until_folded()

    assert stage.minutes == folded(TAPE)


async def test_a_long_silence_is_recorded_in_pieces() -> None:
    stage = await a_stage()
    await stage.publish([a_trade(1, 0), a_trade(2, 86_400), an_end(2, 86_400)])
    async with running(stage):
        await stage.until_folded()

    assert len(stage.minutes) == len(stage.decisions) == 1_441


async def test_told_to_stop_it_stops_and_keeps_its_place() -> None:
    stage = await a_stage()
    await stage.publish(TAPE[:8])
    async with running(stage, checkpoint_minutes=100) as service:
        await stage.until_folded()
        stage.stopping.set()
        await service

    kept = await stage.checkpoints.load("signals", version="signals-3")
    assert kept is not None
    assert kept.position == await stage.log.head()


async def test_told_to_stop_it_does_not_wait_for_a_feed() -> None:
    stage = await a_stage(is_open=False)
    async with running(stage) as service:
        await steps(20)
        stage.stopping.set()
        await service


async def test_the_end_of_a_tape_leaves_a_bar_that_nothing_is_decided_on() -> None:
    stage = await undisturbed([a_trade(1, 1), TapeEnd(1, BEGIN_MS + 1_000)])

    [decision] = stage.decisions
    assert isinstance(decision, EntryWithheld)
    assert decision.reason is WithheldReason.BAR_INCOMPLETE
