"""What the planner answers: the order life rule by rule, over the paper venue."""

from dataclasses import replace
from decimal import Decimal

import pytest

from contracts.event import Draft
from contracts.ids import EventId, MarketId, derive_client_order_id, derive_id
from contracts.markets import market_spec
from contracts.order import (
    CancelDenied,
    CancelIntended,
    CancelReason,
    OrderIntended,
    OrderRejected,
    ReplaceIntended,
    SetupClosed,
    VenueClock,
)
from contracts.routes import subject_of
from contracts.values import Leg, OrderKind, Side
from execution.domain.plan import plan
from execution.domain.planner import PlannerCore, UnknownSetup
from execution.domain.setup import UnknownOrder
from execution.venues.paper.rules import PaperRules
from kit.execution_events import (
    a_cancel,
    a_feed,
    a_kill,
    a_resume,
    an_account,
    an_approval,
    at,
)
from kit.execution_rig import Rig, types

SPEC = market_spec(MarketId("sol-perp"))
LADDER = ["order_intended"] * 3


def working(rig: Rig) -> Rig:
    """Bring the default long to where its entry and its stop rest."""
    rig.print("100.5")
    rig.record(an_approval(milliseconds=rig.now_ms))
    rig.print("100.4")
    return rig


def open_long(rig: Rig) -> Rig:
    """Bring the default long to where it is filled and its ladder rests."""
    working(rig).prints("99.9", "100.2")
    return rig


def test_an_approval_becomes_an_entry_and_its_stop_in_one_append() -> None:
    rig = Rig()
    approval = an_approval(milliseconds=1_000)
    drafts = rig.standing.fold(rig.append(approval))
    entry, stop = (it.event for it in drafts)
    assert isinstance(entry, OrderIntended)
    assert isinstance(stop, OrderIntended)
    assert (entry.leg, entry.kind, entry.side) == (
        Leg.ENTRY,
        OrderKind.POST_ONLY_LIMIT,
        Side.LONG,
    )
    assert (entry.price_usd, entry.quantity_base) == (Decimal(100), Decimal(10))
    assert entry.expires_at == at(301_000)
    assert not entry.is_reduce_only
    assert (stop.leg, stop.kind, stop.side) == (Leg.STOP, OrderKind.TRIGGER_MARKET, Side.SHORT)
    assert stop.price_usd == 99
    assert stop.quantity_base is None
    assert stop.expires_at is None
    assert stop.is_reduce_only
    assert entry.earliest_at == stop.earliest_at == at(1_000)
    assert [it.id for it in drafts] == [
        derive_id(approval.id, "order_intended", 0),
        derive_id(approval.id, "order_intended", 1),
    ]
    assert {it.causation_id for it in drafts} == {approval.id}
    assert {it.correlation_id for it in drafts} == {approval.correlation_id}
    assert entry.client_order_id == derive_client_order_id(approval.id, "entry", 1)


def test_prices_are_put_on_the_grid_so_that_nothing_gets_riskier() -> None:
    rig = Rig()
    rig.record(
        an_approval(
            entry="100.0006",
            stop="98.9991",
            tps=("101.0001", "102.0009", "103"),
            quantity="1.019",
        )
    )
    entry, stop = rig.events(OrderIntended)
    assert entry.price_usd == Decimal("100.000")
    assert stop.price_usd == Decimal("99.000")
    assert entry.quantity_base == Decimal("1.01")
    setup = rig.setup()
    assert setup is not None
    assert setup.tp_prices_usd == (Decimal("101.001"), Decimal("102.001"), Decimal(103))


def test_a_filled_entry_gets_the_ladder() -> None:
    rig = working(Rig())
    assert types(rig.print("99.9")) == ["order_filled", *LADDER]
    ladder = rig.events(OrderIntended)[2:]
    assert [(it.leg, it.price_usd, it.quantity_base) for it in ladder] == [
        (Leg.TP1, Decimal(101), Decimal(5)),
        (Leg.TP2, Decimal(102), Decimal(3)),
        (Leg.TP3, Decimal(103), Decimal(2)),
    ]
    assert {it.kind for it in ladder} == {OrderKind.REDUCE_ONLY_LIMIT}
    assert {it.side for it in ladder} == {Side.SHORT}


def test_a_partly_filled_entry_gets_its_ladder_when_it_expires() -> None:
    rig = working(Rig())
    assert types(rig.print("99.9", quantity="4")) == ["order_filled"]
    assert types(rig.print("99.95", after_ms=300_001)) == ["order_canceled", *LADDER]
    ladder = rig.events(OrderIntended)[2:]
    assert [it.quantity_base for it in ladder] == [2, Decimal("1.2"), Decimal("0.8")]


