"""What a desk writes into the log, event by event, for the gateway's tests."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts import control, order, process, transaction
from contracts.event import Draft, Event
from contracts.ids import EventId, derive_client_order_id, derive_root_id
from contracts.routes import subject_of
from contracts.values import Leg, Liquidity, OrderKind, Side
from kit.gateway_events import (
    MARKET,
    START,
    at,
    entry_signaled,
    entry_withheld,
    feed_opened,
    minute_closed,
    order_approved,
    settings,
)
from kit.memory import InMemoryLog


@dataclass
class Story:
    """Writes what a desk would write, each event by the service that owns it."""

    log: InMemoryLog
    market_at: datetime = START
    ids: dict[str, EventId] = field(default_factory=dict[str, EventId])
    count: int = 0

    async def write(
        self, event: Event, *, identity: EventId | None = None, cause: EventId | None = None
    ) -> EventId:
        """Append one event."""
        self.count += 1
        new = identity or derive_root_id("story", self.count)
        owner = "ingest" if event.owner == "*" else event.owner
        draft = Draft(
            event=event,
            id=new,
            subject=subject_of(event),
            occurred_at=self.market_at,
            correlation_id=new,
            causation_id=cause,
        )
        await self.log.as_service(owner).append([draft])
        return new

    async def opens(self, **changes: Any) -> None:
        """Begin: ingest comes up and opens the feed."""
        started = process.ServiceStarted(
            service="ingest",
            instance="i-1",
            revision="unknown",
            python="3.11.7",
            packages_sha256="0" * 64,
        )
        await self.write(started)
        await self.write(feed_opened(**changes))

    async def opens_account(self, **changes: Any) -> None:
        """Open the account, as the gateway would."""
        base: dict[str, Any] = {
            "account": "local",
            "venue": "paper",
            "equity_usd": Decimal(10_000),
            "priority_fee_microlamports": 10_000,
            "settings": settings(),
        }
        await self.write(control.AccountOpened(**{**base, **changes}))

    async def passes(self, number: int, **changes: Any) -> None:
        """Close a minute without an entry."""
        self.market_at = START + timedelta(minutes=number + 1)
        await self.write(minute_closed(number, **changes))
        await self.write(entry_withheld(number))

    async def signals(self, number: int) -> EventId:
        """Close a minute with an entry; give the signal's id."""
        self.market_at = START + timedelta(minutes=number + 1)
        await self.write(minute_closed(number))
        return await self.write(entry_signaled(number))

    async def approves(self, proposal: EventId) -> EventId:
        """Approve a proposal; give the setup's id."""
        return await self.write(order_approved(proposal))

    def order_id(self, setup: EventId, leg: Leg) -> str:
        """Give our id of a leg's order."""
        return derive_client_order_id(setup, leg, 0)

    def _leg(self, setup: EventId, leg: Leg) -> dict[str, Any]:
        return {
            "account": "local",
            "market": MARKET,
            "setup": setup,
            "client_order_id": self.order_id(setup, leg),
            "leg": leg,
        }

    async def intends(self, setup: EventId, leg: Leg, price: str, quantity: str | None) -> EventId:
        """Intend one order of a setup; give the intent's id."""
        is_entry = leg is Leg.ENTRY
        kind = {Leg.ENTRY: OrderKind.POST_ONLY_LIMIT, Leg.STOP: OrderKind.TRIGGER_MARKET}
        event = order.OrderIntended(
            **self._leg(setup, leg),
            user_order_id=16 + list(Leg).index(leg),
            side=Side.LONG if is_entry else Side.SHORT,
            kind=kind.get(leg, OrderKind.REDUCE_ONLY_LIMIT),
            price_usd=Decimal(price),
            quantity_base=None if quantity is None else Decimal(quantity),
            is_reduce_only=not is_entry,
            expires_at=None,
        )
        return await self.write(event)

    async def places(self, setup: EventId, leg: Leg, price: str, quantity: str | None) -> EventId:
        """Intend an order and see it rest; give the intent's id."""
        intent = await self.intends(setup, leg, price, quantity)
        await self.rests(setup, leg, price)
        return intent

    async def rests(self, setup: EventId, leg: Leg, price: str) -> None:
        """See an order rest."""
        event = order.OrderPlaced(
            **self._leg(setup, leg),
            clock=at(1),
            venue_order_id=1_000 + self.count,
            price_usd=Decimal(price),
        )
        await self.write(event)

    async def observes(
        self, event: type[Event], setup: EventId, leg: Leg, /, **fields: Any
    ) -> EventId:
        """Write any event about an order; give its id."""
        if "clock" in event.model_fields:
            fields.setdefault("clock", at(1))
        return await self.write(event(**self._leg(setup, leg), **fields))

    async def plans(
        self,
        setup: EventId | None,
        intents: Sequence[UUID],
        retry_class: transaction.RetryClass = transaction.RetryClass.EXPOSURE,
        *,
        attempt: int = 1,
    ) -> EventId:
        """Plan a transaction; give its id."""
        event = transaction.TransactionPlanned(
            account="local",
            market=MARKET,
            setup=setup,
            intents=tuple(intents),
            retry_class=retry_class,
            urgency=transaction.Urgency.NORMAL,
            attempt=attempt,
            priority_fee_lamports=4_200,
        )
        return await self.write(event)

    async def signs(self, planned: EventId) -> None:
        """Sign a transaction."""
        message = planned.bytes
        event = transaction.TransactionSigned(
            **_named(planned),
            message=base64.b64encode(message).decode(),
            message_sha256=hashlib.sha256(message).hexdigest(),
            blockhash="1" * 44,
            last_valid_block_height=4_150,
            clock=at(1),
        )
        await self.write(event)

    async def lands(self, planned: EventId, *, code: int | None = None) -> None:
        """Land a transaction; with a code the program refuses it."""
        event = transaction.TransactionLanded(
            **_named(planned),
            slot=1_155,
            code=code,
            reason=None if code is None else "would-cross",
            fee_lamports=9_200,
            clock=at(1),
        )
        await self.write(event)

    async def dies(self, planned: EventId) -> None:
        """Pass the last block that could take a transaction."""
        event = transaction.TransactionDied(**_named(planned), block_height=4_151, clock=at(1))
        await self.write(event)

    async def fills(
        self,
        setup: EventId,
        leg: Leg,
        price: str,
        quantity: str,
        *,
        after: str,
        made: str = "0",
        fee: str = "0.75",
        remaining: str = "0",
    ) -> None:
        """Fill an order; `after` is the signed position then."""
        is_entry = leg is Leg.ENTRY
        event = order.OrderFilled(
            **self._leg(setup, leg),
            clock=at(2),
            fill_id=f"{setup}/{leg}/{self.count}",
            side=Side.LONG if is_entry else Side.SHORT,
            liquidity=Liquidity.TAKER if leg is Leg.STOP else Liquidity.MAKER,
            price_usd=Decimal(price),
            quantity_base=Decimal(quantity),
            remaining_base=Decimal(remaining),
            fee_usd=Decimal(fee),
            realized_pnl_usd=Decimal(made),
            position_after_base=Decimal(after),
        )
        await self.write(event)

    async def holds(self, number: int) -> EventId:
        """Go from a signal to an open position of 50 with its ladder; give the setup's id."""
        proposal = await self.signals(number)
        setup = await self.approves(proposal)
        await self.enters(setup)
        await self.fills(setup, Leg.ENTRY, "150", "50", after="50")
        rungs = [
            await self.intends(setup, leg, price, quantity)
            for leg, price, quantity in (
                (Leg.TP1, "151", "25"),
                (Leg.TP2, "152", "15"),
                (Leg.TP3, "153", "10"),
            )
        ]
        ladder = await self.plans(setup, rungs, transaction.RetryClass.PROTECTIVE)
        await self.signs(ladder)
        await self.lands(ladder)
        await self.rests(setup, Leg.TP1, "151")
        await self.rests(setup, Leg.TP2, "152")
        await self.rests(setup, Leg.TP3, "153")
        return setup

    async def enters(self, setup: EventId) -> EventId:
        """Place an entry of 50 with its stop in one transaction; give the transaction's id."""
        intents = [
            await self.intends(setup, Leg.ENTRY, "150", "50"),
            await self.intends(setup, Leg.STOP, "149", None),
        ]
        planned = await self.plans(setup, intents)
        await self.signs(planned)
        await self.lands(planned)
        await self.rests(setup, Leg.ENTRY, "150")
        await self.rests(setup, Leg.STOP, "149")
        return planned


def _named(planned: EventId) -> dict[str, Any]:
    signature = "".join("123456789ABCDEFGH"[int(digit, 16)] for digit in planned.hex) * 2
    return {
        "account": "local",
        "market": MARKET,
        "transaction": planned,
        "signature": signature,
    }
