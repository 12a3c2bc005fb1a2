"""What every service reads from its environment."""

import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.values import refused


class ConfigurationError(Exception):
    """The environment cannot work as it is: a person must change something before a restart."""


class SettingsRefused(ConfigurationError):
    """Settings that cannot work; the message holds a line for each."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("; ".join(complaints))
        self.complaints = complaints


SETTINGS_GROUP = "perp_desk.settings"
"""Entry points: of each service, what checks its settings before anything starts."""
Check = Callable[[Mapping[str, str]], list[str]]
"""Gives what is wrong with our environment when other variables are laid over it."""


def _require_token(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,64}", value):
        raise refused("expected [a-z0-9-]{1,64}")
    return value


def _default_instance() -> str:
    host = re.sub(r"[^a-z0-9-]", "-", socket.gethostname().lower())[:40]
    return f"{host}-{os.getpid()}"


Requirement = Callable[[], object]
"""Something that must hold of several settings, or of what they name. Raises ConfigurationError."""


class ServiceSettings(BaseSettings):
    """Settings that all services share; the names in the environment are in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    nats_url: str = "nats://127.0.0.1:4222"
    health_host: str = "127.0.0.1"
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where /live, /ready and /metrics answer; 0 opens no port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    instance: Annotated[str, AfterValidator(_require_token)] = Field(
        default_factory=_default_instance
    )
    """Names this process among others of the same service."""
    account: Annotated[str, AfterValidator(_require_token)] = "local"
    drain_s: Annotated[float, Field(gt=0, le=120)] = 20.0
    """Longest time from SIGTERM on for what is in flight."""

    def requirements(self) -> tuple[Requirement, ...]:
        """Give what must hold beyond each single value."""
        return ()


EX_CONFIG = 78
"""Exit code for a configuration that cannot work (sysexits.h): a restart does not help."""

S = TypeVar("S", bound=ServiceSettings)

_DECIMAL = re.compile(r"Decimal\('([^']+)'\)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_HIDDEN = "..."


def load_settings(kind: type[S]) -> S:
    """Read settings from the environment; end the process with clear lines when they are bad."""
    try:
        return read_settings(kind)
    except SettingsRefused as refused_settings:
        for line in refused_settings.complaints:
            # Logging is set up from these settings.
            print(f"configuration_error: {line}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EX_CONFIG) from None


def read_settings(kind: type[S], over: Mapping[str, str] | None = None) -> S:
    """Read settings from the environment, with variables laid over it.

    Raises SettingsRefused with all faults that can be known at once.
    """
    given: dict[str, Any] = {name.lower(): value for name, value in (over or {}).items()}
    complaints: list[str] = []
    wrong: frozenset[str] = frozenset()
    try:
        settings = kind(**given)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        complaints = [complaint(problem) for problem in problems]
        wrong = frozenset(str(problem["loc"][0]) for problem in problems)
        settings = _without(kind, given, wrong)
    if settings is not None:
        complaints += [it for one in settings.requirements() for it in _of_known(one, wrong)]
    if settings is None or complaints:
        raise SettingsRefused(list(dict.fromkeys(complaints)))
    return settings


def _without(kind: type[S], given: Mapping[str, Any], wrong: frozenset[str]) -> S | None:
    """Give the settings whose values are right; None where one that is wrong has no default."""
    fields = {name: kind.model_fields[name] for name in wrong}
    if any(field.is_required() for field in fields.values()):
        return None
    defaults = {name: it.get_default(call_default_factory=True) for name, it in fields.items()}
    settings = kind(**{**given, **defaults})
    for name in wrong:
        del vars(settings)[name]
    return settings


def _of_known(requirement: Requirement, wrong: frozenset[str]) -> list[str]:
    """Give what a requirement complains about; nothing where it asks for what is wrong itself."""
    try:
        return complaints_of(requirement)
    except AttributeError as error:
        if error.name not in wrong:
            raise
        return []


def complaints_of(read: Callable[[], object]) -> list[str]:
    """Give what a reading of settings complains about."""
    try:
        read()
    except SettingsRefused as error:
        return error.complaints
    except ConfigurationError as error:
        return [str(error)]
    return []


def place_of(url: str) -> str:
    """Give scheme and host of a URL, however malformed: all else may hold a secret."""
    scheme, slashes, rest = url.rpartition("://") if url.count("://") == 1 else ("", "", url)
    credentials, _, address = rest.rpartition("@")
    host = re.split(r"[/?#\\]", address, maxsplit=1)[0]
    is_clear = not re.search(r"[/?#\\]", credentials) and _HOST.fullmatch(host) is not None
    is_named = bool(slashes) or bool(re.search(r"[.:]|^localhost$", host))
    shown = host if is_clear and is_named else _HIDDEN
    return f"{scheme}://{shown}" if _SCHEME.fullmatch(scheme) else shown


def complaint(problem: ErrorDetails) -> str:
    """Say which setting is wrong, what was expected and what was found."""
    what = _DECIMAL.sub(r"\1", problem["msg"].replace("Input should be", "expected", 1))
    name = "_".join(map(str, problem["loc"])).upper()
    if problem["type"] == "missing":
        return f"{name}: expected a value, found none"
    given = problem["input"]
    if isinstance(given, str) and re.search(r"://|@|[?&]", given):
        given = place_of(given)
    found = "" if ", found " in what else f", found {given!r:.80}"
    return f"{name}: {what}{found}"
