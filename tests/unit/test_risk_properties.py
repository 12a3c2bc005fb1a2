"""What holds for risk on every log."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from contracts import codec
from contracts.control import KillLevel, KillSwitchEngaged, Settings, TradingResumed
from contracts.engine import Mode, ModeChanged, ReconciliationBroke, ReconciliationPassed
from contracts.event import Draft, Event
from contracts.order import OrderFilled
from contracts.values import Leg, Side
from contracts.venue import (
    ForeignOrderFilled,
    FundingSettled,
    PositionLiquidated,
    VenueFeeCharged,
)
from contracts.verdict import ENTRY_CHASE_R_MAX, Finding, OrderApproved, OrderDenied, Rule
from kit.risk_events import (
    BEGIN,
    a_break,
    a_closed_setup,
    a_feed,
    a_fill,
    a_foreign_fill,
    a_kill,
    a_liquidation,
    a_manual_order,
    a_marker,
    a_mode,
    a_resume,
    a_signal,
    a_venue_fee,
    a_withheld,
    an_account,
    an_adoption,
    an_agreement,
    changed_settings,
    funding,
    in_log,
    run,
    settings,
    verdict_of,
)
from risk.domain.checks import NOT_APPLICABLE
from risk.domain.core import RiskCore
from risk.domain.verdicts import verdict_id

ACCOUNTS = ("a", "b")
FEW, MANY = examples(max_examples=80), examples(max_examples=200)

numbers = st.integers(0, 999)
accounts = st.sampled_from(ACCOUNTS)
minutes = st.integers(0, 6)
prices = st.decimals("0.5", "300", places=3).map(str)
money = st.decimals("-3000", "3000", places=4).map(str)
sizes = st.decimals("0.01", "200", places=2).map(str)
modest = st.decimals("0.01", "40", places=2).map(str)
signed_sizes = st.sampled_from(["0", "0", "0", "1", "12.5", "-3"])
ratios = st.decimals("0.01", "40", places=2)
atrs = st.none() | st.decimals("0", "20", places=3).map(str)
fees = st.integers(0, 60_000)
lags = st.sampled_from([0, 0, 1, 5000, 5001, 90_000])


@st.composite
def limits(draw: st.DrawFn) -> Settings:
    return Settings(
        leverage_max=draw(ratios),
        risk_per_trade_bps=draw(st.decimals("1", "500", places=1)),
        daily_drawdown_limit_pct=draw(ratios),
        priority_fee_cap_microlamports=draw(st.integers(0, 100_000)),
        delegate_enabled=draw(st.booleans()),
        strategy_enabled=draw(st.sampled_from([True, True, False])),
    )


def the_signal(minute: int) -> Draft:
    """Give the one signal of a minute: most make sense, each fails in its own way."""
    chance = random.Random(minute)
    side = chance.choice(list(Side))
    distance = Decimal(chance.choice([0, 1, 5, 20, 20, 200])) / 10 * side.sign
    return a_signal(
        minute,
        side=side,
        stop=str(100 - distance),
        tps=(str(100 + distance), str(100 + 2 * distance), str(100 + 3 * distance)),
        atr=chance.choice(["0.2", "0.2", "1", "5", None]),
        missing=chance.choice([0, 0, 0, 2]),
    )


signals = st.builds(the_signal, minutes)
SOUND = (0, 1, 5, 8, 13)
"""Minutes whose signals the limits of a new account approve: from half a USD to 20 to the stop."""


@st.composite
def fills(
    draw: st.DrawFn,
    of: st.SearchStrategy[str] = accounts,
    after: st.SearchStrategy[str] = signed_sizes,
) -> Draft:
    account = draw(of)
    setup = verdict_id(draw(signals).id, account)
    return a_fill(
        setup,
        account=account,
        leg=draw(st.sampled_from(list(Leg))),
        price=draw(prices),
        quantity=draw(sizes),
        remaining=draw(st.sampled_from(["0", "3"])),
        pnl=draw(money),
        fee=draw(st.sampled_from(["0", "0.35", "-0.1"])),
        after=draw(after),
        at=BEGIN + timedelta(hours=draw(st.sampled_from([-20, 0, 0, 0, 20]))),
        number=draw(numbers),
    )


@st.composite
def bookings(
    draw: st.DrawFn,
    of: st.SearchStrategy[str] = accounts,
    after: st.SearchStrategy[str] = signed_sizes,
) -> Draft:
    """Give anything that moves an account's money."""
    account, number = draw(of), draw(numbers)
    at = BEGIN + timedelta(hours=draw(st.sampled_from([-20, 0, 0, 0, 20])))
    match draw(st.integers(0, 6)):
        case 0:
            return funding(draw(money), account=account, at=at, number=number)
        case 1:
            return a_venue_fee(account=account, at=at, number=number)
        case 2 | 3:
            kind = draw(st.sampled_from([a_foreign_fill, a_liquidation]))
            return kind(
                account=account,
                price=draw(prices),
                pnl=draw(money),
                fee=draw(st.sampled_from(["0", "0.35", "-0.1"])),
                after=draw(after),
                at=at,
                number=number,
            )
        case _:
            return draw(fills(of=st.just(account), after=after))


