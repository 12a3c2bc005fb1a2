"""Signing by hand: the owner's wallet signs what the desk would else sign with a delegate key.

The desk asks for a signature and offers the bytes; without the signature they are nothing, and no
order of theirs is intended. What comes back is judged, and becomes a transaction like any other:
intended, planned, signed, landed or dead.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.access import WalletAddress
from contracts.delegation import Blockhash, MessageBytes, Sha256, SolanaSignature
from contracts.event import Event
from contracts.order import (
    CancelIntended,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.transaction import RetryClass, Urgency
from contracts.values import DecimalString, Note, Token, UtcTime, VenueClock

AskedIntent = (
    OrderIntended | ReplaceIntended | CancelIntended | TriggerIntended | SideCancelIntended
)
"""What an instruction would carry out; their fields tell them apart."""


class SigningMode(StrEnum):
    """Who signs an account's transactions."""

    DELEGATE = "delegate"
    """The key that the owner named, or the desk itself where nobody owns the account."""
    MANUAL = "manual"
    """The owner's wallet, one by one."""


class SigningModeChanged(Event):
    """The owner chose who signs from now on. What is signed already keeps its fate."""

    event_type: ClassVar[str] = "signing_mode_changed"
    owner: ClassVar[str] = "gateway"

    account: Token
    before: SigningMode
    mode: SigningMode
    wallet: WalletAddress | None
    """Who signs by hand; None with a delegate."""
    by: Note


class TransactionReturned(Event):
    """The owner's wallet signed what was offered; whether it is that is yet to be seen."""

    event_type: ClassVar[str] = "transaction_returned"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    offer: UUID
    """The `signature_asked` that it answers."""
    signature: SolanaSignature
    message: MessageBytes
    by: Note


class OfferDeclined(Event):
    """The owner does not want to sign this."""

    event_type: ClassVar[str] = "offer_declined"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    offer: UUID
    """The `signature_asked` that it is about."""
    by: Note


class SignatureAsked(Event):
    """The desk wants this signed by the owner's wallet, all or nothing. Its id names the offer.

    Nothing of it is intended yet: that is recorded with the signature.
    """

    event_type: ClassVar[str] = "signature_asked"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID | None
    """The setup that it serves; None when none lives."""
    wallet: WalletAddress
    """Who is to sign, and pays."""
    intents: tuple[AskedIntent, ...] = Field(min_length=1, max_length=32)
    retry_class: RetryClass
    urgency: Urgency
    priority_fee_lamports: int = Field(ge=0)


class SimulatedEffect(BaseModel):
    """What the account would be right after it, if it ran now."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: int | None
    """The program's error; None when it runs through."""
    position_base: DecimalString
    """Signed, before…"""
    position_after_base: DecimalString
    """…and after it."""
    orders: int = Field(ge=0)
    orders_after: int = Field(ge=0)
    """Open ones."""
    equity_usd: DecimalString
    margin_usd: DecimalString
    """Equity that position and open orders ask for at their worst, before…"""
    margin_after_usd: DecimalString
    """…and after it."""
    fee_lamports: int = Field(ge=0)
    """What landing would cost the wallet."""


class Rehearsed(BaseModel):
    """What a node said of the bytes when they were offered: it ran them, and kept nothing.

    Without a reason and a silence they run through.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: int | None
    """The program's error."""
    reason: Note | None
    """Why it would fail: the program's name of the error, or the node's."""
    units: int | None = Field(ge=0)
    """Compute units that it took."""
    silence: Note | None
    """Why no node could say."""


class TransactionOffered(Event):
    """The bytes for the owner's wallet, judged as our own signer would judge them."""

    event_type: ClassVar[str] = "transaction_offered"
    event_version: ClassVar[int] = 2
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    offer: UUID
    """Its `signature_asked`."""
    wallet: WalletAddress
    message: MessageBytes
    message_sha256: Sha256
    blockhash: Blockhash
    last_valid_block_height: int = Field(ge=0)
    """The last block that can take it."""
    expires_at: UtcTime
    """When the chain will probably have passed that block."""
    simulated: SimulatedEffect | None
    """None where the venue cannot say."""
    rehearsed: Rehearsed | None
    """None where no node is asked."""
    clock: VenueClock


class OfferOutcome(StrEnum):
    """How an offer ended."""

    SIGNED = "signed"
    EXPIRED = "expired"
    """No block can take it any more."""
    REPLACED = "replaced"
    """A newer offer stands for it."""
    UNWANTED = "unwanted"
    """The plan does not want it any more."""
    DECLINED = "declined"
    MODE = "mode"
    """Somebody else signs now."""


class OfferClosed(Event):
    """An offer can no longer be accepted; one that was signed is a transaction now."""

    event_type: ClassVar[str] = "offer_closed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    offer: UUID
    """Its `signature_asked`."""
    outcome: OfferOutcome
    about: UUID | None
    """What the owner said that it answers; None when the owner said nothing."""
    transaction: UUID | None
    """Its `transaction_planned`, once it is signed."""


class ReturnRefused(Event):
    """What the owner's wallet gave back, or said of an offer, was not taken."""

    event_type: ClassVar[str] = "return_refused"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    about: UUID
    """The `transaction_returned` or `offer_declined` that is refused."""
    offer: UUID
    code: Token
    """`tx-altered`, `tx-fee-too-high`, `tx-expired`, `tx-replaced`, `tx-unwanted`, `wrong-wallet`,
    `not-now`, …"""
    reason: Note
    """What was expected and what was found."""
