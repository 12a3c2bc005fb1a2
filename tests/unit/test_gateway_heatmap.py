"""Liquidations over price and time: their cells, and steps that fit any range."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from contracts.values import to_millis
from gateway.domain.gauges import KEPT_MS, ForcedTrade
from gateway.domain.heatmap import ROWS_MAX, STEP_MS, heatmap
from kit.gateway_events import START

AT = to_millis(START)
TICK = Decimal("0.001")


def forced(at_ms: int, price: str, *, is_long: bool = True, usd: str = "100") -> ForcedTrade:
    return ForcedTrade(at_ms, is_long, Decimal(price), Decimal(usd))


def test_what_falls_into_one_step_of_both_is_summed_by_side() -> None:
    found = heatmap(
        [
            forced(AT, "150.01"),
            forced(AT + STEP_MS - 1, "150.02", is_long=False, usd="30"),
            forced(AT + STEP_MS, "150.01"),
            forced(AT, "151"),
        ],
        now_ms=AT + STEP_MS,
        tick_usd=TICK,
    )
    assert [(one.at - START, one.long_usd, one.short_usd, one.count) for one in found.cells] == [
        (timedelta(), Decimal(100), Decimal(30), 2),
        (timedelta(), Decimal(100), Decimal(0), 1),
        (timedelta(minutes=10), Decimal(100), Decimal(0), 1),
    ]


def test_a_map_without_anything_has_its_time_and_no_cells() -> None:
    found = heatmap([], now_ms=AT, tick_usd=TICK)
    assert found.ends_at - found.begins_at == timedelta(milliseconds=KEPT_MS)
    assert (found.cells, found.price_step_usd) == ((), TICK)


@given(
    st.lists(
        st.tuples(
            st.integers(0, KEPT_MS - STEP_MS),
            st.decimals("0.01", "100000", places=3).filter(lambda price: price > 0),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_every_liquidation_has_a_place_and_there_are_never_too_many_rows(
    ones: list[tuple[int, Decimal, bool]],
) -> None:
    trades = [ForcedTrade(AT + ms, is_long, price, Decimal(7)) for ms, price, is_long in ones]
    found = heatmap(trades, now_ms=AT + KEPT_MS - STEP_MS, tick_usd=TICK)
    assert sum(one.count for one in found.cells) == len(trades)
    assert sum(one.long_usd + one.short_usd for one in found.cells) == 7 * len(trades)
    assert all(found.begins_at <= one.at < found.ends_at for one in found.cells)
    rows = {one.price_usd for one in found.cells}
    if rows:
        assert (max(rows) - min(rows)) / found.price_step_usd < ROWS_MAX
