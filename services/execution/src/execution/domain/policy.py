"""The policy: the numbers that the planner's answers depend on.

They are constants of a version and not settings, so that the audit replays every order plan with
no environment. A changed value needs a new version.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation

from contracts.verdict import ENTRY_CHASE_R_MAX

ARITHMETIC = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
"""The same digits on every machine, whatever a library did to the thread's own context."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of the order plan."""

    version: str = "execution-1"
    ladder_weights_pct: tuple[int, ...] = (50, 30, 20)
    replaces_max: int = 2
    """How often one setup's entry may be moved, or placed anew after a refusal."""
    chase_r_max: Decimal = ENTRY_CHASE_R_MAX
    """Farthest that a moved entry may stand from the first one, in units of R, the distance from
    the entry to the stop."""
    exit_fee_bps: Decimal = Decimal(4)
    """Taker fee that the break-even stop has to earn back."""
    exit_slippage_bps: Decimal = Decimal(2)
    """How far from its trigger a stop is expected to fill."""


POLICY = Policy()
