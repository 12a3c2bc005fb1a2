"""What the audit reads from its environment."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr

from chassis.settings import ServiceSettings, complaints_of, read_settings


class AuditSettings(ServiceSettings):
    """Where the event store is, and how much is written at once."""

    postgres_dsn: Annotated[SecretStr, Field(min_length=1)]
    """A libpq connection string or URL; never logged with its password."""
    archive_batch_max: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Most events in one transaction."""


def check(over: Mapping[str, str]) -> list[str]:
    """Give what is wrong with the settings of a service that is to start."""
    return complaints_of(lambda: read_settings(AuditSettings, over))
