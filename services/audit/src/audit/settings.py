"""What the audit reads from its environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from chassis.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    """Where the event store is, and how much is written at once."""

    postgres_dsn: Annotated[SecretStr, Field(min_length=1)]
    """A libpq connection string or URL; never logged with its password."""
    archive_batch_max: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Most events in one transaction."""
