"""The right to sign for an account: agreed to, given by its owner on the chain, and taken back.

What people want stands among their other decisions. What became of it is execution's to say: it
owns the key, and it reads from the chain whom the owner named. No secret is in any of these events.
"""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.access import SessionHandle, WalletAddress
from contracts.event import Event
from contracts.values import Note, Positive, Token, UtcTime, VenueClock

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SolanaSignature = Annotated[str, Field(pattern=r"^[1-9A-HJ-NP-Za-km-z]{64,88}$")]
"""An Ed25519 signature in base58; it names its transaction for ever."""
MessageBytes = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+=*$", max_length=1644)]
"""A transaction's message in base64."""
Blockhash = Annotated[str, Field(pattern=r"^[1-9A-HJ-NP-Za-km-z]{32,44}$")]


class OwnerNamed(Event):
    """Whose wallet owns the account on the venue; entries need a delegate that it named.

    `wallet` is None where nobody does: the paper desk then signs for itself.
    """

    event_type: ClassVar[str] = "owner_named"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress | None
    by: Note


class DelegationLimits(BaseModel):
    """What a consent was given under."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    leverage_max: Positive
    risk_per_trade_bps: Positive
    daily_drawdown_limit_pct: Positive
    key_hours: int = Field(ge=1)
    """How long the key lives."""


class ConsentGiven(Event):
    """The owner agreed to what a delegate can do, in these words.

    `by` is who said so: another wallet of the account, where the owner's cannot sign in.
    """

    event_type: ClassVar[str] = "consent_given"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    session: SessionHandle | None
    """None where nobody signs in."""
    text: str = Field(max_length=8_000)
    """All that was shown."""
    text_sha256: Sha256
    limits: DelegationLimits
    by: Note


class DelegationAsked(Event):
    """The owner asks for a key, and for the transaction that names it."""

    event_type: ClassVar[str] = "delegation_asked"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    consent: UUID
    """The `consent_given` behind it."""
    by: Note


class RevokeAsked(Event):
    """The owner asks for the transaction that takes the right to sign back."""

    event_type: ClassVar[str] = "revoke_asked"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    by: Note


class OwnerTransactionReturned(Event):
    """The owner's wallet signed a transaction; whether it is the one offered is yet to be seen."""

    event_type: ClassVar[str] = "owner_transaction_returned"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    offer: UUID
    """The `owner_transaction_offered` that it answers."""
    signature: SolanaSignature
    message: MessageBytes
    by: Note


class AccountHandedOver(Event):
    """The venue holds the account for this owner from now on.

    Recorded before the venue hears of it; a paper venue then shows no delegate. On a chain it is
    said once: an account there never changes hands, and execution was told whose it is.
    """

    event_type: ClassVar[str] = "account_handed_over"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    wallet: WalletAddress | None
    """None: the desk signs for itself again."""
    sub_account: WalletAddress | None
    """Address of the owner's sub-account."""
    clock: VenueClock


class DelegateKeyBorn(Event):
    """A key that can sign for the account, once its owner names it on the chain."""

    event_type: ClassVar[str] = "delegate_key_born"
    owner: ClassVar[str] = "execution"

    account: Token
    wallet: WalletAddress
    """The owner that it is for."""
    delegate: WalletAddress
    """The public key."""
    request: UUID
    """The `delegation_asked` behind it."""
    born_at: UtcTime
    """Chain time."""
    expires_at: UtcTime
    """Chain time at which it is destroyed at the latest."""


class KeyEnd(StrEnum):
    """Why a key was destroyed."""

    EXPIRY = "expiry"
    REVOKE = "revoke"
    """The chain no longer shows it as the delegate."""
    KILL = "kill"
    """A person engaged the highest level of the kill switch."""
    REPLACED = "replaced"
    """The account has another owner."""
    LOST = "lost"
    """Its file was gone, or could not be opened."""


class DelegateKeyDestroyed(Event):
    """A key is gone, in memory and at rest: nothing is signed with it any more."""

    event_type: ClassVar[str] = "delegate_key_destroyed"
    owner: ClassVar[str] = "execution"

    account: Token
    delegate: WalletAddress
    key: UUID
    """Its `delegate_key_born`."""
    reason: KeyEnd
    clock: VenueClock


