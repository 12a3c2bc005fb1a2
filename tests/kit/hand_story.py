"""What execution writes of an account whose owner signs by hand, for the gateway and its page."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.event import Draft, Event
from contracts.ids import derive_id
from contracts.manual import (
    OfferClosed,
    OfferOutcome,
    SignatureAsked,
    TransactionOffered,
)
from contracts.routes import subject_of
from contracts.transaction import RetryClass
from kit.gateway_app import Desk, until
from kit.gateway_signin import OWNER, Wallet
from kit.golden import EXAMPLES

MESSAGE = b"\x80 a message"
TRANSACTION = UUID(int=77)
LAST_BLOCK = 290_117_211


def example(event_class: type[Any], **changes: Any) -> Any:
    """Give the golden example of an event, of the desk's account."""
    found: Any = next(one for one in EXAMPLES if isinstance(one, event_class))
    return found.model_copy(update={"account": "local", **changes})


def signed(by: Wallet = OWNER, message: bytes = MESSAGE) -> str:
    """Sign what is offered, as a wallet gives it back."""
    return base64.b64encode(b"\x01" + by.sign(message) + message).decode()


def closed(offer: str, outcome: OfferOutcome = OfferOutcome.SIGNED) -> OfferClosed:
    """End an offer; what was signed becomes `TRANSACTION`."""
    transaction = TRANSACTION if outcome is OfferOutcome.SIGNED else None
    return example(
        OfferClosed, offer=UUID(offer), outcome=outcome, about=None, transaction=transaction
    )


@dataclass
class HandStory:
    """Writes as execution would, which reads a chain."""

    desk: Desk

    def reads(self, *, at: datetime | None = None, blocks_left: int = 11) -> None:
        """Let execution answer with the chain's time and height."""
        reading = {
            "at": (at or datetime.now(UTC)).isoformat(),
            "owner_lamports": 100_000_000,
            "fee_payer_lamports": 100_000_000,
            "has_key_store": False,
            "block_height": LAST_BLOCK - blocks_left,
        }
        status = {"ready": "true", "reason": "", "delegation.local": reading}
        self.desk.ask.answers["status.execution"] = json.dumps(status).encode()

    async def is_chosen(self) -> None:
        """Let the owner choose to sign by hand."""
        await until(lambda: self.desk.live.state.owner.wallet == OWNER.address)
        said = await self.desk.http.post("/api/signing/mode", json={"mode": "manual"})
        assert (said.status_code, said.json()["mode"]) == (200, "manual")

    async def writes(self, *events: Event) -> list[UUID]:
        """Record events, all or none."""
        last = self.desk.log.recorded[-1]
        drafts = [
            Draft(
                event=event,
                id=derive_id(last.id, f"{event.event_type}-{number}"),
                subject=subject_of(event),
                occurred_at=last.occurred_at,
                correlation_id=last.correlation_id,
                causation_id=None,
            )
            for number, event in enumerate(events)
        ]
        await self.desk.log.as_service("execution").append(drafts)
        await self.desk.caught_up()
        return [it.id for it in drafts]

    async def answers(self, kind: type[Event], events: Sequence[Event]) -> None:
        """Answer the newest event of a class, which the answers are about."""
        log = self.desk.log
        await until(lambda: isinstance(log.recorded[-1].event, kind), timeout_s=60)
        asked = log.recorded[-1]
        about = [
            it.model_copy(update={"about": asked.id}) if hasattr(it, "about") else it
            for it in events
        ]
        await self.writes(*about)

    async def offers(
        self, *, is_entry: bool = False, left_s: float | None = None, **told: Any
    ) -> str:
        """Offer something, with what is told of its simulation; give the offer's id."""
        changes = {"retry_class": RetryClass.EXPOSURE} if is_entry else {}
        (asked,) = await self.writes(example(SignatureAsked, wallet=OWNER.address, **changes))
        if left_s is not None:
            told["expires_at"] = datetime.now(UTC) + timedelta(seconds=left_s)
        message = base64.b64encode(MESSAGE).decode()
        await self.writes(
            example(TransactionOffered, offer=asked, wallet=OWNER.address, message=message, **told)
        )
        return str(asked)

    async def ends(self, offer: str, outcome: OfferOutcome) -> None:
        """End an offer that nobody signed."""
        await self.writes(closed(offer, outcome))
