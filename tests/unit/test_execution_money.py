"""What an account on a chain holds: what it begins with, what its owner moves, and interest."""

from dataclasses import replace as changed
from decimal import Decimal

import pytest
from msgspec.structs import replace

from contracts.event import Event
from contracts.ids import derive_root_id
from contracts.values import Liquidity, Side, VenueClock, from_millis
from contracts.venue import (
    AccountFunded,
    CapitalMoved,
    DelegateSeen,
    InterestSettled,
    MarketStatus,
    ObservedMarket,
    QuoteBalance,
    VenueObserved,
)
from execution import money, records
from execution.domain.account import AccountState
from execution.domain.account_fold import apply
from execution.domain.interest import begun
from execution.venues.port import CapitalRecord, FilledRecord, Stamp

CENT = Decimal("0.01")
UNIT = Decimal("0.000001")
EMPTY = AccountState(account="local", market="sol-perp", venue="devnet", deposit_usd=None)
"""On a chain that has not shown what it holds."""


def clock(slot: int) -> VenueClock:
    return VenueClock(at=from_millis(1_750_507_200_000 + slot * 400), slot=slot)


def quote(balance: Decimal | str | int, *, deposit: str = "1", borrow: str = "1") -> QuoteBalance:
    return QuoteBalance(
        balance_usd=Decimal(balance), deposit_index=Decimal(deposit), borrow_index=Decimal(borrow)
    )


def seen(cash: Decimal | str | int, *, slot: int = 100, position: str = "0") -> VenueObserved:
    """Observe an account."""
    return VenueObserved(
        account="local",
        market="sol-perp",
        clock=clock(slot),
        block_height=slot,
        position_base=Decimal(position),
        cash_usd=Decimal(cash),
        break_even_usd=None,
        liquidation_usd=None,
        orders=(),
        market_seen=ObservedMarket(
            status=MarketStatus.ACTIVE,
            oracle_usd=Decimal(150),
            oracle_age_slots=0,
            trigger_usd=Decimal(150),
            bid_usd=Decimal("149.9"),
            ask_usd=Decimal("150.1"),
        ),
        delegate=DelegateSeen.OURS,
        is_liquidating=False,
        is_reduce_only=False,
        fee_payer_lamports=10**9,
        fee_per_unit_microlamports=0,
    )


def after(state: AccountState, *events: Event) -> AccountState:
    for event in events:
        name = derive_root_id("test", event.event_type, event.model_dump_json())
        state = apply(state, event, event_id=name)
    return state


def with_deposit(cash: str | int = 1_000) -> AccountState:
    """Give an account that holds so much."""
    found = money.funded(EMPTY, seen(cash), quote(cash))
    assert found is not None
    return after(EMPTY, found.event)


def moved(amount: str | int, *, slot: int = 110) -> CapitalMoved:
    return CapitalMoved(
        account="local",
        market="sol-perp",
        key=f"{amount}-{slot}",
        amount_usd=Decimal(amount),
        clock=clock(slot),
    )


def earned(state: AccountState, cash: Decimal | str, now: QuoteBalance) -> Decimal | None:
    """Give what is taken for interest."""
    found = money.interest(state, seen(cash, slot=200), now)
    if found is None:
        return None
    assert isinstance(found.event, InterestSettled)
    return found.event.amount_usd


def test_what_the_venue_shows_first_is_what_the_account_begins_with() -> None:
    assert EMPTY.expected == {"position": 0}
    state = with_deposit("1234.56")

    assert state.deposit_usd == Decimal("1234.56")
    assert state.agrees_with(seen("1234.56"))
    assert not state.agrees_with(seen("1234.560001"))
    assert money.funded(state, seen(5_000, slot=200), quote(5_000)) is None  # Once.


@pytest.mark.parametrize("shown", [seen(0), seen(-5), seen(1_000, position="1")])
def test_an_account_begins_flat_and_with_something(shown: VenueObserved) -> None:
    assert money.funded(EMPTY, shown, quote(1_000)) is None


