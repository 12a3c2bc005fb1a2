"""What must stand in the log before a transaction counts as signed by hand.

Its offer is open and was shown to one wallet; the wallet gave back exactly what is signed, with its
own signature; it lives no longer than what was offered. Whether it is what was offered, the replay
of execution's decisions says.
"""

import base64
import binascii
from dataclasses import dataclass, field
from uuid import UUID

from solders.pubkey import Pubkey
from solders.signature import Signature

from contracts.manual import OfferClosed, OfferOutcome, TransactionOffered, TransactionReturned
from contracts.transaction import TransactionSigned

Found = list[tuple[str, str]]
"""What was expected, and what was found."""


@dataclass(slots=True)
class ByHand:
    """Offers that are open, what came back, and what became transactions."""

    _offered: dict[UUID, TransactionOffered] = field(default_factory=dict[UUID, TransactionOffered])
    """By their `signature_asked`."""
    _returned: dict[UUID, TransactionReturned] = field(
        default_factory=dict[UUID, TransactionReturned]
    )
    _taken: dict[UUID, tuple[TransactionOffered, TransactionReturned] | None] = field(
        default_factory=dict[UUID, tuple[TransactionOffered, TransactionReturned] | None]
    )
    """By their plan; None where what permits them is missing, which was said."""

    def fold(self, event_id: UUID, event: TransactionOffered | TransactionReturned) -> None:
        """Know what was offered, and what came back."""
        if isinstance(event, TransactionOffered):
            self._offered[event.offer] = event
        else:
            self._returned[event_id] = event

    def close(self, event: OfferClosed) -> Found:
        """End an offer; say what is missing of one that was signed."""
        offered = self._offered.pop(event.offer, None)
        returned = None if event.about is None else self._returned.pop(event.about, None)
        if event.outcome is not OfferOutcome.SIGNED or event.transaction is None:
            return []
        self._taken[event.transaction] = None
        if offered is None:
            return [(f"an open transaction_offered of {event.offer} before it", "none")]
        if returned is None or returned.offer != event.offer:
            return [(f"transaction_returned {event.about} before it, for {event.offer}", "none")]
        self._taken[event.transaction] = offered, returned
        return []

    def judge(self, event: TransactionSigned) -> Found | None:
        """Give what is wrong with a signature by hand; None for one of a key."""
        if event.transaction not in self._taken:
            return None
        taken = self._taken.pop(event.transaction)
        if taken is None:
            return []
        offered, returned = taken
        found: Found = []
        if (event.signature, event.message) != (returned.signature, returned.message):
            found.append((f"what the wallet gave back, {returned.signature}", event.signature))
        last = offered.last_valid_block_height
        if event.last_valid_block_height != last:
            found.append((f"last block {last}, as offered", str(event.last_valid_block_height)))
        if not is_signed(event.message, by=offered.wallet, signature=event.signature):
            found.append((f"a signature of the wallet {offered.wallet}", event.signature))
        return found


def is_signed(message: str, *, by: str, signature: str) -> bool:
    """Say whether a key signed a message in base64."""
    try:
        data = base64.b64decode(message, validate=True)
        return Signature.from_string(signature).verify(Pubkey.from_string(by), data)
    except (ValueError, binascii.Error):
        return False