def test_tp1_moves_the_stop_to_break_even_with_fees_once() -> None:
    rig = open_long(Rig())
    assert types(rig.print("101.5")) == ["order_filled", "replace_intended"]
    (moved,) = rig.events(ReplaceIntended)
    # Entry 100 with a rebate of 0.25 bp: 99.9975. The exit pays 4 bp: 99.9975 / 0.9996 = 100.038
    # on the grid, and 2 bp of slippage: 100.038 / 0.9998 = 100.059 on the grid.
    assert (moved.leg, moved.price_usd, moved.generation) == (
        Leg.STOP,
        Decimal("100.059"),
        1,
    )
    rig.print("101.4")
    assert types(rig.print("102.5")) == ["order_filled"]
    assert len(rig.events(ReplaceIntended)) == 1


def test_the_stop_stays_while_the_market_is_too_near_for_break_even() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(an_approval(milliseconds=1_000, tps=("100.03", "102", "103")))
    rig.prints("100.4", "99.9", "100.02")
    assert types(rig.print("100.04")) == ["order_filled"]  # TP1, below break-even at 100.059
    assert types(rig.print("102.5")) == ["order_filled", "replace_intended"]


def test_a_stop_that_is_better_than_break_even_stays() -> None:
    rig = open_long(Rig())
    rig.print("101.5")
    setup = rig.setup()
    assert setup is not None
    stop = setup.live(Leg.STOP)
    assert stop is not None
    settled = replace(stop, is_moving=False, price_usd=Decimal("100.06"))
    tighter = replace(setup.with_order(settled), is_at_break_even=False)
    assert plan(tighter, is_halted=False, spec=SPEC) == ()
    looser = replace(tighter.with_order(replace(settled, price_usd=Decimal("100.05"))))
    assert len(plan(looser, is_halted=False, spec=SPEC)) == 1


def test_take_profits_alone_close_the_setup_after_the_stop_is_swept() -> None:
    rig = open_long(Rig())
    rig.prints("101.5", "101.5", "102.5")
    assert types(rig.print("103.5")) == ["order_filled", "cancel_intended"]
    (sweep,) = rig.events(CancelIntended)
    assert (sweep.leg, sweep.reason) == (Leg.STOP, CancelReason.FLAT)
    assert types(rig.print("103.4")) == ["order_canceled", "setup_closed"]
    (closed,) = rig.events(SetupClosed)
    assert closed.outcome == "took-profit"
    assert closed.realized_pnl_usd == 5 * 1 + 3 * 2 + 2 * 3
    # Maker rebates of 0.25 bp on 1000 + 505 + 306 + 206, each rounded down to 0.000001.
    assert closed.fees_usd == -(
        Decimal("0.025") + Decimal("0.012625") + Decimal("0.00765") + Decimal("0.00515")
    )
    assert rig.setup() is None


def test_a_stop_out_sweeps_the_ladder_and_closes_the_setup() -> None:
    rig = open_long(Rig())
    assert types(rig.print("98.9")) == ["stop_triggered"]
    assert types(rig.print("98.8")) == ["order_filled", *["cancel_intended"] * 3]
    assert types(rig.print("98.8")) == [*["order_canceled"] * 3, "setup_closed"]
    (closed,) = rig.events(SetupClosed)
    assert closed.outcome == "stopped"


def test_an_entry_that_never_filled_leaves_nothing_behind() -> None:
    rig = working(Rig())
    assert types(rig.print("100.01", after_ms=300_001)) == ["order_canceled", "cancel_intended"]
    (cancel,) = rig.events(CancelIntended)
    assert (cancel.leg, cancel.reason) == (Leg.STOP, CancelReason.ENTRY_ENDED)
    assert types(rig.print("100.02")) == ["order_canceled", "setup_closed"]
    assert rig.events(SetupClosed)[0].outcome == "not-filled"


def test_a_stale_entry_follows_the_market_to_the_chase_limit_and_then_gives_up() -> None:
    rig = working(Rig())
    rig.print("100.2", after_ms=30_000)
    rig.print("100.2")
    rig.print("100.9", after_ms=30_000)
    rig.print("100.9")
    assert [it.price_usd for it in rig.events(ReplaceIntended)] == [
        Decimal("100.199"),  # a tick behind 100.2
        Decimal("100.3"),  # the first entry plus 0.3 R
    ]
    assert types(rig.print("100.9", after_ms=30_000)) == ["entry_went_stale", "cancel_intended"]
    assert rig.events(CancelIntended)[0].reason is CancelReason.STALE


