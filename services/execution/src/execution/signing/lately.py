"""What was signed for an account lately: the times of a minute, and the fees of a day by minute."""

from collections.abc import Iterable

import msgspec

MINUTE_MS = 60_000
HOUR_MINUTES = 60
DAY_MINUTES = 24 * HOUR_MINUTES

Fees = tuple[tuple[int, int], ...]
"""(minute since the epoch, lamports), ascending; a minute without a fee is left out."""


class SignedLately(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the signer remembers of an account; never more than a day's minutes."""

    times_ms: tuple[int, ...] = ()
    """Of the last minute, in the order of signing."""
    fees: Fees = ()
    """Priority fees of the last day."""

    def at(self, now_ms: int) -> "SignedLately":
        """Give what is still remembered at a time."""
        return SignedLately(
            times_ms=tuple(it for it in self.times_ms if it > now_ms - MINUTE_MS),
            fees=tuple(_since(self.fees, now_ms, DAY_MINUTES)),
        )

    def signed(self, fee_lamports: int, *, at_ms: int) -> "SignedLately":
        """Give what is remembered after one more signature."""
        kept = self.at(at_ms)
        fees, minute = dict(kept.fees), at_ms // MINUTE_MS
        if fee_lamports:
            fees[minute] = fees.get(minute, 0) + fee_lamports
        return SignedLately((*kept.times_ms, at_ms), tuple(sorted(fees.items())))

    def lamports(self, minutes: int, *, now_ms: int) -> int:
        """Give the priority fees of the running minute and of those before it, so many in all."""
        return sum(lamports for _, lamports in _since(self.fees, now_ms, minutes))


def _since(fees: Fees, now_ms: int, minutes: int) -> Iterable[tuple[int, int]]:
    """Give the minutes that are not too old; what a clock that was set back left counts, too."""
    oldest = now_ms // MINUTE_MS - minutes
    return (it for it in fees if it[0] > oldest)
