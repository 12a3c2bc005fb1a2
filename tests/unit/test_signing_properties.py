"""Whatever is asked, whatever is signed satisfies the policy as it was written a second time."""

from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.signing.facts import AccountFacts, SignerFacts
from execution.signing.lately import SignedLately
from execution.signing.policy import Permit, judge
from kit.drift_bytes import (
    Change,
    Ix,
    Order,
    cancel_order,
    cancel_order_by_user_id,
    cancel_orders,
    cancel_orders_by_ids,
    modify_order,
    place_and_take,
    place_orders,
    trigger_order,
)
from kit.signing_bounds import BOUNDS
from kit.signing_checker import violations
from kit.signing_hostile import HOSTILE
from kit.signing_scene import (
    A_CLOSE,
    A_MOVE,
    A_PROFIT,
    A_PROFIT_MOVE,
    A_STOP,
    A_STOP_MOVE,
    AN_ENTRY,
    APPROVAL,
    FIRING,
    FLAT,
    FOREIGN,
    LEGAL,
    LONG,
    NOW_MS,
    NOW_S,
    SHORT,
    SIGNER,
    SOL,
    STANDING,
    STEP,
    TABLES,
    TAKING,
    TICK,
    USD,
    WORKING,
    Asked,
    call,
    raw,
    unit_limit,
    unit_price,
)

LIVES = settings(max_examples=300, deadline=None)


@pytest.mark.parametrize("name", LEGAL)
def test_the_second_policy_lets_the_plan_through(name: str) -> None:
    assert violations(LEGAL[name].data, LEGAL[name].facts) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_the_second_policy_sees_every_hostile_transaction(name: str) -> None:
    asked, _ = HOSTILE[name]

    assert violations(asked.data, asked.facts)


@pytest.mark.parametrize("name", BOUNDS)
def test_both_policies_have_the_same_bounds(name: str) -> None:
    pairs = [BOUNDS[name].at, BOUNDS[name].over]
    signed = [replace(it, signer=replace(it.signer, standing=it.account.standing)) for it in pairs]

    assert [violations(it.data, it.facts) == [] for it in signed] == [True, False]


def require_agreement(asked: Asked) -> bool:
    """Let the policy judge; require that the second policy finds nothing in what it permits."""
    is_permitted = isinstance(judge(asked.data, asked.facts), Permit)
    found = violations(asked.data, asked.facts)
    assert is_permitted == (found == []), (found, judge(asked.data, asked.facts))
    return is_permitted


