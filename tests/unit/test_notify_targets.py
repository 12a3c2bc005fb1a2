"""Which targets are taken, and which addresses they may lead to."""

import pytest

from gateway.notify.addresses import is_private_literal, is_public
from gateway.notify.targets import TargetRefused, read_ping, read_target
from kit.gateway_notify import TELEGRAM


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",  # noqa: S104  Refused, not bound.
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "localhost",
        "",
        "8.8.8.8.",
    ],
)
def test_what_is_not_a_public_number_is_not_connected_to(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "149.154.167.220", "2606:4700:4700::1111"])
def test_public_numbers_are_connected_to(address: str) -> None:
    assert is_public(address)
    assert not is_private_literal(address)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:10.0.0.1]",
    ],
)
def test_a_private_number_is_known_in_every_spelling(host: str) -> None:
    assert is_private_literal(host)


@pytest.mark.parametrize(
    ("target", "scheme"),
    [
        (TELEGRAM, "tgram"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/general", "slack"),
        ("mailtos://user:pass@example.com?to=me@example.org&smtp=smtp.example.com", "mailtos"),
        ("mailtos://user:pass@example.com:465?mode=ssl", "mailtos"),
        ("ntfys://ntfy.sh/a-long-topic", "ntfys"),
        ("pover://user@token", "pover"),
        ("jsons://user:pass@hooks.example.com:8443/path", "jsons"),
        ("jsons://8.8.8.8/path", "jsons"),
    ],
)
def test_a_target_of_each_service_is_taken(target: str, scheme: str) -> None:
    assert read_target(target) == scheme


@pytest.mark.parametrize(
    "target",
    [
        "",
        "jsons://",
        "jsons:///path",
        "json://hooks.example.com/",
        "JSONS://hooks.example.com/",
        "file:///etc/passwd",
        "https://hooks.example.com/",
        "jsons://127.0.0.1/",
        "jsons://2130706433/",
        "jsons://0x7f.1/",
        "jsons://[::1]/",
        "jsons://[::ffff:169.254.169.254]:80/",
        "jsons://user:pass@10.0.0.1/",
        "jsons://a@b@10.0.0.1/",
        "jsons://%31%32%37.0.0.1/",
        "jsons://localhost/",
        "jsons://LOCALHOST./",
        "jsons://metadata.google.internal/",
        "jsons://hooks.example.com/?verify=no",
        "jsons://hooks.example.com/?VERIFY=no",
        "jsons://hooks.example.com/?redirect=yes",
        "jsons://hooks.example.com/?+Host=evil",
        "jsons://hooks.example.com/?:a=b",
        "jsons://hooks.example.com/ json://10.0.0.1",
        "jsons://hooks.example.com/,json://10.0.0.1",
        "jsons://hooks.example.com/\njson://10.0.0.1",
        "discord://1/2?template=/etc/passwd",
        "discord://1/2?to=x&template=/etc/passwd",
        "mailtos://user:pass@example.com?smtp=127.0.0.1",
        "mailtos://user:pass@example.com?smtp=%31%32%37.1",
        "mailtos://user:pass@example.com?mode=insecure",
        "ntfys://ntfy.sh/topic?attach=http://10.0.0.1/",
        "jsons://" + "a" * 1_000,
        "jsons://hööks.example.com/",
    ],
)
def test_what_is_no_target_is_refused_and_never_repeated(target: str) -> None:
    with pytest.raises(TargetRefused) as refused:
        read_target(target)
    said = str(refused.value)
    assert said.startswith("expected")
    assert "example" not in said
    assert "passwd" not in said


@pytest.mark.parametrize(
    "target",
    [
        "http://ping.example.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://user:pass@ping.example.com/",
        "https://ping.example.com:99999/",
        "https://2130706433/",
        "https://desk.local/x",
        "https://",
    ],
)
def test_what_is_no_heartbeat_is_refused(target: str) -> None:
    with pytest.raises(TargetRefused):
        read_ping(target)


def test_an_https_address_is_a_heartbeat() -> None:
    read_ping("https://hc-ping.com/12345678-1234-1234-1234-123456789012?rid=1")