def test_an_entry_is_moved_twice_at_most() -> None:
    rig = working(Rig())
    for price in ("100.1", "100.2", "100.29"):
        rig.print(price, after_ms=30_000)
        rig.print(price)
    assert [it.price_usd for it in rig.events(ReplaceIntended)] == [
        Decimal("100.099"),
        Decimal("100.199"),
    ]
    assert rig.events(CancelIntended)[0].reason is CancelReason.STALE


def test_an_entry_at_its_chase_limit_is_canceled_before_its_replaces_are_used_up() -> None:
    rig = working(Rig())
    rig.print("105", after_ms=30_000)
    rig.print("105")
    rig.print("105", after_ms=30_000)
    assert [it.price_usd for it in rig.events(ReplaceIntended)] == [Decimal("100.3")]
    assert rig.events(CancelIntended)[0].reason is CancelReason.STALE


def test_a_refused_entry_is_placed_anew_behind_the_market() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(an_approval(milliseconds=1_000))
    assert types(rig.print("99.95")) == ["order_rejected", "order_placed", "order_intended"]
    again = rig.events(OrderIntended)[-1]
    assert (again.leg, again.price_usd) == (Leg.ENTRY, Decimal("99.949"))
    setup = rig.setup()
    assert setup is not None
    assert again.client_order_id == derive_client_order_id(EventId(setup.id), "entry", 2)
    assert setup.replaces == 1


def test_an_entry_is_placed_anew_twice_at_most() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(an_approval(milliseconds=1_000))
    rig.prints("99.95", "99.9", "99.8")
    entries = [it for it in rig.events(OrderIntended) if it.leg is Leg.ENTRY]
    assert [it.price_usd for it in entries] == [100, Decimal("99.949"), Decimal("99.899")]
    rig.print("99.8")
    assert rig.events(SetupClosed)[0].outcome == "not-filled"


def test_a_refused_entry_that_was_to_be_canceled_is_not_placed_anew() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(an_approval(milliseconds=1_000))
    rig.record(a_cancel(rig.events(OrderIntended)[0].client_order_id))
    rig.prints("99.95", "99.95")
    assert rig.events(SetupClosed)[0].outcome == "not-filled"


def test_an_entry_is_not_placed_anew_beyond_the_chase_limit() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(an_approval(milliseconds=1_000))
    rig.prints("99.69", "99.69")  # 0.31 R away
    assert rig.events(SetupClosed)[0].outcome == "not-filled"


def test_a_kill_cancels_the_entry_and_keeps_the_protection() -> None:
    rig = working(Rig())
    rig.print("99.9", quantity="4")
    assert types(rig.record(a_kill())) == ["kill_switch_engaged", "cancel_intended"]
    (cancel,) = rig.events(CancelIntended)
    assert (cancel.leg, cancel.reason) == (Leg.ENTRY, CancelReason.KILL_SWITCH)
    assert types(rig.print("100.2")) == ["order_canceled"]  # and no ladder
    assert rig.position() == 4
    assert rig.held(Leg.STOP) is not None
    assert rig.held(Leg.ENTRY) is None


def test_after_a_resume_the_open_position_gets_its_ladder() -> None:
    rig = working(Rig())
    rig.print("99.9", quantity="4")
    rig.record(a_kill())
    rig.print("100.2")
    assert types(rig.record(a_resume())) == ["trading_resumed", *LADDER]


def test_a_killed_setup_that_goes_flat_is_swept_and_closed() -> None:
    rig = open_long(Rig())
    rig.record(a_kill())
    rig.prints("98.9", "98.8", "98.8")
    assert rig.events(SetupClosed)[0].outcome == "stopped"
    assert rig.book().is_idle


def test_nothing_begins_while_halted_and_it_is_said() -> None:
    rig = Rig()
    rig.print("100.5")
    rig.record(a_kill(account="local"))
    assert types(rig.record(an_approval(milliseconds=1_000))) == ["order_approved", "setup_closed"]
    assert rig.events(SetupClosed)[0].outcome == "not-started-halted"
    rig.record(a_resume(account="local"))
    assert rig.events(OrderIntended) == []  # an old approval does not come back to life