@st.composite
def from_the_engine(draw: st.DrawFn, of: st.SearchStrategy[str] = accounts) -> Draft:
    """Give what the engine says of itself: half of it allows new risk again."""
    account, number = draw(of), draw(numbers)
    what = draw(st.sampled_from(["position", "cash"]))
    match draw(st.integers(0, 3)):
        case 0:
            return a_mode(draw(st.sampled_from(Mode)), account=account, number=number)
        case 1:
            return a_mode(Mode.RUN, account=account, number=number)
        case 2:
            return a_break(what, account=account, number=number)
        case _:
            return an_agreement(what, account=account, number=number)


@st.composite
def about_one_account(draw: st.DrawFn, of: st.SearchStrategy[str] = accounts) -> Draft:
    account, number = draw(of), draw(numbers)
    match draw(st.integers(0, 13)):
        case 0:
            return changed_settings(draw(limits()), account=account, number=number)
        case 1:
            level = draw(st.sampled_from(KillLevel))
            return a_kill(account, level=level, number=number)
        case 2 | 3:
            return a_resume(account, number=number)
        case 4 | 5:
            stop = draw(st.sampled_from(["98", "99.9", "101"]))
            return a_manual_order(account=account, quantity=draw(sizes), stop=stop, number=number)
        case 6 | 7:
            setups = verdict_id(draw(signals).id, account), an_adoption(account=account).id
            return a_closed_setup(draw(st.sampled_from(setups)), account=account)
        case 8:
            return an_adoption(account=account)
        case 9 | 10 | 11:
            return draw(from_the_engine(of=st.just(account)))
        case _:
            return draw(bookings(of=st.just(account)))


about_the_market = st.one_of(
    signals,
    st.builds(a_marker, minutes, lag_ms=lags),
    st.builds(a_withheld, minutes, atr=atrs),
    st.sampled_from([a_kill(None), a_resume(None), a_resume(None, number=1)]),
)
judged_minutes = minutes.map(lambda minute: [the_signal(minute), a_marker(minute)])


def logs_of(events: st.SearchStrategy[Draft]) -> st.SearchStrategy[list[Draft]]:
    """Mix single events with signals that are judged at once."""
    parts = st.lists(judged_minutes | events.map(lambda one: [one]), max_size=16)
    return parts.map(lambda found: [one for part in found for one in part])


def with_accounts(events: list[Draft]) -> list[Draft]:
    return [an_account("a"), an_account("b", equity_usd="900"), *events]


logs = logs_of(about_one_account() | about_the_market).map(with_accounts)
logs_of_an_engine = logs_of(from_the_engine() | about_the_market).map(with_accounts)


def unique(events: Sequence[Draft]) -> list[Draft]:
    """Keep the first of equal ids, as the log does."""
    return list({one.id: one for one in reversed(events)}.values())[::-1]


def shown(found: Finding) -> bool:
    """Decide a finding by what it shows."""
    if found.unit == NOT_APPLICABLE:
        return True
    if found.observed is None or found.limit is None:
        return False
    match found.rule:
        case Rule.STRATEGY_ENABLED | Rule.QUANTITY_MIN | Rule.LIQUIDATION_DISTANCE:
            return found.observed >= found.limit
        case Rule.DAILY_LOSS:
            return found.observed < found.limit
        case _:
            return found.observed <= found.limit


@MANY
@given(logs)
def test_every_verdict_reports_every_rule_and_follows_from_them(log: list[Draft]) -> None:
    for one in run(unique(log)):
        verdict = verdict_of(one)
        failed = [found.rule for found in verdict.findings if not found.passed]

        assert tuple(found.rule for found in verdict.findings) == tuple(Rule)
        assert [shown(found) for found in verdict.findings] == [
            found.passed for found in verdict.findings
        ]
        match verdict:
            case OrderApproved():
                assert failed == []
                assert verdict.quantity_base > 0
            case OrderDenied():
                assert verdict.headline is failed[0]


