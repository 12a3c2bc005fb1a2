"""Prints that cannot be true, rules that no chain follows, and the integers in between."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from contracts.ids import MarketId
from contracts.markets import MARKETS, market_spec
from contracts.ticks import Trade
from contracts.values import Side
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.chance import Chance
from execution.venues.paper.prints import BadPrint
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.terms import Terms
from execution.venues.units import from_units, to_units
from kit.paper_chain import ACCOUNT, BEGIN_MS, CALM, Desk, an_order

MONTH_MS = 31 * 24 * 3_600_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"p": "0"},
        {"p": "-1"},
        {"p": "nan"},
        {"p": "1e3"},
        {"p": ""},
        {"p": "99999999999"},
        {"q": "0"},
        {"q": "-1"},
        {"q": "inf"},
        {"p": "999999999", "q": "999999999"},
        {"t": BEGIN_MS + 2 * MONTH_MS},
        {"t": 0},
        {"t": -5},
    ],
)
@pytest.mark.parametrize("is_busy", [False, True])
def test_an_absurd_print_is_refused_and_changes_nothing(
    wrong: dict[str, Any], *, is_busy: bool
) -> None:
    desk = Desk()
    if is_busy:
        desk.place(an_order())
    before = desk.chain.dump()
    good = Trade(i=3, t=BEGIN_MS + 100, p="100", q="1", m=True)
    with pytest.raises(BadPrint):
        desk.chain.on_print(msgspec.structs.replace(good, **wrong))
    assert desk.chain.dump() == before
    desk.chain.on_print(good)
    assert desk.chain.last_trade_id == 3


def test_a_positive_price_below_a_unit_counts_as_one() -> None:
    desk = Desk()
    desk.chain.on_print(Trade(i=3, t=BEGIN_MS + 100, p="0.00000001", q="1", m=True))
    assert desk.chain.last_trade_id == 3
    assert desk.seen.market_seen.oracle_usd == Decimal("0.000001")


def test_the_first_print_starts_the_time_and_must_be_plausible() -> None:
    chain = PaperChain(CALM, market_spec(MarketId("sol-perp")))
    with pytest.raises(BadPrint):
        chain.on_print(Trade(i=1, t=5, p="100", q="1", m=True))
    assert (chain.now_ms, chain.slot, chain.last_trade_id) == (0, 0, None)
    chain.on_print(Trade(i=1, t=BEGIN_MS, p="100", q="1", m=True))
    assert (chain.now_ms, chain.slot) == (BEGIN_MS, BEGIN_MS // 400)
    assert chain.block_height == chain.slot


def test_the_time_can_be_started_before_the_first_print() -> None:
    chain = PaperChain(CALM, market_spec(MarketId("sol-perp")))
    with pytest.raises(ValueError, match="epoch milliseconds"):
        chain.begin(5)
    chain.begin(BEGIN_MS)
    chain.begin(BEGIN_MS + 1_000)  # it has started
    assert chain.now_ms == BEGIN_MS


def test_a_repeated_or_older_print_is_passed_over() -> None:
    desk = Desk()
    desk.place(an_order(price="99"))
    for trade_id in (1, 2):
        desk.chain.on_print(Trade(i=trade_id, t=BEGIN_MS + 500, p="98", q="1", m=True))
    assert desk.fills == []
    assert desk.chain.now_ms == BEGIN_MS


def test_a_late_print_meets_the_book_and_does_not_turn_the_clock_back() -> None:
    desk = Desk()
    desk.place(an_order(price="99"))
    desk.wait(1_000)
    desk.sell("98", after_ms=-500)
    assert desk.chain.now_ms == BEGIN_MS + 1_000
    (fill,) = desk.fills
    assert fill.at_ms == BEGIN_MS + 1_000


def test_a_past_time_advances_nothing() -> None:
    desk = Desk()
    desk.chain.advance(BEGIN_MS - 5_000)
    assert desk.chain.now_ms == BEGIN_MS


def test_an_unreadable_or_foreign_dump_is_refused() -> None:
    desk = Desk()
    for data in (b"", b"{}", Desk(market="btc-perp").chain.dump(), desk.chain.dump()[:-1]):
        with pytest.raises(ValueError, match=r"."):
            desk.chain.load(data)
    assert desk.seen.account == ACCOUNT


# Rules


@pytest.mark.parametrize(
    "wrong",
    [
        {"slot_ms": 0},
        {"keeper_retry_ms": 0},
        {"rebroadcast_ms": 0},
        {"drop_rate": Decimal("1.1")},
        {"participation": Decimal(0)},
        {"depth_usd": Decimal(0)},
        {"reap_ms_max": 1},
        {"landing_ms": ((0, 0),)},
        {"landing_ms": ((0, 0), (999, 5))},
        {"landing_ms": ((0, 10), (1_000, 5))},
        {"keeper_ms": ((0, -1), (1_000, 5))},
    ],
)
def test_rules_that_no_chain_follows_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(PaperRules(), **wrong)


@pytest.mark.parametrize("spec", MARKETS, ids=lambda it: it.market)
def test_every_market_s_notionals_are_whole_units(spec: Any) -> None:
    terms = Terms.of(PaperRules(), spec)
    assert terms.tick * terms.step % 10**9 == 0


def test_a_market_with_too_fine_increments_is_refused() -> None:
    spec = replace(market_spec(MarketId("sol-perp")), step_base=Decimal("0.000001"))
    with pytest.raises(ValueError, match="whole units"):
        Terms.of(PaperRules(), spec)


# Units and chance


def test_units_are_exact_both_ways() -> None:
    assert to_units(Decimal("1.000001"), 6, what="it") == 1_000_001
    assert from_units(1_000_001, 6) == Decimal("1.000001")
    with pytest.raises(ValueError, match="at most 6 decimals in it"):
        to_units(Decimal("1.0000001"), 6, what="it")


def test_prices_are_rounded_passively_for_makers_and_adversely_for_takers() -> None:
    terms = Terms.of(CALM, market_spec(MarketId("sol-perp")))
    assert terms.on_grid(Side.LONG, 100_000_999) == 100_000_000
    assert terms.on_grid(Side.SHORT, 100_000_001) == 100_001_000
    assert terms.against(Side.LONG, 100_000_001) == 100_001_000
    assert terms.against(Side.SHORT, 100_000_999) == 100_000_000


def test_a_draw_depends_on_everything_that_names_it_and_on_nothing_else() -> None:
    chance = Chance(1, "sol-perp")
    draws = {
        it.draw(purpose, key, index, below=1 << 40)
        for it in (chance, Chance(2, "sol-perp"), Chance(1, "btc-perp"))
        for purpose in ("a", "b")
        for key in ("a", "b")
        for index in (1, 2)
    }
    assert len(draws) == 24
    assert chance.draw("a", "a", 1, below=1 << 40) == chance.draw("a", "a", 1, below=1 << 40)


def test_delays_follow_their_quantiles() -> None:
    chance = Chance(1, "sol-perp")
    table = ((0, 100), (500, 200), (1_000, 1_000))
    delays = sorted(chance.delay_ms("x", "k", n, quantiles=table) for n in range(2_000))
    assert delays[0] >= 100
    assert delays[-1] <= 1_000
    assert 190 <= delays[1_000] <= 215
    assert sum(chance.happens("y", "k", n, ppm=100_000) for n in range(2_000)) in range(150, 250)
