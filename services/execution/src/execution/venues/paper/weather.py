"""Bad days: what goes wrong around the chain, switched by a simulation or a test."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(slots=True)
class ViewFault:
    """The node that shows an account falls behind from a slot on."""

    since_slot: int
    lag_slots: int | None
    """None: it stands still. A lagging node stands still until it has the lag."""


@dataclass(slots=True)
class Weather:
    """What is wrong now; nothing by default. It may be changed at any time."""

    drop_rate: Decimal | None = None
    """Part of the broadcasts that are lost; None: as in the rules."""
    landing_extra_ms: int = 0
    keeper_is_down: bool = False
    """Nobody triggers, fills auctions, reaps or liquidates; makers are still met by takers."""
    oracle_is_frozen: bool = False
    """The oracle publishes nothing: its price stands, and it ages from its last print on."""
    views: dict[str, ViewFault] = field(default_factory=dict[str, ViewFault])
    """By account."""
    fates_are_hidden: bool = False
    fates_lie: bool = False
    """A failed transaction is told to have run through."""
    records_repeat: bool = False
    """Some of what was told before is told again."""
    records_are_shuffled: bool = False
    records_are_hidden: bool = False
    """Nothing is told; it is told once this is over."""
    is_engine_down: bool = False
    """Nobody broadcasts again."""
    program_is_foreign: bool = False
    """The program was upgraded: it reads nothing of ours any more."""
    fee_per_unit_microlamports: int | None = None
    """What others paid lately; None: as in the rules."""
