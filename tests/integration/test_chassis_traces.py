"""One trace over the log: from who asked, through who decided, to who acted."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import telemetry
from chassis.connection import connected
from chassis.fold import CoreRunner
from chassis.log import LogClient
from chassis.settings import ServiceSettings
from chassis.telemetry import handling
from contracts.event import Recorded
from kit.chassis_core import ANSWERS, CONSUMER, SERVICE, CountingCore
from kit.chassis_events import a_kill
from kit.chassis_stage import RealStage, real_stage


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry.spans, "tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


async def decide(real: RealStage, log: LogClient) -> None:
    """Run the deciding service until its answer to one kill is recorded."""
    runner = CoreRunner(
        make_core=CountingCore,
        log=log,
        checkpoints=real.checkpoints,
        name="risk",
        version="1",
        consumer=CONSUMER,
        fenced=("process.risk",),
    )
    await runner.catch_up()
    stopping = asyncio.Event()
    running = asyncio.create_task(runner.run(stopping))
    await real.log.append([a_kill(1)])
    while await real.log.last(ANSWERS) is None:  # noqa: ASYNC110  The server has no event for it.
        await asyncio.sleep(0.01)
    stopping.set()
    await running


def parents(spans: tuple[ReadableSpan, ...], leaf: ReadableSpan) -> list[str]:
    """Name a span and those above it, up to the root."""
    by_id = {span.context.span_id: span for span in spans if span.context is not None}
    names = [leaf.name]
    while leaf.parent is not None:
        leaf = by_id[leaf.parent.span_id]
        names.append(leaf.name)
    return names


async def test_traces_join_across_services(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    async with real_stage(tmp_path) as real:
        settings = ServiceSettings(nats_url=real.server.url)
        async with connected(settings, SERVICE) as connection:
            await decide(real, LogClient(connection, service=SERVICE))
        answer: Recorded | None = await real.log.last(ANSWERS)
        assert answer is not None
        with handling(answer):
            pass
    finished = spans.get_finished_spans()
    leaf = [span for span in finished if span.name == "handle service_stopped"][-1]
    assert parents(finished, leaf) == [
        "handle service_stopped",
        "append",
        "handle kill_switch_engaged",
        "append",
    ]
    assert answer.traceparent is not None
    assert leaf.context is not None
    assert answer.traceparent.split("-")[1] == f"{leaf.context.trace_id:032x}"
