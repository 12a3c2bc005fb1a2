"""Rates: so many at once, refilled evenly, one bucket per key and per purpose."""

import math

import pytest

from gateway.guards import rates
from gateway.guards.rates import (
    WIDE,
    Limiter,
    NetworkLimiter,
    Rate,
    Rates,
    network_of,
    wide_network_of,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_says_how_long_and_refills() -> None:
    clock = Clock()
    limiter = Limiter(Rate(5, 60), now=clock)
    assert [limiter.wait_s("a") for _ in range(5)] == [0.0] * 5
    assert math.isclose(limiter.wait_s("a"), 60 / 5)
    clock.now += 11.9
    assert 0 < limiter.wait_s("a") < 0.2
    clock.now += 0.2
    assert limiter.wait_s("a") == 0.0
    clock.now += 10_000
    assert [limiter.wait_s("a") > 0 for _ in range(6)] == [False] * 5 + [True]


def test_keys_do_not_share() -> None:
    limiter = Limiter(Rate(1, 60), now=Clock())
    assert limiter.wait_s("a") == 0.0
    assert limiter.wait_s("a") > 0
    assert limiter.wait_s("b") == 0.0


def test_purposes_do_not_share() -> None:
    all_ = Rates(now=Clock())
    for _ in range(5):
        assert all_.proofs.wait_s("a") == 0.0
    assert all_.proofs.wait_s("a") > 0
    assert all_.challenges.wait_s("a") == 0.0
    assert all_.reads.wait_s("a") == 0.0


def test_the_number_of_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "KEYS_MAX", 3)
    limiter = Limiter(Rate(1, 60), now=Clock())
    for key in "abcd":
        assert limiter.wait_s(key) == 0.0
    assert limiter.wait_s("d") > 0
    assert limiter.wait_s("a") == 0.0  # Forgotten: it was silent longest.


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_a_client_with_a_whole_network_is_one_client(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7:50123", "192.0.2.7"),
        ("[2001:db8:1:2::7]:50123", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::7]", "2001:db8:1:2::/64"),
        (" 2001:db8:1:2::7%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("x]:1", "x]:1"),
    ],
)
def test_of_a_port_that_a_proxy_adds_nothing_is_counted(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("[2001:db8:1:2::7]:50123", "2001:db8:1::/48"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("192.0.2.7", None),
        ("::ffff:192.0.2.7", None),
        ("", None),
    ],
)
def test_of_ipv6_a_wider_network_counts_too(address: str, network: str | None) -> None:
    assert wide_network_of(address) == network


def test_a_client_with_a_whole_48_is_bounded_and_takes_nothing_from_others() -> None:
    clock = Clock()
    limiter = NetworkLimiter(Rate(2, 60), now=clock)
    taken = [limiter.wait_s(f"2001:db8:1:{net:x}::1") for net in range(100)]
    assert taken.count(0.0) == 2 * WIDE
    assert limiter.wait_s("2001:db8:2::1") == 0.0
    assert limiter.wait_s("192.0.2.7") == 0.0
    assert [limiter.wait_s("192.0.2.8") == 0.0 for _ in range(3)] == [True, True, False]
