"""Identities, and how they derive from their cause.

The same cause always gives the same id, so a redelivered message re-derives what it caused and
the log's dedupe window drops the second copy.
"""

import functools
import hashlib
from typing import NewType
from uuid import UUID, uuid5

EventId = NewType("EventId", UUID)
AccountId = NewType("AccountId", str)
"""One wallet with a sub-account, as a subject token: `[a-z0-9-]+`."""
MarketId = NewType("MarketId", str)
"""A perpetual that we trade, as a subject token: `sol-perp`."""
SourceVenue = NewType("SourceVenue", str)
"""Where ticks come from, as a subject token: `binance-usdm`."""
Symbol = NewType("Symbol", str)
"""The source venue's name of its market, in lower case: `solusdt`."""
ClientOrderId = NewType("ClientOrderId", str)
"""Our id of an order; 26 characters of base32, derived by `derive_client_order_id`."""

PARTITIONS = 64
_NAMESPACE = UUID("6f6c6f67-0000-5000-8000-70657270646b")


def derive_id(cause: EventId, event_type: str, ordinal: int = 0) -> EventId:
    """Give the id of the `ordinal`-th `event_type` event that `cause` leads to."""
    return EventId(uuid5(cause, f"{event_type}/{ordinal}"))


def derive_root_id(event_type: str, *key: str | int) -> EventId:
    """Give the id of an event that no event causes, from what makes it unique in the world."""
    return EventId(uuid5(_NAMESPACE, "/".join([event_type, *map(str, key)])))


def derive_client_order_id(setup: EventId, leg: str, attempt: int) -> ClientOrderId:
    """Give our id of one attempt at one leg of a setup.

    `attempt` grows only after the attempt before it is proved not to have executed.
    """
    digest = hashlib.sha256(f"{setup}/{leg}/{attempt}".encode()).digest()
    return ClientOrderId(_base32(digest))


@functools.lru_cache(maxsize=4096)
def partition_of(account: AccountId) -> str:
    """Give the partition token `p00`..`p63` of an account; stable for ever."""
    digest = hashlib.sha256(account.encode()).digest()
    return f"p{int.from_bytes(digest[:8], 'big') % PARTITIONS:02d}"


def _base32(digest: bytes) -> str:
    """Write the first 130 of 256 bits in 26 characters."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
    number = int.from_bytes(digest, "big")
    return "".join([alphabet[(number >> shift) & 31] for shift in range(251, 251 - 5 * 26, -5)])
