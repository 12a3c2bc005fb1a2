"""The policy: the numbers that the planner's answers depend on.

They are constants of a version and not settings, so that the audit replays every order plan with
no environment. A changed value needs a new version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation

from contracts.transaction import Urgency
from contracts.verdict import ENTRY_CHASE_R_MAX

ARITHMETIC = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
"""The same digits on every machine, whatever a library did to the thread's own context."""


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """What transactions may cost the fee payer, in lamports (execution.md 3.4)."""

    units_per_transaction: int = 300_000
    """Compute units that a fee per unit is multiplied with."""
    market_microlamports_min: int = 10_000
    """Per unit; a market that asks for less is counted with this. Nodes tell the least that got in:
    nothing for an account that nobody else writes to, and twice nothing is nothing."""
    signature_lamports: int = 5_000
    multiplier_pct: Mapping[Urgency, int] = field(
        default_factory=lambda: {
            Urgency.NORMAL: 100,
            Urgency.PROTECTIVE: 200,
            Urgency.KILL: 400,
        }
    )
    """Of what others paid lately."""
    transaction_lamports_max: Mapping[Urgency, int] = field(
        default_factory=lambda: {
            Urgency.NORMAL: 10_000,
            Urgency.PROTECTIVE: 50_000,
            Urgency.KILL: 200_000,
        }
    )
    """Priority fee of one transaction, at most."""
    hour_lamports_max: int = 2_000_000
    day_lamports_max: int = 10_000_000
    """What all transactions of an account may cost, at most; exits only ever fall to no priority
    fee, they are never held back."""
    protection_reserve_pct: int = 30
    """The part of both that normal transactions may not touch."""
    balance_lamports_min: int = 20_000_000
    """The fee payer needs this much before a new entry."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of the order plan. Slots are the venue's; milliseconds are chain time."""

    version: str = "execution-17"
    fees: FeePolicy = field(default_factory=FeePolicy)
    ladder_weights_pct: tuple[int, ...] = (50, 30, 20)

    replaces_max: int = 2
    """How often one setup's entry may be moved, or placed anew after a refusal."""
    attempts_max: int = 2
    """How often an entry is sent whose transaction died."""
    chase_r_max: Decimal = ENTRY_CHASE_R_MAX
    """Farthest that a moved entry may stand from the first one, in units of R, the distance from
    the entry to the stop."""
    stale_after_ms: int = 30_000
    """How long an entry rests before the market may have left it."""
    stale_distance_bps: Decimal = Decimal(3)
    """How far the market must have left it."""
    fence_margin_ms: int = 1_000
    """An entry's fence stands so long before the end of its approval."""
    life_ms_min: int = 5_000
    """An entry with less time to live is not sent."""

    converts_max: int = 1
    """How often an entry that may not be moved any more may turn into a taker."""
    convert_life_ms: int = 8_000
    convert_spread_bps_max: Decimal = Decimal(5)
    convert_reward_risk_min: Decimal = Decimal(1)
    """Mean distance to the take-profits over the distance to the stop, at the worst price."""

    resend_slots: int = 6
    """A protective transaction without a fate is signed anew after so long."""
    unprotected_slots_max: int = 15
    """A position without a stop is closed at the market after so long."""
    trigger_slots_max: int = 8
    """A stop whose condition is true is fired by ourselves after so long."""
    stop_fill_slots_max: int = 30
    """A fired stop that has not filled is helped by a market exit after so long."""
    close_caps_bps: tuple[int, ...] = (50, 100, 200, 500)
    """How far from the oracle each further attempt at a market exit may take."""
    close_rest_ms: int = 8_000
    """How long a market exit rests after one at once that found nobody to take from."""
    exit_fee_bps: Decimal = Decimal(4)
    """Taker fee that the break-even stop has to earn back."""
    exit_slippage_bps: Decimal = Decimal(2)
    """How far from its trigger a stop is expected to fill."""
    trigger_band_ticks: int = 2
    """A stop is moved only to where it stands at least so far from the trigger price."""
    early_take_profit_pct: int = 25
    """Filled part of a resting entry from which its first take-profit is placed already…"""
    early_take_profit_after_ms: int = 30_000
    """…once it has been filled so far for so long."""
    adopted_stop_bps: int = 100
    """Distance from the oracle of the stop that a position gets which no setup explains."""

    offer_blocks_min: int = 20
    """An offer with fewer blocks left is replaced by a fresh one, unless it opens a position."""
    offer_again_slots: int = 15
    """Where the plan wants more than what is on its way, the owner is asked after so long."""
    declined_slots: int = 150
    """For so long the owner is not asked again for what it declined."""

    oracle_age_slots_max: int = 12
    degraded_cancel_slots: int = 12
    """A degraded mode cancels entries when it lasts so long."""
    reconcile_slots: int = 12
    """Log and venue may disagree so long before it counts."""
    refusals_max: int = 3
    """Identical refusals in a row that open the circuit…"""
    circuit_slots: int = 150
    """…for so long, where what is refused would add risk or take profit…"""
    circuit_exit_slots: int = 12
    """…and where it protects or leaves: that is only tried less often, and at once when the
    venue has no reason of its own any more."""


POLICY = Policy()
