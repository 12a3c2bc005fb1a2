"""What the log says about one account's delegation: a fold that never refuses and never decides.

The chain says who may sign; here is what was asked, what is on its way, and which key is ours.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from contracts.control import AccountOpened, KillLevel, KillSwitchEngaged, TradingResumed
from contracts.delegation import (
    AccountHandedOver,
    ConsentGiven,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationAsked,
    DelegationChanged,
    DelegationState,
    OwnerNamed,
    OwnerTransactionDied,
    OwnerTransactionKind,
    OwnerTransactionLanded,
    OwnerTransactionOffered,
    OwnerTransactionRefused,
    OwnerTransactionReturned,
    OwnerTransactionSent,
    RevokeAsked,
)
from contracts.event import Recorded
from contracts.values import to_millis
from contracts.venues import PAPER

OFFERS_KEPT = 4
WISHES_MAX = 64
"""Wishes that wait; the oldest of more is forgotten, and its person asks again."""
_OURS = (DelegationState.ACTIVE, DelegationState.REVOKING)
_NAMED = (*_OURS, DelegationState.FOREIGN)


@dataclass(frozen=True, slots=True)
class Naming:
    """Who is to own the account, and the event that said so."""

    id: UUID
    wallet: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the owner wants and has no answer to yet."""

    id: UUID
    correlation_id: UUID
    wallet: str
    kind: OwnerTransactionKind | None
    """What is to be offered; None for a signed transaction that is to be sent."""
    offer: UUID | None = None
    signature: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """Our key that lives. Times in epoch milliseconds of the chain."""

    id: UUID
    request: UUID
    wallet: str
    delegate: str
    expires_ms: int
    has_acted: bool = False
    """Whether the chain has shown it as the delegate."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A transaction that the owner may sign."""

    id: UUID
    correlation_id: UUID
    kind: OwnerTransactionKind
    wallet: str
    delegate: str | None
    message: str
    blockhash: str
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class Sent:
    """An owner's transaction without a fate."""

    id: UUID
    correlation_id: UUID
    offer: UUID
    kind: OwnerTransactionKind
    delegate: str | None
    signature: str
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class Delegation:
    """The fold of one account."""

    account: str
    naming: Naming | None = None
    """The newest that was not carried out."""
    owner: str | None = None
    """Whose account the venue holds; None: the desk's own."""
    consent: UUID | None = None
    """The owner's newest."""
    leverage_max: Decimal | None = None
    """The cap on leverage that it was given under."""
    wishes: tuple[Wish, ...] = ()
    """In the order of the log."""
    key: Key | None = None
    offers: tuple[Offer, ...] = ()
    sent: tuple[Sent, ...] = ()
    answered: tuple[UUID, ...] = ()
    """Offers that were sent, newest last."""
    state: DelegationState = DelegationState.NONE
    seen: str | None = None
    """Whom the chain showed last."""
    was_named: bool = False
    """Whether the owner ever named anybody."""
    changes: int = 0
    own_kill_ms: int | None = None
    global_kill_ms: int | None = None
    """Since when a kill stands that ends the key."""

    @property
    def revoke_kill_ms(self) -> int | None:
        """Give since when the key is to end; None while it is not."""
        since = [it for it in (self.own_kill_ms, self.global_kill_ms) if it is not None]
        return min(since, default=None)

    @property
    def requests(self) -> tuple[UUID, ...]:
        """Name the requests whose key may be on the disk."""
        open_ones = tuple(it.id for it in self.wishes)
        return open_ones if self.key is None else (*open_ones, self.key.request)

    @property
    def is_quiet(self) -> bool:
        """Say whether only the chain, or a new wish, can lead to anything."""
        return not (self.naming or self.wishes or self.sent)


def apply(state: Delegation, recorded: Recorded) -> Delegation:
    """Give the state after an event of this account, or of all accounts."""
    event = recorded.event
    match event:
        case KillSwitchEngaged() | TradingResumed():
            return _killed(state, event, to_millis(recorded.occurred_at))
        case OwnerNamed():
            return replace(state, naming=Naming(recorded.id, event.wallet))
        case ConsentGiven():
            return replace(state, consent=recorded.id, leverage_max=event.limits.leverage_max)
        case DelegationAsked() | RevokeAsked() | OwnerTransactionReturned():
            return replace(state, wishes=(*state.wishes, _wish(recorded, event))[-WISHES_MAX:])
        case AccountHandedOver():
            fresh = Delegation(state.account, owner=event.wallet, key=state.key)
            kills = {"own_kill_ms": state.own_kill_ms, "global_kill_ms": state.global_kill_ms}
            return replace(fresh, wishes=state.wishes, changes=state.changes, **kills)
        case DelegateKeyBorn():
            born = Key(
                id=recorded.id,
                request=event.request,
                wallet=event.wallet,
                delegate=event.delegate,
                expires_ms=to_millis(event.expires_at),
            )
            return replace(state, key=born)
        case DelegateKeyDestroyed():
            return replace(state, key=None)
        case DelegationChanged():
            return _changed(state, event)
        case _:
            return _sent(state, recorded)


