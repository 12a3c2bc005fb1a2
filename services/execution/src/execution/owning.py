"""What owners of accounts lead to: keys, transactions for their wallets, and their fates.

The thin shell around `domain.delegating`: it reads the chain, takes one step, records what the step
says, and only then lets the venue hear of it. A key's file precedes the event of its birth, and is
gone before the event of its end. What a wallet is offered was carried out by the program before,
without being kept.
"""

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from contracts.delegation import (
    AccountHandedOver,
    DelegateKeyDestroyed,
    KeyEnd,
    OwnerTransactionOffered,
    OwnerTransactionSent,
)
from contracts.event import Draft, Event
from execution.domain import delegating as steps
from execution.domain.delegating import Chain
from execution.domain.delegation import Delegation, Key
from execution.domain.planner import PlannerCore
from execution.engine import transaction_of
from execution.owner.scribe import Scribe
from execution.signing.cabinet import KeyCabinet
from execution.signing.keys import KeyUnusable
from execution.venues.owned import OwnedVenue

Record = Callable[[Sequence[Draft]], Awaitable[None]]
_log = structlog.get_logger()


class OwnersBook(Protocol):
    """Where the folds of delegations and of orders stand."""

    @property
    def delegations(self) -> dict[str, Delegation]:
        """Give the delegations of the venue's accounts."""
        ...

    @property
    def planner(self) -> PlannerCore:
        """Give what decides on orders."""
        ...


