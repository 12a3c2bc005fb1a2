"""What always holds, whatever the market and people do: the invariants of execution.md 8.8."""

from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.control import KillSwitchEngaged, TradingResumed
from contracts.event import Recorded
from contracts.ids import EventId, MarketId
from contracts.markets import market_spec
from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderReplaced,
    ReplaceIntended,
    SetupClosed,
)
from contracts.values import Leg, Side
from contracts.verdict import OrderApproved
from execution.domain.plan import plan
from execution.domain.planner import PlannerCore
from execution.domain.setup import OrderState
from execution.standing import Standing
from execution.venues.paper.book import PendingCancel
from execution.venues.paper.rules import PaperRules
from kit.execution_events import MARKET, a_cancel, a_kill, a_resume, an_approval
from kit.execution_rig import Rig

SPEC = market_spec(MarketId(MARKET))
ACCOUNTS = ("a", "b")
WAITS = st.sampled_from([0, 1, 100, 399, 400, 401, 1_000, 1_001, 5_000, 30_000, 61_000])
LEVELS = st.sampled_from(["entry", "stop", "tp1", "tp2", "tp3", "same"])
RARELY = st.integers(0, 5).map(lambda number: number == 3)


class OrderLife(RuleBasedStateMachine):
    """Prints about the levels that matter, approvals, kills and cancels in any order."""

    RULES: ClassVar[PaperRules] = PaperRules()

    @initialize()
    def begin(self) -> None:
        self.rig = Rig(rules=self.RULES, accounts=ACCOUNTS)
        self.key = 0
        self.price = Decimal(100)
        self.checked = 0
        self.halted: set[str | None] = set()
        self.seen_halted: set[str | None] = set()
        self.rig.print("100")

    @rule(
        account=st.sampled_from(ACCOUNTS),
        level=LEVELS,
        ticks=st.integers(-60, 60),
        wait=WAITS,
        steps=st.one_of(st.integers(1, 30), st.just(100_000)),
        seller=st.booleans(),
    )
    def print(
        self, *, account: str, level: str, ticks: int, wait: int, steps: int, seller: bool
    ) -> None:
        setup = self.rig.setup(account)
        if setup is not None and level != "same":
            entry = setup.newest(Leg.ENTRY)
            self.price = {
                "entry": setup.entry_price_usd if entry is None else entry.price_usd,
                "stop": setup.stop_price_usd,
                "tp1": setup.tp_prices_usd[0],
                "tp2": setup.tp_prices_usd[1],
                "tp3": setup.tp_prices_usd[2],
            }[level]
        self.price += ticks * SPEC.tick_usd
        self.rig.print(
            str(self.price), quantity=str(steps * SPEC.step_base), after_ms=wait, seller=seller
        )

    @rule(
        account=st.sampled_from(ACCOUNTS),
        side=st.sampled_from(Side),
        ticks=st.integers(-10, 60),
        stop=st.integers(30, 400),
        steps=st.integers(1, 60),
        lives=st.sampled_from([1_000, 90_000, 300_000]),
    )
    def approve(
        self, *, account: str, side: Side, ticks: int, stop: int, steps: int, lives: int
    ) -> None:
        entry = self.price - side.sign * ticks * SPEC.tick_usd
        tp1, tp2, tp3 = (entry + side.sign * stop * k * SPEC.tick_usd for k in (1, 2, 3))
        draft = an_approval(
            self._key(),
            account=account,
            side=side,
            entry=str(entry),
            stop=str(entry - side.sign * stop * SPEC.tick_usd),
            tps=(str(tp1), str(tp2), str(tp3)),
            quantity=str(steps * SPEC.step_base),
            milliseconds=self.rig.now_ms,
            lives_ms=lives,
        )
        self.rig.record(draft)

    @rule(account=st.sampled_from([*ACCOUNTS, None]), is_meant=RARELY)
    def kill(self, account: str | None, is_meant: bool) -> None:
        if is_meant:
            self.halted.add(account)
            self.rig.record(a_kill(self._key(), account=account))

    @precondition(lambda self: self.halted)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        account = data.draw(st.sampled_from(sorted(self.halted, key=str)))
        self.halted.discard(account)
        self.rig.record(a_resume(self._key(), account=account))

    @rule(account=st.sampled_from(ACCOUNTS), leg=st.sampled_from(Leg), is_meant=RARELY)
    def cancel(self, account: str, leg: Leg, is_meant: bool) -> None:
        setup = self.rig.setup(account)
        order = setup.newest(leg) if setup else None
        if is_meant and order is not None:
            self.rig.record(a_cancel(order.client_order_id, key=self._key(), account=account))

    def _key(self) -> str:
        self.key += 1
        return str(self.key)

    @invariant()
    def a_position_never_grows_past_its_approval_nor_flips(self) -> None:
        for account in ACCOUNTS:
            setup, position = self.rig.setup(account), self.rig.position(account)
            if setup is None:
                assert position == 0
                continue
            assert setup.entry_filled_base <= setup.quantity_base
            assert 0 <= setup.side.sign * position <= setup.quantity_base
            assert position == setup.ledger.position_base

    @invariant()
    def a_position_has_a_stop_that_covers_it_from_its_first_fill_on(self) -> None:
        for account in ACCOUNTS:
            if self.rig.position(account):
                stop = self.rig.held(Leg.STOP, account)
                assert stop is not None
                assert stop.unfilled_base is None

    @invariant()
    def at_most_one_entry_is_live(self) -> None:
        for account in ACCOUNTS:
            legs = [it.leg for it in self.rig.book(account).orders]
            assert len(legs) == len(set(legs))

    @invariant()
    def an_entry_is_replaced_at_most_twice(self) -> None:
        for account in ACCOUNTS:
            setup = self.rig.setup(account)
            assert setup is None or setup.replaces <= 2

    @invariant()
    def nothing_enters_while_halted(self) -> None:
        """Read the new part of the log by position: no entry is intended under a kill."""
        halted = self.seen_halted
        for recorded in self.rig.log[self.checked :]:
            match recorded.event:
                case KillSwitchEngaged(account=account):
                    halted.add(account)
                case TradingResumed(account=account):
                    halted.discard(account)
                case OrderIntended(leg=Leg.ENTRY, account=account):
                    assert not halted & {account, None}
                case ReplaceIntended(leg=Leg.ENTRY, account=account):
                    assert not halted & {account, None}
                case _:
                    pass
        self.checked = len(self.rig.log)
        for account in ACCOUNTS:
            is_halted = bool(halted & {account, None})
            assert self.rig.standing.planner.state.is_halted_for(account) is is_halted
            entry = _entry(self.rig, account)
            assert not (is_halted and entry and entry.is_live) or entry.is_canceling

    @invariant()
    def planning_again_gives_nothing(self) -> None:
        state = self.rig.standing.planner.state
        for setup in state.setups:
            assert plan(setup, is_halted=state.is_halted_for(setup.account), spec=SPEC) == ()

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        _assert_the_venue_is_a_fold(self.rig)
        _drain(self.rig)
        log = self.rig.log
        _assert_every_setup_closed_with_its_cash(log)
        _assert_stops_only_move_toward_profit(log)
        _assert_ladders_sum_to_the_position(log)
        _assert_replay_decides_the_same(log)


