"""What the environment says to execution."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from chassis.settings import ServiceSettings
from execution.domain.policy import POLICY
from execution.venues.paper.fees import FEES
from execution.venues.paper.rules import PaperRules


class ExecutionSettings(ServiceSettings):
    """The shared settings, and how the paper venue is modelled; each default is pessimistic."""

    paper_fees: str = "velocity"
    """Whose fee table the paper venue charges: `velocity` or `drift`."""
    paper_latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 400
    """From the cause of an intent to its effect, in the feed's time."""
    paper_keeper_delay_ms: Annotated[int, Field(ge=0, le=600_000)] = 1_000
    """From a stop's trigger to its fill, in the feed's time."""
    paper_stop_slippage_bps: Annotated[Decimal, Field(ge=0, le=1_000)] = Decimal(2)
    """How much worse than the worse of print and trigger a stop fills."""
    paper_stale_after_ms: Annotated[int, Field(ge=1_000, le=3_600_000)] = 30_000
    """How long an entry rests before it may be called stale."""
    paper_stale_distance_bps: Annotated[Decimal, Field(ge=0, le=1_000)] = Decimal(3)
    """How far the market must have left it."""
    checkpoint_events: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Events folded between two checkpoints: what a restart folds again at most."""

    @field_validator("paper_fees")
    @classmethod
    def _known_table(cls, name: str) -> str:
        if name not in FEES:
            raise ValueError(f"expected one of {', '.join(FEES)}, found {name!r:.40}")
        return name

    @model_validator(mode="after")
    def _cancels_come_before_the_keeper(self) -> Self:
        if self.paper_latency_ms > self.paper_keeper_delay_ms:
            raise ValueError(
                f"expected a latency of at most the keeper's delay, {self.paper_keeper_delay_ms}"
                f" ms, found {self.paper_latency_ms}: an entry could fill after its stop is gone"
            )
        return self

    @model_validator(mode="after")
    def _break_even_covers_the_costs(self) -> Self:
        fee, slippage = FEES[self.paper_fees].taker_bps, self.paper_stop_slippage_bps
        if fee > POLICY.exit_fee_bps or slippage > POLICY.exit_slippage_bps:
            raise ValueError(
                f"expected at most {POLICY.exit_fee_bps} bps fee and {POLICY.exit_slippage_bps}"
                f" bps slippage, which break-even counts on; found {fee} and {slippage}"
            )
        return self

    @property
    def rules(self) -> PaperRules:
        """Give the paper venue's rules."""
        return PaperRules(
            fees=FEES[self.paper_fees],
            latency_ms=self.paper_latency_ms,
            keeper_delay_ms=self.paper_keeper_delay_ms,
            stop_slippage_bps=self.paper_stop_slippage_bps,
            stale_after_ms=self.paper_stale_after_ms,
            stale_distance_bps=self.paper_stale_distance_bps,
        )
