"""What holds on the paper chain whatever is printed, sent, switched and waited for."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.values import Liquidity
from execution.venues.paper.rules import PaperRules
from execution.venues.port import (
    FeeRecord,
    FilledRecord,
    FundingRecord,
    LiquidatedRecord,
    MovedRecord,
    PlacedRecord,
    Venue,
)
from kit.paper_chain import ACCOUNT, Desk
from kit.paper_scripts import (
    DEPOSIT,
    STOPS,
    Played,
    Send,
    Step,
    kind_of,
    may_reach,
    rules,
    scripts,
)

EXAMPLES = settings(max_examples=30)


def end(played: Played) -> tuple[bytes, object, object]:
    chain = played.desk.chain
    return chain.dump(), played.records, chain.observe(ACCOUNT)


@EXAMPLES
@given(rules, scripts)
def test_the_same_script_gives_the_same_chain(how: PaperRules, script: list[Step]) -> None:
    assert end(Played(how).play(script)) == end(Played(how).play(script))


@EXAMPLES
@given(rules, scripts, st.sets(st.integers(0, 40), max_size=4))
def test_a_chain_goes_on_from_its_dump_as_if_nothing_had_happened(
    how: PaperRules, script: list[Step], when: set[int]
) -> None:
    restarted = Played(how)

    def restart(number: int) -> None:
        if number in when:
            fresh = Desk(how, deposit="1")
            fresh.chain.load(restarted.desk.chain.dump())
            fresh.time_ms, fresh.trade_id = restarted.desk.time_ms, restarted.desk.trade_id
            fresh.sent = restarted.desk.sent
            restarted.desk = fresh

    restarted.play(script, before_step=restart)
    assert end(restarted) == end(Played(how).play(script))


@EXAMPLES
@given(rules, scripts, st.integers(1, 5_000))
def test_time_passes_in_one_step_or_in_many(
    how: PaperRules, script: list[Step], stride_ms: int
) -> None:
    def in_strides(desk: Desk, milliseconds: int) -> None:
        whole, rest = divmod(milliseconds, max(stride_ms, milliseconds // 50))
        for step_ms in [max(stride_ms, milliseconds // 50)] * whole + [rest]:
            desk.wait(step_ms)

    def from_due_to_due(desk: Desk, milliseconds: int) -> None:
        end_ms = desk.time_ms + milliseconds
        while (due := desk.chain.next_due_ms()) is not None and due <= end_ms:
            desk.chain.advance(due)
        desk.wait(milliseconds)

    whole = end(Played(how).play(script))
    assert end(Played(how).play(script, advance=in_strides)) == whole
    assert end(Played(how).play(script, advance=from_due_to_due)) == whole


@EXAMPLES
@given(rules, scripts)
def test_looking_changes_nothing(how: PaperRules, script: list[Step]) -> None:
    played = Played(how)

    def look(_: int) -> None:
        chain = played.desk.chain
        chain.observe(ACCOUNT)
        chain.records(ACCOUNT, after=0)
        chain.held_orders(ACCOUNT)
        chain.blockhash()
        chain.fate("1" * 64)

    played.play(script, before_step=look)
    assert end(played) == end(Played(how).play(script))


@EXAMPLES
@given(rules, scripts)
def test_cash_and_position_are_the_sum_of_what_was_told_at_every_moment(
    how: PaperRules, script: list[Step]
) -> None:
    played = Played(how)

    def check(_: int) -> None:
        cash, position = DEPOSIT, Decimal(0)
        for _, it in played.records:
            match it:
                case FilledRecord() | LiquidatedRecord():
                    cash -= it.side.sign * it.price_usd * it.quantity_base + it.fee_usd
                    position += it.side.sign * it.quantity_base
                    assert position == it.position_after_base
                case FeeRecord():
                    cash -= it.fee_usd
                case FundingRecord():
                    cash += it.amount_usd
                case _:
                    pass
        seen = played.desk.seen
        assert (seen.cash_usd, seen.position_base) == (cash, position)

    played.play(script, before_step=check)
    check(0)


@EXAMPLES
@given(rules, scripts)
def test_an_order_is_never_filled_beyond_what_was_asked_for(
    how: PaperRules, script: list[Step]
) -> None:
    asked = max((it.hundredths for it in script if isinstance(it, Send)), default=0)
    filled: dict[int, Decimal] = defaultdict(Decimal)
    root: dict[int, int] = {}
    played = Played(how).play(script)
    for _, it in played.records:
        if isinstance(it, MovedRecord):
            root[it.venue_order_id] = root.get(it.former_order_id, it.former_order_id)
        if isinstance(it, FilledRecord) and kind_of(it.user_order_id) is not kind_of(STOPS):
            first = root.get(it.venue_order_id, it.venue_order_id)
            filled[first] += it.quantity_base
            assert it.quantity_base > 0
            assert it.remaining_base >= 0
            assert filled[first] + it.remaining_base <= Decimal(asked) / 100


@EXAMPLES
@given(rules, scripts)
def test_a_reduce_only_fill_never_grows_or_flips_a_position(
    how: PaperRules, script: list[Step]
) -> None:
    for _, it in Played(how).play(script).records:
        if isinstance(it, FilledRecord) and STOPS <= it.user_order_id < 180:
            before = it.position_after_base - it.side.sign * it.quantity_base
            assert abs(it.position_after_base) == abs(before) - it.quantity_base


@EXAMPLES
@given(rules, scripts)
def test_a_post_only_order_never_pays_a_takers_fee(how: PaperRules, script: list[Step]) -> None:
    played = Played(how).play(script)
    takers = set(played.converted)
    for _, it in played.records:
        if isinstance(it, MovedRecord) and it.former_order_id in takers:
            takers.add(it.venue_order_id)
        if not isinstance(it, FilledRecord) or it.user_order_id >= STOPS:
            continue
        if it.venue_order_id not in takers:
            assert it.liquidity is Liquidity.MAKER
            assert it.fee_usd <= 0


@EXAMPLES
@given(rules, scripts)
def test_no_maker_fills_without_a_print_that_allows_it(how: PaperRules, script: list[Step]) -> None:
    played = Played(how).play(script)
    placed_ms: dict[int, int] = {}
    bought: dict[int, Decimal] = defaultdict(Decimal)
    for _, it in played.records:
        if isinstance(it, PlacedRecord | MovedRecord):
            placed_ms[it.venue_order_id] = it.at_ms
        if isinstance(it, FilledRecord) and it.liquidity is Liquidity.MAKER:
            assert it.trade_id is not None
            step = played.prints[it.trade_id]
            assert may_reach(step, it.side, it.price_usd, how)
            assert it.at_ms > placed_ms[it.venue_order_id]
            bought[it.trade_id] += it.quantity_base
    if how.participation == 1:
        for trade_id, quantity in bought.items():
            assert quantity <= Decimal(played.prints[trade_id].hundredths) / 100 + Decimal("0.01")


def test_a_paper_chain_is_a_venue() -> None:
    venue: Venue = Desk().chain
    assert venue.observe(ACCOUNT).account == ACCOUNT
