"""When risk judges, whom, how often, and that its state is a function of the log alone."""

from decimal import Decimal

import pytest

from contracts.values import Leg
from contracts.verdict import OrderApproved, OrderDenied, Rule
from kit.risk_events import (
    a_closed_setup,
    a_fill,
    a_kill,
    a_manual_order,
    a_marker,
    a_setup_id,
    a_signal,
    a_withheld,
    an_account,
    changed_settings,
    finding,
    in_log,
    run,
    run_with_echo,
    settings,
    verdict_of,
)
from risk.domain.core import REMEMBERED_MAX, WAITING_MAX, RiskCore


def test_a_signal_waits_until_its_venue_has_caught_up() -> None:
    core = RiskCore()
    account, signal, early, other, marker = in_log(
        [an_account(), a_signal(1), a_marker(0), a_marker(1, market="btc-perp"), a_marker(1)]
    )

    assert [len(core.step(one)) for one in (account, signal, early, other, marker)] == [
        0,
        0,
        0,
        0,
        1,
    ]


def test_a_signal_that_comes_after_its_marker_is_judged_at_once() -> None:
    core = RiskCore()
    account, marker, signal = in_log([an_account(), a_marker(1), a_signal(1)])

    assert [len(core.step(one)) for one in (account, marker, signal)] == [0, 0, 1]


def test_the_verdict_is_the_same_whichever_service_was_faster() -> None:
    signal_first = run([an_account(), a_marker(0), a_signal(1), a_marker(1)])
    marker_first = run([an_account(), a_marker(0), a_marker(1), a_signal(1)])

    assert signal_first == marker_first


def test_fills_on_data_before_the_signal_count() -> None:
    first = run([an_account(), a_signal(0), a_marker(0)])[0]
    stopped = a_fill(first.id, leg=Leg.STOP, pnl="-100", after="0")
    log = [an_account(), a_signal(0), a_marker(0), a_signal(1)]

    second = run([*log, stopped, a_closed_setup(first.id), a_marker(1)])[1]

    assert isinstance(second.event, OrderApproved)
    assert second.event.equity_usd == 9900


def test_signals_are_judged_in_the_order_of_the_log() -> None:
    verdicts = run([an_account(), a_signal(0), a_signal(1), a_signal(2), a_marker(1), a_marker(2)])

    assert [verdict_of(one).proposal for one in verdicts] == [
        a_signal(minute).id for minute in (0, 1, 2)
    ]
    # The first was judged on the marker of the second, a minute later.
    assert finding(verdicts[0], Rule.INPUTS_FRESH).observed == 60_000


def test_every_open_account_gets_one_verdict() -> None:
    verdicts = run(
        [
            an_account("b", equity_usd="5000"),
            an_account("a"),
            a_signal(),
            an_account("late"),
            a_marker(),
        ]
    )

    assert [verdict_of(one).account for one in verdicts] == ["a", "b"]
    # 100 and 50 over 1.3 x 2, in steps of 0.01
    assert [verdict_of(one).quantity_base for one in verdicts] == [
        Decimal("38.46"),
        Decimal("19.23"),
    ]
    assert len({one.id for one in verdicts}) == 2
    assert {one.subject.split(".")[2] for one in verdicts} == {"a", "b"}


def test_an_account_waits_for_its_own_venue() -> None:
    log = [an_account("a"), an_account("b", venue="other"), a_signal(), a_marker()]

    assert [verdict_of(one).account for one in run(log)] == ["a"]
    assert [verdict_of(one).account for one in run([*log, a_marker(venue="other")])] == ["a", "b"]


def test_a_setup_of_one_account_does_not_hold_the_market_for_another() -> None:
    log = [an_account("a"), an_account("b"), a_withheld(), a_marker(), a_manual_order(account="a")]

    verdicts = run([*log, a_manual_order(account="b")])

    assert [type(one.event) for one in verdicts] == [OrderApproved, OrderApproved]


def test_an_order_by_hand_is_judged_at_once_and_for_its_account_only() -> None:
    log = [an_account("a"), an_account("b"), a_withheld(), a_marker(), a_manual_order(account="a")]

    assert [verdict_of(one).account for one in run(log)] == ["a"]


