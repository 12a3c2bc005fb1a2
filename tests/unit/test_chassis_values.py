"""Small pure parts of the chassis: what it reads from the wire and from the environment."""

from datetime import UTC, datetime

import pytest

from chassis import build
from chassis.consumers import Delivery, PullSpec, parse_delivery
from chassis.jetstream import nanoseconds, stored_time
from chassis.settings import EX_CONFIG, ServiceSettings, load_settings

DELIVERY = Delivery(
    sequence=1234, consumer_sequence=56, delivered=2, time_ns=1795404968334793890, pending=7
)


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.LOG.audit-archive-log.2.1234.56.1795404968334793890.7",
        "$JS.ACK.hub.ACCHASH.LOG.audit-archive-log.2.1234.56.1795404968334793890.7",
        "$JS.ACK._.ACCHASH.LOG.audit-archive-log.2.1234.56.1795404968334793890.7.xYz",
    ],
)
def test_a_reply_subject_is_read_in_every_form(reply: str) -> None:
    assert parse_delivery(reply) == DELIVERY


def test_a_durable_consumer_acknowledges_all_and_is_never_stopped_for_want_of_it() -> None:
    spec = PullSpec("LOG", "risk", ("signals.>",), is_durable=True, window=10)
    config = spec.config(after=41, owner="me")
    assert config["opt_start_seq"] == 42
    assert config["ack_policy"] == "all"
    assert config["max_ack_pending"] == -1
    assert config["filter_subjects"] == ["signals.>"]
    assert config["metadata"] == {"owner": "me"}


def test_a_consumer_of_everything_has_no_filter_and_a_passing_one_goes_by_itself() -> None:
    config = PullSpec("LOG", "read-1", (), is_durable=False, window=10).config(after=0, owner="me")
    assert "filter_subjects" not in config
    assert "durable_name" not in config
    assert config["inactive_threshold"] == 30_000_000_000


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-11-23T03:35:18.490194908Z", 490194),
        ("2026-11-23T03:35:18.5Z", 500000),
        ("2026-11-23T03:35:18Z", 0),
    ],
)
def test_stored_times_are_cut_to_microseconds(text: str, microsecond: int) -> None:
    assert stored_time(text) == datetime(2026, 11, 23, 3, 35, 18, microsecond, tzinfo=UTC)


def test_nanoseconds_are_whole() -> None:
    assert nanoseconds(0.5) == 500_000_000


def test_settings_come_from_upper_case_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", "nats://example:4333")
    monkeypatch.setenv("HEALTH_PORT", "8101")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("INSTANCE", "i-1")
    settings = ServiceSettings()
    assert (settings.nats_url, settings.health_port) == ("nats://example:4333", 8101)
    assert (settings.log_level, settings.instance, settings.account) == ("debug", "i-1", "local")


def test_bad_settings_end_the_process_with_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEALTH_PORT", "99999")
    with pytest.raises(SystemExit) as caught:
        load_settings(ServiceSettings)
    assert caught.value.code == EX_CONFIG
    assert capsys.readouterr().err == (
        "configuration_error: HEALTH_PORT: expected less than or equal to 65535, found '99999'\n"
    )


def test_the_default_instance_is_a_subject_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSTANCE", raising=False)
    monkeypatch.setattr("socket.gethostname", lambda: "Some.Host_Name.example")
    assert ServiceSettings().instance.startswith("some-host-name-example-")


def test_the_revision_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERP_DESK_REVISION", "abc123")
    assert build.revision() == "abc123"


def test_the_digest_of_packages_is_stable() -> None:
    assert build.packages_sha256() == build.packages_sha256()
    assert len(build.packages_sha256()) == 64
