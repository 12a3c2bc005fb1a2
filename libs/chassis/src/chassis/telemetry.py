"""Structured logs and traces.

Logs are JSON lines on stderr, with the ids of the event being handled. Traces follow an event over
the log: the `traceparent` header of what is appended is the span that appended it, and the span
that handles it has that as its parent. Spans leave the process only where a collector is
configured (OTEL_EXPORTER_OTLP_ENDPOINT).
"""

import importlib
import logging
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, TraceFlags
from structlog.typing import EventDict, Processor

from chassis.settings import ConfigurationError
from contracts.codec import TRACEPARENT
from contracts.event import Draft, Recorded

_tracer = trace.get_tracer("chassis")
"""Finds the provider of the process when it is first used."""


def set_up_logging(*, service: str, instance: str, level: str) -> None:
    """Send the logs of this process, ours and the libraries', to stderr as JSON lines."""

    def who(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        event["instance"] = instance
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        who,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Libraries speak up only when something is wrong.
    for library in ("nats", "faststream", "uvicorn", "asyncio", "opentelemetry"):
        logging.getLogger(library).setLevel(logging.WARNING)


def set_up_tracing(*, service: str, instance: str) -> TracerProvider:
    """Make the tracer of this process. Raises ConfigurationError when the exporter is missing."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.instance.id": instance}),
        shutdown_on_exit=False,
    )
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider.add_span_processor(_exporting())
    trace.set_tracer_provider(provider)
    return provider


def _exporting() -> BatchSpanProcessor:
    try:
        exporters = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError:
        raise ConfigurationError(
            "expected the extra perp-desk-chassis[otlp] with OTEL_EXPORTER_OTLP_ENDPOINT set, "
            "found no exporter"
        ) from None
    return BatchSpanProcessor(exporters.OTLPSpanExporter())


@contextmanager
def append_span(drafts: Sequence[Draft]) -> Generator[Mapping[str, str], None, None]:
    """Trace an append; give the headers that its messages carry."""
    types = " ".join(sorted({draft.event.event_type for draft in drafts}))
    with _tracer.start_as_current_span(
        "append", attributes={"events": len(drafts), "types": types}
    ) as span:
        context = span.get_span_context()
        yield {TRACEPARENT: _traceparent(context)} if context.is_valid else {}


@contextmanager
def handling(event: Recorded) -> Generator[None, None, None]:
    """Trace the handling of an event, and name it in every log line meanwhile."""
    parent = _parent(event.traceparent)
    context = None if parent is None else trace.set_span_in_context(trace.NonRecordingSpan(parent))
    with (
        _tracer.start_as_current_span(
            f"handle {event.event.event_type}",
            context=context,
            attributes={"position": event.position, "event_id": str(event.id)},
        ),
        structlog.contextvars.bound_contextvars(
            position=event.position,
            event_id=str(event.id),
            event_type=event.event.event_type,
            correlation_id=str(event.correlation_id),
        ),
    ):
        yield


def _traceparent(context: SpanContext) -> str:
    """Write a W3C traceparent (version 00)."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _parent(traceparent: str | None) -> SpanContext | None:
    """Read a W3C traceparent; a malformed one begins a new trace."""
    parts = (traceparent or "").split("-")
    if len(parts) != 4 or [len(part) for part in parts] != [2, 32, 16, 2] or parts[0] == "ff":
        return None
    try:
        context = SpanContext(
            trace_id=int(parts[1], 16),
            span_id=int(parts[2], 16),
            is_remote=True,
            trace_flags=TraceFlags(int(parts[3], 16)),
        )
    except ValueError:
        return None
    return context if context.is_valid else None