class OwnerTransactionKind(StrEnum):
    """What the owner's wallet is asked to sign."""

    DELEGATE = "delegate"
    """Name our key as the sub-account's delegate."""
    REVOKE = "revoke"
    """Cancel orders, and name nobody, all or nothing."""


class CanceledOrders(StrEnum):
    """Which orders a revoke takes back."""

    ALL = "all"
    ENTRIES = "entries"
    """Those that would add to the position; stop and take-profits stay."""


class OwnerTransactionOffered(Event):
    """A transaction for the owner's wallet; without its signature it is nothing."""

    event_type: ClassVar[str] = "owner_transaction_offered"
    event_version: ClassVar[int] = 3
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    kind: OwnerTransactionKind
    wallet: WalletAddress
    """Who is to sign, and pays."""
    request: UUID
    """The event that asked for it."""
    delegate: WalletAddress | None
    """Whom it names; None for nobody."""
    cancels: CanceledOrders | None
    """None when it cancels nothing."""
    opens_account: bool
    """Whether it opens the sub-account first."""
    leverage_max: Positive | None
    """The cap on the account's leverage that it sets in the program; None when it sets none."""
    deposit_usd: Positive | None
    """What it deposits of the wallet's quote asset; None when it deposits nothing."""
    delegate_lamports: int = Field(ge=0)
    """What it sends to the delegate, which pays fees with it."""
    message: MessageBytes
    message_sha256: Sha256
    blockhash: Blockhash
    last_valid_block_height: int = Field(ge=0)
    expires_at: UtcTime
    """When the chain will probably have passed that block."""
    clock: VenueClock


class OwnerTransactionRefused(Event):
    """What the owner asked for, or sent, was not taken."""

    event_type: ClassVar[str] = "owner_transaction_refused"
    owner: ClassVar[str] = "execution"

    account: Token
    about: UUID
    """The event that is refused."""
    code: Token
    """`tx-altered`, `tx-expired`, `no-key-store`, `halted`, `already-active`, …"""
    reason: Note
    """What was expected and what was found."""


class OwnerTransactionSent(Event):
    """The owner's transaction is on its way. Recorded before the first broadcast."""

    event_type: ClassVar[str] = "owner_transaction_sent"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    kind: OwnerTransactionKind
    offer: UUID
    signature: SolanaSignature
    message: MessageBytes
    """As the wallet signed it: with what it may have added."""
    message_sha256: Sha256
    blockhash: Blockhash
    last_valid_block_height: int = Field(ge=0)
    clock: VenueClock


class OwnerTransactionLanded(Event):
    """The chain took the owner's transaction."""

    event_type: ClassVar[str] = "owner_transaction_landed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    kind: OwnerTransactionKind
    offer: UUID
    signature: SolanaSignature
    slot: int = Field(ge=0)
    code: int | None
    """The program's error; None when it ran through."""
    fee_lamports: int = Field(ge=0)
    """Paid by the owner."""
    clock: VenueClock


class OwnerTransactionDied(Event):
    """No block can take the owner's transaction any more, and none did."""

    event_type: ClassVar[str] = "owner_transaction_died"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    kind: OwnerTransactionKind
    offer: UUID
    signature: SolanaSignature
    block_height: int = Field(ge=0)
    """The height that proves it."""
    clock: VenueClock


class DelegationState(StrEnum):
    """Who may sign for the account, as the chain shows it, and what is on its way."""

    NONE = "none"
    AWAITING = "awaiting"
    """Nobody yet: a transaction that names our key can still be signed, or is on its way."""
    ACTIVE = "active"
    FOREIGN = "foreign"
    """Somebody else, or a key of ours that is gone."""
    REVOKING = "revoking"
    """Ours still, while a revoke is on its way."""
    REVOKED = "revoked"
    """Nobody, after it was somebody."""


class DelegationChanged(Event):
    """The chain shows another delegate than before, or something else is on its way."""

    event_type: ClassVar[str] = "delegation_changed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    before: DelegationState
    state: DelegationState
    delegate: WalletAddress | None
    """Whom the chain shows."""
    clock: VenueClock