def test_the_global_kill_and_an_accounts_own_are_lifted_apart() -> None:
    rig = Rig(accounts=("one", "two"))
    rig.record(a_kill("k1"), a_kill("k2", account="one"), a_resume("r1"))
    for account in ("one", "two"):
        rig.record(an_approval(account, account=account, milliseconds=1_000))
    assert {it.account for it in rig.events(OrderIntended)} == {"two"}
    rig.record(a_kill("k3"), a_resume("r2", account="one"))
    rig.record(an_approval("again", account="one", milliseconds=1_000))
    assert [it.outcome for it in rig.events(SetupClosed)] == ["not-started-halted"] * 2


def test_an_account_has_one_setup_at_a_time() -> None:
    rig = working(Rig())
    rig.record(an_approval("second", milliseconds=2_000))
    assert rig.events(SetupClosed)[0].outcome == "not-started-busy"
    assert len(rig.events(OrderIntended)) == 2


@pytest.mark.parametrize(
    ("approval", "outcome"),
    [
        (an_approval(account="stranger"), "not-started-no-venue"),
        (an_approval(market="btc-perp"), "not-started-no-venue"),
        (an_approval(quantity="0.009"), "not-started-too-small"),
        (an_approval(stop="100"), "not-started-stop-beyond-entry"),
    ],
)
def test_an_approval_that_cannot_be_worked_is_closed_visibly(approval: Draft, outcome: str) -> None:
    rig = Rig()
    assert types(rig.record(approval)) == ["order_approved", "setup_closed"]
    (closed,) = rig.events(SetupClosed)
    assert (closed.outcome, closed.setup) == (outcome, approval.id)


def test_an_account_of_another_venue_is_not_ours() -> None:
    rig = Rig(accounts=())
    rig.record(an_account("chained", venue="drift"))
    rig.record(an_approval(account="chained"))
    assert rig.events(SetupClosed)[0].outcome == "not-started-no-venue"


def test_an_approval_repeated_50_times_is_one_order() -> None:
    rig = Rig()
    for _ in range(50):
        rig.record(an_approval())
    assert len(rig.events(OrderIntended)) == 2
    assert rig.events(SetupClosed) == []


@pytest.mark.parametrize("leg", [Leg.TP1, Leg.TP2, Leg.TP3])
def test_a_person_may_cancel_a_take_profit(leg: Leg) -> None:
    rig = open_long(Rig())
    order = rig.held(leg)
    assert order is not None
    rig.record(a_cancel(order.client_order_id))
    assert types(rig.print("100.2")) == ["order_canceled"]
    assert rig.events(CancelIntended)[0].reason is CancelReason.REQUESTED
    assert rig.held(Leg.STOP) is not None


def test_a_person_may_cancel_the_entry() -> None:
    rig = working(Rig())
    order = rig.held(Leg.ENTRY)
    assert order is not None
    rig.record(a_cancel(order.client_order_id))
    assert types(rig.print("100.2")) == ["order_canceled", "cancel_intended"]
    assert types(rig.print("100.2")) == ["order_canceled", "setup_closed"]


def test_the_stop_is_never_canceled_by_request() -> None:
    rig = open_long(Rig())
    stop = rig.held(Leg.STOP)
    assert stop is not None
    assert types(rig.record(a_cancel(stop.client_order_id))) == [
        "cancel_requested",
        "cancel_denied",
    ]
    assert rig.events(CancelDenied)[0].reason == "stop-protects"


def test_a_cancel_of_nothing_and_a_second_cancel_are_denied() -> None:
    rig = working(Rig())
    entry = rig.held(Leg.ENTRY)
    assert entry is not None
    rig.record(a_cancel("0" * 26, key="1"))
    rig.record(a_cancel(entry.client_order_id, key="2"))
    rig.record(a_cancel(entry.client_order_id, key="3"))
    assert [it.reason for it in rig.events(CancelDenied)] == ["no-such-order", "already-canceling"]


def test_the_entry_is_taken_back_when_the_stop_fires() -> None:
    rig = working(Rig())
    assert types(rig.print("98.9", quantity="4")) == [
        "order_filled",
        "stop_triggered",
        "cancel_intended",
    ]
    assert rig.events(CancelIntended)[0].leg is Leg.ENTRY
    rig.prints("98.8", "98.8")
    assert rig.position() == 0
    assert rig.events(SetupClosed)[0].outcome == "stopped"


