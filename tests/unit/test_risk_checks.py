"""Each rule: what it observes, what its limit is, and on which side of it a setup is denied."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from contracts.control import KillLevel
from contracts.engine import Mode
from contracts.event import Draft
from contracts.values import Leg, Side
from contracts.verdict import OrderApproved, OrderDenied, Rule
from kit.risk_events import (
    BEGIN,
    a_break,
    a_closed_setup,
    a_feed,
    a_fill,
    a_funded_account,
    a_kill,
    a_liquidation,
    a_manual_order,
    a_marker,
    a_mode,
    a_resume,
    a_setup_id,
    a_signal,
    a_venue_fee,
    a_withheld,
    an_account,
    an_adoption,
    an_agreement,
    capital,
    changed_settings,
    closed_at,
    finding,
    funding,
    run,
    settings,
    verdict_of,
)
from risk.domain.checks import CHECKS
from risk.domain.verdicts import verdict_id


def only(verdicts: Sequence[Draft]) -> Draft:
    assert len(verdicts) == 1
    return verdicts[0]


def judged(*before: Draft, signal: Draft | None = None, marker: Draft | None = None) -> Draft:
    """Judge one signal on an account of 10,000 USD."""
    return only(run([an_account(), *before, signal or a_signal(), marker or a_marker()]))


def judged_by_hand(*before: Draft, order: Draft | None = None) -> Draft:
    return only(run([an_account(), *before, order or a_manual_order()]))


def assert_denied_by(one: Draft, *rules: Rule) -> None:
    """Assert that just these rules failed, and that the first of them is the headline."""
    verdict = verdict_of(one)
    assert isinstance(verdict, OrderDenied)
    assert [found.rule for found in verdict.findings if not found.passed] == list(rules)
    assert verdict.headline is rules[0]


def assert_approved(one: Draft) -> None:
    assert [found.rule for found in verdict_of(one).findings if not found.passed] == []
    assert isinstance(one.event, OrderApproved)


def test_the_checks_stand_in_the_order_of_the_rules() -> None:
    verdict = verdict_of(judged())

    assert len(CHECKS) == len(Rule)
    assert tuple(found.rule for found in verdict.findings) == tuple(Rule)


def test_an_approval_says_what_was_approved() -> None:
    one = judged()
    verdict = one.event

    assert isinstance(verdict, OrderApproved)
    assert verdict.quantity_base == Decimal("38.46")  # 10,000 x 100 bps / (1.3 x |100 - 98|), cut
    assert verdict.notional_usd == Decimal(3846)  # 38.46 x 100
    assert verdict.risk_usd == Decimal("99.996")  # 38.46 x (2 + 0.3 x 2)
    assert verdict.leverage_after == Decimal("0.3869076")  # 38.46 x (100 + 0.3 x 2) / 10,000
    assert verdict.equity_usd == Decimal(10_000)
    assert verdict.policy == "risk-3"
    assert verdict.expires_at == closed_at(0) + timedelta(minutes=5)
    assert verdict.priority_fee_microlamports == 10_000
    assert one.occurred_at == closed_at(0)


def test_a_verdict_belongs_to_its_proposal() -> None:
    signal = a_signal()
    one = judged(signal=signal)

    assert one.id == verdict_id(signal.id, "local")
    assert verdict_of(one).proposal == signal.id
    assert one.correlation_id == one.causation_id == signal.id


@pytest.mark.parametrize("level", list(KillLevel))
@pytest.mark.parametrize("account", [None, "local"])
def test_a_kill_of_any_level_denies_until_it_is_lifted(
    account: str | None, level: KillLevel
) -> None:
    kill = a_kill(account, level=level)

    assert_denied_by(judged(kill), Rule.NOT_HALTED)
    assert_approved(judged(kill, a_resume(account)))


def test_lifting_the_accounts_kill_leaves_the_global_one() -> None:
    one = judged(a_kill(None), a_kill("local"), a_resume("local"))

    assert_denied_by(one, Rule.NOT_HALTED)
    assert finding(one, Rule.NOT_HALTED).observed == 1
    assert finding(one, Rule.NOT_HALTED).inputs == (a_kill(None).id, a_resume("local").id)


def test_a_kill_that_precedes_the_account_holds_for_it() -> None:
    one = only(run([a_kill(None), an_account(), a_signal(), a_marker()]))

    assert_denied_by(one, Rule.NOT_HALTED)


def test_a_broken_reconciliation_denies_until_the_same_thing_agrees_again() -> None:
    broken = judged(a_break("cash"), a_break("position"), an_agreement("cash"))
    agreed = judged(a_break("cash"), an_agreement("cash"))

    assert_denied_by(broken, Rule.RECONCILED)
    assert finding(broken, Rule.RECONCILED).observed == 1
    assert finding(broken, Rule.RECONCILED).inputs == (an_agreement("cash").id, a_break().id)
    assert_approved(agreed)
    assert finding(agreed, Rule.RECONCILED).inputs == (an_agreement("cash").id,)
    assert finding(judged(), Rule.RECONCILED).inputs == (an_account().id,)


def test_a_broken_reconciliation_in_another_market_denies_too() -> None:
    assert_denied_by(judged(a_break(market="btc-perp")), Rule.RECONCILED)
    assert_denied_by(judged(a_break(market="btc-perp"), an_agreement()), Rule.RECONCILED)


@pytest.mark.parametrize(
    ("mode", "observed"),
    [
        (Mode.DEGRADED, 1),
        (Mode.PAUSED, 2),
        (Mode.OWNER_REDUCE_ONLY, 3),
        (Mode.KILL_CANCEL, 4),
        (Mode.KILL_FLATTEN, 5),
        (Mode.REVOKED, 6),
    ],
)
def test_every_mode_but_run_denies_until_the_engine_runs_again(mode: Mode, observed: int) -> None:
    changed, back = a_mode(mode), a_mode(Mode.RUN)
    one, again = judged(changed), judged(changed, back)

    assert_denied_by(one, Rule.ENGINE_RUNS)
    assert finding(one, Rule.ENGINE_RUNS).observed == observed
    assert finding(one, Rule.ENGINE_RUNS).inputs == (changed.id,)
    assert_approved(again)
    assert finding(again, Rule.ENGINE_RUNS).inputs == (back.id,)


def test_an_engine_that_has_said_nothing_runs() -> None:
    one = judged()

    assert finding(one, Rule.ENGINE_RUNS).observed == 0
    assert finding(one, Rule.ENGINE_RUNS).inputs == (an_account().id,)


def test_the_most_restrictive_mode_of_all_markets_counts() -> None:
    here, there = a_mode(Mode.RUN), a_mode(Mode.PAUSED, market="btc-perp")
    one = judged(there, here)

    assert_denied_by(one, Rule.ENGINE_RUNS)
    assert finding(one, Rule.ENGINE_RUNS).observed == 2
    assert finding(one, Rule.ENGINE_RUNS).inputs == (there.id, here.id)  # by market


def test_a_kill_is_the_headline_before_what_the_engine_makes_of_it() -> None:
    one = judged(a_kill(), a_break(), a_mode(Mode.KILL_CANCEL))

    assert_denied_by(one, Rule.NOT_HALTED, Rule.RECONCILED, Rule.ENGINE_RUNS)


def test_a_person_may_no_more_than_a_signal_while_the_engine_may_not() -> None:
    one = judged_by_hand(a_withheld(), a_marker(), a_break(), a_mode(Mode.DEGRADED))

    assert_denied_by(one, Rule.RECONCILED, Rule.ENGINE_RUNS)


def test_a_disabled_strategy_denies_signals_but_not_people() -> None:
    disabled = changed_settings(settings(strategy_enabled=False))

    assert_denied_by(judged(disabled), Rule.STRATEGY_ENABLED)
    by_hand = judged_by_hand(disabled, a_withheld(), a_marker())
    assert_approved(by_hand)
    assert finding(by_hand, Rule.STRATEGY_ENABLED).unit == "not_applicable"


@pytest.mark.parametrize(("lag_ms", "is_approved"), [(0, True), (5000, True), (5001, False)])
def test_a_signal_is_judged_within_five_seconds_of_its_bar(lag_ms: int, is_approved: bool) -> None:
    one = judged(marker=a_marker(lag_ms=lag_ms))

    assert finding(one, Rule.INPUTS_FRESH).observed == lag_ms
    assert finding(one, Rule.INPUTS_FRESH).passed is is_approved
    assert finding(one, Rule.INPUTS_FRESH).inputs == (a_marker(lag_ms=lag_ms).id,)


def test_an_order_by_hand_without_any_marker_is_denied() -> None:
    one = judged_by_hand(a_withheld())

    assert_denied_by(one, Rule.INPUTS_FRESH)
    assert finding(one, Rule.INPUTS_FRESH).observed is None
    assert one.occurred_at == BEGIN


def test_an_order_by_hand_for_a_venue_that_is_not_the_accounts_is_denied() -> None:
    elsewhere = a_marker(venue="other")
    one = judged_by_hand(a_withheld(), elsewhere, order=a_manual_order(venue="other"))

    assert_denied_by(one, Rule.INPUTS_FRESH)


@pytest.mark.parametrize(
    ("is_replayable", "silence_s", "is_approved"),
    [(False, 120, True), (False, 121, False), (True, 86_400, True)],
)
def test_a_silent_live_feed_denies_orders_by_hand(
    is_replayable: bool, silence_s: int, is_approved: bool
) -> None:
    order = a_manual_order(at=closed_at(0) + timedelta(seconds=silence_s))
    one = judged_by_hand(a_feed(is_replayable=is_replayable), a_withheld(), a_marker(), order=order)

    assert finding(one, Rule.INPUTS_FRESH).passed is is_approved


def test_missing_trades_in_the_window_deny() -> None:
    one = judged(signal=a_signal(missing=3))

    assert_denied_by(one, Rule.INPUTS_COMPLETE)
    assert finding(one, Rule.INPUTS_COMPLETE).observed == 3


@pytest.mark.parametrize(
    ("side", "entry", "stop", "tps", "wrong"),
    [
        (Side.LONG, "100", "98", ("102", "104", "106"), 0),
        (Side.LONG, "100", "98", ("102", "102", "106"), 0),  # two rungs at one price
        (Side.LONG, "100", "101", ("102", "104", "106"), 1),
        (Side.LONG, "100", "98", ("100", "104", "106"), 1),  # a take-profit at the entry
        (Side.LONG, "100", "98", ("106", "104", "102"), 2),
        (Side.SHORT, "100", "102", ("98", "96", "94"), 0),
        (Side.SHORT, "100", "98", ("102", "104", "106"), 4),
    ],
)
def test_stop_entry_and_take_profits_stand_in_order(
    side: Side, entry: str, stop: str, tps: tuple[str, str, str], wrong: int
) -> None:
    one = judged(signal=a_signal(side=side, entry=entry, stop=stop, tps=tps))

    assert finding(one, Rule.PRICES_ORDERED).observed == wrong
    assert finding(one, Rule.PRICES_ORDERED).passed is (wrong == 0)


def test_a_stop_at_the_entry_denies_without_dividing() -> None:
    one = judged(signal=a_signal(stop="100"))

    assert_denied_by(one, Rule.PRICES_ORDERED, Rule.QUANTITY_MIN, Rule.LIQUIDATION_DISTANCE)
    assert verdict_of(one).quantity_base == 0


def test_a_live_setup_holds_its_market() -> None:
    first, second = run([an_account(), a_signal(0), a_marker(0), a_signal(1), a_marker(1)])

    assert_approved(first)
    assert_denied_by(second, Rule.ONE_POSITION_PER_MARKET)
    assert finding(second, Rule.ONE_POSITION_PER_MARKET).inputs == (first.id,)


def test_an_open_position_holds_its_market() -> None:
    fill = a_fill(a_setup_id(), after="2", quantity="2")
    one = judged(fill)

    assert_denied_by(one, Rule.ONE_POSITION_PER_MARKET)
    assert finding(one, Rule.ONE_POSITION_PER_MARKET).observed == 1
    assert finding(one, Rule.ONE_POSITION_PER_MARKET).inputs == (fill.id,)


def test_an_adopted_position_holds_its_market_until_it_is_closed() -> None:
    adoption = an_adoption()
    one = judged(adoption)

    assert_denied_by(one, Rule.ONE_POSITION_PER_MARKET)
    assert finding(one, Rule.ONE_POSITION_PER_MARKET).inputs == (adoption.id,)
    assert_approved(judged(adoption, a_closed_setup(adoption.id)))
    assert_approved(judged(an_adoption(market="btc-perp")))


def test_another_market_stays_free() -> None:
    fill = a_fill(a_setup_id(), market="btc-perp", after="2", quantity="2")

    assert finding(judged(fill), Rule.ONE_POSITION_PER_MARKET).passed


@pytest.mark.parametrize(
    ("pnl", "fee", "lost_pct", "is_allowed"),
    [
        ("-299", "0.9", "2.999", True),  # 299.9 of 10,000
        ("-299", "1", "3", False),  # the limit itself stops the day
        ("-400", "0", "4", False),
        ("200", "1", "-1.99", True),  # a gain
    ],
)
def test_the_daily_loss_counts_fees_and_stops_at_its_limit(
    pnl: str, fee: str, lost_pct: str, is_allowed: bool
) -> None:
    fill = a_fill(a_setup_id(), leg=Leg.STOP, pnl=pnl, fee=fee, after="0")
    found = finding(judged(fill), Rule.DAILY_LOSS)

    assert found.observed == Decimal(lost_pct)
    assert found.passed is is_allowed
    assert found.inputs == (an_account().id, fill.id)


def test_a_withdrawal_stops_no_day() -> None:
    lost = a_fill(a_setup_id("lost"), leg=Leg.STOP, pnl="-200", after="0")

    found = finding(judged(lost, capital("-5000")), Rule.DAILY_LOSS)
    assert (found.observed, found.passed) == (2, True)  # Of the 10,000 that the day began with.


def test_nothing_is_sized_before_a_chain_has_shown_the_accounts_money() -> None:
    account = an_account(equity_usd=None, venue="devnet")
    ready = [a_signal(), a_marker(venue="devnet")]
    denied = verdict_of(only(run([account, *ready])))
    assert isinstance(denied, OrderDenied)
    assert (denied.headline, denied.quantity_base, denied.equity_usd) == (Rule.RECONCILED, 0, 0)
    assert finding(only(run([account, *ready])), Rule.RECONCILED).observed is None

    sized = verdict_of(only(run([account, a_funded_account("1300"), *ready])))
    assert isinstance(sized, OrderApproved)
    # equity x 1 % / (1.3 x 2)
    assert (sized.quantity_base, sized.equity_usd) == (Decimal(5), 1_300)


def test_the_daily_loss_counts_funding_venue_fees_and_liquidations() -> None:
    taken = a_liquidation(pnl="-250", fee="30", after="0")
    paid = funding("-19.98")
    fee = a_venue_fee("0.02")
    received = funding("0.01", number=1)

    # 250 + 30 + 19.98 + 0.02 is the limit of 3 % of 10,000 to the cent.
    assert_denied_by(judged(taken, paid, fee), Rule.DAILY_LOSS)
    assert finding(judged(taken, paid, fee), Rule.DAILY_LOSS).observed == 3
    assert finding(judged(taken, paid, fee), Rule.DAILY_LOSS).inputs == (an_account().id, fee.id)
    assert finding(judged(taken, paid, fee, received), Rule.DAILY_LOSS).passed


def test_yesterdays_loss_is_forgotten_and_lowers_the_base() -> None:
    yesterday = a_fill(
        a_setup_id(), leg=Leg.STOP, pnl="-5000", after="0", at=BEGIN - timedelta(days=1)
    )
    today = a_fill(a_setup_id(), leg=Leg.STOP, pnl="-100", after="0", number=1)

    assert finding(judged(yesterday), Rule.DAILY_LOSS).observed == 0
    # 100 of the 5,000 that the day began with
    assert finding(judged(yesterday, today), Rule.DAILY_LOSS).observed == 2


def test_a_fill_just_before_midnight_belongs_to_its_own_day() -> None:
    midnight = BEGIN.replace(hour=0) + timedelta(days=1)
    late = a_fill(
        a_setup_id(), pnl="-100", after="0", at=midnight - timedelta(milliseconds=1), number=1
    )
    early = a_fill(a_setup_id(), pnl="-200", after="0", at=midnight, number=2)
    after_midnight = 12 * 60
    signal, marker = a_signal(after_midnight), a_marker(after_midnight)

    one = judged(late, early, signal=signal, marker=marker)
    swapped = judged(early, late, signal=signal, marker=marker)

    # 200 of 9,900
    assert finding(one, Rule.DAILY_LOSS).observed == Decimal("2.02020203")
    assert finding(swapped, Rule.DAILY_LOSS).observed == Decimal("2.02020203")


def test_a_quantity_under_the_venues_minimum_denies() -> None:
    # 10,000 x 0.01 bps / (1.3 x 2) = 0.0038, of which no step of 0.01 remains
    one = judged(changed_settings(settings(risk_per_trade_bps=Decimal("0.01"))))

    assert finding(one, Rule.QUANTITY_MIN).observed == 0
    assert finding(one, Rule.QUANTITY_MIN).limit == Decimal("0.01")
    assert_denied_by(one, Rule.QUANTITY_MIN, Rule.LIQUIDATION_DISTANCE)


def test_an_unknown_market_denies() -> None:
    one = judged(signal=a_signal(market="doge-perp"), marker=a_marker(market="doge-perp"))

    assert_denied_by(one, Rule.QUANTITY_MIN, Rule.LIQUIDATION_DISTANCE)
    assert finding(one, Rule.QUANTITY_MIN).limit is None


def test_leverage_counts_positions_live_setups_and_the_new_entry() -> None:
    setup = a_setup_id()
    held = a_fill(setup, market="btc-perp", price="20000", quantity="1", after="1")
    live = [
        a_signal(0, market="eth-perp", entry="1000", stop="990", tps=("1010", "1020", "1030")),
        a_marker(0, market="eth-perp"),
    ]
    # 1 x 20,000 held; 10,000 x 1 % / (1.3 x 10) = 7.692 eth at 1,000 live;
    # 38.46 sol at 100 + 0.3 x 2
    roomy = run([an_account(), held, *live, a_signal(1), a_marker(1)])[1]
    tight = run(
        [
            an_account(settings=settings(leverage_max=Decimal("3.156"))),
            held,
            *live,
            a_signal(1),
            a_marker(1),
        ]
    )[1]

    # 20,000 + 7,692 + 3,869.076, over 10,000
    assert finding(roomy, Rule.LEVERAGE).observed == Decimal("3.1561076")
    assert finding(roomy, Rule.LEVERAGE).passed
    assert_denied_by(tight, Rule.LEVERAGE)


def test_a_filled_entry_is_counted_once() -> None:
    first = run([an_account(), a_signal(0), a_marker(0)])[0]
    half = a_fill(first.id, quantity="20", remaining="18.46", after="20")
    before = [an_account(), a_signal(0), a_marker(0), half]

    second = run([*before, a_signal(1), a_marker(1)])[1]

    # 20 held and 18.46 still resting, at 100; 38.46 more at 100 + 0.3 x 2; over 10,000
    assert finding(second, Rule.LEVERAGE).observed == Decimal("0.7715076")
    assert finding(second, Rule.LEVERAGE).inputs[-2:] == (half.id, first.id)


def test_the_leverage_that_a_person_asks_for_is_capped_too() -> None:
    one = judged_by_hand(a_withheld(), a_marker(), order=a_manual_order(leverage="5.5"))

    assert_denied_by(one, Rule.LEVERAGE)
    assert finding(one, Rule.LEVERAGE).observed == Decimal("5.5")
    assert verdict_of(one).leverage_after == Decimal("0.01006")  # 1 x (100 + 0.3 x 2) / 10,000


@pytest.mark.parametrize(("quantity", "is_approved"), [("38.46", True), ("38.47", False)])
def test_an_order_by_hand_may_not_risk_more_than_a_signal(quantity: str, is_approved: bool) -> None:
    one = judged_by_hand(a_withheld(), a_marker(), order=a_manual_order(quantity=quantity))

    # Execution may chase the entry by 0.3 x 2.
    assert finding(one, Rule.RISK_PER_TRADE).observed == Decimal(quantity) * Decimal("2.6")
    assert finding(one, Rule.RISK_PER_TRADE).limit == 100  # 10,000 x 100 bps
    assert finding(one, Rule.RISK_PER_TRADE).passed is is_approved


def test_an_order_by_hand_is_cut_to_whole_steps_and_never_grows() -> None:
    one = judged_by_hand(a_withheld(), a_marker(), order=a_manual_order(quantity="1.239"))

    assert verdict_of(one).quantity_base == Decimal("1.23")


@pytest.mark.parametrize(("fee", "is_approved"), [(50_000, True), (50_001, False)])
def test_the_priority_fee_stays_under_its_cap(fee: int, is_approved: bool) -> None:
    one = only(run([an_account(fee=fee), a_signal(), a_marker()]))

    assert finding(one, Rule.PRIORITY_FEE_CAP).passed is is_approved


def test_liquidation_must_be_four_atr_away_for_a_long() -> None:
    # 1 % over 1.3 x 0.1 = 769.23 sol.
    # P = (769.23 x 100 - 10,000) / (769.23 x 0.97) = 89.69070825
    def at(atr: str) -> Draft:
        signal = a_signal(entry="100", stop="99.9", atr=atr)
        return judged(changed_settings(settings(leverage_max=Decimal(20))), signal=signal)

    assert finding(at("2.57"), Rule.LIQUIDATION_DISTANCE).observed == Decimal("10.30929175")
    assert finding(at("2.57"), Rule.LIQUIDATION_DISTANCE).limit == Decimal("10.28")
    assert_approved(at("2.57"))
    assert_denied_by(at("2.58"), Rule.LIQUIDATION_DISTANCE)


def test_liquidation_must_be_four_atr_away_for_a_short() -> None:
    # P = (769.23 x 100 + 10,000) / (769.23 x 1.03) = 109.70875048
    signal = a_signal(side=Side.SHORT, stop="100.1", tps=("99", "98", "97"), atr="1")
    one = judged(changed_settings(settings(leverage_max=Decimal(20))), signal=signal)

    assert finding(one, Rule.LIQUIDATION_DISTANCE).observed == Decimal("9.70875048")
    assert_approved(one)


@pytest.mark.parametrize(
    ("side", "stop", "tps"),
    [(Side.LONG, "99.98", ("101", "102", "103")), (Side.SHORT, "100.02", ("99", "98", "97"))],
)
def test_what_would_be_liquidated_at_once_is_no_way_from_it(
    side: Side, stop: str, tps: tuple[str, str, str]
) -> None:
    # 1 % over 1.3 x 0.02 = 3,846.15 sol: 10,000 is less than 3 % of their worth.
    signal = a_signal(side=side, stop=stop, tps=tps, atr="0.01")
    found = finding(judged(signal=signal), Rule.LIQUIDATION_DISTANCE)

    assert found.observed is not None
    assert found.observed < 0
    assert not found.passed


def test_a_long_that_cannot_be_liquidated_has_all_the_way_to_zero() -> None:
    assert finding(judged(), Rule.LIQUIDATION_DISTANCE).observed == 100


def test_an_unknown_atr_denies() -> None:
    one = judged(signal=a_signal(atr=None))

    assert_denied_by(one, Rule.LIQUIDATION_DISTANCE)
    assert finding(one, Rule.LIQUIDATION_DISTANCE).limit is None


def test_an_order_by_hand_uses_the_last_atr_of_its_market() -> None:
    known = a_withheld(1, atr="2")
    one = judged_by_hand(a_withheld(0, atr="1"), known, a_marker(1))

    assert finding(one, Rule.LIQUIDATION_DISTANCE).limit == 8
    assert known.id in finding(one, Rule.LIQUIDATION_DISTANCE).inputs
    assert_denied_by(judged_by_hand(a_marker(1)), Rule.LIQUIDATION_DISTANCE)


@pytest.mark.parametrize("pnl", ["-10000", "-10001"])
def test_no_equity_denies_without_dividing(pnl: str) -> None:
    yesterday = a_fill(a_setup_id(), leg=Leg.STOP, pnl=pnl, after="0", at=BEGIN - timedelta(days=1))
    one = judged(yesterday)

    assert_denied_by(
        one,
        Rule.DAILY_LOSS,
        Rule.QUANTITY_MIN,
        Rule.LEVERAGE,
        Rule.RISK_PER_TRADE,
        Rule.LIQUIDATION_DISTANCE,
    )
    assert verdict_of(one).leverage_after is None
    assert verdict_of(one).equity_usd == Decimal(10_000) + Decimal(pnl)


def test_values_beyond_the_wire_are_denied_not_choked_on() -> None:
    most = "9" * 18
    order = a_manual_order(
        quantity=most, entry=most, stop="0.000000000000000001", tps=(most, most, most)
    )
    one = judged_by_hand(a_withheld(), a_marker(), order=order)

    assert isinstance(one.event, OrderDenied)
    assert one.event.notional_usd == Decimal(most)


def test_an_order_by_hand_expires_five_minutes_after_the_marker() -> None:
    one = judged_by_hand(a_withheld(), a_marker(3))

    assert isinstance(one.event, OrderApproved)
    assert one.event.expires_at == closed_at(3) + timedelta(minutes=5)
    assert one.occurred_at == closed_at(3)
