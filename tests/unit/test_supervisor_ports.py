"""A port is refused in one line when it cannot be had."""

import socket

import pytest

from supervisor.address import page_address
from supervisor.ports import free_pair, free_ports, require_free
from supervisor.refusal import Refusal


def test_free_ports_are_free_and_each_another() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        require_free(port, option="--port")


def test_two_ports_in_a_row_are_none_of_the_single_ones() -> None:
    first = free_pair()
    require_free(first + 1, option="--port")
    assert first % 2 == 0
    assert first > max(free_ports(20))


def test_a_port_is_looked_at_where_the_page_will_be() -> None:
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        require_free(port, option="--port", host="127.0.0.2")


def test_an_address_that_is_not_of_this_machine_is_no_port_that_is_taken() -> None:
    (port,) = free_ports(1)
    with pytest.raises(Refusal, match=f"expected to listen on port {port} of 192.0.2.1, found: "):
        require_free(port, option="--port", host="192.0.2.1")


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


@pytest.mark.parametrize(
    ("told", "local", "shown"),
    [
        ({}, "http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ({"GATEWAY_HOST": "localhost"}, "http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ({"GATEWAY_HOST": "127.0.0.7"}, "http://127.0.0.7:8001", "http://127.0.0.7:8001"),
        ({"GATEWAY_HOST": "::1"}, "http://[::1]:8001", "http://[::1]:8001"),
        ({"GATEWAY_HOST": "[::1]"}, "http://[::1]:8001", "http://[::1]:8001"),
        (
            {"GATEWAY_HOST": "192.0.2.5", "GATEWAY_URL": "https://desk.example.com/"},
            "http://192.0.2.5:8001",
            "https://desk.example.com",
        ),
    ],
    ids=str,
)
def test_a_person_is_shown_the_address_that_the_gateway_has(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], local: str, shown: str
) -> None:
    for name in ("GATEWAY_HOST", "GATEWAY_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    address = page_address(8001)
    assert (address.local_url, address.url) == (local, shown)
