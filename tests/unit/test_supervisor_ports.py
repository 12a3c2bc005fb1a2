"""A port is refused in one line when it cannot be had."""

import socket

import pytest

from supervisor.ports import free_port, require_free
from supervisor.refusal import Refusal


def test_a_free_port_is_free() -> None:
    require_free(free_port(), option="--port")


def test_a_taken_port_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Refusal, match="is taken by another program"):
            require_free(taken.getsockname()[1], option="--port")


@pytest.mark.parametrize("port", [0, -1, 65536, 99999])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(Refusal, match="expected --port from 1 to 65535"):
        require_free(port, option="--port")
