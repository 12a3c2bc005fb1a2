"""The process that speaks to addresses which somebody typed, and to nothing else.

It reads one order from stdin, carries it out, and writes one short code to stdout. From before the
first name is looked up, it can connect to public addresses only: the check stands where a socket
connects to a number, so neither a name that changes its answer, nor a redirect, nor a mail server's
word leads past it. It can start no program. The gateway ends it when it takes too long.
"""

import http.client
import json
import resource
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from gateway.notify.addresses import is_public
from gateway.notify.targets import TargetRefused, read_ping, read_target

ORDER_BYTES_MAX = 16 * 1024
STEP_S_MAX = 8.0
"""Longest wait for a connection or an answer."""
_CPU_S_MAX = 20
_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_SPAWNS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"}
)

Json = Any  # An order from the gateway, and what the libraries answer.


class AddressNotPublic(OSError):
    """A connection would have left the public internet."""


class Guard:
    """Refuses connections for as long as the process lives, and remembers that it did."""

    def __init__(self, may_connect: Callable[[str], bool]) -> None:
        self.has_refused = False
        self._may_connect = may_connect

    def install(self) -> None:
        """Stand before every connection from now on; there is no way back."""
        sys.addaudithook(self._look)

    def _look(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _CONNECTS:
            self._require(args[1])
        elif event in _SPAWNS:
            raise PermissionError("expected to start no program")

    def _require(self, address: object) -> None:
        host = address[0] if isinstance(address, tuple) and address else None  # pyright: ignore[reportUnknownVariableType]  # what the socket module was given
        if not isinstance(host, str) or not self._may_connect(host):
            self.has_refused = True
            raise AddressNotPublic("expected a public address")


def main(may_connect: Callable[[str], bool] = is_public) -> int:
    """Carry out the order on stdin; give the exit code."""
    raw = sys.stdin.buffer.read(ORDER_BYTES_MAX + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S_MAX, _CPU_S_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    socket.setdefaulttimeout(STEP_S_MAX)
    guard = Guard(may_connect)
    guard.install()
    sys.stdout.write(json.dumps({"error": carry_out(json.loads(raw), guard)}))
    return 0


def carry_out(order: Mapping[str, Json], guard: Guard) -> str:
    """Give "" when the order was carried out, else a code that tells nothing of the target."""
    try:
        error = _ping(order["target"]) if order["what"] == "ping" else _deliver(order)
    except TargetRefused:
        return "target_unusable"
    except Exception as failure:  # noqa: BLE001  Its words may hold the target; its name does not.
        error = _code_of(failure)
    return "address_not_public" if error and guard.has_refused else error


def _ping(target: str) -> str:
    read_ping(target)
    place = urlsplit(target)
    connection = http.client.HTTPSConnection(
        place.hostname or "", place.port, timeout=STEP_S_MAX, context=ssl.create_default_context()
    )
    try:
        path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        connection.request("GET", path, headers={"User-Agent": "perp-desk"})
        return _of_status(connection.getresponse().status)
    finally:
        connection.close()


def _deliver(order: Mapping[str, Json]) -> str:
    scheme = read_target(order["target"])
    # Late, because a ping needs none of it and it takes a third of a second.
    from gateway.notify.apprise_channel import Seen, deliver  # noqa: PLC0415

    seen = Seen()
    if deliver(order["target"], scheme, title=order["title"], body=order["body"], seen=seen):
        return ""
    if seen.status is not None and not 200 <= seen.status < 300:
        return _of_status(seen.status)
    return "failed" if seen.failure is None else _code_of(seen.failure)


def _of_status(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return "redirected" if 300 <= status < 400 else f"http_{status}"


def _code_of(failure: BaseException) -> str:
    """Name a failure by its class, and by those of its causes."""
    seen: BaseException | None = failure
    for _ in range(10):
        if seen is None:
            break
        name = type(seen).__name__
        if isinstance(seen, socket.gaierror) or name == "NameResolutionError":
            return "name_unresolved"
        if isinstance(seen, TimeoutError) or "Timeout" in name:
            return "timeout"
        if isinstance(seen, ssl.SSLError) or name == "SSLError":
            return "certificate_refused"
        reason = getattr(seen, "reason", None)
        inner = next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        seen = (reason if isinstance(reason, BaseException) else None) or inner or seen.__context__
    return "failed"


if __name__ == "__main__":
    sys.exit(main())
