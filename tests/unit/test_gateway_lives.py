"""The lives of orders: what is kept of each, how long things took, and what fills cost."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from contracts import order, transaction, venue
from contracts.event import Event, Recorded
from contracts.ids import EventId, derive_client_order_id, derive_root_id
from contracts.values import Leg, Liquidity, OrderKind, Side, VenueClock
from contracts.verdict import Rule
from gateway.domain import lives as all_lives
from gateway.domain.life import Life, Stage
from gateway.domain.lives import LIVES_MAX, STEPS_MAX, Lives
from kit.gateway_events import MARKET, START, order_approved, order_denied, recorded

SIGNATURE = "1" * 64


class Log:
    """Numbers events and says when each was recorded."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []

    def says(self, event: Event, *, ms: int = 0) -> EventId:
        """Record an event some milliseconds after the start; give its id."""
        at = START + timedelta(milliseconds=ms)
        self.events.append(recorded(event, position=len(self.events) + 1, at=at))
        return EventId(self.events[-1].id)


def clock(seconds: float, slot: int = 1_000) -> VenueClock:
    return VenueClock(at=START + timedelta(seconds=seconds), slot=slot)


def of(setup: EventId, leg: Leg, number: int = 0) -> dict[str, Any]:
    return {
        "account": "local",
        "market": MARKET,
        "setup": setup,
        "client_order_id": derive_client_order_id(setup, leg, number),
        "leg": leg,
    }


def intended(
    setup: EventId, leg: Leg, price: str, *, side: Side = Side.LONG, number: int = 0
) -> order.OrderIntended:
    return order.OrderIntended(
        **of(setup, leg, number),
        user_order_id=16,
        side=side,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=Decimal(price),
        quantity_base=Decimal(50),
        is_reduce_only=leg is not Leg.ENTRY,
        expires_at=None,
    )


def planned(setup: EventId, intents: Iterable[EventId]) -> transaction.TransactionPlanned:
    return transaction.TransactionPlanned(
        account="local",
        market=MARKET,
        setup=setup,
        intents=tuple(intents),
        retry_class=transaction.RetryClass.EXPOSURE,
        urgency=transaction.Urgency.NORMAL,
        attempt=1,
        priority_fee_lamports=0,
    )


def of_transaction(name: EventId) -> dict[str, Any]:
    return {"account": "local", "market": MARKET, "transaction": name, "signature": SIGNATURE}


def signed(name: EventId, when: VenueClock) -> transaction.TransactionSigned:
    return transaction.TransactionSigned(
        **of_transaction(name),
        message="AA==",
        message_sha256="0" * 64,
        blockhash="1" * 44,
        last_valid_block_height=9,
        clock=when,
    )


def landed(name: EventId, when: VenueClock, *, code: int | None = None) -> Event:
    return transaction.TransactionLanded(
        **of_transaction(name),
        slot=when.slot,
        code=code,
        reason=None if code is None else "would-cross",
        fee_lamports=5_000,
        clock=when,
    )


def died(name: EventId, when: VenueClock) -> Event:
    return transaction.TransactionDied(**of_transaction(name), block_height=10, clock=when)


def filled(
    setup: EventId, leg: Leg, price: str, quantity: str, when: VenueClock, **changes: Any
) -> order.OrderFilled:
    base: dict[str, Any] = {
        "fill_id": f"{leg}/{price}/{when.slot}",
        "side": Side.LONG,
        "liquidity": Liquidity.MAKER,
        "price_usd": Decimal(price),
        "quantity_base": Decimal(quantity),
        "remaining_base": Decimal(0),
        "fee_usd": Decimal("-0.5"),
        "realized_pnl_usd": Decimal(0),
        "position_after_base": Decimal(50),
    }
    return order.OrderFilled(**of(setup, leg), clock=when, **{**base, **changes})


def seen(when: VenueClock, *, bid: str, ask: str, oracle: str) -> venue.VenueObserved:
    return venue.VenueObserved(
        account="local",
        market=MARKET,
        clock=when,
        block_height=1,
        position_base=Decimal(0),
        cash_usd=Decimal(10_000),
        break_even_usd=None,
        liquidation_usd=None,
        orders=(),
        market_seen=venue.ObservedMarket(
            status=venue.MarketStatus.ACTIVE,
            oracle_usd=Decimal(oracle),
            oracle_age_slots=0,
            trigger_usd=Decimal(oracle),
            bid_usd=Decimal(bid),
            ask_usd=Decimal(ask),
        ),
        delegate=venue.DelegateSeen.OURS,
        is_liquidating=False,
        is_reduce_only=False,
        fee_payer_lamports=1,
        fee_per_unit_microlamports=1,
    )


def folded(log: Log) -> Lives:
    lives = Lives()
    for one in log.events:
        lives = all_lives.evolve(lives, one)
    return lives


def the_life(lives: Lives, leg: Leg) -> Life:
    (found,) = (one for one in lives.items if one.order.leg is leg)
    return found


def stages(life: Life) -> list[Stage]:
    return [step.stage for step in life.steps]


