"""The hash chain over the log: each link covers a whole message and the link before.

    hash(0) = SHA-256("perp-desk audit chain 1")                        the genesis
    hash(n) = SHA-256(hash(n-1) || numbers || subject || headers || body || defect)

The numbers are the position, the recorded time (microseconds since 1970) and the lengths of the
four parts in bytes, each a signed 64-bit integer, big-endian. The headers are `name:value` lines
as the archive keeps them; `defect` is the archive's remark on a message that is no regular event,
else empty. Text is UTF-8. Lengths stand before contents, so different messages never give the
same bytes.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from struct import Struct

from audit.domain.entry import Entry

GENESIS = hashlib.sha256(b"perp-desk audit chain 1").digest()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = Struct(">6q")


def link(previous: bytes, entry: Entry) -> bytes:
    """Give the hash of an entry after the hash of the one before it."""
    subject = entry.subject.encode()
    defect = (entry.defect or "").encode()
    recorded_us = (entry.recorded_at - _EPOCH) // _MICROSECOND
    numbers = _NUMBERS.pack(
        entry.position,
        recorded_us,
        len(subject),
        len(entry.headers),
        len(entry.body),
        len(defect),
    )
    return hashlib.sha256(
        b"".join((previous, numbers, subject, entry.headers, entry.body, defect))
    ).digest()