def _entry(rig: Rig, account: str) -> OrderState | None:
    setup = rig.setup(account)
    return setup.newest(Leg.ENTRY) if setup else None


def _drain(rig: Rig) -> None:
    """Let a market that moves far both ways end whatever still lives."""
    rig.record(a_kill("last"))
    for price in ("100", "90", "90", "90", "110", "110", "110", "110"):
        rig.print(price, quantity="100000", after_ms=70_000)
    assert rig.standing.planner.state.setups == ()
    assert rig.standing.venue.is_idle


def _assert_the_venue_is_a_fold(rig: Rig) -> None:
    """Rebuild from the log; cancels that found nothing are all that the log does not tell."""
    rebuilt = Standing(rig.rules)
    for recorded in rig.log:
        rebuilt.fold(recorded)
    for account in ACCOUNTS:
        live, again = rig.standing.venue.book(account), rebuilt.venue.book(account)
        assert (live is None) == (again is None)
        if live is not None and again is not None:
            for cancel in [it for it in again.pending if isinstance(it, PendingCancel)]:
                if again.held(cancel.client_order_id) is None and cancel not in live.pending:
                    again.land_nothing(cancel)
            assert again == live


def _assert_every_setup_closed_with_its_cash(log: list[Recorded]) -> None:
    closed = [it.event for it in log if isinstance(it.event, SetupClosed)]
    approved = [it for it in log if it.event.event_type == "order_approved"]
    assert sorted(it.setup for it in closed) == sorted(it.id for it in approved)
    for end in closed:
        fills = [it.event for it in log if isinstance(it.event, OrderFilled)]
        fills = [it for it in fills if it.setup == end.setup]
        cash = sum((-it.side.sign * it.price_usd * it.quantity_base for it in fills), Decimal(0))
        assert end.realized_pnl_usd == cash == sum(it.realized_pnl_usd for it in fills)
        assert end.fees_usd == sum(it.fee_usd for it in fills)
        assert len({it.fill_id for it in fills}) == len(fills)


