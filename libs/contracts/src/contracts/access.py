"""Who could command an account, and from when to when."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

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
