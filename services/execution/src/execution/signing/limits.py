"""The policy's own numbers. They are constants of a version: no setting loosens them."""

from dataclasses import dataclass

from execution.domain.policy import POLICY

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a signature may agree to at most."""

    session_ms_max: int = 24 * HOUR_MS
    entry_session_left_ms_min: int = HOUR_MS // 2
    """Nothing that adds risk is signed in a key's last half hour: after its end nobody is there to
    put up take-profits, or to move the stop."""
    entry_band_bps: int = 100
    """How far beyond the oracle an entry may buy or sell at a worse price."""
    passive_band_bps: int = 2_000
    """How far an entry may rest from the oracle at a better price."""
    exit_band_bps: int = max(POLICY.close_caps_bps)
    """How far beyond the oracle an exit may take, not counting the tick that it is rounded to."""
    stop_band_bps: int = 2_000
    """How far from the oracle a stop may stand."""
    compute_units_max: int = 600_000
    fee_lamports_normal: int = 10_000
    """Priority fee of a transaction that adds risk or takes profit…"""
    fee_lamports_protective: int = 50_000
    """…of one that only protects, cancels or leaves…"""
    fee_lamports_killed: int = 200_000
    """…and of that while a kill stands."""
    fees_hour_lamports: int = 2 * POLICY.fees.hour_lamports_max
    """Priority fees that are signed for an account within 60 minutes of the clock, the running one
    included: twice what the planner may spend in an hour. Its hours are the calendar's, and 60
    minutes touch two of them, so a planner that keeps its own caps never meets this one, even
    where a signature comes up to a minute after its plan."""
    fees_day_lamports: int = 2 * POLICY.fees.day_lamports_max
    """…and within 24 times as many: they touch 25 hours of the calendar, one more than its day."""
    signatures_per_minute: int = 120
    entries_per_minute_below: int = 60
    """Nothing that adds risk is signed once so many signatures are in a minute: exits have the
    rest for themselves."""
    blockhash_blocks_max: int = 150
    """How many blocks a transaction may live on."""


LIMITS = Limits()
