"""Ready means connected, caught up, and a log that answers."""

from chassis.connection import Connection
from chassis.health import Health
from chassis.log import LogClient
from chassis.metrics import Metrics
from chassis.settings import ServiceSettings


class SlowLog(LogClient):
    """A log whose oldest append has waited for `waits_s`."""

    waits_s = 0.0

    @property
    def append_waits_s(self) -> float:
        return self.waits_s


class UpConnection(Connection):
    """A connection that says what it is told to say."""

    up = True

    @property
    def is_up(self) -> bool:
        return self.up


def a_health() -> tuple[Health, UpConnection, SlowLog]:
    connection = UpConnection(ServiceSettings(), "risk")
    log = SlowLog(connection, service="risk")
    health = Health(service="risk", instance="i-1", connection=connection, metrics=Metrics())
    health.watch(log)
    return health, connection, log


def test_a_service_is_not_ready_before_it_says_so() -> None:
    health, _, _ = a_health()
    assert health.ready() == (False, "starting")
    health.set_ready(state=False, reason="catching up")
    assert health.ready() == (False, "catching up")
    health.set_ready(state=True, reason="")
    assert health.ready() == (True, "")


def test_a_lost_connection_stands_above_the_services_own_word() -> None:
    health, connection, _ = a_health()
    health.set_ready(state=True, reason="")
    connection.up = False
    assert health.ready() == (False, "not connected to NATS")


def test_a_log_that_does_not_answer_is_an_outage() -> None:
    health, _, log = a_health()
    health.set_ready(state=True, reason="")
    log.waits_s = 4.9
    assert health.ready() == (True, "")
    log.waits_s = 12.0
    assert health.ready() == (False, "the log has not answered an append for 12 s")


def test_the_status_says_everything_and_its_own_words_win() -> None:
    health, _, _ = a_health()
    health.set_ready(state=True, reason="")
    health.show_when_asked(lambda: {"feed": "tape", "service": "impostor"})
    status = health.status()
    assert status["feed"] == "tape"
    assert status["service"] == "risk"
    assert {"instance", "ready", "reason", "position", "lag", "uptime_s"} <= status.keys()


def test_what_is_shown_when_asked_is_told_at_that_time() -> None:
    health, _, _ = a_health()
    told = {"feed": "tape", "ready": "impostor"}
    health.show_when_asked(lambda: {"feed": "none", "kind": "spot"})
    health.show_when_asked(lambda: told)
    told["trades"] = "7"
    status = health.status()
    assert (status["feed"], status["kind"], status["trades"]) == ("tape", "spot", "7")
    assert status["ready"] is False
    del told["trades"]
    assert "trades" not in health.status()