def test_a_setup_lives_until_a_replace_on_its_way_is_answered() -> None:
    rig = working(Rig(rules=PaperRules(keeper_delay_ms=0, latency_ms=5_000)))
    rig.print("100.4", after_ms=5_000)
    rig.print("100.2", after_ms=30_000)  # stale: the replace lands in 5 s
    rig.record(a_kill())  # so that there will be no ladder to wait for
    rig.prints("98.9", "98.8")  # filled, stopped and flat before that
    assert rig.position() == 0
    assert rig.events(SetupClosed) == []
    assert types(rig.print("98.8", after_ms=5_000)) == ["order_rejected", "setup_closed"]


def test_a_short_mirrors_a_long() -> None:
    rig = Rig()
    rig.print("99.5")
    rig.record(an_approval(side=Side.SHORT, milliseconds=1_000))
    rig.prints("99.6", "100.1", "99.9")
    assert rig.position() == -10
    assert types(rig.print("98.5")) == ["order_filled", "replace_intended"]
    # Entry 100 with the rebate: 100.0025 / 1.0004 = 99.962 on the grid, / 1.0002 = 99.942.
    assert rig.events(ReplaceIntended)[0].price_usd == Decimal("99.942")
    rig.prints("98.6", "100.5", "100.5", "100.5")
    (closed,) = rig.events(SetupClosed)
    assert closed.outcome == "stopped-after-profit"


def test_a_position_whose_stop_is_gone_gets_a_new_one() -> None:
    rig = open_long(Rig())
    stop, setup = rig.held(Leg.STOP), rig.setup()
    assert stop is not None
    assert setup is not None
    refusal = OrderRejected(
        account=setup.account,
        market=setup.market,
        setup=setup.id,
        client_order_id=stop.client_order_id,
        leg=Leg.STOP,
        clock=VenueClock(at=at(rig.now_ms), trade_id=rig.trade_id),
        code=6035,
        reason="invalid-oracle",
    )
    rejected = Draft(
        event=refusal,
        id=derive_id(EventId(stop.cause_id), "order_rejected"),
        subject=subject_of(refusal),
        occurred_at=at(rig.now_ms),
        correlation_id=EventId(setup.correlation_id),
    )
    assert types(rig.record(rejected)) == ["order_rejected", "order_intended"]
    again = rig.events(OrderIntended)[-1]
    assert (again.leg, again.quantity_base, again.expires_at) == (Leg.STOP, None, None)
    assert again.client_order_id == derive_client_order_id(EventId(setup.id), "stop", 2)


def test_an_observation_of_a_setup_that_does_not_live_stops_the_fold() -> None:
    rig = open_long(Rig())
    fill = next(it for it in rig.log if it.event.event_type == "order_filled")
    core = PlannerCore()
    with pytest.raises(UnknownSetup, match="for a live setup of local"):
        core.step(fill)


def test_an_observation_of_an_order_we_never_intended_stops_the_fold() -> None:
    rig = working(Rig())
    placed = next(it for it in rig.log if it.event.event_type == "order_placed")
    event = placed.event.model_copy(update={"client_order_id": "0" * 26})
    with pytest.raises(UnknownOrder, match="expected an order of setup"):
        rig.standing.planner.step(replace(placed, event=event))


def test_a_snapshot_continues_where_it_was_taken() -> None:
    rig = open_long(Rig())
    half = len(rig.log)
    rig.prints("101.5", "101.4", "102.5", "103.5", "103.4")
    first = PlannerCore()
    for recorded in rig.log[:half]:
        first.step(recorded)
    second = PlannerCore()
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()
    assert [second.step(it) for it in rig.log[half:]] == [first.step(it) for it in rig.log[half:]]


@pytest.mark.parametrize("state", [b"", b"{}x", b"[]", b'{"policy":"execution-0"}'])
def test_a_foreign_snapshot_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PlannerCore().restore(state)


def test_the_planner_needs_no_feed_to_begin() -> None:
    core = PlannerCore()
    rig = Rig(accounts=())
    assert core.step(rig.append(a_kill())) == []
    assert core.step(rig.append(a_feed())) == ()


def test_a_resume_does_not_move_the_stop_to_where_the_market_no_longer_is() -> None:
    rig = working(Rig())
    rig.prints("99.9", "100.2", "100.2")
    rig.record(a_kill())
    rig.prints("101.1", "99.5")  # TP1 fills while halted; then the market falls
    assert rig.filled(Leg.TP1)
    assert types(rig.record(a_resume())) == ["trading_resumed"]
    stop = rig.held(Leg.STOP)
    assert stop is not None
    assert stop.price_usd == 99
