"""A scripted history: everything that a desk records in a few setups, as drafts and as messages.

Every setup is a manual order with its verdict; approved ones get an entry that fills in two parts,
a stop that triggers and fills, and a take-profit that is canceled. Bars with withheld entries
stand between. `JudgingCore` decides the verdicts anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

from chassis.log import RawMessage
from contracts import codec
from contracts.control import ManualOrderRequested
from contracts.event import Draft, Event, Recorded
from contracts.ids import ClientOrderId, EventId, derive_client_order_id, derive_id, derive_root_id
from contracts.minute import MinuteClosed
from contracts.order import (
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    SetupClosed,
    StopTriggered,
    VenueClock,
)
from contracts.routes import subject_of
from contracts.signal import EntryWithheld, Features, Phase, WithheldReason
from contracts.values import Leg, Liquidity, OrderKind, Side
from contracts.verdict import Finding, OrderApproved, OrderDenied, Rule

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "local"
MARKET = "sol-perp"
QUANTITY_MAX = Decimal(100)
"""What `JudgingCore` approves at most."""


def at(minute: int) -> datetime:
    """Give a market time."""
    return BEGIN + timedelta(minutes=minute)


def history(setups: int, *, bars: int = 2) -> Iterator[Draft]:
    """Give the drafts of some setups, every third denied, and of `bars` bars before each."""
    minutes = count()
    for number in range(setups):
        for _ in range(bars):
            yield from a_bar(next(minutes))
        proposal = a_proposal(number, at(next(minutes)))
        verdict = judge(proposal)
        yield proposal
        yield verdict
        if isinstance(verdict.event, OrderApproved):
            yield from _life(verdict, number)


def messages(drafts: Iterable[Draft], *, begin: int = 1) -> list[RawMessage]:
    """Give the messages that the log holds after these drafts."""
    result: list[RawMessage] = []
    for position, draft in enumerate(drafts, start=begin):
        headers, body = codec.encode(draft, source=draft.event.owner)
        headers[codec.TRACEPARENT] = f"00-{position:032x}-{position:016x}-01"
        recorded_at = BEGIN + timedelta(days=1, milliseconds=position)
        result.append(RawMessage(position, draft.subject, headers, body, recorded_at))
    return result


def recorded(drafts: Iterable[Draft]) -> list[Recorded]:
    """Give the events that the log holds after these drafts."""
    return [
        codec.decode(
            subject=message.subject,
            headers=message.headers,
            body=message.body,
            position=message.position,
            recorded_at=message.recorded_at,
        )
        for message in messages(drafts)
    ]


def a_bar(minute: int) -> Sequence[Draft]:
    """Close a minute without an entry."""
    event_id = derive_root_id("minute_closed", "binance-usdm", "solusdt", minute)
    closed = MinuteClosed(
        venue="binance-usdm",
        symbol="solusdt",
        market=MARKET,
        minute=at(minute),
        closed_at=at(minute + 1),
        is_complete=True,
        open_usd=Decimal("171.2"),
        high_usd=Decimal("171.9"),
        low_usd=Decimal("170.8"),
        close_usd=Decimal("171.5"),
        volume_base=Decimal("1204.25"),
        buy_volume_base=Decimal("700.5"),
        turnover_usd=Decimal("206408.45"),
        trades=431,
        late_trades=0,
        missing_trades=0,
        silence_ms_max=840,
        first_trade_id=1000 + 431 * minute,
        last_trade_id=1430 + 431 * minute,
        ticks_sha256=f"{minute:064x}",
    )
    withheld = EntryWithheld(
        market=MARKET,
        strategy="vwap-reclaim-1",
        minute=at(minute),
        reason=WithheldReason.VWAP_NOT_LOST,
        long_phase=Phase.IDLE,
        short_phase=Phase.IDLE,
        features=Features(
            close_usd=Decimal("171.5"),
            session_vwap_usd=Decimal("171.34"),
            session_cvd_base=Decimal("-25.5"),
            atr_5m_usd=Decimal("0.42"),
            rsi=Decimal("51.3"),
        ),
    )
    cause = _draft(closed, event_id, event_id, None, closed.closed_at)
    answer_id = derive_id(event_id, withheld.event_type)
    return cause, _draft(withheld, answer_id, event_id, event_id, closed.closed_at)


def a_proposal(number: int, when: datetime, *, quantity: Decimal | None = None) -> Draft:
    """Ask for a setup by hand; every third is too large for `JudgingCore`."""
    too_large = number % 3 == 2
    event = ManualOrderRequested(
        account=ACCOUNT,
        market=MARKET,
        side=Side.LONG,
        entry_price_usd=Decimal(100),
        quantity_base=quantity or (QUANTITY_MAX + 1 if too_large else Decimal(10)),
        stop_price_usd=Decimal(99),
        tp_prices_usd=(Decimal(101), Decimal(102), Decimal(103)),
        leverage=Decimal(2),
        venue="paper",
        notes=f'setup {number} \\ "quoted" – été',
        by="tester",
    )
    event_id = derive_root_id(event.event_type, number)
    return _draft(event, event_id, event_id, None, when)


def judge(proposal: Draft | Recorded) -> Draft:
    """Decide on a proposal as `JudgingCore` does."""
    event = proposal.event
    assert isinstance(event, ManualOrderRequested)
    passed = event.quantity_base <= QUANTITY_MAX
    shared: dict[str, Any] = {  # Any: fields of two classes of events.
        "account": event.account,
        "market": event.market,
        "proposal": proposal.id,
        "side": event.side,
        "quantity_base": event.quantity_base,
        "entry_price_usd": event.entry_price_usd,
        "stop_price_usd": event.stop_price_usd,
        "tp_prices_usd": event.tp_prices_usd,
        "notional_usd": event.quantity_base * event.entry_price_usd,
        "risk_usd": event.quantity_base,
        "equity_usd": Decimal(10_000),
        "leverage_after": Decimal("1.5"),
        "policy": "test-1",
        "findings": (
            Finding(
                rule=Rule.LEVERAGE,
                passed=passed,
                observed=event.quantity_base,
                limit=QUANTITY_MAX,
                unit="base",
                inputs=(proposal.id,),
            ),
        ),
    }
    verdict = (
        OrderApproved(
            **shared,
            expires_at=proposal.occurred_at + timedelta(minutes=5),
            priority_fee_microlamports=10_000,
        )
        if passed
        else OrderDenied(**shared, headline=Rule.LEVERAGE)
    )
    event_id = derive_id(proposal.id, verdict.event_type)
    return _draft(verdict, event_id, proposal.id, proposal.id, proposal.occurred_at)


class JudgingCore:
    """A core that answers each order by hand with one verdict."""

    decides: ClassVar[tuple[type[Event], ...]] = (OrderApproved, OrderDenied)

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Judge a proposal."""
        return [judge(recorded)] if isinstance(recorded.event, ManualOrderRequested) else []

    def snapshot(self) -> bytes:
        """Give nothing: it has no state."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take nothing."""
        if state:
            raise ValueError(f"expected no state, found {len(state)} bytes")


