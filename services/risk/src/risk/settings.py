"""What the environment says to risk."""

from typing import Annotated

from pydantic import Field

from chassis.settings import ServiceSettings


class RiskSettings(ServiceSettings):
    """The shared settings, and how often the fold is checkpointed.

    Limits are not here: they are each account's, in the log, with the policy beside them.
    """

    checkpoint_events: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    """Events between two checkpoints: what a restart folds again at most."""