def apply_all(
    known: MutableMapping[str, Delegation], recorded: Recorded, *, on_paper: bool, kill_level: int
) -> None:
    """Fold an event into the delegations of a venue's accounts, whichever it concerns.

    `kill_level` is that of the global kill.
    """
    event = recorded.event
    if isinstance(event, AccountOpened) and (event.venue == PAPER) is on_paper:
        ends_keys = kill_level >= KillLevel.REVOKE_DELEGATE
        since_ms = to_millis(recorded.occurred_at) if ends_keys else None
        known.setdefault(event.account, Delegation(event.account, global_kill_ms=since_ms))
    is_global = isinstance(event, KillSwitchEngaged | TradingResumed) and event.account is None
    named = tuple(known) if is_global else (getattr(event, "account", None),)
    for account in named:
        before = known.get(account or "")
        if before is not None:
            known[before.account] = apply(before, recorded)


def _killed(state: Delegation, event: KillSwitchEngaged | TradingResumed, at_ms: int) -> Delegation:
    name = "global_kill_ms" if event.account is None else "own_kill_ms"
    if isinstance(event, TradingResumed):
        return replace(state, **{name: None})
    if event.level < KillLevel.REVOKE_DELEGATE or getattr(state, name) is not None:
        return state
    return replace(state, **{name: at_ms})


def _wish(
    recorded: Recorded, event: DelegationAsked | RevokeAsked | OwnerTransactionReturned
) -> Wish:
    base = Wish(recorded.id, recorded.correlation_id, event.wallet, None)
    match event:
        case DelegationAsked():
            return replace(base, kind=OwnerTransactionKind.DELEGATE)
        case RevokeAsked():
            return replace(base, kind=OwnerTransactionKind.REVOKE)
        case OwnerTransactionReturned():
            return replace(
                base, offer=event.offer, signature=event.signature, message=event.message
            )


def _changed(state: Delegation, event: DelegationChanged) -> Delegation:
    key = state.key
    if key is not None and event.state in _OURS:
        key = replace(key, has_acted=True)
    return replace(
        state,
        key=key,
        state=event.state,
        seen=event.delegate,
        was_named=state.was_named or event.state in _NAMED,
        changes=state.changes + 1,
    )


def _sent(state: Delegation, recorded: Recorded) -> Delegation:
    event = recorded.event
    match event:
        case OwnerTransactionOffered():
            offer = Offer(
                id=recorded.id,
                correlation_id=recorded.correlation_id,
                kind=event.kind,
                wallet=event.wallet,
                delegate=event.delegate,
                message=event.message,
                blockhash=event.blockhash,
                last_valid_block_height=event.last_valid_block_height,
            )
            state = _without(state, event.request)
            return replace(state, offers=(*state.offers, offer)[-OFFERS_KEPT:])
        case OwnerTransactionRefused():
            if state.naming is not None and state.naming.id == event.about:
                return replace(state, naming=None)
            return _without(state, event.about)
        case OwnerTransactionSent():
            offered = next((it for it in state.offers if it.id == event.offer), None)
            sent = Sent(
                id=recorded.id,
                correlation_id=recorded.correlation_id,
                offer=event.offer,
                kind=event.kind,
                delegate=None if offered is None else offered.delegate,
                signature=event.signature,
                last_valid_block_height=event.last_valid_block_height,
            )
            wishes = tuple(it for it in state.wishes if it.signature != event.signature)
            answered = (*state.answered, event.offer)[-OFFERS_KEPT:]
            return replace(state, wishes=wishes, sent=(*state.sent, sent), answered=answered)
        case OwnerTransactionLanded() | OwnerTransactionDied():
            left = tuple(it for it in state.sent if it.signature != event.signature)
            return replace(state, sent=left)
        case _:
            return state


def _without(state: Delegation, wish: UUID) -> Delegation:
    return replace(state, wishes=tuple(it for it in state.wishes if it.id != wish))
