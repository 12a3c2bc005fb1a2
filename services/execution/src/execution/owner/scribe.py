"""What a step of a delegation says in the log."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Protocol, TypedDict, TypeVar
from uuid import UUID

from solders.pubkey import Pubkey

from contracts.delegation import (
    AccountHandedOver,
    CanceledOrders,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationChanged,
    KeyEnd,
    OwnerTransactionDied,
    OwnerTransactionKind,
    OwnerTransactionLanded,
    OwnerTransactionOffered,
    OwnerTransactionRefused,
    OwnerTransactionSent,
)
from contracts.event import Draft, Event
from contracts.ids import EventId, derive_id, derive_root_id
from contracts.routes import subject_of
from contracts.values import Side, VenueClock, from_millis, to_millis
from execution.domain import delegating as steps
from execution.domain.delegating import Chain
from execution.domain.delegation import Delegation, Key, Wish
from execution.owner.offers import SetUp, delegate_message, revoke_message
from execution.owner.returned import NotTaken, require_offered
from execution.signing.keys import SealedKey
from execution.venues.drift.config import DriftVenue
from execution.venues.port import Blockhash, Landed

_T = TypeVar("_T")
_RATIO = Decimal(10**4)
"""A margin ratio of one."""
Spoken = steps.HandOver | steps.Change | steps.Refuse | steps.Propose | steps.Send
"""Steps that need nothing but the chain's newest block to be said."""


class _OfSent(TypedDict):
    account: str
    market: str
    kind: OwnerTransactionKind
    offer: UUID
    signature: str
    clock: VenueClock


class Cause(Protocol):
    """What an event follows from."""

    @property
    def id(self) -> UUID:
        """Give its id."""
        ...

    @property
    def correlation_id(self) -> UUID:
        """Give the id of what it all began with."""
        ...


