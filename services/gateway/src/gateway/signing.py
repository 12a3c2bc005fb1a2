"""What the owner does who signs by hand: chooses to, gives back what was offered, or declines it.

Each becomes an event, and execution answers with another. What the wallet did not sign never
reaches the log; the same message twice is one answer.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from contracts.event import Event
from contracts.ids import derive_root_id
from contracts.manual import (
    OfferClosed,
    OfferDeclined,
    OfferOutcome,
    ReturnRefused,
    SigningMode,
    SigningModeChanged,
    TransactionReturned,
)
from gateway.domain.actor import Actor
from gateway.domain.manual import Offer, Signed, Status
from gateway.handlers import require_fresh
from gateway.owners import Owners, parts_of
from gateway.problems import Code, Problem
from gateway.signin.sessions import Session

_REFUSALS: Mapping[str, Code] = {
    "tx-altered": Code.TX_ALTERED,
    "tx-fee-too-high": Code.TX_FEE_TOO_HIGH,
    "tx-signature-invalid": Code.TX_SIGNATURE_INVALID,
    "tx-expired": Code.TX_EXPIRED,
    "tx-unknown": Code.TX_UNKNOWN,
    "tx-replaced": Code.TX_REPLACED,
    "tx-unwanted": Code.TX_UNWANTED,
    "tx-declined": Code.TX_UNWANTED,
    "tx-repeated": Code.TX_REPEATED,
    "signing-mode": Code.NOT_BY_HAND,
    "wrong-wallet": Code.NOT_BY_HAND,
}
_ENDED: Mapping[OfferOutcome, Code] = {
    OfferOutcome.EXPIRED: Code.TX_EXPIRED,
    OfferOutcome.REPLACED: Code.TX_REPLACED,
    OfferOutcome.UNWANTED: Code.TX_UNWANTED,
    OfferOutcome.DECLINED: Code.TX_UNWANTED,
    OfferOutcome.MODE: Code.NOT_BY_HAND,
}


@dataclass(frozen=True, slots=True)
class Signing:
    """The use cases of an owner who signs by hand."""

    owners: Owners

    async def choose(self, mode: SigningMode, *, actor: Actor, session: Session | None) -> None:
        """Let the owner's wallet sign from now on, or a delegate; once more changes nothing."""
        wallet = self.owners.acted_for(session)
        require_fresh(actor, "to change who signs")
        live, commands = self.owners.live, self.owners.commands
        before = live.state.signing.mode
        if mode is before:
            return
        event = SigningModeChanged(
            account=live.account_id,
            before=before,
            mode=mode,
            wallet=wallet if mode is SigningMode.MANUAL else None,
            by=actor.by,
        )
        await commands.record(event, commands.new_id())

    def offer(self, offer_id: UUID) -> Offer:
        """Give an offer that stands; refuse one that does not with what became of it."""
        state = self.owners.live.state.signing
        found = state.offer(offer_id)
        if found is not None and found.offered is not None:
            return found
        outcome = state.outcome(offer_id)
        if outcome is None:
            raise Problem(Code.TX_UNKNOWN, f"expected an offer that stands, found {offer_id}")
        code = _ENDED.get(outcome, Code.TX_REPEATED)
        raise Problem(code, f"expected an offer that stands, found it {outcome}")

    async def submit(
        self, offer_id: UUID, signed: bytes, *, actor: Actor, session: Session | None
    ) -> Signed:
        """Send what the owner's wallet signed; the same message again gives the same answer."""
        wallet = self.owners.acted_for(session)
        live = self.owners.live
        signature, message = parts_of(signed, wallet)
        digest = hashlib.sha256(message).hexdigest()
        event_type = TransactionReturned.event_type
        identity = derive_root_id(event_type, live.account_id, str(offer_id), digest)
        if live.position_of(identity) is None:
            if live.state.signing.outcome(offer_id) is not OfferOutcome.SIGNED:
                self.offer(offer_id)
            event = TransactionReturned(
                account=live.account_id,
                wallet=wallet,
                offer=offer_id,
                signature=signature,
                message=base64.b64encode(message).decode(),
                by=actor.by,
            )
            await self.owners.commands.record(event, identity)
        return await self._sent(await self._answer(identity))

    async def decline(self, offer_id: UUID, *, actor: Actor, session: Session | None) -> None:
        """Say that the owner does not want to sign an offer."""
        wallet = self.owners.acted_for(session)
        live, commands = self.owners.live, self.owners.commands
        event_type = OfferDeclined.event_type
        identity = derive_root_id(event_type, live.account_id, str(offer_id))
        if live.position_of(identity) is None:
            self.offer(offer_id)
            event = OfferDeclined(
                account=live.account_id, wallet=wallet, offer=offer_id, by=actor.by
            )
            await commands.record(event, identity)
        await self._answer(identity)

    async def _answer(self, command: UUID) -> OfferClosed:
        wait_s = self.owners.answer_wait_s
        answer: Event | None = await self.owners.live.answer_to(command, timeout_s=wait_s)
        if isinstance(answer, ReturnRefused):
            code = _REFUSALS.get(answer.code, Code.TX_NOT_NOW)
            raise Problem(code, f"{answer.code}: {answer.reason}")
        if not isinstance(answer, OfferClosed):
            detail = f"expected execution's answer within {wait_s:g} s, found none"
            raise Problem(Code.VENUE_SILENT, detail, retry_after=2)
        return answer

    async def _sent(self, closed: OfferClosed) -> Signed:
        """Give the transaction once it is sent; refuse one that our own policy held back."""
        if closed.transaction is None:
            raise Problem(Code.VENUE_SILENT, "expected a transaction, found another answer")
        wait_s = self.owners.answer_wait_s
        found = await self.owners.live.signed_by_hand(closed.transaction, timeout_s=wait_s)
        if found is None or found.status is Status.SIGNED:
            detail = f"expected it to be sent within {wait_s:g} s, found nothing said of it"
            raise Problem(Code.VENUE_SILENT, detail, retry_after=2)
        if found.status is Status.REFUSED:
            raise Problem(Code.TX_NOT_NOW, f"{found.reason}: our policy does not send it any more")
        return found
