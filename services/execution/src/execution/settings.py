"""What the environment says to execution."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from chassis.settings import ServiceSettings
from contracts.values import refused
from execution.domain.policy import POLICY
from execution.venues.paper.fees import FEES
from execution.venues.paper.rules import PaperRules

_CALM = "paper_is_calm"


class ExecutionSettings(ServiceSettings):
    """The shared settings, and how the paper venue is modelled; each default is pessimistic."""

    paper_fees: str = "velocity"
    """Whose fee table the paper venue charges: `velocity` or `drift`."""
    paper_seed: Annotated[int, Field(ge=0)] = 1
    """Of every chance on the paper chain."""
    paper_drop_rate: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.10")
    """Part of the broadcasts that no leader ever sees."""
    paper_participation: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.02")
    """The venue's volume as a part of the feed's: of each print so much can reach us."""
    paper_queue_ahead_usd: Annotated[Decimal, Field(ge=0, le=1_000_000_000)] = Decimal(25_000)
    """Notional that rests before us at our price when we come to it."""
    paper_is_calm: bool = False
    """For tests and measurements: what is sent lands at once, and every print can fill us whole.
    Stands alone: none of the others may be set beside it."""
    checkpoint_events: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Events folded between two checkpoints: what a restart folds again at most."""

    @field_validator("paper_fees")
    @classmethod
    def _table_that_break_even_covers(cls, name: str) -> str:
        if name not in FEES:
            raise refused(f"expected one of {', '.join(FEES)}")
        fee = FEES[name].taker_bps
        if fee > POLICY.exit_fee_bps:
            raise refused(
                f"expected a table with a taker fee of at most {POLICY.exit_fee_bps} bps, "
                f"which break-even counts on, not of {fee} bps"
            )
        return name

    @model_validator(mode="after")
    def _calm_stands_alone(self) -> Self:
        others = sorted(
            name for name in self.model_fields_set if name.startswith("paper_") and name != _CALM
        )
        if self.paper_is_calm and others:
            raise refused(
                f"expected {_CALM.upper()}=true without other settings of the paper venue, which "
                f"a calm one does not follow; found {', '.join(others).upper()}"
            )
        return self

    @property
    def rules(self) -> PaperRules:
        """Give the paper venue's rules."""
        if self.paper_is_calm:
            return PaperRules.calm()
        return PaperRules(
            fees=FEES[self.paper_fees],
            seed=self.paper_seed,
            drop_rate=self.paper_drop_rate,
            participation=self.paper_participation,
            queue_ahead_usd=self.paper_queue_ahead_usd,
        )