accounts = st.sampled_from(
    [
        FLAT,
        WORKING,
        LONG,
        SHORT,
        replace(FLAT, tables=TABLES),
        replace(WORKING, position=3 * SOL),
        replace(LONG, orders=(*LONG.orders, FOREIGN), is_shrink_only=True),
        replace(LONG, standing=replace(STANDING, kill_level=3), orders=(*LONG.orders, FOREIGN)),
        replace(SHORT, approval=APPROVAL),
        replace(FLAT, notional_max=900 * USD),
        replace(FLAT, stop_price=148 * USD),
        replace(LONG, stop_price=149 * USD),
    ]
)
signers = st.sampled_from(
    [SIGNER] * 4
    + [
        replace(SIGNER, lately=SignedLately((NOW_MS,) * 70)),
        replace(SIGNER, lately=SignedLately(fees=((NOW_MS // 60_000 - 59, 3_990_000),))),
        replace(SIGNER, lately=SignedLately(fees=((NOW_MS // 60_000 - 60, 19_999_800),))),
        replace(SIGNER, standing=replace(STANDING, kill_level=1)),
        replace(SIGNER, now_ms=SIGNER.session.expires_ms),
    ]
)


def asked_by(data: bytes, account: AccountFacts, signer: SignerFacts) -> Asked:
    """Ask; the signer reads at least what the fold has heard."""
    level = max(signer.standing.kill_level, account.standing.kill_level)
    standing = replace(signer.standing, kill_level=level)
    return Asked(data, account, replace(signer, standing=standing))


@st.composite
def bent_bytes(draw: st.DrawFn) -> Asked:
    """Bend some bytes of a legal transaction, or of what surrounds it."""
    asked = LEGAL[draw(st.sampled_from(sorted(LEGAL)))]
    data = bytearray(asked.data)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["set", "flip", "cut", "insert", "copy"])):
            case "set":
                data[at] = draw(st.integers(0, 255))
            case "flip":
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + draw(st.integers(1, 4))]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=4))
            case _:
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
        if not data:
            break
    account = draw(st.one_of(st.just(asked.account), accounts))
    return asked_by(bytes(data), account, draw(signers))


def near(*values: int) -> st.SearchStrategy[int]:
    """Give values, and their neighbors on the grid and off it."""
    steps = st.sampled_from([0, 0, 0, 1, -1, TICK, -TICK, STEP, -STEP, USD, -USD])
    return st.tuples(st.sampled_from(values), steps).map(lambda it: max(0, sum(it)))


Bent = TypeVar("Bent", Order, Change)
enums = st.integers(0, 5)
bits = st.integers(0, 1)
sizes = st.one_of(st.just(2**64 - 1), near(0, STEP, 5 * SOL, 10 * SOL))
prices = near(0, 120 * USD, 142_500_000, 148 * USD, 149 * USD, 150_300_000, 151_500_000, 152 * USD)
ends = st.one_of(st.none(), st.sampled_from([0, -1, NOW_S, NOW_S + 1, NOW_S + 60, NOW_S + 61]))


def bent(what: Bent, draw: st.DrawFn) -> Bent:
    """Bend at most two fields."""
    fields = {
        "order_type": enums,
        "market_type": bits,
        "direction": bits,
        "number": st.sampled_from([0, 16, 17, 48, 49, 112, 250]),
        "base": sizes,
        "price": prices,
        "market": bits,
        "reduce_only": bits,
        "post_only": st.integers(0, 3),
        "flags": st.integers(0, 3),
        "max_ts": ends,
        "trigger_price": st.one_of(st.none(), prices),
        "condition": st.integers(0, 3),
        "offset": st.sampled_from([None, -1]),
        "auction_duration": st.sampled_from([None, 9]),
        "policy": st.sampled_from([None, 0, 1, 3]),
    }
    known = sorted(it for it in fields if hasattr(what, it))
    for name in draw(st.lists(st.sampled_from(known), max_size=2)):
        what = replace(what, **{name: draw(fields[name])})
    return what


CANCELS = [
    call(cancel_order(5)),
    call(cancel_order(7)),
    call(cancel_order(9)),
    call(cancel_orders_by_ids(8)),
    call(cancel_orders_by_ids(5, 7)),
    call(cancel_order_by_user_id(16)),
    call(cancel_orders(1, 0, 0)),
    call(cancel_orders(1, 0, 1)),
    call(cancel_orders(None, None, None)),
    call(trigger_order(7), FIRING),
]


@st.composite
def bent_calls(draw: st.DrawFn) -> Asked:
    """Shuffle, repeat and mix calls whose fields are bent."""
    orders = [AN_ENTRY, A_STOP, A_PROFIT, replace(A_STOP, direction=0, condition=0)]

    def one() -> Ix:
        match draw(st.sampled_from(["place", "bracket", "take", "move", "move", "legal"])):
            case "place":
                many = draw(st.lists(st.sampled_from(orders), min_size=1, max_size=3))
                return call(place_orders(*[bent(it, draw) for it in many]))
            case "bracket":
                return call(place_orders(bent(AN_ENTRY, draw), bent(A_STOP, draw)))
            case "take":
                order = bent(A_CLOSE, draw)
                return call(place_and_take(order, draw(st.sampled_from([None, 1, 2, 3]))), TAKING)
            case "move":
                change = bent(draw(st.sampled_from([A_MOVE, A_STOP_MOVE, A_PROFIT_MOVE])), draw)
                return call(modify_order(draw(st.sampled_from([5, 7, 8, 9])), change))
            case _:
                return draw(st.sampled_from(CANCELS))

    calls = [one() for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3])))]
    offer = (
        unit_limit(draw(st.sampled_from([200_000, 200_000, 600_000, 600_001, 0]))),
        unit_price(draw(st.sampled_from([0, 1_000, 16_666, 50_000, 83_333, 333_334]))),
    )
    data = raw(*calls, offer=offer, legacy=draw(st.booleans())).data()
    return asked_by(data, draw(accounts), draw(signers))


@LIVES
@given(asked=bent_bytes())
def test_what_is_signed_of_bent_bytes_is_within_the_policy(asked: Asked) -> None:
    require_agreement(asked)


@LIVES
@given(asked=bent_calls())
def test_what_is_signed_of_bent_calls_is_within_the_policy(asked: Asked) -> None:
    require_agreement(asked)