def _assert_stops_only_move_toward_profit(log: list[Recorded]) -> None:
    sides = {it.id: it.event.side for it in log if isinstance(it.event, OrderApproved)}
    prices: dict[UUID, Decimal] = {}
    for recorded in log:
        event = recorded.event
        if isinstance(event, OrderPlaced | OrderReplaced) and event.leg is Leg.STOP:
            before = prices.get(event.setup, event.price_usd)
            assert sides[EventId(event.setup)].sign * (event.price_usd - before) >= 0
            prices[event.setup] = event.price_usd


def _assert_ladders_sum_to_the_position(log: list[Recorded]) -> None:
    for recorded in log:
        rungs = [
            it.event.quantity_base
            for it in log
            if isinstance(it.event, OrderIntended)
            and it.causation_id == recorded.id
            and it.event.leg in (Leg.TP1, Leg.TP2, Leg.TP3)
        ]
        if not rungs:
            continue
        filled = Decimal(0)
        for it in log[: recorded.position]:
            if isinstance(it.event, OrderFilled) and it.correlation_id == _proposal(log, recorded):
                filled += it.event.quantity_base * (1 if it.event.leg is Leg.ENTRY else -1)
        assert sum(it for it in rungs if it is not None) == filled


def _proposal(log: list[Recorded], cause: Recorded) -> object:
    return next(
        it.correlation_id
        for it in log
        if it.causation_id == cause.id and isinstance(it.event, OrderIntended)
    )


def _assert_replay_decides_the_same(log: list[Recorded]) -> None:
    core = PlannerCore()
    derived = [draft for recorded in log for draft in core.step(recorded)]
    decided = [it for it in log if isinstance(it.event, PlannerCore.decides)]
    assert [(it.id, it.event, it.occurred_at, it.causation_id) for it in derived] == [
        (it.id, it.event, it.occurred_at, it.causation_id) for it in decided
    ]
    stops = [it.event for it in log if isinstance(it.event, CancelIntended)]
    reasons = {it.reason for it in stops if it.leg is Leg.STOP}
    assert reasons <= {CancelReason.FLAT, CancelReason.ENTRY_ENDED}


class OrderLifeOfAnEagerKeeper(OrderLife):
    """The same, where a stop fills sooner than a cancel lands: the position is protected anew."""

    RULES: ClassVar[PaperRules] = PaperRules(keeper_delay_ms=0, latency_ms=2_000)

    def a_position_has_a_stop_that_covers_it_from_its_first_fill_on(self) -> None:
        """Ask for a stop that rests or is on its way."""
        for account in ACCOUNTS:
            if self.rig.position(account):
                setup = self.rig.setup(account)
                assert setup is not None
                assert setup.live(Leg.STOP) is not None


SLOW_IS_FINE = settings(
    stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestOrderLife = OrderLife.TestCase
TestOrderLife.settings = settings(SLOW_IS_FINE, max_examples=60)
TestOrderLifeOfAnEagerKeeper = OrderLifeOfAnEagerKeeper.TestCase
TestOrderLifeOfAnEagerKeeper.settings = settings(SLOW_IS_FINE, max_examples=30)
