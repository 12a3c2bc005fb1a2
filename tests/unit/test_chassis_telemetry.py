"""Traces across the log: who appended is the parent of who handles."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import telemetry
from chassis.telemetry import append_span, handling
from contracts.codec import TRACEPARENT, as_recorded
from contracts.event import Recorded
from kit.chassis_events import OCCURRED_AT, a_draft


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
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


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "garbage",
        "00-00000000000000000000000000000000-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-zzf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ],
)
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


def test_without_a_tracer_there_is_no_header() -> None:
    with append_span([a_draft(1)]) as headers:
        assert headers == {}
