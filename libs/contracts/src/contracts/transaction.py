"""The life of a transaction: planned, signed or refused, landed or dead.

What is planned and what is signed is in the log before the first broadcast. A transaction's fate is
known when it landed, or when the chain has passed the last block that could take it.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.values import Note, Token, VenueClock


class RetryClass(StrEnum):
    """Whether a second signature may exist beside an unresolved first (execution.md 3.3)."""

    EXPOSURE = "exposure"
    """Adds exposure: never before the first is dead."""
    SWAP = "swap"
    """Compare-and-swap by order id: a late copy fails."""
    PROTECTIVE = "protective"
    """Places under a user order id that is unique among open orders: a late copy fails."""
    REDUCING = "reducing"
    """Cancels by id, fires a stop, or closes the whole position: a late copy changes nothing."""
    WIDE = "wide"
    """Cancels a whole side: the next setup waits until every copy has landed or died."""


class Urgency(StrEnum):
    """Which fee cap applies."""

    NORMAL = "normal"
    PROTECTIVE = "protective"
    KILL = "kill"


class _TransactionEvent(Event):
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    transaction: UUID
    """Its `transaction_planned`."""


class TransactionPlanned(Event):
    """These intents go into one transaction, all or nothing. Its id names the transaction."""

    event_type: ClassVar[str] = "transaction_planned"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID | None
    """The setup that it serves; None when none lives."""
    intents: tuple[UUID, ...] = Field(min_length=1, max_length=32)
    """Ids of the intents that it carries out, in order. They stand in the log before it; when they
    are signed anew, another transaction names the same ones."""
    retry_class: RetryClass
    urgency: Urgency
    attempt: int = Field(ge=1)
    """1 for the first transaction of these intents."""
    priority_fee_lamports: int = Field(ge=0)
    """What it offers beside the fee of its signature."""


class TransactionSigned(_TransactionEvent):
    """It was signed, and may be broadcast from now on."""

    event_type: ClassVar[str] = "transaction_signed"

    signature: str = Field(pattern=r"^[1-9A-HJ-NP-Za-km-z]{64,88}$")
    message: str = Field(pattern=r"^[A-Za-z0-9+/]+=*$", max_length=4096)
    """The signed message in base64."""
    message_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the message's bytes."""
    blockhash: str = Field(max_length=44)
    last_valid_block_height: int = Field(ge=0)
    """The last block that can take it."""
    clock: VenueClock
    """How far the chain was seen to be when it was signed."""


class SigningRefused(_TransactionEvent):
    """Our signer refused its bytes: it was never signed, and never will be."""

    event_type: ClassVar[str] = "signing_refused"

    code: Token
    """The rule of the policy that they broke."""
    expected: Note
    found: Note
    message_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the bytes that were refused."""
    clock: VenueClock


class TransactionLanded(_TransactionEvent):
    """The chain took it. Success says nothing of its effect: that is in the account."""

    event_type: ClassVar[str] = "transaction_landed"

    signature: str
    slot: int = Field(ge=0)
    """Where it landed; where no status told, the first slot at which the account was known to show
    it."""
    code: int | None
    """The program's error; None when it ran through."""
    reason: Token | None
    """What the code means."""
    fee_lamports: int = Field(ge=0)
    """Signature and priority fee."""
    clock: VenueClock


class TransactionDied(_TransactionEvent):
    """No block can take it any more, and none did."""

    event_type: ClassVar[str] = "transaction_died"

    signature: str
    block_height: int = Field(ge=0)
    """The height that proves it: above the last valid one."""
    clock: VenueClock
