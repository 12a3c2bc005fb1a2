"""Structured logs and traces.

Logs are JSON lines on stderr, with the ids of the event being handled. Traces follow an event over
the log: the `traceparent` header of what is appended is the span that appended it, and the span
that handles it has that as its parent. Spans are made only where a collector is configured
(OTEL_EXPORTER_OTLP_ENDPOINT); the header is the same without them, at a tenth of the price.
"""

import importlib
import logging
import os
import random
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import TracebackType

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, TraceFlags, Tracer
from structlog.typing import EventDict, Processor

from chassis.settings import ConfigurationError
from contracts.codec import TRACEPARENT
from contracts.event import Draft, Recorded

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
)
"""W3C trace context: version, trace id, parent id, flags; one flag has a meaning, sampled."""
_SAMPLED = "01"


@dataclass
class Spans:
    """Who makes the spans of this process: nobody where nothing exports them."""

    tracer: Tracer | None = None


spans = Spans()


def set_up_logging(*, service: str, instance: str, level: str) -> None:
    """Send the logs of this process, ours and the libraries', to stderr as JSON lines."""

    def who(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        event["instance"] = instance
        return event

    shared: list[Processor] = [
        _name_handled,
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


def set_up_tracing(*, service: str, instance: str) -> TracerProvider | None:
    """Make spans if a collector is configured, and give their provider.

    Raises ConfigurationError when the exporter is missing.
    """
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.instance.id": instance}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(_exporting())
    spans.tracer = provider.get_tracer("chassis")
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


def append_span(drafts: Sequence[Draft]) -> AbstractContextManager[Mapping[str, str]]:
    """Trace an append; give the headers that its messages carry."""
    if spans.tracer is not None:
        return _append_span(spans.tracer, drafts)
    handling = _handled.get()
    trace_id, flags = _new_trace() if handling is None else handling.trace
    return nullcontext({TRACEPARENT: f"00-{trace_id}-{_random_id(64):016x}-{flags}"})


def handling(event: Recorded) -> AbstractContextManager[object]:
    """Trace the handling of an event, and name it in every log line meanwhile."""
    if spans.tracer is not None:
        return _handling_span(spans.tracer, event)
    return _Handling(event)


class _Handling:
    """The event in hand, and the trace that it belongs to."""

    __slots__ = ("_token", "event", "trace")

    def __init__(self, event: Recorded) -> None:
        self.event = event
        found = _TRACEPARENT.fullmatch(event.traceparent or "")
        self.trace: tuple[str, str] = _new_trace() if found is None else (found[1], found[3])
        """Trace id and flags, in hexadecimal."""
        self._token: Token[_Handling | None] | None = None

    def __enter__(self) -> None:
        self._token = _handled.set(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _handled.reset(self._token)


_handled: ContextVar[_Handling | None] = ContextVar("handled", default=None)


def _name_handled(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Name the event in hand in a log line."""
    handling = _handled.get()
    if handling is None:
        return line
    event = handling.event
    return {
        "position": event.position,
        "event_id": str(event.id),
        "event_type": event.event.event_type,
        "correlation_id": str(event.correlation_id),
        **line,
    }


def _new_trace() -> tuple[str, str]:
    return f"{_random_id(128):032x}", _SAMPLED


def _random_id(bits: int) -> int:
    """Give an id as the SDK's generator does: random, and not 0, which means none."""
    return random.getrandbits(bits) or 1


@contextmanager
def _append_span(
    tracer: Tracer, drafts: Sequence[Draft]
) -> Generator[Mapping[str, str], None, None]:
    types = " ".join(sorted({draft.event.event_type for draft in drafts}))
    with tracer.start_as_current_span(
        "append", attributes={"events": len(drafts), "types": types}
    ) as span:
        context = span.get_span_context()
        flags = f"{context.trace_flags:02x}"
        yield {TRACEPARENT: f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}"}


@contextmanager
def _handling_span(tracer: Tracer, event: Recorded) -> Generator[None, None, None]:
    parent = _parent(event.traceparent)
    context = None if parent is None else trace.set_span_in_context(trace.NonRecordingSpan(parent))
    with (
        tracer.start_as_current_span(
            f"handle {event.event.event_type}",
            context=context,
            attributes={"position": event.position, "event_id": str(event.id)},
        ),
        _Handling(event),
    ):
        yield


def _parent(traceparent: str | None) -> SpanContext | None:
    """Read a traceparent; a malformed one begins a new trace."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return None
    return SpanContext(
        trace_id=int(found[1], 16),
        span_id=int(found[2], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(found[3], 16)),
    )