def test_what_was_before_is_part_of_what_it_begins_with() -> None:
    before = after(EMPTY, moved(400, slot=90))
    assert before.deposit_usd is None
    begun_with = money.funded(before, seen(1_000), quote(1_000))
    assert begun_with is not None
    state = after(before, begun_with.event)

    assert state.deposit_usd == 1_000
    stamp: Stamp = {"key": "a", "slot": 100, "at_ms": 0, "trade_id": None}
    late = CapitalRecord(**stamp, amount_usd=Decimal(7))
    assert records.recorded(state, late) is None
    news = records.recorded(state, changed(late, slot=101))
    assert news is not None
    assert isinstance(news.event, CapitalMoved)
    fill = FilledRecord(
        **stamp,
        venue_order_id=1,
        user_order_id=1,
        side=Side.LONG,
        liquidity=Liquidity.MAKER,
        price_usd=Decimal(150),
        quantity_base=Decimal(1),
        remaining_base=Decimal(0),
        fee_usd=Decimal(0),
        position_after_base=Decimal(1),
    )
    assert records.recorded(state, fill) is None
    assert records.recorded(state, changed(fill, slot=101)) is not None


def test_a_deposit_and_a_withdrawal_move_the_cash_and_nothing_that_was_made() -> None:
    state = after(with_deposit(), moved("250.5"), moved(-1_100, slot=120))

    assert state.expected == {"position": 0, "cash": Decimal("150.5")}
    assert state.ledger.net_usd == 0
    again = after(state, moved("250.5"))
    assert again == state  # Told twice, counted once.


def test_interest_is_what_the_balance_earned_to_the_last_unit() -> None:
    state = with_deposit()
    now = quote("1000.1", deposit="1.0001")

    assert earned(state, "1000.1", now) == Decimal("0.1")
    found = money.interest(state, seen("1000.1", slot=200), now)
    assert found is not None
    settled = after(state, found.event)
    assert settled.expected["cash"] == Decimal("1000.1")
    assert settled.ledger.net_usd == settled.ledger.interest_usd == Decimal("0.1")
    assert settled.accrual == begun(now)


@pytest.mark.parametrize("missing", [CENT, -CENT, 4 * UNIT, -4 * UNIT])
def test_what_no_interest_explains_stays_a_difference_for_ever(missing: Decimal) -> None:
    state = with_deposit()
    for days in (0, 1, 30, 365):
        index = 1 + days * Decimal("0.0003")
        cash = 1_000 * index - missing
        assert earned(state, cash, quote(cash, deposit=str(index))) is None


def test_interest_of_a_balance_that_moved_lies_between_the_least_and_the_greatest() -> None:
    state = after(with_deposit(), moved(9_000), moved(-9_900, slot=120))
    now = quote(100, deposit="1.001")

    assert earned(state, "100.1", now) == Decimal("0.1")  # As if 100 had been there all the time.
    assert earned(state, "110", now) == 10  # As if 10,000 had.
    assert earned(state, "100.05", now) is None
    assert earned(state, "110.1", now) is None


def test_what_is_borrowed_costs_by_the_index_of_what_is_borrowed() -> None:
    state = replace(with_deposit(), accrual=begun(quote(-200)))
    now = quote(-220, deposit="1.5", borrow="1.1")

    assert earned(state, "980", now) == -20
    assert earned(state, "900", now) is None


def test_nothing_is_interest_while_the_position_is_not_explained() -> None:
    shown = seen("1000.1", slot=200, position="1")
    assert money.interest(with_deposit(), shown, quote("1000.1", deposit="1.0001")) is None


def test_an_account_whose_log_states_its_deposit_earns_nothing() -> None:
    stated = replace(EMPTY, deposit_usd=Decimal(1_000))
    assert earned(stated, "1000.1", quote("1000.1", deposit="1.0001")) is None


def test_interest_is_worth_a_record_from_a_hundredth_of_a_percent_on() -> None:
    state = with_deposit()
    assert money.is_worth_it(state, seen("1000.11"), quote("1000.11"))
    assert not money.is_worth_it(state, seen("1000.09"), quote("1000.09"))


def test_the_ledger_begins_anew_with_what_the_account_begins_with() -> None:
    before = replace(EMPTY, ledger=replace(EMPTY.ledger, position_base=Decimal(-5)))
    found = money.funded(before, seen(1_000), quote(1_000))
    assert found is not None
    assert isinstance(found.event, AccountFunded)
    assert after(before, found.event).agrees_with(seen(1_000))
