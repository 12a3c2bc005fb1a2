"""The port by which the engine signs: whoever signs judges the bytes, and may say no."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from contracts.venue import VenueObserved
from execution.domain.account import AccountState
from execution.signing.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Asked:
    """What the engine knew and decided when it wanted a signature."""

    before: AccountState
    """The fold that the decision was made on."""
    after: AccountState
    """The fold with what was heard and decided."""
    seen: VenueObserved
    """The snapshot that it was made on."""

    @property
    def account(self) -> str:
        """Name the account that the signature is for."""
        return self.after.account


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature, and what it stands for."""

    signature: str
    """In base58."""
    message_sha256: str
    """Of the signed bytes."""
    verdict: UUID | None
    """The approved verdict behind it; None when it adds no risk, or when nobody asked for one."""


class Signer(Protocol):
    """Who signs."""

    def sign(self, message: bytes, asked: Asked) -> Signed | Refusal:
        """Sign a message, or say why not. What is asked for helps to judge; it permits nothing."""
        ...


class NamedSigner(Signer, Protocol):
    """Who signs, and says with which key."""

    @property
    def keeps_keys(self) -> bool:
        """Say whether keys of delegates can be kept."""
        ...

    def address(self, account: str, now_ms: int) -> str | None:
        """Give the address of the key that signs for an account at a time; None without one."""
        ...
