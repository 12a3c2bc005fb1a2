"""What every service reads from its environment."""

import os
import re
import socket
import sys
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.values import refused


class ConfigurationError(Exception):
    """The environment cannot work as it is: a person must change something before a restart."""


def _require_token(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,64}", value):
        raise refused("expected [a-z0-9-]{1,64}")
    return value


def _default_instance() -> str:
    host = re.sub(r"[^a-z0-9-]", "-", socket.gethostname().lower())[:40]
    return f"{host}-{os.getpid()}"


class ServiceSettings(BaseSettings):
    """Settings that all services share; the names in the environment are in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    nats_url: str = "nats://127.0.0.1:4222"
    health_host: str = "127.0.0.1"
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where /live, /ready and /metrics answer; 0 opens no port."""
    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = "info"
    instance: Annotated[str, AfterValidator(_require_token)] = Field(
        default_factory=_default_instance
    )
    """Names this process among others of the same service."""
    account: Annotated[str, AfterValidator(_require_token)] = "local"
    drain_s: Annotated[float, Field(gt=0, le=120)] = 20.0
    """Longest time from SIGTERM to the end of the process."""


EX_CONFIG = 78
"""Exit code for a configuration that cannot work (sysexits.h): a restart does not help."""

S = TypeVar("S", bound=ServiceSettings)


def load_settings(kind: type[S]) -> S:
    """Read settings from the environment; end the process with one clear line when they are bad."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            what = problem["msg"]
            if problem["loc"]:  # Else it is about several settings, and names them itself.
                name = "_".join(map(str, problem["loc"])).upper()
                what = f"{name}: {what}, found {problem['input']!r:.80}"
            # Logging is set up from these settings.
            print(f"configuration_error: {what}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EX_CONFIG) from None
