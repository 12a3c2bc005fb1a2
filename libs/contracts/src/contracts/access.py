"""Who could command an account, from when to when, and what they took away."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.values import Note, Token, UtcTime

WalletAddress = Annotated[str, Field(pattern=r"^[1-9A-HJ-NP-Za-km-z]{32,44}$")]
"""An Ed25519 public key in base58."""
SessionHandle = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""Names a session. It opens nothing: what does is in the browser's cookie alone."""


class SignedIn(Event):
    """A wallet proved itself and may command the account until the session ends."""

    event_type: ClassVar[str] = "signed_in"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    session: SessionHandle
    domain: Annotated[str, Field(max_length=255)]
    """The site that the wallet signed in to."""
    address: Annotated[str, Field(max_length=64)]
    """Network address of the client, as the gateway saw it."""
    user_agent: Note
    expires_at: UtcTime
    """The session's end at the latest."""


class SignOutCause(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    """Ended from another session of the same wallet, or with all of them."""
    REPLACED = "replaced"
    """The same browser signed in again."""


class SignedOut(Event):
    """A session was ended by its wallet. One that runs out by itself says nothing."""

    event_type: ClassVar[str] = "signed_out"
    owner: ClassVar[str] = "gateway"

    account: Token
    wallet: WalletAddress
    session: SessionHandle
    cause: SignOutCause


class ExportFilter(BaseModel):
    """What an export was asked for; what is empty asks for everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    types: tuple[Annotated[str, Field(max_length=64)], ...] = Field(default=(), max_length=20)
    severities: tuple[Annotated[str, Field(max_length=16)], ...] = Field(default=(), max_length=10)
    market: Annotated[str, Field(max_length=64)] = ""
    order: Annotated[str, Field(max_length=64)] = ""
    text: Note = ""


class ActivityExported(Event):
    """A person took events away as a file. One that broke off says how much of it was sent."""

    event_type: ClassVar[str] = "activity_exported"
    owner: ClassVar[str] = "gateway"

    account: Token
    by: Note
    form: Token
    """`csv` or `jsonl`."""
    first: int = Field(ge=1)
    last: int = Field(ge=0)
    """The positions that it covers, by what was asked for; none when the last is before the first.
    A file that was full ends before the first event that it left out."""
    wanted: ExportFilter
    count: int = Field(ge=0)
    """Events in the file."""
    chain_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The hash over the lines that were sent, as the file's last line says it."""
    is_complete: bool
    """Whether the file has its last line."""
