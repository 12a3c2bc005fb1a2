"""The account's fold: equity, the day, positions at cost, live setups."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from contracts.control import AccountOpened
from contracts.engine import Mode
from contracts.event import Draft
from contracts.values import Leg
from contracts.verdict import OrderApproved
from kit.risk_events import (
    BEGIN,
    a_closed_setup,
    a_fill,
    a_foreign_fill,
    a_funded_account,
    a_liquidation,
    a_marker,
    a_mode,
    a_setup_id,
    a_signal,
    a_venue_fee,
    an_account,
    an_adoption,
    an_agreement,
    capital,
    changed_settings,
    funding,
    interest,
    run,
    settings,
)
from risk.domain.account import AccountState, evolve, opened

SETUP = a_setup_id()


def folded(events: Sequence[Draft], *, begin: AccountState | None = None) -> AccountState:
    first = an_account()
    assert isinstance(first.event, AccountOpened)
    state = begin or opened(first.event, event_id=first.id)
    for one in events:
        state = evolve(state, one.event, event_id=one.id, occurred_at=one.occurred_at)
    return state


def test_equity_is_opening_equity_plus_realized_pnl_less_fees() -> None:
    state = folded(
        [
            a_fill(SETUP, fee="1.25", number=1),
            a_fill(SETUP, leg=Leg.TP1, pnl="40", fee="-0.5", number=2),  # a rebate
            a_fill(SETUP, leg=Leg.STOP, pnl="-15", fee="1", after="0", number=3),
        ]
    )

    assert state.equity_usd == Decimal("10023.25")  # 10,000 + 40 - 15 - 1.25 + 0.5 - 1


def test_funding_venue_fees_and_fills_that_are_not_ours_move_the_equity() -> None:
    events = [
        a_fill(SETUP, fee="1.25", number=1),
        funding("-0.4", number=2),
        funding("0.15", number=3),
        a_venue_fee("0.01", number=4),
        a_foreign_fill(pnl="7", fee="0.5", after="2", number=5),
        a_liquidation(pnl="-30", fee="4", after="0", number=6),
    ]
    state = folded(events)

    # 10,000 - 1.25 - 0.4 + 0.15 - 0.01 + 7 - 0.5 - 30 - 4
    assert state.equity_usd == Decimal("9970.99")
    assert state.day_loss_usd(BEGIN.date()) == Decimal("29.01")
    assert state.day_start_equity_usd(BEGIN.date()) == 10_000
    assert state.equity_sources == (state.opened_by, events[-1].id)


def test_an_account_on_a_chain_has_what_its_venue_shows() -> None:
    first = an_account(equity_usd=None, venue="devnet")
    assert isinstance(first.event, AccountOpened)
    begin = opened(first.event, event_id=first.id)
    unknown = folded([capital("400"), a_liquidation(pnl="30", after="0")], begin=begin)
    assert unknown.equity_usd == 0  # Not what was made: nobody knows of what.

    state = folded([a_funded_account("1234.56")], begin=unknown)
    assert state.equity_usd == Decimal("1234.56")
    later = [capital("500.25", number=1), interest("0.4"), capital("-1000", number=2)]
    state = folded(later, begin=state)
    assert state.equity_usd == Decimal("735.21")  # 1,234.56 + 500.25 + 0.4 - 1,000
    assert state.equity_sources == (state.opened_by, later[-1].id)


def test_what_is_taken_out_is_no_loss_and_makes_the_day_no_smaller() -> None:
    day = BEGIN.date()
    state = folded([a_fill(SETUP, pnl="-200"), capital("-5000")])

    assert state.equity_usd == 4_800
    assert state.day_loss_usd(day) == 200
    assert state.day_start_equity_usd(day) == 10_000
    back = folded([capital("5000", number=1), capital("2000", number=2)], begin=state)
    assert back.day_start_equity_usd(day) == 12_000  # What is paid in counts, net.
    tomorrow = day + timedelta(days=1)
    assert state.day_start_equity_usd(tomorrow) == 4_800
    assert state.day_loss_usd(tomorrow) == 0


def test_what_moved_on_an_earlier_day_and_comes_late_is_not_of_this_one() -> None:
    tomorrow = BEGIN + timedelta(days=1)
    state = folded([a_fill(SETUP, pnl="-1", at=tomorrow), capital("-5000", at=BEGIN)])

    assert state.day_start_equity_usd(tomorrow.date()) == 5_000


def test_positions_follow_every_kind_of_fill() -> None:
    ours = a_fill(SETUP, price="100", after="3", quantity="3", number=1)
    theirs = a_foreign_fill(price="110", after="2", number=2)
    taken = a_liquidation(price="90", after="0.5", quantity="1.5", number=3)
    short = a_foreign_fill(price="80", after="-1", quantity="1.5", number=4)

    assert [
        (state.positions["sol-perp"].base, state.exposure_usd, state.positions["sol-perp"].source)
        for state in (
            folded([ours]),
            folded([ours, theirs]),
            folded([ours, theirs, taken]),
            folded([ours, theirs, taken, short]),
        )
    ] == [
        (3, 300, ours.id),
        (2, 200, theirs.id),  # shrunk in proportion
        (Decimal("0.5"), 50, taken.id),
        (-1, 80, short.id),  # flipped: at the flipping price
    ]
    assert folded([ours, a_liquidation(after="0")]).positions == {}


def test_a_fill_that_is_not_ours_leaves_what_our_entry_may_still_fill() -> None:
    approval = run([an_account(), a_signal(), a_marker()])[0]
    state = folded([approval, a_foreign_fill(after="1"), a_liquidation(after="0")])

    assert [setup.unfilled_base for setup in state.setups] == [Decimal("38.46")]


def test_an_adopted_position_is_a_setup_until_it_is_closed() -> None:
    adoption = an_adoption("-3")
    live = folded([adoption])
    over = folded([a_closed_setup(adoption.id)], begin=live)

    assert [(setup.id, setup.market) for setup in live.setups] == [(adoption.id, "sol-perp")]
    assert live.exposure_usd == 0  # what it holds came in by fills
    assert over.setups == ()


def test_what_does_not_concern_money_leaves_the_equitys_sources() -> None:
    state = folded([an_adoption(), an_agreement(), a_mode(Mode.DEGRADED)])

    assert state.equity_sources == (state.opened_by,)
    assert state.day is None


def test_the_day_is_the_utc_day_of_the_fill() -> None:
    tomorrow = BEGIN + timedelta(days=1)
    state = folded(
        [
            a_fill(SETUP, pnl="-100", number=1),
            a_fill(SETUP, pnl="-20", fee="1", at=tomorrow, number=2),
        ]
    )

    assert state.day_loss_usd(tomorrow.date()) == 21
    assert state.day_start_equity_usd(tomorrow.date()) == 9900
    assert state.day_loss_usd(tomorrow.date() + timedelta(days=1)) == 0
    assert state.day_start_equity_usd(tomorrow.date() + timedelta(days=1)) == 9879


def test_a_fill_of_an_earlier_day_that_comes_late_does_not_reset_the_day() -> None:
    yesterday = BEGIN - timedelta(days=1)
    state = folded(
        [
            a_fill(SETUP, pnl="-100", number=1),
            a_fill(SETUP, pnl="-7", at=yesterday, number=2),
            funding("-3", at=yesterday, number=3),
            a_fill(SETUP, pnl="-1", number=4),
        ]
    )

    assert state.day == date(2026, 3, 2)
    assert state.day_loss_usd(date(2026, 3, 2)) == 101
    assert state.equity_usd == 9889


def test_a_position_grows_at_the_fills_price_and_shrinks_in_proportion() -> None:
    grown = folded(
        [
            a_fill(SETUP, price="100", after="1", number=1),
            a_fill(SETUP, price="110", after="3", quantity="2", number=2),
        ]
    )
    shrunk = folded([a_fill(SETUP, price="150", after="1.5", number=3)], begin=grown)
    closed = folded([a_fill(SETUP, price="150", after="0", number=4)], begin=shrunk)

    assert grown.exposure_usd == 320  # 1 x 100 + 2 x 110
    assert shrunk.exposure_usd == 160  # half of it
    assert closed.exposure_usd == 0
    assert closed.positions == {}


def test_a_position_that_flips_counts_at_the_flipping_price() -> None:
    state = folded(
        [
            a_fill(SETUP, price="100", after="5", number=1),
            a_fill(SETUP, price="90", after="-2", number=2),
        ]
    )

    assert state.positions["sol-perp"].base == -2
    assert state.exposure_usd == 180  # 2 x 90


def test_a_setup_lives_from_its_approval_to_its_end() -> None:
    approval = run([an_account(), a_signal(), a_marker()])[0]
    assert isinstance(approval.event, OrderApproved)

    live = folded([approval])
    half = folded([a_fill(approval.id, quantity="20", remaining="18.46", after="20")], begin=live)
    over = folded([a_closed_setup(approval.id)], begin=half)

    assert live.exposure_usd == 3846  # 38.46 x 100 may still fill
    assert half.exposure_usd == 3846  # 20 x 100 held, 18.46 x 100 may still fill
    assert over.exposure_usd == 2000
    assert over.setups == ()


def test_an_exit_leaves_what_the_entry_may_still_fill() -> None:
    approval = run([an_account(), a_signal(), a_marker()])[0]
    state = folded(
        [approval, a_fill(approval.id, leg=Leg.TP1, remaining="0", after="0", quantity="10")]
    )

    assert state.setups[0].unfilled_base == Decimal("38.46")  # 100 / (1.3 x 2)


def test_changed_settings_name_their_event() -> None:
    change = changed_settings(settings(strategy_enabled=False))
    state = folded([change])

    assert not state.settings.strategy_enabled
    assert state.settings_by == change.id
