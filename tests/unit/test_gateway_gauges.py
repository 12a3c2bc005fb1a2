"""Mark price, funding and liquidations: what is folded, what is refused, what is forgotten."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.ticks import Liquidation, MarkPrice
from contracts.values import from_millis, to_millis
from gateway.domain import gauges
from gateway.domain.gauges import KEPT_MS, WINDOW_MS, Forced, Gauges
from kit.gateway_events import START

AT = to_millis(START)


def a_mark(**changes: Any) -> MarkPrice:
    known: dict[str, Any] = {
        "t": AT,
        "mark": "150.15",
        "index": "150",
        "funding": "-0.0001",
        "next_funding": AT + 1000,
    }
    return MarkPrice(**{**known, **changes})


def a_liquidation(at_ms: int = AT, **changes: Any) -> Liquidation:
    known: dict[str, Any] = {"t": at_ms, "side": "long", "p": "150", "q": "2"}
    return Liquidation(**{**known, **changes})


def folded(*ticks: MarkPrice | Liquidation) -> Gauges:
    found = Gauges()
    for tick in ticks:
        found.take(tick)
    return found


def test_the_newest_mark_price_stands_with_its_basis_and_funding() -> None:
    mark = folded(a_mark(mark="149"), a_mark(t=AT + 1)).mark
    assert mark is not None
    assert (mark.at, mark.mark_usd, mark.basis_usd) == (
        from_millis(AT + 1),
        Decimal("150.15"),
        Decimal("0.15"),
    )
    assert (mark.funding_rate, mark.next_funding_at) == (
        Decimal("-0.0001"),
        from_millis(AT + 1000),
    )


def test_what_the_venue_does_not_give_is_unknown_and_not_zero() -> None:
    mark = folded(a_mark(index="", funding="", next_funding=0)).mark
    assert mark is not None
    assert (mark.index_usd, mark.basis_usd) == (None, None)
    assert (mark.funding_rate, mark.next_funding_at) == (None, None)


def test_the_interval_of_funding_is_known_once_two_were_due() -> None:
    hours = 3_600_000
    first = a_mark(next_funding=AT + 8 * hours)
    second = a_mark(t=AT + 8 * hours, next_funding=AT + 12 * hours)
    unknown = a_mark(t=AT + 9 * hours, next_funding=0)
    for ticks, expected in (
        ((first,), None),
        ((first, first), None),
        ((first, second), timedelta(hours=4)),
        ((first, second, unknown), timedelta(hours=4)),
    ):
        mark = folded(*ticks).mark
        assert mark is not None
        assert mark.funding_interval == expected


def test_liquidations_are_kept_for_their_map_for_longer_than_they_are_summed() -> None:
    found = folded(a_liquidation(AT), a_mark(t=AT + KEPT_MS - 1))
    assert (found.forced().count, [one.usd for one in found.kept]) == (0, [Decimal(300)])
    found.take(a_mark(t=AT + KEPT_MS))
    assert found.kept == ()


@pytest.mark.parametrize(
    "tick",
    [
        a_mark(mark="0"),
        a_mark(mark="NaN"),
        a_mark(mark=""),
        a_mark(index="-1"),
        a_mark(funding="1e5"),
        a_mark(t=10**18),
        a_mark(next_funding=10**30),
        a_liquidation(p="0"),
        a_liquidation(q="-1"),
        a_liquidation(10**18),
    ],
    ids=repr,
)
def test_a_tick_whose_numbers_are_none_changes_nothing(tick: MarkPrice | Liquidation) -> None:
    before = folded(a_mark(), a_liquidation())
    after = folded(a_mark(), a_liquidation(), tick)
    assert (after.mark, after.forced(), after.now) == (before.mark, before.forced(), before.now)
    assert after.refused == 1


def test_liquidations_count_for_an_hour_of_the_markets_time() -> None:
    ticks = (
        a_liquidation(AT),
        a_liquidation(AT + 5, side="short", q="1"),
        a_liquidation(AT + WINDOW_MS - 1, q="3"),
    )
    assert folded(*ticks).forced() == Forced(
        long_usd=Decimal(750),  # 150 x (2 + 3)
        short_usd=Decimal(150),
        count=3,
        last_at=from_millis(AT + WINDOW_MS - 1),
    )
    later = folded(*ticks, a_mark(t=AT + WINDOW_MS))
    assert (later.forced().long_usd, later.forced().short_usd) == (Decimal(450), Decimal(150))
    assert folded(*ticks, a_mark(t=AT + 3 * WINDOW_MS)).forced() == Forced()


def test_more_liquidations_than_are_kept_say_so_until_they_would_be_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gauges, "FORCED_MAX", 2)
    found = folded(*(a_liquidation(AT + number) for number in range(3)))
    assert (found.forced().count, found.forced().is_cut) == (2, True)
    found.take(a_mark(t=AT + WINDOW_MS))
    assert (found.forced().count, found.forced().is_cut) == (2, False)
