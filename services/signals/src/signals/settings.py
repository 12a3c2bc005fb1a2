"""What the environment says to signals."""

from typing import Annotated

from pydantic import Field

from chassis.settings import ServiceSettings


class SignalsSettings(ServiceSettings):
    """The shared settings, and how often the fold is checkpointed."""

    checkpoint_minutes: Annotated[int, Field(ge=1, le=10_000)] = 60
    """Minutes recorded between two checkpoints: what a restart folds again at most."""
