"""The port by which the engine offers: whoever writes for a wallet judges the bytes first."""

from dataclasses import dataclass
from typing import Protocol

from contracts.manual import SignatureAsked, SimulatedEffect
from execution.signing.port import Asked
from execution.signing.refusals import Refusal
from execution.venues.port import Blockhash


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message for the owner's wallet, and what it would do."""

    message: bytes
    simulated: SimulatedEffect | None
    """None where the venue cannot say."""


class Hand(Protocol):
    """Who writes for an owner that signs by hand, and judges as our own signer would."""

    def prepare(
        self, wish: SignatureAsked, asked: Asked, blockhash: Blockhash
    ) -> Prepared | Refusal:
        """Write what the wallet is to sign, or say why it may not be offered."""
        ...

    def judge(
        self, message: bytes, wallet: str, asked: Asked, blockhash: Blockhash
    ) -> Refusal | None:
        """Say why an offered message may not be sent now; None when it may."""
        ...
