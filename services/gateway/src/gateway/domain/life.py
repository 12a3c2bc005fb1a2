"""One order, from its intent to its end: what happened when, at what price and cost.

Two clocks tell the time: the chain's or the market's own (`at`), and the log's (`recorded_at`),
which measures the work of this desk. A cost in basis points is positive where it costs us.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from gateway.domain.orders import OrderState

_BPS = Decimal(10_000)
_TENTH = Decimal("0.1")
_PLACES = Decimal("1E-8")
_ZERO = Decimal(0)


class Stage(StrEnum):
    """What happened to an order."""

    INTENDED = "intended"
    MOVE_INTENDED = "move_intended"
    CANCEL_INTENDED = "cancel_intended"
    TRIGGER_INTENDED = "trigger_intended"
    SIGNED = "signed"
    """Recorded before the first broadcast, and sent right after."""
    SIGNING_REFUSED = "signing_refused"
    LANDED = "landed"
    FAILED = "failed"
    """It landed, and the program refused it."""
    DEAD = "dead"
    """No block can take it any more, and none did."""
    RESTING = "resting"
    MOVED = "moved"
    REJECTED = "rejected"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELED = "canceled"
    VENUE_FEE = "venue_fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened; what does not apply is empty."""

    stage: Stage
    position: int
    at: datetime
    recorded_at: datetime
    price_usd: Decimal | None = None
    quantity_base: Decimal | None = None
    fee_usd: Decimal | None = None
    fee_lamports: int | None = None
    signature: str = ""
    slot: int | None = None
    note: str = ""
    parts: int = 1
    """Fills that follow each other are one step, at their average price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The market as the venue showed it when something was decided on it."""

    at: datetime
    oracle_usd: Decimal
    mid_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """The sums of an order's fills, beside what the market was last seen to be before each."""

    quantity_base: Decimal = _ZERO
    turnover_usd: Decimal = _ZERO
    fees_usd: Decimal = _ZERO
    """Negative for rebates."""
    at_mid_usd: Decimal | None = _ZERO
    """The turnover at the middle of the book; None when it was not seen before a fill."""
    at_oracle_usd: Decimal | None = _ZERO
    seen_age_max: timedelta | None = None
    """How old the oldest of these sights was at its fill, by the chain's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One order, and all that happened to it."""

    order: OrderState
    intended_price_usd: Decimal
    approved_at: datetime | None
    """When its setup was approved, by the log's clock; of the orders that were sent first."""
    steps: tuple[Step, ...]
    traded: Traded = field(default_factory=Traded)
    transactions: tuple[UUID, ...] = ()
    venue_ids: tuple[int, ...] = ()
    venue_fees_usd: Decimal = _ZERO

    @property
    def verdict_to_sent(self) -> timedelta | None:
        """Give how long this desk took from the verdict to the signature, by the log's clock."""
        sent = self._first(Stage.SIGNED)
        return (
            None
            if sent is None or self.approved_at is None
            else (sent.recorded_at - self.approved_at)
        )

    @property
    def sent_to_landed(self) -> timedelta | None:
        """Give the chain's time from the first signature to the first landing, retries included."""
        sent, landed = self._first(Stage.SIGNED), self._first(Stage.LANDED)
        return None if sent is None or landed is None else landed.at - sent.at

    @property
    def slots_to_landed(self) -> int | None:
        """Give the same in slots."""
        sent, landed = self._first(Stage.SIGNED), self._first(Stage.LANDED)
        if sent is None or landed is None or sent.slot is None or landed.slot is None:
            return None
        return landed.slot - sent.slot

    @property
    def filled_price_usd(self) -> Decimal | None:
        """Give the average price of its fills, to eight places."""
        traded = self.traded
        if not traded.quantity_base:
            return None
        return (traded.turnover_usd / traded.quantity_base).quantize(_PLACES)

    @property
    def fees_bps(self) -> Decimal | None:
        """Give the fees of its fills in parts of what it traded."""
        traded = self.traded
        if not traded.turnover_usd:
            return None
        return (traded.fees_usd * _BPS / traded.turnover_usd).quantize(_TENTH)

    @property
    def cost_to_intended_bps(self) -> Decimal | None:
        """Give what its fills cost against the price that was intended first."""
        return self._cost_bps(self.traded.quantity_base * self.intended_price_usd)

    @property
    def cost_to_mid_bps(self) -> Decimal | None:
        """Give what its fills cost against the middle of the book as last seen before each."""
        return self._cost_bps(self.traded.at_mid_usd)

    @property
    def cost_to_oracle_bps(self) -> Decimal | None:
        """Give what its fills cost against the oracle as last seen before each."""
        return self._cost_bps(self.traded.at_oracle_usd)

    def _cost_bps(self, reference_usd: Decimal | None) -> Decimal | None:
        if not reference_usd:
            return None
        cost = (self.traded.turnover_usd - reference_usd) * self.order.side.sign
        return (cost * _BPS / reference_usd).quantize(_TENTH)

    def _first(self, stage: Stage) -> Step | None:
        return next((step for step in self.steps if step.stage is stage), None)
