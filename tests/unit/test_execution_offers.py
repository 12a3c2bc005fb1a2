"""What the owner's wallet is asked to sign, for how long, and what of it is taken."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.control import KillLevel
from contracts.engine import Mode
from contracts.manual import OfferOutcome, ReturnRefused
from contracts.order import CancelIntended, OrderIntended
from contracts.transaction import TransactionPlanned
from contracts.values import Leg, OrderKind
from contracts.venue import MarketStatus
from execution.domain.planner import PlannerCore
from execution.domain.policy import POLICY
from execution.domain.state import load
from kit.engine_hand_checks import require_wanted
from kit.hand_rig import HandRig, bare_position, filled
from kit.planner_rig import of

LADDER, CANCEL = "take-profit", "cancel"


def a_flat_account_with_its_stop() -> HandRig:
    """Give a rig whose position was closed elsewhere, and whose stop is offered to be canceled."""
    rig = filled()
    rig.cash += rig.position * rig.price
    rig.position = Decimal(0)
    rig.show()
    assert rig.lanes == [CANCEL]
    return rig


def test_the_cancel_of_a_stop_ends_when_a_position_is_there_again() -> None:
    rig = a_flat_account_with_its_stop()
    (offer,) = rig.state.offers
    rig.position = Decimal(3)
    answers = rig.show(slots=1)
    assert rig.outcomes(answers) == [OfferOutcome.UNWANTED]
    assert rig.lanes == []
    rig.give(offer)
    answers = rig.show(slots=1)
    (refused,) = of(answers, ReturnRefused)
    assert (refused.code, refused.reason) == (
        "tx-unwanted",
        "expected an offer that stands, found it unwanted",
    )
    assert not of(answers, CancelIntended)


def test_a_cancel_that_comes_back_as_the_position_appears_is_not_taken() -> None:
    rig = a_flat_account_with_its_stop()
    rig.give(rig.offer(CANCEL))
    rig.position = Decimal(3)
    answers = rig.show(slots=1)
    assert [it.code for it in of(answers, ReturnRefused)] == ["tx-unwanted"]
    assert rig.outcomes(answers) == [OfferOutcome.UNWANTED]
    assert not of(answers, TransactionPlanned)


def test_take_profits_are_replaced_when_the_position_has_another_size() -> None:
    rig = filled()
    rig.show()
    offer = rig.offer(LADDER)
    rig.fill(Leg.STOP, "4", price="99")
    rig.give(offer)
    answers = rig.show(slots=1)
    assert [it.code for it in of(answers, ReturnRefused)] == ["tx-replaced"]
    assert rig.outcomes(answers) == [OfferOutcome.REPLACED]
    assert rig.lanes == [LADDER]
    newest = rig.offer(LADDER).asked().intents
    sizes = [it.quantity_base for it in newest if isinstance(it, OrderIntended)]
    assert sum(it or Decimal(0) for it in sizes) == 6  # 10 - 4


def test_a_stop_that_is_back_ends_the_offer_of_another() -> None:
    rig = bare_position()
    stop = next(it for it in filled().orders if it.kind is OrderKind.TRIGGER_MARKET)
    rig.show()
    assert rig.lanes == [Leg.STOP]
    rig.orders = [stop]
    assert rig.outcomes(rig.show(slots=1)) == [OfferOutcome.UNWANTED]
    assert rig.lanes == [LADDER]


def test_a_stop_can_be_signed_while_the_market_passes_it_to_and_fro() -> None:
    rig = bare_position()
    rig.show()
    offer = rig.offer(Leg.STOP)
    for price, lanes in (("98", [Leg.STOP, Leg.CLOSE]), ("99", [Leg.STOP]), ("98", None)):
        rig.price = Decimal(price)
        rig.show(slots=1)
        assert lanes is None or rig.lanes == lanes
        assert rig.offer(Leg.STOP) == offer
    assert [it.leg for it in of(rig.sign(Leg.STOP), OrderIntended)] == [Leg.STOP]


def test_a_resumed_kill_ends_the_offer_to_leave() -> None:
    rig = filled()
    rig.kill(KillLevel.FLATTEN)
    rig.show()
    assert rig.lanes == [Leg.CLOSE]
    offer = rig.offer(Leg.CLOSE)
    rig.resume()
    rig.give(offer)
    answers = rig.show(slots=1)
    assert [it.code for it in of(answers, ReturnRefused)] == ["tx-unwanted"]
    assert rig.lanes == [LADDER]


def test_another_way_out_is_offered_when_the_first_has_no_fate_for_too_long() -> None:
    rig = filled()
    rig.kill(KillLevel.FLATTEN)
    rig.show()
    rig.sign(Leg.CLOSE)
    for _ in range(POLICY.offer_again_slots - 1):
        rig.show(slots=1)
        assert rig.lanes == []
    rig.show(slots=1)
    assert rig.lanes == [Leg.CLOSE]
    assert len(rig.state.transactions) == 1
    assert of(rig.sign(Leg.CLOSE), TransactionPlanned)
    assert len(rig.state.transactions) == 2


def test_an_entry_outlives_what_may_pass() -> None:
    rig = HandRig()
    rig.approve()
    rig.show()
    (offer,) = rig.state.offers
    assert rig.show(slots=1, status=MarketStatus.PAUSED)
    assert rig.state.mode is Mode.DEGRADED
    assert rig.state.offers == (offer,)
    rig.give(offer)
    answers = rig.show(slots=1, status=MarketStatus.PAUSED)
    assert [it.code for it in of(answers, ReturnRefused)] == ["not-now"]
    rig.show(slots=1)
    assert of(rig.sign("entry"), TransactionPlanned)


def test_a_close_stands_on_while_its_price_moves() -> None:
    rig = filled()
    rig.kill(KillLevel.FLATTEN)
    rig.show()
    offer = rig.offer(Leg.CLOSE)
    rig.price = Decimal("99.5")
    assert rig.show(slots=1) == []
    assert rig.state.offers == (offer,)


def sign(rig: HandRig, number: int) -> None:
    if rig.state.offers:
        rig.give(rig.state.offers[number % len(rig.state.offers)])


def decline(rig: HandRig, number: int) -> None:
    if rig.state.offers:
        rig.decline(rig.state.offers[number % len(rig.state.offers)].lane)


def fill(rig: HandRig, leg: Leg) -> None:
    setup = rig.state.setup
    order = None if setup is None else setup.newest(leg)
    numbers = {it.user_order_id for it in rig.orders}
    if order is not None and order.user_order_id in numbers:
        whole = order.quantity_base or abs(rig.position)
        if whole > order.filled_base:
            rig.fill(leg)


def trade(rig: HandRig, base: Decimal) -> None:
    rig.position += base


def pass_slots(rig: HandRig, slots: int) -> None:
    rig.slot += slots


def move_price(rig: HandRig, change: Decimal) -> None:
    rig.price += change


def lose_orders(rig: HandRig, number: int) -> None:
    rig.orders = rig.orders[number:]


_FIFTH = Decimal("0.2")
ACTS: dict[str, Callable[[HandRig, int], None]] = {
    "nothing": lambda _rig, _number: None,
    "sign": sign,
    "decline": decline,
    "land": lambda rig, _: rig.land(),
    "fail": lambda rig, _: rig.land(code=6003),
    "fill": lambda rig, _: fill(rig, Leg.ENTRY),
    "stop-out": lambda rig, _: fill(rig, Leg.STOP),
    "turn": lambda rig, _: trade(rig, -2 * rig.position),
    "trade": lambda rig, number: trade(rig, Decimal(number - 3)),
    "flatten": lambda rig, _: trade(rig, -rig.position),
    "lose-orders": lose_orders,
    "up": lambda rig, number: move_price(rig, number * _FIFTH),
    "down": lambda rig, number: move_price(rig, -number * _FIFTH),
    "kill": lambda rig, number: rig.kill(tuple(KillLevel)[number % 3]),
    "resume": lambda rig, _: rig.resume(),
    "wait": lambda rig, number: pass_slots(rig, 20 * number),
}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(tuple(ACTS)), st.integers(0, 7)), min_size=4, max_size=24)
)
def test_what_stands_is_what_the_plan_wants_and_a_second_look_changes_nothing(
    acts: list[tuple[str, int]],
) -> None:
    rig = HandRig()
    rig.approve()
    rig.show()
    for act, number in acts:
        ACTS[act](rig, number)
        status = MarketStatus.PAUSED if number == 7 else MarketStatus.ACTIVE
        rig.show(slots=number % 3, status=status)
        require_wanted(rig.state, rig.seen, POLICY)
        assert rig.show(status=status) == []
    require_replay(rig)


def require_replay(rig: HandRig) -> None:
    """Decide everything again from the log alone."""
    core = PlannerCore()
    answers = [draft for it in rig.log for draft in core.step(it)]
    recorded = [it for it in rig.log if isinstance(it.event, PlannerCore.decides)]
    assert [(it.id, it.event) for it in answers] == [(it.id, it.event) for it in recorded]
    assert load(core.snapshot()) == load(rig.core.snapshot())
