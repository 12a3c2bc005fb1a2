"""What the owner of an account asks for: consent, a key, a revoke, and signed transactions.

Each becomes an event; execution answers with another, and the answer waits for it. A revoke needs
no fresh sign-in, no key, no consent. An owner whose wallet may not sign in, a hardware wallet, is
acted for by the wallets that may; whatever is sent bears the owner's own signature all the same.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from solders.pubkey import Pubkey
from solders.signature import Signature

from contracts.delegation import (
    ConsentGiven,
    DelegationAsked,
    OwnerTransactionKind,
    OwnerTransactionOffered,
    OwnerTransactionRefused,
    OwnerTransactionReturned,
    OwnerTransactionSent,
    RevokeAsked,
)
from contracts.event import Event
from contracts.ids import EventId, derive_root_id
from gateway.domain.actor import Actor
from gateway.domain.owner import Offer
from gateway.handlers import Commands, Done, require_fresh
from gateway.live import Live
from gateway.place import Place
from gateway.present_owner import text_of
from gateway.problems import Code, Problem
from gateway.signin.sessions import Session

ANSWER_WAIT_S = 4.0
"""Longest wait for execution before a person gets an answer."""
TRANSACTION_BYTES_MAX = 1232
_SIGNATURE_END = 1 + 64
_REFUSALS: Mapping[str, Code] = {
    "tx-altered": Code.TX_ALTERED,
    "tx-fee-too-high": Code.TX_FEE_TOO_HIGH,
    "tx-signature-invalid": Code.TX_SIGNATURE_INVALID,
    "tx-expired": Code.TX_EXPIRED,
    "tx-unknown": Code.TX_UNKNOWN,
    "no-consent": Code.CONSENT_MISSING,
}


@dataclass(frozen=True, slots=True)
class Owners:
    """The use cases of owners."""

    live: Live
    commands: Commands
    place: Place
    may_sign_in: Callable[[str], bool] = lambda _: True
    """Says of a wallet whether it may sign in for the account."""
    answer_wait_s: float = ANSWER_WAIT_S

    def is_owner(self, session: Session | None) -> bool:
        """Say whether whoever asks is the owner; on a desk without sign-in everybody is."""
        wallet = self.live.state.owner.wallet
        return wallet is not None and (session is None or session.grant.wallet == wallet)

    def may_act(self, session: Session | None) -> bool:
        """Say whether whoever asks may ask for what the owner signs, and hand it in."""
        wallet = self.live.state.owner.wallet
        return wallet is not None and (self.is_owner(session) or not self.may_sign_in(wallet))

    async def consent(self, text_sha256: str, *, actor: Actor, session: Session | None) -> Done:
        """Record that the owner agreed to the text that stands now."""
        wallet = self.acted_for(session)
        require_fresh(actor, "to agree")
        text = text_of(self.live.state, self.place)
        if text is None or text.sha256 != text_sha256:
            stands = "none" if text is None else text.sha256
            raise Problem(Code.CONSENT_CHANGED, f"expected {stands}, found {text_sha256}")
        event = ConsentGiven(
            account=self.live.account_id,
            wallet=wallet,
            session=None if session is None else session.grant.handle,
            text=text.text,
            text_sha256=text.sha256,
            limits=text.limits,
            by=actor.by,
        )
        return await self.commands.record(event, self.commands.new_id())

    async def delegate(self, key: str | None, *, actor: Actor, session: Session | None) -> Offer:
        """Give the transaction that names our key, made now if there is none."""
        wallet = self.acted_for(session)
        require_fresh(actor, "to delegate")
        given, text = self.live.state.owner.consent, text_of(self.live.state, self.place)
        if given is None or text is None or given.text_sha256 != text.sha256:
            raise Problem(Code.CONSENT_MISSING, "expected consent to the text that stands now")
        event = DelegationAsked(
            account=self.live.account_id, wallet=wallet, consent=given.id, by=actor.by
        )
        return await self._offered(event, self.commands.identity("delegation", key, actor))

    async def revoke(self, *, actor: Actor, session: Session | None) -> Offer:
        """Give the transaction that takes the right to sign back."""
        wallet = self.acted_for(session)
        event = RevokeAsked(account=self.live.account_id, wallet=wallet, by=actor.by)
        return await self._offered(event, self.commands.new_id())

    async def submit(
        self,
        offer_id: UUID,
        signed: bytes,
        *,
        kind: OwnerTransactionKind,
        actor: Actor,
        session: Session | None,
    ) -> OwnerTransactionSent:
        """Send what the owner's wallet signed; the same bytes again give the same answer."""
        wallet = self.acted_for(session)
        offer = self.live.state.owner.offer(offer_id)
        if offer is None or offer.event.kind is not kind:
            detail = f"expected an offered {kind.value}, found {offer_id}"
            raise Problem(Code.TX_UNKNOWN, detail)
        signature, message = parts_of(signed, wallet)
        event = OwnerTransactionReturned(
            account=self.live.account_id,
            wallet=wallet,
            offer=offer_id,
            signature=signature,
            message=base64.b64encode(message).decode(),
            by=actor.by,
        )
        identity = derive_root_id(event.event_type, self.live.account_id, str(offer_id), signature)
        done = await self.commands.record(event, identity)
        answer = await self._answer(done.command)
        if not isinstance(answer, OwnerTransactionSent):
            raise Problem(Code.VENUE_SILENT, "expected it to be sent, found another answer")
        return answer

    async def _offered(self, event: Event, identity: EventId) -> Offer:
        done = await self.commands.record(event, identity)
        answer = await self._answer(done.command)
        offered = next((it for it in self.live.state.owner.offers if it.event == answer), None)
        if offered is None:
            raise Problem(Code.VENUE_SILENT, "expected an offer, found another answer")
        return offered

    async def _answer(self, command: UUID) -> Event:
        """Wait for execution's answer; raise what it refuses as a problem."""
        answer = await self.live.answer_to(command, timeout_s=self.answer_wait_s)
        if isinstance(answer, OwnerTransactionRefused):
            code = _REFUSALS.get(answer.code, Code.DELEGATION_REFUSED)
            raise Problem(code, f"{answer.code}: {answer.reason}")
        if not isinstance(answer, OwnerTransactionOffered | OwnerTransactionSent):
            detail = f"expected execution's answer within {self.answer_wait_s:g} s, found none"
            raise Problem(Code.VENUE_SILENT, detail, retry_after=2)
        return answer

    def acted_for(self, session: Session | None) -> str:
        """Give the owner's wallet; refuse whoever may not act for it."""
        wallet = self.live.state.owner.wallet
        if wallet is None:
            detail = "expected an account that a wallet owns, found the paper desk's own"
            raise Problem(Code.NO_OWNER, detail)
        if not self.may_act(session):
            found = "nobody" if session is None else session.grant.wallet
            raise Problem(Code.OWNER_WALLET_REQUIRED, f"expected {wallet}, found {found}")
        return wallet


def parts_of(signed: bytes, wallet: str) -> tuple[str, bytes]:
    """Take a transaction of one signature apart; refuse one that the wallet did not sign."""
    if not _SIGNATURE_END < len(signed) <= TRANSACTION_BYTES_MAX or signed[0] != 1:
        detail = f"expected a transaction of one signature, found {len(signed)} bytes"
        raise Problem(Code.TX_ALTERED, detail)
    signature, message = Signature(signed[1:_SIGNATURE_END]), signed[_SIGNATURE_END:]
    if not signature.verify(Pubkey.from_string(wallet), message):
        raise Problem(Code.TX_SIGNATURE_INVALID, f"expected a signature of {wallet}")
    return str(signature), message
