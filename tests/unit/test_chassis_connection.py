"""What a connection says of its server: never what it signs in with."""

import pytest

from chassis.connection import Connection
from chassis.settings import ConfigurationError, ServiceSettings


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
        ("nats://[::1]:4222", "nats://[::1]:4222"),
        ("nats://s3cret@host:4222", "nats://host:4222"),
        ("nats://user:s3cret@host", "nats://host"),
        ("nats://user:s3@cret@host", "nats://host"),
        ("s3cret@host:4222", "host:4222"),
        ("localhost", "localhost"),
        ("://user:s3cret@host", "host"),
        ("https://host/s3cret?api-key=s3cret", "https://host"),
        ("https://host?api-key=s3cret", "https://host"),
        ("https://host\\s3cret", "https://host"),
        ("host.example/?api-key=s3cret", "host.example"),
        ("https://host/path?mail=a@s3cret", "https://..."),
        ("nats://user:s3/cret@host", "nats://..."),
        ("nats://user:s3cret", "nats://..."),
        ("nats://s3cret key", "nats://..."),
        ("s3cret", "..."),
        ("?api-key=s3cret", "..."),
        ("//s3cret@host", "..."),
        ("a://s3cret://b", "..."),
    ],
)
async def test_a_url_is_shown_by_its_scheme_and_host_alone(url: str, shown: str) -> None:
    assert Connection(ServiceSettings(nats_url=url), "gateway").url == shown


@pytest.mark.parametrize(
    ("url", "shown"), [("://user:s3cret@host", "host"), ("nats://user:s3cret", "nats://...")]
)
async def test_a_malformed_url_is_refused_without_its_credentials(url: str, shown: str) -> None:
    connection = Connection(ServiceSettings(nats_url=url), "gateway")
    with pytest.raises(ConfigurationError) as refused:
        await connection.open()
    assert str(refused.value).startswith(f"expected a NATS URL, found '{shown}'")
    assert "s3cret" not in str(refused.value)
