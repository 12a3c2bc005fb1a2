"""Under which addresses the page and the API are reached: hosts, origins, and whether by TLS."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from chassis.settings import place_of

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Site:
    """The origins that are ours, by the Host header that names each.

    `requires_origin` refuses a change that names no origin, which only a tool sends.
    """

    origins: Mapping[str, str]
    is_secure: bool
    requires_origin: bool

    def origin_of(self, host: str) -> str | None:
        """Give the origin that a Host header stands for; None when it is not ours."""
        return self.origins.get(host.lower())


def loopback_site(port: int, *, host: str = _LOOPBACK[0], requires_origin: bool = False) -> Site:
    """Give the site of a server that only its own machine reaches; it listens on `host`."""
    names = [*_LOOPBACK, f"[{host}]" if ":" in host else host]
    hosts = [f"{name}:{port}" for name in names]
    if port == _PORTS["http"]:
        hosts += names
    origins = {host: f"http://{host}" for host in hosts}
    return Site(origins, is_secure=False, requires_origin=requires_origin)


def public_site(url: str) -> Site:
    """Give the site of a public address such as `https://desk.example.com`.

    Raises ValueError for what is no origin, or one that sends cookies in the clear.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS["https"]
    except ValueError:  # what it says may repeat a part of the URL
        host, port = "", _PORTS["https"]
    netloc = host if port == _PORTS["https"] else f"{host}:{port}"
    if not (url.isascii() and host) or url.lower().rstrip("/") != f"https://{netloc}":
        raise ValueError(
            f"expected an origin such as https://desk.example.com, found {place_of(url)!r}"
        )
    return Site({netloc: f"https://{netloc}"}, is_secure=True, requires_origin=True)
