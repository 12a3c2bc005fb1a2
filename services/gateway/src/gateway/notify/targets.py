"""Reading a target that somebody typed: a scheme of ours, encrypted on the way, nothing clever.

What a library makes of such a text is code-like: options load templates, turn off certificates,
follow redirects. So every option must be named here.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from gateway.notify.addresses import is_private_literal

TARGET_CHARS_MAX = 1_000
MASK = "••••"

_TARGET = re.compile(r"([a-z]{4,10})://([!-~]+)")
_LOCAL_NAME = re.compile(
    r"(.*\.)?(localhost|local|internal|home|lan|localdomain)\.?", re.IGNORECASE
)


class TargetRefused(Exception):
    """A text is no target; the message never repeats it."""


@dataclass(frozen=True, slots=True)
class _Rules:
    options: frozenset[str] = frozenset()
    has_host: bool = False
    """Whether the text names the server; else the service is known."""


_RULES = {
    "tgram": _Rules(options=frozenset({"topic"})),
    "discord": _Rules(),
    "slack": _Rules(),
    "mailtos": _Rules(
        options=frozenset({"to", "from", "name", "smtp", "user", "pass", "mode"}), has_host=True
    ),
    "ntfys": _Rules(has_host=True),
    "pover": _Rules(),
    "jsons": _Rules(has_host=True),
}
SCHEMES = tuple(_RULES)
_MODES = frozenset({"ssl", "starttls"})


def read_target(text: str) -> str:
    """Give the scheme of a target; raise TargetRefused."""
    scheme, rest = _parts(text)
    rules = _RULES.get(scheme)
    if rules is None:
        raise TargetRefused(f"expected one of the schemes {', '.join(SCHEMES)}")
    body, _, query = rest.partition("?")
    for name, value in _options(query):
        if name not in rules.options:
            allowed = ", ".join(sorted(rules.options)) or "none"
            raise TargetRefused(f"expected no option but these: {allowed}")
        if name == "smtp":
            _require_public(value)
        if name == "mode" and value not in _MODES:
            raise TargetRefused("expected the mode ssl or starttls")
    if rules.has_host:
        _require_public(_host(body))
    elif not body.strip("/"):
        raise TargetRefused("expected an address behind the scheme")
    return scheme


def read_ping(text: str) -> None:
    """Raise TargetRefused unless a text is an https address that may be asked for."""
    scheme, _ = _parts(text)
    if scheme != "https":
        raise TargetRefused("expected an https address")
    try:
        found = urlsplit(text)
        _ = found.port
    except ValueError:
        raise TargetRefused("expected an https address") from None
    if found.username is not None or found.password is not None:
        raise TargetRefused("expected an address without a user")
    _require_public(found.hostname or "")


def masked(scheme: str) -> str:
    """Give what may be shown of a target."""
    return f"{scheme}://{MASK}"


def _parts(text: str) -> tuple[str, str]:
    if len(text) > TARGET_CHARS_MAX:
        raise TargetRefused(f"expected at most {TARGET_CHARS_MAX} characters")
    found = _TARGET.fullmatch(text)
    if found is None or not set(text).isdisjoint("#;,\\"):
        raise TargetRefused("expected scheme://address, without spaces or any of # ; , \\")
    return found.group(1), found.group(2)


def _options(query: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=20)
    return [(name.strip().lower(), value) for name, value in pairs]


def _host(body: str) -> str:
    """Give the server that is named: behind the user, before port and path."""
    place = body.partition("/")[0].rpartition("@")[2]
    if place.startswith("["):
        return place.partition("]")[0]
    return place.partition(":")[0]


def _require_public(host: str) -> None:
    name = unquote(host)
    if not name.strip("[]."):
        raise TargetRefused("expected the name of a server")
    if is_private_literal(name) or _LOCAL_NAME.fullmatch(name):
        raise TargetRefused("expected a server on the public internet")
