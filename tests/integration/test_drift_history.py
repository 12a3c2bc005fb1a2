"""What the program says of our account adds up to what the account became, on the real program."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import pytest

from contracts.order import CancelReason
from contracts.values import Liquidity, OrderKind, Side
from execution.venues.drift.events import Executed, LogsTruncated
from execution.venues.drift.history import History
from execution.venues.port import (
    AnyRecord,
    CapitalRecord,
    EndedRecord,
    FeeRecord,
    FilledRecord,
    FundingRecord,
    MovedRecord,
    PlacedRecord,
    TriggeredRecord,
)
from kit.drift_rig import (
    CLOSE_NUMBER,
    ENTRY_NUMBER,
    PROFIT_NUMBER,
    STOP_NUMBER,
    Rig,
    a_cancel,
    a_close,
    a_move,
    a_profit,
    a_rig,
    a_stop,
    an_entry,
)
from kit.program_stage import executed, landed_of, told
from localnet.drift import instructions
from localnet.drift.markets import MARKETS

R = TypeVar("R")
SOL_PERP = MARKETS[0]
UNIT = Decimal("0.000001")


@pytest.fixture
def rig() -> Rig:
    return a_rig()


def of(records: Sequence[AnyRecord], kind: type[R]) -> list[R]:
    return [it for it in records if isinstance(it, kind)]


def cash_of(records: Sequence[AnyRecord]) -> Decimal:
    """Add up what the records say of money."""
    fills = sum(
        (
            -it.side.sign * it.price_usd * it.quantity_base - it.fee_usd
            for it in of(records, FilledRecord)
        ),
        Decimal(0),
    )
    fees = sum((it.fee_usd for it in of(records, FeeRecord)), Decimal(0))
    funding = sum((it.amount_usd for it in of(records, FundingRecord)), Decimal(0))
    return fills - fees + funding


def assert_adds_up(rig: Rig, records: Sequence[AnyRecord]) -> None:
    seen = rig.seen()
    assert (10_000 + cash_of(records)).quantize(UNIT) == seen.cash_usd
    keys = [it.key for it in records]
    assert len(keys) == len(set(keys))
    assert all(len(it) <= 100 for it in keys)


def fill(rig: Rig, quantity: str) -> None:
    rig.desk.open_slots(1)
    got = rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(quantity))
    assert got == Decimal(quantity)


def test_a_life_is_told_from_its_bracket_to_its_close(rig: Rig) -> None:
    rig.send(an_entry(rig), a_stop())
    fill(rig, "4")
    rig.send(a_move(rig, rig.order(ENTRY_NUMBER).venue_order_id, "149.95"))
    rig.desk.open_slots(1)
    rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.95"), Decimal(6))
    rig.send(a_profit("151", "5"))
    rig.send(a_cancel(rig.order(PROFIT_NUMBER).venue_order_id))
    rig.quote("149.7", "150.3")
    rig.send(a_close(rig))

    records = told(rig)
    placed = [(it.user_order_id, it.side, it.price_usd) for it in of(records, PlacedRecord)]
    assert placed == [
        (ENTRY_NUMBER, Side.LONG, Decimal("149.9")),
        (STOP_NUMBER, Side.SHORT, Decimal(148)),
        (PROFIT_NUMBER, Side.SHORT, Decimal(151)),
        (CLOSE_NUMBER, Side.SHORT, Decimal(149)),
    ]
    (moved,) = of(records, MovedRecord)
    assert (moved.user_order_id, moved.price_usd) == (ENTRY_NUMBER, Decimal("149.95"))
    assert moved.venue_order_id != moved.former_order_id
    fills = of(records, FilledRecord)
    entries = [it for it in fills if it.user_order_id == ENTRY_NUMBER]
    assert [(it.quantity_base, it.remaining_base, it.liquidity) for it in entries] == [
        (4, 6, Liquidity.MAKER),
        (6, 0, Liquidity.MAKER),
    ]
    assert [it.position_after_base for it in entries] == [4, 10]
    assert all(it.fee_usd < 0 for it in entries)
    closes = [it for it in fills if it.user_order_id == CLOSE_NUMBER]
    assert sum(it.quantity_base for it in closes) == 10
    assert all(it.liquidity is Liquidity.TAKER and it.fee_usd > 0 for it in closes)
    assert fills[-1].position_after_base == 0
    (ended,) = [it for it in of(records, EndedRecord) if it.user_order_id == PROFIT_NUMBER]
    assert (ended.reason, ended.unfilled_base) == (None, 5)
    assert_adds_up(rig, records)


def test_a_stop_that_a_keeper_fires_is_told_with_its_fee(rig: Rig) -> None:
    rig.send(an_entry(rig), a_stop())
    fill(rig, "10")
    rig.desk.actors.set_price(SOL_PERP, Decimal("147.9"))
    rig.open_slots_until(lambda: not rig.seen().position_base)
    records = told(rig)
    (fired,) = of(records, TriggeredRecord)
    assert (fired.user_order_id, fired.trigger_price_usd) == (STOP_NUMBER, Decimal("147.9"))
    # The program also takes its flat fee for ending what the fill has left of the order.
    fees = [(it.reason, it.user_order_id, it.fee_usd) for it in of(records, FeeRecord)]
    cent = Decimal("0.01")
    assert fees == [("trigger", STOP_NUMBER, cent), ("reduce-only", STOP_NUMBER, cent)]
    out = [it for it in of(records, FilledRecord) if it.user_order_id == STOP_NUMBER]
    assert out[-1].position_after_base == 0
    assert out[-1].remaining_base == 0
    assert_adds_up(rig, records)


def test_an_entry_whose_time_is_over_is_told_as_expired(rig: Rig) -> None:
    rig.send(an_entry(rig, life_s=3), a_stop())
    rig.open_slots_until(lambda: len(rig.seen().orders) == 1)
    records = told(rig)
    (ended,) = of(records, EndedRecord)
    assert (ended.user_order_id, ended.reason, ended.unfilled_base) == (
        ENTRY_NUMBER,
        CancelReason.EXPIRED,
        10,
    )
    (fee,) = of(records, FeeRecord)
    assert fee.reason == "expired"
    assert_adds_up(rig, records)


def test_a_moved_stop_is_a_move_and_no_end(rig: Rig) -> None:
    rig.send(an_entry(rig), a_stop())
    stop = rig.order(STOP_NUMBER)
    rig.send(a_move(rig, stop.venue_order_id, "148.5", OrderKind.TRIGGER_MARKET))
    records = told(rig)
    (moved,) = of(records, MovedRecord)
    assert (moved.former_order_id, moved.price_usd) == (stop.venue_order_id, Decimal("148.5"))
    assert of(records, EndedRecord) == []


def test_what_is_told_twice_has_the_same_keys_and_a_fill_counts_once(rig: Rig) -> None:
    rig.send(an_entry(rig), a_stop())
    fill(rig, "4")
    history = History(rig.venue, position=0, orders={})
    first = [record for it in landed_of(rig) for record in history.take(it)]
    again = [record for it in landed_of(rig) for record in history.take(it)]
    assert {it.key for it in again} < {it.key for it in first}
    assert of(again, FilledRecord) == []
    assert history.position == 4 * 10**9


def test_a_failed_transaction_and_a_strangers_words_tell_nothing(rig: Rig) -> None:
    landed = rig.send(an_entry(rig), a_stop())
    history = History(rig.venue, position=0, orders={})
    whole = executed(landed)
    failed = Executed(whole.signature, whole.slot, whole.at_s, whole.logs, has_failed=True)
    assert history.take(failed) == []
    other = "Me1Cz8uQeCJ4XPZPTLPvXJnXAX3tTfZmqhq5pV5Z1Z1"
    spoofed = tuple(it.replace(str(rig.venue.program), other) for it in whole.logs)
    stranger = Executed(whole.signature, whole.slot, whole.at_s, spoofed, has_failed=False)
    assert history.take(stranger) == []
    assert len(history.take(whole)) == 2


def test_logs_that_were_cut_are_said_to_be(rig: Rig) -> None:
    whole = executed(rig.send(an_entry(rig), a_stop()))
    logs = (*whole.logs[:-2], "Log truncated")
    cut = Executed(whole.signature, whole.slot, whole.at_s, logs, has_failed=False)
    with pytest.raises(LogsTruncated, match="expected whole logs"):
        History(rig.venue, position=0, orders={}).take(cut)


def test_what_the_owner_pays_in_and_takes_out_is_told(rig: Rig) -> None:
    world, owner = rig.desk.world, rig.desk.owner
    world.open_actor("owner", usdc=Decimal("500.25"))
    step = instructions.withdraw(rig.desk.trader, 1_000_000_001, signer=owner.key.pubkey())
    world.chain.run([step], owner.key)

    moved = of(told(rig), CapitalRecord)
    assert [it.amount_usd for it in moved] == [10_000, Decimal("500.25"), Decimal("-1000.000001")]
    shown = sum((it.amount_usd for it in moved), Decimal(0))
    assert 0 <= shown - rig.seen().cash_usd <= UNIT  # The program keeps what does not divide.