@dataclass(frozen=True, slots=True)
class _Root:
    id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes for one delegation, at one moment of the chain."""

    it: Delegation
    market: str
    clock: VenueClock
    slot_ms: int
    """So long the chain probably takes for a block."""

    def said(
        self,
        step: Spoken,
        chain: Chain,
        *,
        venue: DriftVenue | None,
        market_accounts: Sequence[Pubkey],
        at: Blockhash,
    ) -> Draft:
        """Give what a step says.

        `venue` are the addresses of the owner who is, or will be; `market_accounts` are what a
        cancel has to name beside them.
        """
        match step:
            case steps.HandOver():
                return self._handed_over(step, venue)
            case steps.Change(state):
                return self._changed(step, chain, state.value)
            case steps.Refuse():
                return self.refused(step)
            case steps.Propose():
                return self._offered(step, chain, _required(venue), market_accounts, at)
            case steps.Send():
                return self._sent(step)

    def born(self, sealed: SealedKey, wish: Wish) -> Draft:
        """Say that a key is there."""
        event = DelegateKeyBorn(
            account=self.it.account,
            wallet=wish.wallet,
            delegate=sealed.delegate,
            request=wish.id,
            born_at=from_millis(sealed.opened_ms),
            expires_at=from_millis(sealed.expires_ms),
        )
        return self._draft(event, wish)

    def destroyed(self, key: Key, reason: KeyEnd) -> Draft:
        """Say that a key is gone."""
        event = DelegateKeyDestroyed(
            account=self.it.account,
            delegate=key.delegate,
            key=key.id,
            reason=reason,
            clock=self.clock,
        )
        return self._draft(event, _Root(key.id, key.request))

    def refused(self, step: steps.Refuse) -> Draft:
        """Say why a wish is not met."""
        event = OwnerTransactionRefused(
            account=self.it.account, about=step.wish.id, code=step.code, reason=step.reason[:500]
        )
        return self._draft(event, step.wish)

    def followed(self, step: steps.Follow, fate: Landed | None, chain: Chain) -> Draft | None:
        """Say what became of a transaction; nothing while it may still land."""
        sent = step.sent
        named: _OfSent = {
            "account": self.it.account,
            "market": self.market,
            "kind": sent.kind,
            "offer": sent.offer,
            "signature": sent.signature,
            "clock": self.clock,
        }
        if fate is not None:
            landed = OwnerTransactionLanded(
                **named, slot=fate.slot, code=fate.code, fee_lamports=fate.fee_lamports
            )
            return self._draft(landed, sent)
        if step.is_over:
            died = OwnerTransactionDied(**named, block_height=chain.block_height)
            return self._draft(died, sent)
        return None

    def _handed_over(self, step: steps.HandOver, venue: DriftVenue | None) -> Draft:
        event = AccountHandedOver(
            account=self.it.account,
            market=self.market,
            wallet=step.naming.wallet,
            sub_account=None if venue is None else str(venue.user),
            clock=self.clock,
        )
        return self._draft(event, _Root(step.naming.id, step.naming.id))

    def _changed(self, step: steps.Change, chain: Chain, state: str) -> Draft:
        event = DelegationChanged(
            account=self.it.account,
            market=self.market,
            before=self.it.state,
            state=step.state,
            delegate=chain.delegate,
            clock=self.clock,
        )
        name = derive_root_id(event.event_type, self.it.account, self.it.changes, state)
        return Draft(
            event=event,
            id=name,
            subject=subject_of(event),
            occurred_at=self.clock.at,
            correlation_id=name,
        )

    def _offered(
        self,
        step: steps.Propose,
        chain: Chain,
        venue: DriftVenue,
        market_accounts: Sequence[Pubkey],
        at: Blockhash,
    ) -> Draft:
        is_revoke = step.kind is OwnerTransactionKind.REVOKE
        cancels = delegate = None
        first = SetUp()
        if is_revoke:
            side = _side(chain)
            cancels = CanceledOrders.ALL if side is None else CanceledOrders.ENTRIES
            message = revoke_message(
                venue, side=side, market_accounts=market_accounts, blockhash=at.hash
            )
        else:
            delegate, first = _required(self.it.key).delegate, self._set_up(chain)
            named = Pubkey.from_string(delegate)
            message = delegate_message(
                venue, named, first=first, market_accounts=market_accounts, blockhash=at.hash
            )
        left_ms = (at.last_valid_block_height - chain.block_height) * self.slot_ms
        event = OwnerTransactionOffered(
            account=self.it.account,
            market=self.market,
            kind=step.kind,
            wallet=step.wish.wallet,
            request=step.wish.id,
            delegate=delegate,
            cancels=cancels,
            opens_account=first.opens_account,
            leverage_max=None if first.margin_ratio is None else self.it.leverage_max,
            deposit_usd=first.deposit_usd or None,
            delegate_lamports=first.delegate_lamports,
            message=base64.b64encode(message).decode(),
            message_sha256=hashlib.sha256(message).hexdigest(),
            blockhash=at.hash,
            last_valid_block_height=at.last_valid_block_height,
            expires_at=from_millis(to_millis(self.clock.at) + max(0, left_ms)),
            clock=self.clock,
        )
        return self._draft(event, step.wish)

    def _set_up(self, chain: Chain) -> SetUp:
        """Give what the delegation lacks: an account, the cap that was agreed to, money."""
        ratio = None
        if chain.margin_ratio is not None and self.it.leverage_max is not None:
            ratio = int((_RATIO / self.it.leverage_max).to_integral_value(ROUND_CEILING))
        return SetUp(
            opens_statistics=not chain.has_statistics,
            opens_account=not chain.is_open,
            margin_ratio=None if ratio == chain.margin_ratio else ratio,
            deposit_usd=chain.deposit_due_usd,
            delegate_lamports=chain.fees_due_lamports,
        )

    def _sent(self, step: steps.Send) -> Draft:
        wish, offer = step.wish, step.offer
        message = base64.b64decode(wish.message)
        try:
            require_offered(base64.b64decode(offer.message), message, signature=wish.signature)
        except NotTaken as refusal:
            return self.refused(steps.Refuse(wish, refusal.code, str(refusal)))
        event = OwnerTransactionSent(
            account=self.it.account,
            market=self.market,
            kind=offer.kind,
            offer=offer.id,
            signature=wish.signature,
            message=wish.message,
            message_sha256=hashlib.sha256(message).hexdigest(),
            blockhash=offer.blockhash,
            last_valid_block_height=offer.last_valid_block_height,
            clock=self.clock,
        )
        return self._draft(event, wish)

    def _draft(self, event: Event, cause: Cause) -> Draft:
        return Draft(
            event=event,
            id=derive_id(EventId(cause.id), event.event_type),
            subject=subject_of(event),
            occurred_at=self.clock.at,
            correlation_id=EventId(cause.correlation_id),
            causation_id=EventId(cause.id),
        )


def _side(chain: Chain) -> Side | None:
    """Give the side of the position, whose orders would add to it; None when flat."""
    if not chain.position_base:
        return None
    return Side.LONG if chain.position_base > 0 else Side.SHORT


def _required(value: _T | None) -> _T:
    if value is None:
        raise LookupError("expected an owner with a key, found none")
    return value