@dataclass(frozen=True)
class _Order:
    """One order of a setup."""

    verdict: Draft
    leg: Leg
    client_order_id: ClientOrderId

    @property
    def intent_id(self) -> EventId:
        return derive_id(self.verdict.id, f"order_intended-{self.leg}")

    def common(self) -> dict[str, Any]:  # Any: fields of several classes of events.
        return {
            "account": ACCOUNT,
            "market": MARKET,
            "setup": self.verdict.id,
            "client_order_id": self.client_order_id,
            "leg": self.leg,
        }


def _life(verdict: Draft, number: int) -> Iterator[Draft]:
    """Give the order life of an approved setup: filled, then stopped."""
    entry, stop, target = (
        _Order(verdict, leg, derive_client_order_id(verdict.id, leg, 0))
        for leg in (Leg.ENTRY, Leg.STOP, Leg.TP1)
    )
    clock = VenueClock(at=verdict.occurred_at + timedelta(seconds=5), trade_id=1000 + number)
    yield _intent(entry, OrderKind.POST_ONLY_LIMIT, Side.LONG, "100")
    yield _seen(entry, OrderPlaced(**entry.common(), clock=clock, price_usd=Decimal(100)))
    yield _fill(entry, clock, Side.LONG, "4", "100", remaining="6", after="4", pnl="0", part=0)
    yield _fill(entry, clock, Side.LONG, "6", "100", remaining="0", after="10", pnl="0", part=1)
    yield _intent(stop, OrderKind.TRIGGER_MARKET, Side.SHORT, "99")
    yield _intent(target, OrderKind.REDUCE_ONLY_LIMIT, Side.SHORT, "101")
    yield _seen(target, OrderPlaced(**target.common(), clock=clock, price_usd=Decimal(101)))
    yield _seen(
        stop, StopTriggered(**stop.common(), clock=clock, trigger_price_usd=Decimal("98.9"))
    )
    yield _fill(stop, clock, Side.SHORT, "10", "98.9", remaining="0", after="0", pnl="-11", part=0)
    yield _seen(
        target,
        OrderCanceled(
            **target.common(), clock=clock, reason=CancelReason.FLAT, unfilled_base=Decimal(10)
        ),
    )
    closed = SetupClosed(
        account=ACCOUNT,
        market=MARKET,
        setup=verdict.id,
        outcome="stopped",
        realized_pnl_usd=Decimal(-11),
        fees_usd=Decimal("0.6"),
    )
    closed_id = derive_id(verdict.id, closed.event_type)
    yield _draft(closed, closed_id, verdict.correlation_id, verdict.id, clock.at)


