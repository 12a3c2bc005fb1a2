"""Facts about running software: which build wrote what."""

from typing import ClassVar

from contracts.event import Event
from contracts.values import Token


class ServiceStarted(Event):
    """A service came up; what it records from here on was decided by this build and policy."""

    event_type: ClassVar[str] = "service_started"
    event_version: ClassVar[int] = 2
    owner: ClassVar[str] = "*"
    is_process: ClassVar[bool] = True

    service: Token
    instance: str
    """Names the process among others of the service."""
    revision: str
    """Git revision, or `unknown`."""
    python: str
    packages_sha256: str
    """Digest of the installed distributions and their versions."""
    policy: Token | None = None
    """Version of the rules that it decides by; None where it decides nothing, or did not say."""


class ServiceStopped(Event):
    """A service drained and stopped on request."""

    event_type: ClassVar[str] = "service_stopped"
    owner: ClassVar[str] = "*"
    is_process: ClassVar[bool] = True

    service: Token
    instance: str
    """Names the process among others of the service."""
