"""Traces across the log: who appended is the parent of who handles, with spans and without."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import telemetry
from chassis.telemetry import append_span, handling, set_up_logging, set_up_tracing
from contracts.codec import TRACEPARENT, as_recorded
from contracts.event import Recorded
from kit.chassis_events import OCCURRED_AT, a_draft


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry.spans, "tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def recorded(traceparent: str | None) -> Recorded:
    event = as_recorded(a_draft(1), source="gateway", position=1, recorded_at=OCCURRED_AT)
    object.__setattr__(event, "traceparent", traceparent)
    return event


def named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def test_the_span_that_appended_is_the_parent_of_the_one_that_handles(
    spans: InMemorySpanExporter,
) -> None:
    with append_span([a_draft(1)]) as headers:
        pass
    with handling(recorded(headers[TRACEPARENT])), append_span([a_draft(2)]):
        pass
    first, second = [s for s in spans.get_finished_spans() if s.name == "append"]
    handle = named(spans)["handle service_stopped"]
    assert handle.parent is not None
    assert first.context is not None
    assert handle.parent.span_id == first.context.span_id
    assert second.parent is not None
    assert handle.context is not None
    assert second.parent.span_id == handle.context.span_id
    traces = {span.context.trace_id for span in spans.get_finished_spans() if span.context}
    assert len(traces) == 1


BAD_TRACEPARENTS = [
    None,
    "",
    "garbage",
    "00-00000000000000000000000000000000-0000000000000000-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    "00-zzf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
]


@pytest.mark.parametrize("traceparent", BAD_TRACEPARENTS)
def test_a_bad_traceparent_begins_a_new_trace(
    spans: InMemorySpanExporter, traceparent: str | None
) -> None:
    with handling(recorded(traceparent)):
        pass
    assert named(spans)["handle service_stopped"].parent is None


def test_the_header_is_w3c(spans: InMemorySpanExporter) -> None:
    with append_span([a_draft(1)]) as headers:
        pass
    context = named(spans)["append"].context
    assert context is not None
    assert context.trace_flags.sampled
    assert headers == {
        TRACEPARENT: f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}",
    }


W3C = re.compile(r"00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")


def appended(number: int) -> re.Match[str]:
    """Give the parts of the header that an append carries."""
    with append_span([a_draft(number)]) as headers:
        found = W3C.fullmatch(headers[TRACEPARENT])
    assert found is not None
    return found


def test_without_an_exporter_the_trace_goes_on_over_the_log() -> None:
    root = appended(1)
    with handling(recorded(root[0])):
        first, second = appended(2), appended(3)
    assert root["trace"] == first["trace"] == second["trace"]
    assert root["flags"] == first["flags"] == "01"
    assert len({root["span"], first["span"], second["span"]}) == 3
    assert appended(4)["trace"] != root["trace"]


def test_without_an_exporter_the_decision_not_to_sample_goes_on() -> None:
    with handling(recorded("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")):
        assert appended(1)["flags"] == "00"


@pytest.mark.parametrize("traceparent", BAD_TRACEPARENTS)
def test_without_an_exporter_a_bad_traceparent_begins_a_new_trace(traceparent: str | None) -> None:
    with handling(recorded(traceparent)):
        first, second = appended(1), appended(2)
    assert first["trace"] == second["trace"]
    assert first["trace"] not in (traceparent or "")


def test_an_exporter_goes_on_with_a_trace_that_was_begun_without_one(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(telemetry.spans, "tracer", None)
        begun = appended(1)
    with handling(recorded(begun[0])):
        pass
    parent = named(spans)["handle service_stopped"].parent
    assert parent is not None
    assert f"{parent.trace_id:032x}" == begun["trace"]
    assert f"{parent.span_id:016x}" == begun["span"]


def test_no_span_is_made_where_nothing_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert set_up_tracing(service="risk", instance="a") is None


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Where the log lines go; afterwards logging is as it was."""
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    set_up_logging(service="risk", instance="a", level="info")
    yield stderr
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_log_line_names_the_event_in_hand(stderr: io.StringIO) -> None:
    event = recorded(None)
    with handling(event):
        structlog.get_logger().info("order_denied", account="local")
    structlog.get_logger().info("caught_up")
    inside, outside = map(json.loads, stderr.getvalue().splitlines())
    assert inside["event"] == "order_denied"
    assert inside["position"] == event.position
    assert inside["event_id"] == str(event.id)
    assert inside["event_type"] == "service_stopped"
    assert inside["correlation_id"] == str(event.correlation_id)
    assert "position" not in outside