class Owning:
    """Settles the delegations of one venue's accounts."""

    def __init__(self, book: OwnersBook, cabinet: KeyCabinet | None, record: Record) -> None:
        """Settle with the keys of a cabinet; without one no key can be kept."""
        self._book = book
        self._cabinet = cabinet
        self._record = record
        self._looked: dict[str, tuple[int, Delegation]] = {}
        self._has_swept = False

    @property
    def is_moving(self) -> bool:
        """Say whether something of an owner's is on its way."""
        return any(not it.is_quiet for it in self._book.delegations.values())

    def open_keys(self) -> None:
        """Open the keys that the log holds alive, before their chain is read and their time known.

        One that is over is neither signed with nor kept: the first settlement ends it.
        """
        for it in self._book.delegations.values():
            if it.key is not None:
                self._opens(it.account, it.key, now_ms=0)

    async def settle(self, venue: OwnedVenue) -> list[str]:
        """Do all that owners, the chain and the clock ask for now; name whose something was."""
        done: list[str] = []
        self._sweep()
        for account, it in tuple(self._book.delegations.items()):
            slot = venue.moment().slot
            is_houses = it.owner is None and it.key is None and it.is_quiet
            if not venue.holds(account) or is_houses or self._looked.get(account) == (slot, it):
                continue
            while (draft := self._step(venue, self._book.delegations[account])) is not None:
                draft = await self._rehearsed(venue, draft)
                await self._record([draft])
                self._carry_out(venue, draft.event)
                done.append(account)
            self._looked[account] = (slot, self._book.delegations[account])
        return sorted(set(done))

    async def end_keys(self, venue: OwnedVenue) -> bool:
        """End the keys whose time is over, on a chain that was not read lately."""
        has_done = False
        for account, it in tuple(self._book.delegations.items()):
            if not venue.holds(account) or it.key is None:
                continue
            reason = steps.end_of(it, self._chain(venue, account))
            if reason is not None:
                await self._record([self._destroy(self._scribe(venue, it), reason)])
                self._sweep(is_due=True)
                has_done = True
        return has_done

    def _step(self, venue: OwnedVenue, it: Delegation) -> Draft | None:
        chain, scribe = self._chain(venue, it.account), self._scribe(venue, it)
        if it.key is not None and not self._is_open(it, chain):
            return self._destroy(scribe, self._why_gone(it.account, it.key.request))
        for follow in steps.to_follow(it, chain):
            told = scribe.followed(follow, venue.fate(follow.sent.signature), chain)
            if told is not None:
                return told
        step = steps.next_step(it, chain, has_store=self._cabinet is not None)
        match step:
            case None:
                return None
            case steps.Destroy(reason):
                return self._destroy(scribe, reason)
            case steps.Bear():
                return self._bear(scribe, step, now_ms=chain.now_ms)
            case _:
                owner = step.naming.wallet if isinstance(step, steps.HandOver) else it.owner
                return scribe.said(
                    step,
                    chain,
                    venue=None if owner is None else venue.place(owner),
                    market_accounts=venue.market_accounts(),
                    at=venue.blockhash(),
                )

    async def _rehearsed(self, venue: OwnedVenue, draft: Draft) -> Draft:
        """Give an offer as it is when the program would take it, else the refusal of its wish."""
        offer = draft.event
        if not isinstance(offer, OwnerTransactionOffered):
            return draft
        fault = await venue.rehearse(offer.account, base64.b64decode(offer.message))
        if fault is None:
            return draft
        it = self._book.delegations[offer.account]
        wish = next(one for one in it.wishes if one.id == offer.request)
        reason = f"expected the program to take it, found that it would not: {fault}"
        return self._scribe(venue, it).refused(steps.Refuse(wish, "tx-would-fail", reason))

    def _scribe(self, venue: OwnedVenue, it: Delegation) -> Scribe:
        return Scribe(it, market=venue.market, clock=venue.moment(), slot_ms=venue.slot_ms)

    def _chain(self, venue: OwnedVenue, account: str) -> Chain:
        seen = venue.sub_account(account)
        is_flat = not (seen.position_base or seen.orders)
        return Chain(
            delegate=seen.delegate,
            block_height=seen.block_height,
            now_ms=venue.now_ms,
            position_base=seen.position_base,
            is_empty=is_flat and self._book.planner.account(account).is_idle,
            owner=venue.owner,
            is_open=seen.is_open,
            has_statistics=seen.has_statistics,
            margin_ratio=seen.margin_ratio,
            deposit_due_usd=seen.deposit_due_usd,
            fees_due_lamports=seen.fees_due_lamports,
        )

    def _is_open(self, it: Delegation, chain: Chain) -> bool:
        """Say whether our key can sign, or its life is over anyway."""
        key = it.key
        if key is None or chain.now_ms >= key.expires_ms:
            return True
        return self._opens(it.account, key, now_ms=chain.now_ms)

    def _opens(self, account: str, key: Key, *, now_ms: int) -> bool:
        return self._cabinet is not None and self._cabinet.open(
            account=account,
            wallet=key.wallet,
            request=key.request,
            delegate=key.delegate,
            now_ms=now_ms,
        )

    def _why_gone(self, account: str, request: UUID) -> KeyEnd:
        """Give why a key cannot be opened: an earlier process ended it, or it is lost."""
        left = None if self._cabinet is None else self._cabinet.ended(account, request)
        return KeyEnd(left) if left in tuple(KeyEnd) else KeyEnd.LOST

    def _destroy(self, scribe: Scribe, reason: KeyEnd) -> Draft:
        key = scribe.it.key
        if key is None:
            raise LookupError("expected a key to destroy, found none")
        if self._cabinet is not None:
            self._cabinet.destroy(scribe.it.account, key.request, reason=reason.value)
        _log.warning("delegate_key_ends", delegate=key.delegate, reason=reason.value)
        return scribe.destroyed(key, reason)

    def _bear(self, scribe: Scribe, step: steps.Bear, *, now_ms: int) -> Draft:
        if self._cabinet is None:
            raise LookupError("expected a cabinet for keys, found none")
        wish = step.wish
        try:
            sealed = self._cabinet.bear(
                account=scribe.it.account, wallet=wish.wallet, request=wish.id, now_ms=now_ms
            )
        except KeyUnusable as error:
            return scribe.refused(steps.Refuse(wish, "no-key-store", str(error)))
        return scribe.born(sealed, wish)

    def _carry_out(self, venue: OwnedVenue, event: Event) -> None:
        """Let the venue hear of what is recorded, and forget a key whose end is."""
        match event:
            case AccountHandedOver():
                venue.hand_over(event.account, event.wallet)
            case OwnerTransactionSent():
                venue.submit(transaction_of(event))
            case DelegateKeyDestroyed() if self._cabinet is not None:
                self._sweep(is_due=True)
            case _:
                pass

    def _sweep(self, *, is_due: bool = False) -> None:
        """Take off the disk the keys that the log knows nothing of, or knows to be over."""
        if self._cabinet is None or (self._has_swept and not is_due):
            return
        self._has_swept = True
        alive = [
            (account, request)
            for account, it in self._book.delegations.items()
            for request in it.requests
        ]
        for name in self._cabinet.sweep(alive):
            _log.info("sealed_key_swept", file=name)
