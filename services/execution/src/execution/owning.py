"""What owners of accounts lead to: keys, transactions for their wallets, and their fates.

The thin shell around `domain.delegating`: it reads the chain, takes one step, records what the step
says, and only then lets the venue hear of it. A key's file precedes the event of its birth, and is
gone before the event of its end.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from contracts.delegation import (
    AccountHandedOver,
    DelegateKeyDestroyed,
    KeyEnd,
    OwnerTransactionSent,
)
from contracts.event import Draft, Event
from contracts.values import VenueClock, from_millis
from execution.domain import delegating as steps
from execution.domain.delegating import Chain
from execution.domain.delegation import Delegation
from execution.engine import transaction_of
from execution.owner.scribe import Scribe
from execution.signing.cabinet import KeyCabinet
from execution.signing.keys import KeyUnusable
from execution.standing import Standing
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.owners import paper_venue

Record = Callable[[Sequence[Draft]], Awaitable[None]]
_log = structlog.get_logger()


class Owning:
    """Settles the delegations of one venue's accounts."""

    def __init__(self, standing: Standing, cabinet: KeyCabinet | None, record: Record) -> None:
        """Settle with the keys of a cabinet; without one no key can be kept."""
        self._standing = standing
        self._cabinet = cabinet
        self._record = record
        self._looked: dict[str, tuple[int, Delegation]] = {}
        self._has_swept = False

    @property
    def is_moving(self) -> bool:
        """Say whether something of an owner's is on its way."""
        return any(not it.is_quiet for it in self._standing.delegations.values())

    async def settle(self, venue: PaperChain) -> list[str]:
        """Do all that owners, the chain and the clock ask for now; name whose something was."""
        done: list[str] = []
        self._sweep()
        for account, it in tuple(self._standing.delegations.items()):
            is_houses = it.owner is None and it.key is None and it.is_quiet
            if is_houses or self._looked.get(account) == (venue.slot, it):
                continue
            while (draft := self._step(venue, self._standing.delegations[account])) is not None:
                await self._record([draft])
                self._carry_out(venue, draft.event)
                done.append(account)
            self._looked[account] = (venue.slot, self._standing.delegations[account])
        return sorted(set(done))

    def _step(self, venue: PaperChain, it: Delegation) -> Draft | None:
        chain = self._chain(venue, it.account)
        scribe = Scribe(
            it,
            market=venue.market,
            clock=VenueClock(
                at=from_millis(venue.now_ms), slot=venue.slot, trade_id=venue.last_trade_id
            ),
            slot_ms=self._standing.rules.slot_ms,
        )
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
                place = None if owner is None else paper_venue(venue.market, owner)
                return scribe.said(step, chain, venue=place, at=venue.blockhash())

    def _chain(self, venue: PaperChain, account: str) -> Chain:
        seen = venue.sub_account(account)
        is_flat = not (seen.position_base or seen.orders)
        return Chain(
            delegate=seen.delegate,
            block_height=seen.block_height,
            now_ms=venue.now_ms,
            position_base=seen.position_base,
            is_empty=is_flat and self._standing.planner.account(account).is_idle,
        )

    def _is_open(self, it: Delegation, chain: Chain) -> bool:
        """Say whether our key can sign, or its life is over anyway."""
        key = it.key
        if key is None or chain.now_ms >= key.expires_ms:
            return True
        return self._cabinet is not None and self._cabinet.open(
            account=it.account,
            wallet=key.wallet,
            request=key.request,
            delegate=key.delegate,
            now_ms=chain.now_ms,
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

    def _carry_out(self, venue: PaperChain, event: Event) -> None:
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
            for account, it in self._standing.delegations.items()
            for request in it.requests
        ]
        for name in self._cabinet.sweep(alive):
            _log.info("sealed_key_swept", file=name)
