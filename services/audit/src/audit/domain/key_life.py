"""What must stand in the log before a delegate key signs, and that nothing is signed after its end.

Where a wallet owns the account, each signature is that of the account's key: born for the request
of its owner, who consented before, shown by the chain as the delegate, not yet destroyed, and
within its day. An account has one key at a time, and no key twice. Where nobody owns a paper
account, the desk signs for itself; on a chain nobody does.

What the owner signs by hand is for `by_hand` to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from audit.domain.by_hand import ByHand, is_signed
from audit.domain.verification import Difference, shorten
from contracts.control import AccountOpened
from contracts.delegation import (
    AccountHandedOver,
    ConsentGiven,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationAsked,
    DelegationChanged,
    DelegationState,
    OwnerTransactionOffered,
    OwnerTransactionSent,
)
from contracts.event import Recorded
from contracts.manual import OfferClosed, TransactionOffered, TransactionReturned
from contracts.transaction import TransactionSigned
from contracts.venue import DelegateSeen, VenueObserved
from contracts.venues import PAPER

KEY_LIFE_MAX = timedelta(hours=24)
_OURS = (DelegationState.ACTIVE, DelegationState.REVOKING)


@dataclass(frozen=True, slots=True)
class _Account:
    """What the log says of one account's keys."""

    needs_key: bool = False
    owner: str | None = None
    """The wallet that it was handed over to."""
    consents: Mapping[UUID, str] = field(default_factory=dict[UUID, str])
    """Whose each is."""
    requests: Mapping[UUID, DelegationAsked] = field(default_factory=dict[UUID, DelegationAsked])
    """What asked for a key and has none yet."""
    born: DelegateKeyBorn | None = None
    """The newest key, whether it lives or not."""
    key: UUID | None = None
    """Its birth; None once it is destroyed."""
    ended: int = 0
    """Position of its end."""
    seen: DelegateSeen | None = None
    """Who may sign, in the newest snapshot."""