def _intent(order: _Order, kind: OrderKind, side: Side, price: str) -> Draft:
    event = OrderIntended(
        **order.common(),
        side=side,
        kind=kind,
        price_usd=Decimal(price),
        quantity_base=None if kind is OrderKind.TRIGGER_MARKET else Decimal(10),
        is_reduce_only=kind is not OrderKind.POST_ONLY_LIMIT,
        expires_at=None,
        earliest_at=order.verdict.occurred_at,
    )
    verdict = order.verdict
    return _draft(event, order.intent_id, verdict.correlation_id, verdict.id, verdict.occurred_at)


def _fill(
    order: _Order,
    clock: VenueClock,
    side: Side,
    quantity: str,
    price: str,
    *,
    remaining: str,
    after: str,
    pnl: str,
    part: int,
) -> Draft:
    event = OrderFilled(
        **order.common(),
        clock=clock,
        fill_id=f"{order.client_order_id}-{part}",
        side=side,
        liquidity=Liquidity.MAKER if side is Side.LONG else Liquidity.TAKER,
        price_usd=Decimal(price),
        quantity_base=Decimal(quantity),
        remaining_base=Decimal(remaining),
        fee_usd=Decimal("0.2"),
        realized_pnl_usd=Decimal(pnl),
        position_after_base=Decimal(after),
    )
    return _seen(order, event, part)


def _seen(order: _Order, event: Event, ordinal: int = 0) -> Draft:
    when = event.clock.at if isinstance(event, OrderPlaced | OrderFilled) else BEGIN
    event_id = derive_id(order.intent_id, event.event_type, ordinal)
    return _draft(event, event_id, order.verdict.correlation_id, order.intent_id, when)


def _draft(
    event: Event,
    event_id: EventId,
    correlation_id: EventId,
    causation_id: EventId | None,
    occurred_at: datetime,
) -> Draft:
    return Draft(
        event=event,
        id=event_id,
        subject=subject_of(event),
        occurred_at=occurred_at,
        correlation_id=correlation_id,
        causation_id=causation_id,
    )
