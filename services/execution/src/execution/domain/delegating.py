"""The next step of a delegation: from what the log says and what the chain shows, one at a time.

Steps are derived from the state each time, so a crash between two of them changes nothing but
when. Whatever ends a key comes before whatever uses it.
"""

from dataclasses import dataclass
from decimal import Decimal

from contracts.delegation import DelegationState, KeyEnd, OwnerTransactionKind
from execution.domain.delegation import Delegation, Naming, Offer, Sent, Wish

KILL_MS_MAX = 120_000
"""So long a kill that ends the key may take to flatten; then the key ends all the same."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What the chain shows of the account now."""

    delegate: str | None
    block_height: int
    now_ms: int
    position_base: Decimal
    is_empty: bool
    """No position, no order, and nothing of ours on its way."""
    owner: str | None = None
    """The only wallet that the account can belong to; None where any can."""
    is_open: bool = True
    """Whether the venue holds the sub-account; else naming a delegate opens it."""
    has_statistics: bool = True
    """Whether the owner has traded there before."""
    margin_ratio: int | None = None
    """The owner's cap, in 1e-4 of what is held; None where the program has none."""
    deposit_due_usd: Decimal = Decimal(0)
    """What the owner pays in when it names a delegate."""
    fees_due_lamports: int = 0
    """What it sends to the delegate with that."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Let the venue hold the account for its owner."""

    naming: Naming


@dataclass(frozen=True, slots=True)
class Destroy:
    """End our key."""

    reason: KeyEnd


@dataclass(frozen=True, slots=True)
class Follow:
    """Look up what became of a transaction; `is_over` when no block can take it any more."""

    sent: Sent
    is_over: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Say what the chain shows now."""

    state: DelegationState


@dataclass(frozen=True, slots=True)
class Refuse:
    """Say why a wish is not met."""

    wish: Wish
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bear:
    """Make a key for a wish."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class Propose:
    """Write the transaction that a wish asks for."""

    wish: Wish
    kind: OwnerTransactionKind


@dataclass(frozen=True, slots=True)
class Send:
    """Send what the owner signed, if it is what was offered."""

    wish: Wish
    offer: Offer


Step = HandOver | Destroy | Change | Refuse | Bear | Propose | Send


def next_step(it: Delegation, chain: Chain, *, has_store: bool) -> Step | None:
    """Give what is to be done now, but for following what was sent; None when nothing is.

    `has_store` says whether keys can be kept at all.
    """
    if it.naming is not None:
        return _hand_over(it.naming, chain)
    end = end_of(it, chain)
    if end is not None:
        return Destroy(end)
    state = state_of(it, chain)
    if state is not it.state or chain.delegate != it.seen:
        return Change(state)
    if it.wishes:
        return _answer(it, it.wishes[0], chain, has_store=has_store)
    return None


def to_follow(it: Delegation, chain: Chain) -> tuple[Follow, ...]:
    """Give the transactions whose fate is to be looked up."""
    height = chain.block_height
    return tuple(Follow(sent, height > sent.last_valid_block_height) for sent in it.sent)


def state_of(it: Delegation, chain: Chain) -> DelegationState:
    """Give who may sign, as the chain shows it, and what is on its way."""
    if it.owner is None:
        return DelegationState.NONE
    key = it.key
    if key is not None and chain.delegate == key.delegate:
        is_leaving = any(sent.kind is OwnerTransactionKind.REVOKE for sent in it.sent)
        return DelegationState.REVOKING if is_leaving else DelegationState.ACTIVE
    if key is not None and _is_awaited(it, chain, key.delegate):
        return DelegationState.AWAITING
    if chain.delegate is not None:
        return DelegationState.FOREIGN
    return DelegationState.REVOKED if it.was_named else DelegationState.NONE


def _is_awaited(it: Delegation, chain: Chain, delegate: str) -> bool:
    """Say whether a transaction that names this key can still land."""
    if any(sent.delegate == delegate for sent in it.sent):
        return True
    return any(
        offer.delegate == delegate
        and offer.id not in it.answered
        and chain.block_height <= offer.last_valid_block_height
        for offer in it.offers
    )


def end_of(it: Delegation, chain: Chain) -> KeyEnd | None:
    """Give why our key has to end now; None while it need not."""
    key = it.key
    if key is None:
        return None
    if key.wallet != it.owner:
        return KeyEnd.REPLACED
    if chain.now_ms >= key.expires_ms:
        return KeyEnd.EXPIRY
    if key.has_acted and chain.delegate != key.delegate:
        return KeyEnd.REVOKE
    since_ms = it.revoke_kill_ms
    if since_ms is not None and (chain.is_empty or chain.now_ms >= since_ms + KILL_MS_MAX):
        return KeyEnd.KILL
    return None


def _hand_over(naming: Naming, chain: Chain) -> Step:
    if chain.owner is None or naming.wallet == chain.owner:
        return HandOver(naming)
    wallet = naming.wallet or "nobody"
    about = Wish(naming.id, naming.id, wallet, None)
    return Refuse(about, "wrong-wallet", f"expected ACCOUNT_OWNER {chain.owner}, found {wallet}")


def _answer(it: Delegation, wish: Wish, chain: Chain, *, has_store: bool) -> Step:
    if it.owner is None or wish.wallet != it.owner:
        owner = it.owner or "nobody"
        return Refuse(wish, "wrong-wallet", f"expected {owner}, found {wish.wallet}")
    if wish.kind is OwnerTransactionKind.REVOKE:
        if not chain.is_open:
            return Refuse(wish, "no-account", "expected a sub-account to revoke for, found none")
        return Propose(wish, wish.kind)
    if wish.kind is OwnerTransactionKind.DELEGATE:
        return _delegate(it, wish, chain, has_store=has_store)
    return _returned(it, wish, chain)


def _delegate(it: Delegation, wish: Wish, chain: Chain, *, has_store: bool) -> Step:
    key = it.key
    if it.consent is None:
        return Refuse(wish, "no-consent", "expected the owner's consent, found none")
    if it.revoke_kill_ms is not None:
        return Refuse(wish, "halted", "expected trading to be resumed first, found the kill switch")
    if key is None and not has_store:
        return Refuse(
            wish, "no-key-store", "expected DELEGATE_KEYS_DIR and KEY_ENCRYPTION_FILE, found none"
        )
    if key is None:
        return Bear(wish)
    if chain.delegate == key.delegate:
        return Refuse(wish, "already-active", f"expected no delegation, found {key.delegate}")
    return Propose(wish, OwnerTransactionKind.DELEGATE)


def _returned(it: Delegation, wish: Wish, chain: Chain) -> Step:
    offer = next((one for one in it.offers if one.id == wish.offer), None)
    if offer is None:
        return Refuse(wish, "tx-unknown", "expected a transaction that was offered, found another")
    if offer.id in it.answered:
        return Refuse(wish, "tx-repeated", "expected one answer, found a second one")
    if chain.block_height > offer.last_valid_block_height:
        last = offer.last_valid_block_height
        found = chain.block_height
        return Refuse(wish, "tx-expired", f"expected block {last} at most, found {found}")
    if offer.kind is OwnerTransactionKind.DELEGATE:
        if it.revoke_kill_ms is not None:
            return Refuse(wish, "halted", "expected no kill, found one that ends the key")
        if it.key is None or it.key.delegate != offer.delegate:
            return Refuse(wish, "key-gone", f"expected the key {offer.delegate}, found it gone")
    return Send(wish, offer)