def booked_usd(event: Event) -> Decimal:
    match event:
        case OrderFilled() | PositionLiquidated() | ForeignOrderFilled():
            return event.realized_pnl_usd - event.fee_usd
        case FundingSettled():
            return event.amount_usd
        case VenueFeeCharged():
            return -event.fee_usd
        case _:
            return Decimal(0)


@MANY
@given(logs)
def test_every_verdict_counts_all_that_was_booked_before_it(log: list[Draft]) -> None:
    core, equity = RiskCore(), {"a": Decimal(10_000), "b": Decimal(900)}
    for recorded in in_log(unique(log)):
        account = getattr(recorded.event, "account", None)
        if account is not None:
            equity[account] += booked_usd(recorded.event)
        for one in core.step(recorded):
            assert verdict_of(one).equity_usd == equity[verdict_of(one).account]


@MANY
@given(logs_of_an_engine)
def test_nothing_is_approved_while_a_kill_a_break_or_a_mode_forbids_it(log: list[Draft]) -> None:
    core = RiskCore()
    forbidding: dict[tuple[str, str], str | None] = {}
    for recorded in in_log(unique(log)):
        match recorded.event:
            case KillSwitchEngaged(account=account):
                forbidding["kill", str(account)] = account
            case TradingResumed(account=account):
                forbidding.pop(("kill", str(account)), None)
            case ModeChanged(account=account, mode=mode):
                forbidding["mode", account] = account
                if mode is Mode.RUN:
                    del forbidding["mode", account]
            case ReconciliationBroke(account=account, what=what):
                forbidding[what, account] = account
            case ReconciliationPassed(account=account, what=what):
                forbidding.pop((what, account), None)
            case _:
                pass
        for one in core.step(recorded):
            if {None, verdict_of(one).account} & set(forbidding.values()):
                assert isinstance(one.event, OrderDenied)


@FEW
@given(logs)
def test_every_verdict_survives_the_wire(log: list[Draft]) -> None:
    for one, recorded in zip(run(log), in_log(run(log)), strict=True):
        headers, body = codec.encode(one, source="risk")
        read = codec.decode(
            subject=one.subject,
            headers=headers,
            body=body,
            position=recorded.position,
            recorded_at=recorded.recorded_at,
        )

        assert read == recorded


@FEW
@given(logs)
def test_no_proposal_gets_two_verdicts_from_an_account(log: list[Draft]) -> None:
    verdicts = run(log)

    assert max(Counter(one.id for one in verdicts).values(), default=1) == 1
    pairs = Counter((verdict_of(one).proposal, verdict_of(one).account) for one in verdicts)
    assert max(pairs.values(), default=1) == 1


@FEW
@given(logs)
def test_a_signal_is_answered_once_the_venue_has_passed_it(log: list[Draft]) -> None:
    signaled = {one.id for one in log if one.event.event_type == "entry_signaled"}
    answered = Counter(verdict_of(one).proposal for one in run([*log, a_marker(7)]))

    assert {proposal: answered[proposal] for proposal in signaled} == dict.fromkeys(signaled, 2)


@FEW
@given(logs, st.data())
def test_a_core_restored_at_any_point_goes_on_as_if_nothing_happened(
    log: list[Draft], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(log)))
    recorded, uninterrupted, restored = in_log(log), RiskCore(), RiskCore()
    for one in recorded[:cut]:
        uninterrupted.step(one)
    restored.restore(uninterrupted.snapshot())

    for one in recorded[cut:]:
        assert restored.step(one) == uninterrupted.step(one)
    assert restored.snapshot() == uninterrupted.snapshot()


@FEW
@given(logs, st.data())
def test_events_that_stand_in_the_log_twice_change_nothing(
    log: list[Draft], data: st.DataObject
) -> None:
    once = unique(log)
    copies = data.draw(st.lists(st.tuples(numbers, numbers), max_size=8))
    twice = list(once)
    for which, where in copies:
        first = which % len(once)
        place = 1 + twice.index(once[first])
        twice.insert(place + where % (len(twice) - place + 1), once[first])

    assert run(twice) == run(once)


@FEW
@given(logs, st.randoms(use_true_random=False))
def test_own_verdicts_may_come_back_at_any_time(log: list[Draft], chance: random.Random) -> None:
    expected, core = run(log), RiskCore()
    found: list[Draft] = []
    under_way: list[Draft] = []
    position = 0
    for one in log:
        batch = [one]
        while under_way and chance.random() < 0.4:
            batch.append(under_way.pop(0))
        for recorded in in_log(batch, after=position):
            answered = core.step(recorded)
            found.extend(answered)
            under_way.extend(answered)
        position += len(batch)

    assert found == expected


