"""The colluder attack of a stolen key, on the real program: alone, and against our signer (ADR 22).

The accomplice rests where nobody else would, and the victim's delegate trades with it. The key
alone may trade up to the program's price band. Whoever only reaches our signer, with as many
approved verdicts as he likes, gets an exit within the policy's band and no entry beyond it.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from contracts.order import OrderIntended
from contracts.values import Leg, OrderKind, Side
from execution.signing.limits import LIMITS
from execution.signing.policy import Permit
from execution.signing.refusals import Code, Refusal
from kit.drift_rig import CLOSE_NUMBER, Rig, a_cancel, a_rig, a_stop, an_entry
from kit.intents import an_order
from localnet.drift.markets import MARKETS

ORACLE, TEN = Decimal(150), Decimal(10)
TICK = Decimal("0.001")
WITHIN_USD = Decimal("0.05")
"""So far within its own band, which is the policy's on this market, the program lets trades be."""
EXIT_BAND = ORACLE * LIMITS.exit_band_bps / 10_000
ENTRY_BAND = ORACLE * LIMITS.entry_band_bps / 10_000


@pytest.fixture
def rig() -> Rig:
    return a_rig()


def worth(rig: Rig) -> Decimal:
    """Give what the account is worth at the oracle."""
    seen = rig.seen()
    return seen.cash_usd + seen.position_base * ORACLE


def a_take(
    rig: Rig, side: Side, price: Decimal, quantity: Decimal, *, exits: bool
) -> OrderIntended:
    """Want to take at once."""
    return an_order(
        Leg.CLOSE,
        OrderKind.IMMEDIATE_OR_CANCEL,
        side,
        price,
        quantity,
        number=CLOSE_NUMBER,
        is_reduce_only=exits,
        expires_at=rig.at(8),
    )


def worst_permitted(
    rig: Rig, make: Callable[[Decimal], Sequence[OrderIntended]], side: Side
) -> Decimal:
    """Give the worst price that the signer lets through, to the tick."""
    good, bad = ORACLE, ORACLE * (1 + side.sign * Decimal("0.5"))
    assert isinstance(rig.judged(rig.message(*make(good))), Permit)
    while abs(bad - good) > TICK:
        middle = ((good + bad) / 2).quantize(TICK)
        if isinstance(rig.judged(rig.message(*make(middle))), Permit):
            good = middle
        else:
            bad = middle
    return good


def test_the_key_alone_loses_what_the_programs_band_allows_again_and_again(rig: Rig) -> None:
    before, size = worth(rig), Decimal(20)
    for _ in range(2):
        rig.quote("143", "157")
        selling = rig.message(a_take(rig, Side.SHORT, Decimal(143), size, exits=False))
        assert rig.land(selling).error is None
        assert rig.seen().position_base == -size
        rig.quote("149.99", "150")
        buying = rig.message(a_take(rig, Side.LONG, ORACLE, size, exits=False))
        assert rig.land(buying).error is None
        assert rig.seen().position_base == 0
    lost = before - worth(rig)
    assert lost > 2 * 7 * size  # 7 USD of 150 a round, and fees: as long as there is money.
    assert lost.quantize(Decimal(1)) == 292  # ADR 22 tells it.


def test_the_signer_lets_no_such_trade_through(rig: Rig) -> None:
    rig.quote("143", "157")
    for side, price in ((Side.SHORT, "143"), (Side.LONG, "157"), (Side.LONG, "150")):
        taking = a_take(rig, side, Decimal(price), TEN, exits=False)
        answer = rig.judged(rig.message(taking))
        assert isinstance(answer, Refusal), taking
        assert answer.code in {Code.NOT_REDUCE_ONLY, Code.NOTHING_TO_REDUCE}
    assert rig.seen().position_base == 0


def test_a_round_through_the_signer_loses_no_more_than_its_bands(rig: Rig) -> None:
    """The verdict is good, all else is the attacker's: prices, accomplice, and when to leave."""
    before = worth(rig)
    assert rig.code(an_entry(rig, "150.01"), a_stop()) is None  # The AMM's ask bounds post-only.
    rig.quote("100", "150.01")  # The accomplice asks what we bid: the taker is its own.
    rig.desk.open_slots(1)
    rig.desk.actors.trade(MARKETS[0], Side.SHORT, Decimal("150.01"), TEN)
    assert rig.seen().position_base == TEN
    exit_price = worst_permitted(
        rig, lambda price: [a_take(rig, Side.SHORT, price, TEN, exits=True)], Side.SHORT
    )
    assert ORACLE - exit_price <= EXIT_BAND + TICK
    rig.quote(str(exit_price + WITHIN_USD), "157")
    assert rig.code(a_take(rig, Side.SHORT, exit_price, TEN, exits=True)) is None
    assert rig.seen().position_base == 0
    lost = before - worth(rig)
    fees = Decimal("0.0012") * TEN * ORACLE
    assert TEN * (EXIT_BAND - 2 * WITHIN_USD) < lost <= TEN * (EXIT_BAND + ENTRY_BAND) + fees
    assert lost.quantize(Decimal(1)) == 76  # ADR 22 tells it.
    # Nothing is left to sell, and the same verdict opens nothing more once it was used.
    again = rig.judged(rig.message(a_take(rig, Side.SHORT, exit_price, TEN, exits=True)))
    assert isinstance(again, Refusal)
    assert again.code is Code.NOTHING_TO_REDUCE
    assert rig.code(a_cancel(rig.order(48).venue_order_id)) is None


def test_no_entry_is_signed_beyond_its_band_or_its_verdict(rig: Rig) -> None:
    worst = worst_permitted(rig, lambda price: [an_entry(rig, str(price)), a_stop()], Side.LONG)
    assert worst - ORACLE <= ENTRY_BAND