def test_an_order_by_hand_for_no_account_gets_no_verdict() -> None:
    assert run([a_manual_order(account="nobody")]) == []


def test_a_kill_while_a_signal_waits_denies_it() -> None:
    one = run([an_account(), a_signal(), a_kill(None), a_marker()])[0]

    assert isinstance(one.event, OrderDenied)
    assert one.event.headline is Rule.NOT_HALTED


def test_own_verdicts_that_come_back_change_nothing() -> None:
    log = [an_account(), a_signal(0), a_marker(0), a_signal(1), a_marker(1)]

    assert run(log) == run_with_echo(log)


def test_an_approval_that_another_build_wrote_counts() -> None:
    approval = run([an_account(), a_signal(0), a_marker(0)])[0]

    verdicts = run([an_account(), approval, a_signal(1), a_marker(1)])

    assert finding(verdicts[0], Rule.ONE_POSITION_PER_MARKET).inputs == (approval.id,)


@pytest.mark.parametrize("position", [1, 2, 3, 4, 5])
def test_a_message_that_is_delivered_again_changes_nothing(position: int) -> None:
    log = in_log([an_account(), a_signal(0), a_marker(0), a_signal(1), a_marker(1)])
    core, again = RiskCore(), RiskCore()

    once = [one for recorded in log for one in core.step(recorded)]
    twice = [
        one
        for recorded in [*log[:position], log[position - 1], *log[position:]]
        for one in again.step(recorded)
    ]

    assert once == twice
    assert core.snapshot() == again.snapshot()


def test_an_event_that_stands_in_the_log_twice_counts_once() -> None:
    setup = a_setup_id()
    loss = a_fill(setup, leg=Leg.STOP, pnl="-100", after="0")
    narrow = changed_settings(settings(leverage_max=Decimal("0.1")), number=1)
    wide = changed_settings(settings(leverage_max=Decimal(9)), number=2)
    log = [an_account(), loss, narrow, wide, a_signal(0), a_marker(0)]

    assert run(log) == run([*log[:4], loss, narrow, an_account(), *log[4:], a_signal(0)])


def test_a_marker_that_comes_late_does_not_turn_time_back() -> None:
    verdicts = run([an_account(), a_marker(2), a_marker(1), a_signal(2)])

    assert isinstance(verdicts[0].event, OrderApproved)


def test_the_events_that_are_remembered_are_bounded() -> None:
    kills = in_log([a_kill("x", number=number) for number in range(REMEMBERED_MAX + 2)])
    core = RiskCore()
    sizes: list[int] = []
    for recorded in kills:
        core.step(recorded)
        if recorded.position >= REMEMBERED_MAX:
            sizes.append(len(core.snapshot()))

    assert sizes == [sizes[0]] * 3
    assert sizes[0] < 512 * 1024  # a checkpoint takes 1 MiB


def test_signals_that_nobody_comes_for_are_denied_when_too_many_wait() -> None:
    log = [an_account(), *(a_signal(minute) for minute in range(WAITING_MAX + 1))]
    verdicts = run(log)

    assert [verdict_of(one).proposal for one in verdicts] == [a_signal(0).id]
    assert not finding(verdicts[0], Rule.INPUTS_FRESH).passed


def test_a_marker_before_the_signals_bar_is_not_fresh() -> None:
    log = [an_account(), a_marker(0), *(a_signal(minute) for minute in range(1, WAITING_MAX + 2))]
    one = run(log)[0]

    assert finding(one, Rule.INPUTS_FRESH).observed == -60_000
    assert not finding(one, Rule.INPUTS_FRESH).passed


@pytest.mark.parametrize(
    "state",
    [b"", b"{}", b"{}x", b"null", b'{"policy":"risk-0","position":1}', b'{"accounts":{"a":1}}'],
)
def test_a_state_that_is_not_one_is_refused(state: bytes) -> None:
    core = RiskCore()
    before = core.snapshot()

    with pytest.raises(ValueError, match=r"^expected "):
        core.restore(state)
    assert core.snapshot() == before
