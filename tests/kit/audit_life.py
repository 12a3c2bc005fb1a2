"""The order life of one approved setup, as execution records it: entered, stopped, swept.

An entry is born with its stop, fills in two parts, and gets a take-profit, whose first transaction
dies. Funding is paid, the stop fires and fills, and the take-profit is canceled.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts.event import Draft, Event
from contracts.ids import ClientOrderId, EventId, derive_client_order_id, derive_id
from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    SetupClosed,
    StopTriggered,
)
from contracts.routes import subject_of
from contracts.transaction import (
    RetryClass,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
    Urgency,
)
from contracts.values import Leg, Liquidity, OrderKind, Side, VenueClock
from contracts.venue import FundingSettled, VenueFeeCharged

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "local"
MARKET = "sol-perp"
FEE_LAMPORTS = 9_200
"""What every transaction costs that lands."""
_HOLDER: dict[str, Any] = {"account": ACCOUNT, "market": MARKET}  # Any: fields of events.
_USER_ORDER_IDS = {Leg.ENTRY: 16, Leg.STOP: 48, Leg.TP1: 112}
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def at(minute: int) -> datetime:
    """Give a market time."""
    return BEGIN + timedelta(minutes=minute)


def a_draft(
    event: Event,
    event_id: EventId,
    correlation_id: EventId,
    causation_id: EventId | None,
    occurred_at: datetime,
) -> Draft:
    """Give a draft on the subject that the event belongs on."""
    return Draft(
        event=event,
        id=event_id,
        subject=subject_of(event),
        occurred_at=occurred_at,
        correlation_id=correlation_id,
        causation_id=causation_id,
    )


def life(verdict: Draft, number: int) -> Iterator[Draft]:
    """Give what execution records of the `number`-th approved setup."""
    setup = _Setup(verdict, number)
    entry, stop, target = (_Order(setup, leg) for leg in _USER_ORDER_IDS)
    born = [
        entry.intended(OrderKind.POST_ONLY_LIMIT, Side.LONG, "100", "10"),
        stop.intended(OrderKind.TRIGGER_MARKET, Side.SHORT, "99", None),
    ]
    yield from born
    yield from setup.lands(born, RetryClass.EXPOSURE)
    yield entry.placed("100")
    yield stop.placed("99")
    yield entry.filled(Side.LONG, "4", "100", remaining="6", after="4", part=0)
    yield entry.filled(Side.LONG, "6", "100", remaining="0", after="10", part=1)
    rung = [target.intended(OrderKind.REDUCE_ONLY_LIMIT, Side.SHORT, "101", "10")]
    yield from rung
    yield from setup.dies(rung, RetryClass.PROTECTIVE)
    yield from setup.lands(rung, RetryClass.PROTECTIVE, attempt=2)
    yield target.placed("101")
    yield setup.pays_funding("0.05")
    yield stop.seen(StopTriggered, trigger_price_usd=Decimal("98.9"))
    yield setup.pays_for(stop, "0.01")
    yield stop.filled(Side.SHORT, "10", "98.9", remaining="0", after="0", pnl="-11", part=0)
    swept = [target.cancel_intended()]
    yield from swept
    yield from setup.lands(swept, RetryClass.REDUCING)
    yield target.seen(OrderCanceled, reason=CancelReason.FLAT, unfilled_base=Decimal(10))
    yield setup.closed()


@dataclass(frozen=True)
class _Setup:
    """Writes what concerns the whole setup."""

    verdict: Draft
    number: int

    @property
    def clock(self) -> VenueClock:
        at = self.verdict.occurred_at + timedelta(seconds=5)
        return VenueClock(at=at, slot=5_000_000 + self.number, trade_id=1000 + self.number)

    def lands(
        self, intents: Sequence[Draft], retry_class: RetryClass, *, attempt: int = 1
    ) -> Iterator[Draft]:
        """Plan, sign and land a transaction of these intents."""
        planned, signed = self._signed(intents, retry_class, attempt)
        event = TransactionLanded(
            **_named(planned, signed),
            slot=self.clock.slot,
            code=None,
            reason=None,
            fee_lamports=FEE_LAMPORTS,
            clock=self.clock,
        )
        yield from (planned, signed, self.draft(event, planned.id))

    def dies(self, intents: Sequence[Draft], retry_class: RetryClass) -> Iterator[Draft]:
        """Plan and sign a transaction of these intents that never lands."""
        planned, signed = self._signed(intents, retry_class, 1)
        event = TransactionDied(
            **_named(planned, signed), block_height=4_000_151 + self.number, clock=self.clock
        )
        yield from (planned, signed, self.draft(event, planned.id))

    def _signed(
        self, intents: Sequence[Draft], retry_class: RetryClass, attempt: int
    ) -> tuple[Draft, Draft]:
        plan = TransactionPlanned(
            **_HOLDER,
            setup=self.verdict.id,
            intents=tuple(intent.id for intent in intents),
            retry_class=retry_class,
            urgency=Urgency.NORMAL,
            attempt=attempt,
            priority_fee_lamports=4_200,
        )
        planned = self.draft(plan, intents[0].id, attempt)
        message = planned.id.bytes
        signature = "".join(_BASE58[byte % 58] for byte in message * 4)
        signing = TransactionSigned(
            **_HOLDER,
            transaction=planned.id,
            signature=signature,
            message=base64.b64encode(message).decode(),
            message_sha256=hashlib.sha256(message).hexdigest(),
            blockhash=signature[:44],
            last_valid_block_height=4_000_150 + self.number,
            clock=self.clock,
        )
        return planned, self.draft(signing, planned.id)

    def pays_funding(self, amount: str) -> Draft:
        """Settle funding that is paid."""
        event = FundingSettled(
            **_HOLDER,
            amount_usd=-Decimal(amount),
            rate=Decimal("0.00005"),
            position_base=Decimal(10),
            hour=self.clock.at.replace(minute=0, second=0),
            clock=self.clock,
        )
        return self.draft(event, self.verdict.id)

    def pays_for(self, order: "_Order", fee: str) -> Draft:
        """Charge the flat fee of a trigger."""
        event = VenueFeeCharged(
            **_HOLDER,
            key=f"fee-{self.number}",
            venue_order_id=order.venue_order_id,
            reason="trigger",
            fee_usd=Decimal(fee),
            clock=self.clock,
        )
        return self.draft(event, order.intent_id)

    def closed(self) -> Draft:
        """Close the setup."""
        event = SetupClosed(
            **_HOLDER,
            setup=self.verdict.id,
            outcome="stopped",
            realized_pnl_usd=Decimal(-11),
            fees_usd=Decimal("0.61"),
            funding_usd=Decimal("-0.05"),
            transaction_fees_lamports=3 * FEE_LAMPORTS,
        )
        return self.draft(event, self.verdict.id)

    def draft(self, event: Event, cause: EventId, ordinal: int = 0) -> Draft:
        """Give an event that a cause led to."""
        event_id = derive_id(cause, event.event_type, ordinal)
        correlation_id = self.verdict.correlation_id
        return a_draft(event, event_id, correlation_id, cause, self.clock.at)


@dataclass(frozen=True)
class _Order:
    """Writes what concerns one order of a setup."""

    setup: _Setup
    leg: Leg

    @property
    def client_order_id(self) -> ClientOrderId:
        return derive_client_order_id(self.setup.verdict.id, self.leg, 0)

    @property
    def venue_order_id(self) -> int:
        return 1_000 * self.setup.number + _USER_ORDER_IDS[self.leg]

    @property
    def intent_id(self) -> EventId:
        return derive_id(self.setup.verdict.id, f"order_intended-{self.leg}")

    @property
    def _common(self) -> dict[str, Any]:  # Any: fields of several classes of events.
        return {
            **_HOLDER,
            "setup": self.setup.verdict.id,
            "client_order_id": self.client_order_id,
            "leg": self.leg,
        }

    def intended(self, kind: OrderKind, side: Side, price: str, quantity: str | None) -> Draft:
        event = OrderIntended(
            **self._common,
            user_order_id=_USER_ORDER_IDS[self.leg],
            side=side,
            kind=kind,
            price_usd=Decimal(price),
            quantity_base=None if quantity is None else Decimal(quantity),
            is_reduce_only=kind is not OrderKind.POST_ONLY_LIMIT,
            expires_at=None,
        )
        verdict = self.setup.verdict
        return a_draft(
            event, self.intent_id, verdict.correlation_id, verdict.id, verdict.occurred_at
        )

    def cancel_intended(self) -> Draft:
        event = CancelIntended(
            **self._common, venue_order_id=self.venue_order_id, reason=CancelReason.FLAT
        )
        return self.setup.draft(event, self.intent_id)

    def placed(self, price: str) -> Draft:
        return self.seen(OrderPlaced, venue_order_id=self.venue_order_id, price_usd=Decimal(price))

    def filled(
        self,
        side: Side,
        quantity: str,
        price: str,
        *,
        remaining: str,
        after: str,
        part: int,
        pnl: str = "0",
    ) -> Draft:
        return self.seen(
            OrderFilled,
            part,
            fill_id=f"{self.client_order_id}-{part}",
            side=side,
            liquidity=Liquidity.MAKER if side is Side.LONG else Liquidity.TAKER,
            price_usd=Decimal(price),
            quantity_base=Decimal(quantity),
            remaining_base=Decimal(remaining),
            fee_usd=Decimal("0.2"),
            realized_pnl_usd=Decimal(pnl),
            position_after_base=Decimal(after),
        )

    def seen(self, kind: Callable[..., Event], ordinal: int = 0, **fields: Any) -> Draft:
        event = kind(**self._common, clock=self.setup.clock, **fields)
        return self.setup.draft(event, self.intent_id, ordinal)


def _named(planned: Draft, signed: Draft) -> dict[str, Any]:  # Any: fields of two classes.
    assert isinstance(signed.event, TransactionSigned)
    return {**_HOLDER, "transaction": planned.id, "signature": signed.event.signature}
