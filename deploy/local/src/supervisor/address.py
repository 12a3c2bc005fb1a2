"""Where the page is: the address that the gateway listens on, and what a person opens."""

import os
from dataclasses import dataclass

from supervisor.ports import LOOPBACK, require_free

_HOST, _URL = "GATEWAY_HOST", "GATEWAY_URL"


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the page; the gateway refuses what of it cannot be."""

    host: str
    port: int
    public: str
    """The origin under which others reach it; empty: nobody does."""

    @property
    def local_url(self) -> str:
        """Give what this machine reaches it by."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def url(self) -> str:
        """Give what a person opens."""
        return self.public or self.local_url

    def require_free(self) -> None:
        """Raise Refusal when something else is there."""
        require_free(self.port, option="--port", host=self.host)


def page_address(port: int) -> Address:
    """Give the address by a port and by what the environment tells the gateway."""
    named = os.environ.get(_HOST, "").strip("[]")
    host = LOOPBACK if named.lower() in ("", "localhost") else named
    return Address(host, port, os.environ.get(_URL, "").rstrip("/"))
