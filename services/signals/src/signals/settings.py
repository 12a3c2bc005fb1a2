"""What the environment says to signals."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from chassis.settings import ServiceSettings, complaints_of, read_settings


class SignalsSettings(ServiceSettings):
    """The shared settings, and how often the fold is checkpointed."""

    checkpoint_minutes: Annotated[int, Field(ge=1, le=10_000)] = 60
    """Minutes recorded between two checkpoints: what a restart folds again at most."""


def check(over: Mapping[str, str]) -> list[str]:
    """Give what is wrong with the settings of a service that is to start."""
    return complaints_of(lambda: read_settings(SignalsSettings, over))
