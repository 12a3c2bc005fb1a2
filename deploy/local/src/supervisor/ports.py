"""Loopback ports: the one that was asked for, or a free one."""

import socket

from supervisor.refusal import Refusal

LOOPBACK = "127.0.0.1"
_TRIES = 50


def free_port() -> int:
    """Give a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def free_pair() -> int:
    """Give the first of two loopback ports in a row that nobody listens on now."""
    for _ in range(_TRIES):
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise Refusal("expected two free ports in a row on the loopback, found none")


def require_free(port: int, *, option: str) -> None:
    """Raise Refusal when it is no port, or somebody listens on it already."""
    if not 1 <= port <= 65535:
        raise Refusal(f"expected {option} from 1 to 65535, found {port}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise Refusal(
                f"port {port} is taken by another program; stop it or give another {option}"
            ) from None
