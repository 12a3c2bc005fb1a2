"""Real prints through signals, risk and execution: every fill is one that the prints allow.

The oracle reads the rules and the prints, and knows nothing of the venue's code; that it bites is
shown on logs in which one thing was made too good to be true.
"""

import ast
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from contracts.event import Event, Recorded
from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.order import OrderFilled, OrderPlaced, OrderReplaced, SetupClosed, StopTriggered
from contracts.values import Leg, Liquidity
from kit import fill_oracle
from kit.fill_oracle import Rules, objections
from kit.tape_fills import Played, frames, ltc

E = TypeVar("E", bound=Event)
BEGIN, END = 60_000, 65_000
"""Of the LTCUSDT recording: some two hours."""


@cache
def played() -> Played:
    return ltc(BEGIN, END)


def of(kind: type[E]) -> list[E]:
    return [it.event for it in played().log if isinstance(it.event, kind)]


def fills(liquidity: Liquidity) -> list[OrderFilled]:
    return [it for it in of(OrderFilled) if it.liquidity is liquidity]


def refused(log: Sequence[Recorded], *, rules: Rules | None = None) -> list[str]:
    return objections(log, played().trades, rules or played().rules)


def changed(event: Event, **changes: object) -> list[Recorded]:
    """Give the log with one event told otherwise."""
    other = event.model_copy(update=changes)
    return [replace(it, event=other) if it.event is event else it for it in played().log]


def test_the_cut_shows_setups_that_end_in_every_way_and_many_fills() -> None:
    assert len(of(SetupClosed)) >= 10
    assert {it.leg for it in of(OrderFilled)} >= {Leg.ENTRY, Leg.STOP, Leg.TP1, Leg.TP2}
    assert len(fills(Liquidity.MAKER)) >= 30
    assert len(fills(Liquidity.TAKER)) >= 5


def test_every_fill_on_ltc_prints_is_one_that_they_allow() -> None:
    assert refused(played().log) == []


def test_every_fill_on_eth_futures_prints_is_one_that_they_allow() -> None:
    eth = frames("ethusdt", "ethusdt_20240718", "ethusdt_20240719", end=4_000)
    assert sum(isinstance(it.event, OrderFilled) for it in eth.log) >= 5
    assert objections(eth.log, eth.trades, eth.rules) == []


def test_a_fill_one_print_early_is_refused() -> None:
    step = market_spec(MarketId("ltc-perp")).step_base
    trades = {it.i: it for it in played().trades}
    before = {later: earlier for earlier, later in pairwise(sorted(trades))}
    # A partial fill of an order that rests alone takes all that reached it, in whole steps: without
    # its last print, and be that worth two steps only, it is too much.
    telling = [
        it
        for it in fills(Liquidity.MAKER)
        if it.leg is Leg.ENTRY
        and it.remaining_base
        and played().rules.participation * Decimal(trades[at(it)].q) >= 2 * step
    ]
    assert len(telling) >= 8
    for fill in telling[::2]:
        clock = fill.clock.model_copy(update={"trade_id": before[at(fill)]})
        assert refused(changed(fill, clock=clock)), fill


def test_a_price_better_by_a_tick_is_refused() -> None:
    tick = market_spec(MarketId("ltc-perp")).tick_usd
    for fill in of(OrderFilled)[::5]:
        price = fill.price_usd - fill.side.sign * tick
        found = refused(changed(fill, price_usd=price))
        assert [it for it in found if "fills at" in it or "better than the book" in it], fill


def test_more_than_the_share_of_the_prints_is_refused() -> None:
    step = market_spec(MarketId("ltc-perp")).step_base
    filling = [it for it in fills(Liquidity.MAKER) if it.remaining_base]
    assert len(filling) >= 8
    for fill in filling[::5]:
        assert refused(changed(fill, quantity_base=fill.quantity_base + 2 * step)), fill
    half = replace(played().rules, participation=played().rules.participation / 2)
    assert len(refused(played().log, rules=half)) >= 10


def test_a_print_that_is_counted_twice_is_refused() -> None:
    fill = next(it for it in fills(Liquidity.MAKER) if it.remaining_base)
    again = fill.model_copy(update={"fill_id": "again"})
    log = [
        told
        for it in played().log
        for told in ([it, replace(it, event=again)] if it.event is fill else [it])
    ]
    assert any("prints allow" in it for it in refused(log))


def test_a_queue_that_was_not_waited_for_is_refused() -> None:
    longer = replace(played().rules, queue_ahead_usd=Decimal(5_000))
    assert len(refused(played().log, rules=longer)) >= 3


def test_a_stop_that_is_fired_before_a_print_beyond_it_is_refused() -> None:
    trades = {it.i: it for it in played().trades}
    ids = sorted(trades)
    for fired in of(StopTriggered):
        stop = landed(fired.client_order_id)
        sign = 1 if Decimal(trades[fired.clock.trade_id or 0].p) > stop.price_usd else -1
        index = ids.index(fired.clock.trade_id or 0)
        while sign * (Decimal(trades[ids[index]].p) - stop.price_usd) > 0:
            index -= 1
        early = trades[ids[index]]
        clock = fired.clock.model_copy(update={"trade_id": early.i})
        log = changed(fired, clock=clock, trigger_price_usd=Decimal(early.p))
        assert any("stops at" in it for it in refused(log)), fired


def test_a_stop_that_nobody_fired_is_refused() -> None:
    for fired in of(StopTriggered):
        log = [it for it in played().log if it.event is not fired]
        assert any("was not fired" in it for it in refused(log))


def test_an_order_that_lands_when_it_is_signed_is_refused() -> None:
    slower = replace(played().rules, landing_ms_min=played().rules.landing_ms_min + 60_000)
    assert any("landed at" in it for it in refused(played().log, rules=slower))


@pytest.mark.parametrize("change", ["fee", "side", "late"])
def test_a_wrong_fee_side_or_time_is_refused(change: str) -> None:
    entry = next(it for it in fills(Liquidity.MAKER) if it.leg is Leg.ENTRY)
    late = entry.clock.model_copy(update={"at": entry.clock.at + timedelta(days=1)})
    changes: dict[str, dict[str, object]] = {
        "fee": {"fee_usd": entry.fee_usd - Decimal("0.000001")},
        "side": {"side": entry.side.opposite},
        "late": {"clock": late},
    }
    assert refused(changed(entry, **changes[change]))


def test_the_oracle_knows_nothing_of_the_venue() -> None:
    tree = ast.parse(Path(fill_oracle.__file__).read_text(encoding="utf-8"))
    imported = {it.module or "" for it in ast.walk(tree) if isinstance(it, ast.ImportFrom)} | {
        name.name for it in ast.walk(tree) if isinstance(it, ast.Import) for name in it.names
    }
    assert not [it for it in imported if it.split(".")[0] in ("execution", "kit")]


def at(event: OrderFilled) -> int:
    """Give the print that the fill is said to meet."""
    assert event.clock.trade_id is not None
    return event.clock.trade_id


def landed(order: str) -> OrderPlaced | OrderReplaced:
    """Give the last price at which an order came to the venue."""
    return [it for it in [*of(OrderPlaced), *of(OrderReplaced)] if it.client_order_id == order][-1]
