"""What the environment says to risk."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from chassis.settings import ServiceSettings, complaints_of, read_settings


class RiskSettings(ServiceSettings):
    """The shared settings, and how often the fold is checkpointed.

    Limits are not here: they are each account's, in the log, with the policy beside them.
    """

    checkpoint_events: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    """Events between two checkpoints: what a restart folds again at most."""


def check(over: Mapping[str, str]) -> list[str]:
    """Give what is wrong with the settings of a service that is to start."""
    return complaints_of(lambda: read_settings(RiskSettings, over))