def an_entry(log: Log, price: str = "150", *, side: Side = Side.LONG) -> tuple[EventId, EventId]:
    """Approve a setup and plan its entry; give the setup and the transaction."""
    setup = log.says(order_approved(derive_root_id("proposal")), ms=100)
    intent = log.says(intended(setup, Leg.ENTRY, price, side=side), ms=105)
    return setup, log.says(planned(setup, [intent]), ms=106)


def test_a_life_goes_from_its_intent_to_its_fill_and_is_timed_by_both_clocks() -> None:
    log = Log()
    setup, carried = an_entry(log)
    log.says(signed(carried, clock(1, 1_000)), ms=117)
    log.says(landed(carried, clock(2.2, 1_003)), ms=900)
    log.says(
        order.OrderPlaced(
            **of(setup, Leg.ENTRY), clock=clock(2.2), venue_order_id=7, price_usd=Decimal(150)
        )
    )
    log.says(filled(setup, Leg.ENTRY, "150", "50", clock(9)))

    life = the_life(folded(log), Leg.ENTRY)

    assert stages(life) == [
        Stage.INTENDED,
        Stage.SIGNED,
        Stage.LANDED,
        Stage.RESTING,
        Stage.FILLED,
    ]
    assert [step.position for step in life.steps] == [2, 4, 5, 6, 7]
    assert life.verdict_to_sent == timedelta(milliseconds=17)  # 117 - 100
    assert life.sent_to_landed == timedelta(seconds=1.2)  # 2.2 - 1
    assert life.slots_to_landed == 3
    assert {step.signature for step in life.steps} == {"", SIGNATURE}
    assert life.steps[-1].at == START + timedelta(seconds=9)


def test_a_second_attempt_counts_from_the_first_signature() -> None:
    log = Log()
    setup, first = an_entry(log)
    log.says(signed(first, clock(1, 1_000)), ms=110)
    log.says(died(first, clock(60, 1_150)))
    intent = EventId(log.events[1].id)
    second = log.says(planned(setup, [intent]))
    log.says(signed(second, clock(61, 1_151)), ms=5_000)
    log.says(landed(second, clock(62, 1_153)))

    life = the_life(folded(log), Leg.ENTRY)

    assert stages(life)[1:] == [Stage.SIGNED, Stage.DEAD, Stage.SIGNED, Stage.LANDED]
    assert life.verdict_to_sent == timedelta(milliseconds=10)
    assert (life.sent_to_landed, life.slots_to_landed) == (timedelta(seconds=61), 153)


def test_a_take_profit_is_not_timed_from_the_verdict() -> None:
    log = Log()
    setup, carried = an_entry(log)
    log.says(signed(carried, clock(1)), ms=110)
    target = log.says(intended(setup, Leg.TP1, "151", side=Side.SHORT), ms=60_000)
    log.says(signed(log.says(planned(setup, [target])), clock(60)), ms=60_004)
    assert the_life(folded(log), Leg.TP1).verdict_to_sent is None


def test_what_a_fill_costs_is_positive_where_it_costs_us() -> None:
    long, short = Log(), Log()
    for log, side in ((long, Side.LONG), (short, Side.SHORT)):
        setup, _ = an_entry(log, side=side)
        log.says(seen(clock(5), bid="149.9", ask="150.3", oracle="150.6"))
        log.says(filled(setup, Leg.ENTRY, "150.3", "50", clock(7.5), fee_usd=Decimal("-0.7515")))
    bought, sold = (the_life(folded(log), Leg.ENTRY) for log in (long, short))

    # Of 150, of the middle at 150.1, and of 150.6.
    expected = (Decimal("20.0"), Decimal("13.3"), Decimal("-19.9"))
    assert (
        bought.cost_to_intended_bps,
        bought.cost_to_mid_bps,
        bought.cost_to_oracle_bps,
    ) == expected
    assert (sold.cost_to_intended_bps, sold.cost_to_mid_bps, sold.cost_to_oracle_bps) == tuple(
        -one for one in expected
    )
    assert bought.traded.seen_age_max == timedelta(seconds=2.5)
    assert bought.fees_bps == Decimal("-1.0")  # -0.7515 / (150.3 x 50)


def test_parts_of_a_fill_are_one_stage_and_weigh_by_quantity() -> None:
    log = Log()
    setup, _ = an_entry(log)
    log.says(seen(clock(1), bid="150", ask="150", oracle="150"))
    log.says(filled(setup, Leg.ENTRY, "150", "30", clock(2), remaining_base=Decimal(20)))
    log.says(seen(clock(3), bid="151", ask="151", oracle="151"))
    log.says(filled(setup, Leg.ENTRY, "151", "20", clock(3)))

    life = the_life(folded(log), Leg.ENTRY)

    assert stages(life) == [Stage.INTENDED, Stage.FILLED]
    last = life.steps[-1]
    assert (last.parts, last.quantity_base, last.fee_usd) == (2, 50, -1)
    assert last.price_usd == life.filled_price_usd == Decimal("150.4")  # (30 x 150 + 20 x 151) / 50
    assert life.cost_to_mid_bps == 0
    assert life.traded.seen_age_max == timedelta(seconds=1)