noise = st.one_of(
    about_one_account(of=st.just("b")),
    st.builds(a_marker, minutes, venue=st.just("other")),
    st.builds(a_marker, minutes, market=st.just("btc-perp")),
    st.builds(a_withheld, minutes, market=st.just("btc-perp")),
    st.just(a_feed(is_replayable=False, market="btc-perp")),
)


@FEW
@given(
    logs_of(about_one_account(of=st.just("a")) | about_the_market),
    st.lists(st.tuples(numbers, noise), max_size=12),
)
def test_what_does_not_concern_an_account_changes_none_of_its_verdicts(
    log: list[Draft], others: list[tuple[int, Draft]]
) -> None:
    quiet = [an_account("a"), *log]
    noisy = [an_account("b"), *quiet]
    for where, one in others:
        noisy.insert(2 + where % (len(noisy) - 1), one)

    def of_account_a(events: Sequence[Draft]) -> list[Draft]:
        return [
            one
            for one in run(events)
            if verdict_of(one).account == "a" and verdict_of(one).market == "sol-perp"
        ]

    assert of_account_a(noisy) == of_account_a(quiet)


@st.composite
def raised(draw: st.DrawFn, low: Settings, *, is_manual: bool) -> Settings:
    """Raise limits. Risk per trade is the size of a signal, and a limit for orders by hand only."""
    return settings(
        leverage_max=low.leverage_max + draw(ratios),
        daily_drawdown_limit_pct=low.daily_drawdown_limit_pct + draw(ratios),
        priority_fee_cap_microlamports=low.priority_fee_cap_microlamports + draw(fees),
        risk_per_trade_bps=low.risk_per_trade_bps + (draw(ratios) if is_manual else 0),
        strategy_enabled=low.strategy_enabled,
    )


@MANY
@given(st.data(), st.booleans())
def test_raising_a_limit_never_turns_an_approval_into_a_denial(
    data: st.DataObject, is_manual: bool
) -> None:
    low = data.draw(limits()).model_copy(update={"strategy_enabled": True})
    high = data.draw(raised(low, is_manual=is_manual))
    before = data.draw(st.lists(bookings(of=st.just("a"), after=st.just("0")), max_size=3))
    fee = data.draw(fees)
    order = a_manual_order(account="a", quantity=data.draw(modest))
    minute = data.draw(st.sampled_from(SOUND))
    signaled = [the_signal(minute), a_marker(minute)]
    asked = [a_withheld(), a_marker(), order] if is_manual else signaled

    def verdict(limits: Settings) -> OrderApproved | OrderDenied:
        account = an_account("a", fee=fee, settings=limits)
        return verdict_of(run([account, *before, *asked])[0])

    # Too few approvals fail the test: Hypothesis gives up on an assumption that seldom holds.
    assume(isinstance(verdict(low), OrderApproved))
    assert isinstance(verdict(high), OrderApproved)


@MANY
@given(limits(), minutes, st.none() | sizes)
def test_a_setup_loses_no_more_than_allowed_wherever_its_entry_is_chased(
    allowed: Settings, minute: int, by_hand: str | None
) -> None:
    proposed = the_signal(minute) if by_hand is None else a_manual_order(quantity=by_hand)
    log = [an_account(settings=allowed), a_withheld(), a_marker(minute), proposed]
    verdict = verdict_of(run(log)[0])
    distance = abs(verdict.entry_price_usd - verdict.stop_price_usd)
    farthest = verdict.entry_price_usd + verdict.side.sign * ENTRY_CHASE_R_MAX * distance

    assert verdict.quantity_base * abs(farthest - verdict.stop_price_usd) <= verdict.risk_usd
    if by_hand is None or isinstance(verdict, OrderApproved):
        assert verdict.risk_usd <= verdict.equity_usd * allowed.risk_per_trade_bps / 10_000


@FEW
@given(limits(), ratios, signals)
def test_a_higher_risk_per_trade_never_gives_a_smaller_size(
    low: Settings, more: Decimal, signal: Draft
) -> None:
    def size(limits: Settings) -> Decimal:
        log = [an_account(settings=limits), signal, a_marker(6)]
        return verdict_of(run(log)[0]).quantity_base

    high = low.model_copy(update={"risk_per_trade_bps": low.risk_per_trade_bps + more})

    assert size(low) <= size(high)
