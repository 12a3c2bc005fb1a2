"""How often something may be asked: token buckets in this process, one set per purpose.

They bound the load of one client, and of whoever tries keys. The stop and the end of sessions
are never counted.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEYS_MAX = 10_000
"""Clients remembered per purpose; the one longest silent is forgotten."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and as many again in so many seconds."""

    count: int
    seconds: float


class Limiter:
    """One bucket per key."""

    def __init__(self, rate: Rate, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Take one; give 0.0, or the seconds after which there is one again."""
        now, rate = self._now(), self._rate
        left, at = self._left.pop(key, (float(rate.count), now))
        left = min(rate.count, left + (now - at) * rate.count / rate.seconds)
        is_free = left >= 1
        self._left[key] = (left - 1 if is_free else left, now)
        while len(self._left) > KEYS_MAX:
            self._left.popitem(last=False)
        return 0.0 if is_free else (1 - left) * rate.seconds / rate.count


WIDE = 8
"""So many times as much is left to a whole /48, which one client of IPv6 may have."""


class NetworkLimiter:
    """Buckets by client address: one per network, and a wider one around many of IPv6."""

    def __init__(self, rate: Rate, *, now: Callable[[], float] = time.monotonic) -> None:
        self._narrow = Limiter(rate, now=now)
        self._wide = Limiter(Rate(WIDE * rate.count, rate.seconds), now=now)

    def wait_s(self, address: str) -> float:
        """Take one; give 0.0, or the seconds after which there is one again."""
        wait_s = self._narrow.wait_s(network_of(address))
        wide = wide_network_of(address)
        return wait_s if wait_s or wide is None else self._wide.wait_s(wide)


class Rates:
    """The limiters of a gateway, each with buckets of its own."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        def limiter(count: int, seconds: float) -> Limiter:
            return Limiter(Rate(count, seconds), now=now)

        def network_limiter(count: int, seconds: float) -> NetworkLimiter:
            return NetworkLimiter(Rate(count, seconds), now=now)

        self.challenges = network_limiter(10, 60)
        self.proofs = network_limiter(5, 60)
        self.step_ups = limiter(20, 60)
        """By session: challenges and proofs of somebody who is signed in, so that strangers behind
        the same address cannot use up theirs."""
        self.sign_ins = limiter(20, 3600)
        """By wallet, of proofs that hold: a stranger cannot use up somebody's."""
        self.lookups = network_limiter(30, 60)
        """Of cookies that this gateway does not know."""
        self.reads = limiter(300, 60)
        """By session."""
        self.writes = limiter(30, 60)
        """By wallet."""
        self.handshakes = limiter(10, 60)
        """By session."""


def network_of(address: str) -> str:
    """Give whom to count an address as: itself, or its /64 where one client has that many."""
    found = _read(address)
    if found is None:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


def wide_network_of(address: str) -> str | None:
    """Give the /48 of an IPv6 address; None for what has no wider network to be counted by."""
    found = _read(address)
    if found is None or found.version == 4:
        return None
    return str(ipaddress.ip_network((found, 48), strict=False))


def _read(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address; of a port, which some proxies add, a client has as many as it likes."""
    bare = address.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return found if found.version == 4 else found.ipv4_mapped or found