@dataclass(slots=True)
class KeyLife:
    """Folds events in position order and gives what stands outside of a key's life."""

    _accounts: dict[str, _Account] = field(default_factory=dict[str, _Account])
    _delegates: set[str] = field(default_factory=set[str])
    """Every key that was ever born."""
    _by_hand: ByHand = field(default_factory=ByHand)
    _offers: dict[UUID, OwnerTransactionOffered] = field(
        default_factory=dict[UUID, OwnerTransactionOffered]
    )

    def fold(self, recorded: Recorded) -> list[Difference]:
        """Take one event; give what must hold of it and does not."""
        event = recorded.event
        match event:
            case AccountOpened():
                self._set(event.account, needs_key=event.venue != PAPER)
            case AccountHandedOver():
                owner = event.wallet
                self._set(event.account, needs_key=owner is not None, owner=owner)
            case ConsentGiven():
                consents = self._account(event.account).consents
                self._set(event.account, consents={**consents, recorded.id: event.wallet})
            case DelegationAsked():
                requests = self._account(event.account).requests
                self._set(event.account, requests={**requests, recorded.id: event})
            case VenueObserved():
                self._set(event.account, seen=event.delegate)
            case OwnerTransactionOffered():
                self._offers[recorded.id] = event
            case TransactionOffered() | TransactionReturned():
                self._by_hand.fold(recorded.id, event)
            case _:
                return [_difference(recorded, *it) for it in self._judged(recorded)]
        return []

    def _judged(self, recorded: Recorded) -> list[tuple[str, str]]:
        event = recorded.event
        match event:
            case DelegateKeyBorn():
                return self._bear(event, recorded)
            case DelegateKeyDestroyed():
                return self._destroy(event, recorded)
            case DelegationChanged() if event.state in _OURS:
                return self._show(event)
            case TransactionSigned():
                return self._sign(event)
            case OwnerTransactionSent():
                return self._send(event)
            case OfferClosed():
                return self._by_hand.close(event)
            case _:
                return []

    def _bear(self, event: DelegateKeyBorn, recorded: Recorded) -> list[tuple[str, str]]:
        it = self._account(event.account)
        found: list[tuple[str, str]] = []
        if it.key is not None and it.born is not None:
            found.append((f"the end of key {it.born.delegate} before it", "none"))
        asked = it.requests.get(event.request)
        if asked is None:
            found.append((f"delegation_asked {event.request} before it", "none, or used already"))
        else:
            found += _unasked(it, asked, event)
        if event.delegate in self._delegates:
            found.append(("a new key", f"{event.delegate} again"))
        life = event.expires_at - event.born_at
        if not timedelta(0) < life <= KEY_LIFE_MAX:
            found.append((f"a life of at most {KEY_LIFE_MAX}", str(life)))
        self._delegates.add(event.delegate)
        left = {one: by for one, by in it.requests.items() if one != event.request}
        self._set(event.account, born=event, key=recorded.id, requests=left)
        return found

    def _destroy(self, event: DelegateKeyDestroyed, recorded: Recorded) -> list[tuple[str, str]]:
        it = self._account(event.account)
        found: list[tuple[str, str]] = []
        if it.key != event.key or it.born is None or it.born.delegate != event.delegate:
            found.append((f"a living key {event.delegate}", _living(it)))
        self._set(event.account, key=None, ended=recorded.position)
        return found

    def _show(self, event: DelegationChanged) -> list[tuple[str, str]]:
        it = self._account(event.account)
        if it.key is not None and it.born is not None and it.born.delegate == event.delegate:
            return []
        return [(f"a living key {event.delegate}", _living(it))]

    def _sign(self, event: TransactionSigned) -> list[tuple[str, str]]:
        by_hand = self._by_hand.judge(event)
        if by_hand is not None:
            return by_hand
        it = self._account(event.account)
        if not it.needs_key:
            return []
        if it.key is None or it.born is None:
            return [(f"a living key of {event.account}", _living(it))]
        found: list[tuple[str, str]] = []
        if event.clock.at >= it.born.expires_at:
            found.append((f"a time before its end at {it.born.expires_at}", str(event.clock.at)))
        if it.seen is not DelegateSeen.OURS:
            seen = "no snapshot" if it.seen is None else it.seen.value
            found.append(("a snapshot that shows our delegate", seen))
        if not is_signed(event.message, by=it.born.delegate, signature=event.signature):
            found.append((f"a signature of the delegate {it.born.delegate}", event.signature))
        return found

    def _send(self, event: OwnerTransactionSent) -> list[tuple[str, str]]:
        offer = self._offers.get(event.offer)
        if offer is None:
            return [(f"owner_transaction_offered {event.offer} before it", "none")]
        if (event.account, event.kind) != (offer.account, offer.kind):
            return [(f"a {offer.kind} of {offer.account}", f"a {event.kind} of {event.account}")]
        if not is_signed(event.message, by=offer.wallet, signature=event.signature):
            return [(f"a signature of the owner {offer.wallet}", event.signature)]
        return []

    def _account(self, name: str) -> _Account:
        return self._accounts.get(name, _Account())

    def _set(self, name: str, **changes: object) -> None:
        self._accounts[name] = replace(self._account(name), **changes)


def _unasked(it: _Account, asked: DelegationAsked, event: DelegateKeyBorn) -> list[tuple[str, str]]:
    """Give what the owner did not say of a key that is born for a request."""
    owner = it.owner or asked.wallet
    found = [
        (f"{what} of the owner {owner}", by)
        for what, by in (("a request", asked.wallet), ("a key", event.wallet))
        if by != owner
    ]
    consented = it.consents.get(asked.consent)
    if consented != asked.wallet:
        what = f"consent_given {asked.consent} before it, of {asked.wallet}"
        found.append((what, consented or "none"))
    return found


def _living(it: _Account) -> str:
    if it.born is None:
        return "none"
    if it.key is None:
        return f"{it.born.delegate}, destroyed at position {it.ended}"
    return it.born.delegate


def _difference(recorded: Recorded, expected: str, found: str) -> Difference:
    what = recorded.event.event_type
    return Difference(recorded.position, what, shorten(expected), shorten(found))