def test_what_was_seen_after_a_fill_or_never_is_no_reference() -> None:
    never, after = Log(), Log()
    setup, _ = an_entry(never)
    never.says(filled(setup, Leg.ENTRY, "150", "50", clock(2)))
    setup, _ = an_entry(after)
    after.says(seen(clock(3), bid="151", ask="151", oracle="151"))
    after.says(filled(setup, Leg.ENTRY, "150", "50", clock(2)))
    for log in (never, after):
        life = the_life(folded(log), Leg.ENTRY)
        assert (life.cost_to_mid_bps, life.cost_to_oracle_bps) == (None, None)
        assert life.traded.seen_age_max is None
        assert life.cost_to_intended_bps == 0


def test_a_flat_fee_is_the_orders_that_it_is_charged_for() -> None:
    log = Log()
    setup, _ = an_entry(log)
    log.says(
        order.OrderPlaced(
            **of(setup, Leg.ENTRY), clock=clock(1), venue_order_id=7, price_usd=Decimal(150)
        )
    )
    for number in (7, 8):
        log.says(
            venue.VenueFeeCharged(
                account="local",
                market=MARKET,
                key=f"fee/{number}",
                venue_order_id=number,
                reason="expired",
                fee_usd=Decimal("0.01"),
                clock=clock(2),
            )
        )
    life = the_life(folded(log), Leg.ENTRY)
    assert (life.venue_fees_usd, stages(life)[-1]) == (Decimal("0.01"), Stage.VENUE_FEE)


def test_each_thing_that_happens_to_an_order_is_a_stage_with_its_reason() -> None:
    log = Log()
    setup, carried = an_entry(log)
    entry = of(setup, Leg.ENTRY)
    log.says(landed(carried, clock(1), code=6057))
    log.says(
        order.ReplaceIntended(
            **entry,
            venue_order_id=7,
            generation=1,
            kind=OrderKind.LIMIT,
            price_usd=Decimal("150.2"),
            expires_at=None,
            reason="chase",
        )
    )
    log.says(
        order.OrderReplaced(
            **entry, clock=clock(2), venue_order_id=9, generation=1, price_usd=Decimal("150.2")
        )
    )
    log.says(
        order.SideCancelIntended(
            account="local",
            market=MARKET,
            setup=setup,
            side=Side.LONG,
            reason=order.CancelReason.KILL_SWITCH,
        )
    )
    log.says(
        order.OrderCanceled(
            **entry,
            clock=clock(3),
            reason=order.CancelReason.KILL_SWITCH,
            unfilled_base=Decimal(50),
        )
    )
    life = the_life(folded(log), Leg.ENTRY)
    assert [(step.stage, step.note) for step in life.steps[1:]] == [
        (Stage.FAILED, "would-cross (6057)"),
        (Stage.MOVE_INTENDED, "chase"),
        (Stage.MOVED, ""),
        (Stage.CANCEL_INTENDED, "kill_switch"),
        (Stage.CANCELED, "kill_switch"),
    ]
    assert life.intended_price_usd == 150
    assert life.order.price_usd == Decimal("150.2")


def test_orders_are_kept_when_they_are_over_and_the_oldest_of_these_go_first() -> None:
    log = Log()
    setup, _ = an_entry(log)
    for number in range(1, LIVES_MAX + 5):
        log.says(intended(setup, Leg.TP1, "151", number=number))
        log.says(
            order.OrderCanceled(
                **of(setup, Leg.TP1, number),
                clock=clock(number),
                reason=order.CancelReason.FLAT,
                unfilled_base=Decimal(50),
            )
        )
    kept = folded(log).items
    assert len(kept) == LIVES_MAX
    assert kept[0].order.leg is Leg.ENTRY  # It is not over.
    assert kept[-1].order.client_order_id == derive_client_order_id(setup, Leg.TP1, LIVES_MAX + 4)


def test_of_many_stages_the_intent_and_the_newest_are_kept() -> None:
    log = Log()
    setup, _ = an_entry(log)
    for number in range(STEPS_MAX + 3):
        log.says(
            order.OrderReplaced(
                **of(setup, Leg.ENTRY),
                clock=clock(number),
                venue_order_id=number,
                generation=1,
                price_usd=Decimal(150),
            )
        )
    life = the_life(folded(log), Leg.ENTRY)
    assert len(life.steps) == STEPS_MAX
    assert (life.steps[0].stage, life.steps[-1].position) == (Stage.INTENDED, len(log.events))


def test_only_what_is_about_an_order_moves_the_lives() -> None:
    log = Log()
    setup, _ = an_entry(log)
    log.says(order_denied(derive_root_id("other"), Rule.LEVERAGE))
    log.says(seen(clock(1), bid="150", ask="150", oracle="150"))
    assert folded(log).position == 2  # The intent.
    log.says(filled(setup, Leg.ENTRY, "150", "50", clock(2)))
    assert folded(log).position == len(log.events)
