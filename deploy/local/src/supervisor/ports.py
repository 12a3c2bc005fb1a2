"""Ports of this machine: the one that was asked for, or free ones."""

import errno
import random
import socket
from itertools import islice

from supervisor.refusal import Refusal

LOOPBACK = "127.0.0.1"
_TRIES = 200
_SINGLE, _FIRST_OF_TWO = range(10_000, 30_000), range(30_000, 32_000, 2)
"""No system gives these to whoever connects: what is free now still is when a server of ours begins
to listen, and when it comes again after a crash."""


def free_ports(count: int) -> list[int]:
    """Give loopback ports, each another, that nobody listens on now."""
    candidates = random.sample(_SINGLE, _TRIES)
    found = list(islice((it for it in candidates if _is_free(it)), count))
    if len(found) < count:
        raise Refusal(f"expected {count} free ports on the loopback, found {len(found)}")
    return found


def free_pair() -> int:
    """Give the first of two loopback ports in a row that nobody listens on now."""
    for port in random.sample(_FIRST_OF_TWO, _TRIES):
        if _is_free(port) and _is_free(port + 1):
            return port
    raise Refusal("expected two free ports in a row on the loopback, found none")


def require_free(port: int, *, option: str, host: str = LOOPBACK) -> None:
    """Raise Refusal when it is no port, or nothing of ours may listen on it."""
    if not 1 <= port <= 65535:
        raise Refusal(f"expected {option} from 1 to 65535, found {port}")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            words = f"port {port} is taken by another program; stop it or give another {option}"
        else:
            words = f"expected to listen on port {port} of {host}, found: {error.strerror}"
        raise Refusal(words) from None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
