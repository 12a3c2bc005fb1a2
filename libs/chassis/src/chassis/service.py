"""A service's process: from its settings to its exit code.

`run_service` connects, provisions, says that it started, runs `main`, and drains on SIGTERM. A
service's own code sees a `Runtime` and nothing of the above.
"""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import nats.errors
import structlog
import uvicorn
from faststream.asgi import AsgiFastStream
from faststream.nats import NatsBroker

from chassis import build
from chassis.broker import make_broker
from chassis.checkpoints import Checkpoints, KeyValueCheckpoints
from chassis.connection import Connection
from chassis.dead_letters import DeadLetterClient, DeadLetters
from chassis.drain import FAREWELL_S, Drain
from chassis.health import Health
from chassis.log import Log, LogClient, LogForked, LogGap
from chassis.market import Market, MarketClient
from chassis.metrics import Metrics
from chassis.provision import provision
from chassis.settings import EX_CONFIG, ConfigurationError, ServiceSettings
from chassis.telemetry import set_up_logging, set_up_tracing
from contracts.codec import UndecodableMessage
from contracts.event import Draft, Event
from contracts.ids import derive_root_id
from contracts.process import ServiceStarted, ServiceStopped
from contracts.subjects import process as process_subject

try:
    from uvloop import new_event_loop
except ImportError:  # No wheel for this platform.
    from asyncio import new_event_loop

__all__ = ["EX_DATAERR", "ConfigurationError", "Runtime", "run_service"]

EX_DATAERR = 65
"""Exit code for data that cannot be read (sysexits.h)."""

T = TypeVar("T")
Main = Callable[["Runtime"], Awaitable[None]]
Register = Callable[[NatsBroker, "Runtime"], None]

_log = structlog.get_logger()


@dataclass
class Runtime:
    """What a service has to work with."""

    name: str
    settings: ServiceSettings
    connection: Connection
    broker: NatsBroker
    log: Log
    market: Market
    checkpoints: Checkpoints
    dead_letters: DeadLetters
    metrics: Metrics
    health: Health
    stopping: asyncio.Event
    """Set on SIGTERM and SIGINT: `main` finishes what is in flight and returns."""
    drain: Drain

    def ready(self, state: bool, reason: str = "") -> None:  # noqa: FBT001  Reads as a sentence.
        """Say whether the service does its work, and if not, why."""
        self.health.set_ready(state=state, reason=reason)

    def show_when_asked(self, tell: Callable[[], Mapping[str, object]]) -> None:
        """Add what `tell` gives (JSON values) to each answer of `status.<service>`."""
        self.health.show_when_asked(tell)


def run_service(
    name: str,
    settings: ServiceSettings,
    main: Main,
    *,
    register: Register | None = None,
    policy: str | None = None,
) -> int:
    """Run a service until `main` returns or the process is told to stop; give the exit code.

    `register` adds FastStream subscribers before the broker starts; `policy` names the rules that
    the service decides by. Exit codes: 0 done, 65 data that cannot be read (EX_DATAERR), 78
    configuration (EX_CONFIG: a restart cannot help), else a restart may help.
    """
    set_up_logging(service=name, instance=settings.instance, level=settings.log_level)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(_serve(name, settings, main, register, policy))
    except ConfigurationError as error:
        _log.critical("configuration_error", error=str(error))
        return EX_CONFIG
    except (UndecodableMessage, LogGap, LogForked) as error:
        notes = "; ".join(getattr(error, "__notes__", ()))
        _log.critical("data_error", kind=type(error).__name__, error=str(error), notes=notes)
        return EX_DATAERR
    except Exception:  # noqa: BLE001  The last line of defense: it becomes an exit code.
        _log.exception("service_failed")
        return 1


class _Told(Exception):
    """The process was told to stop before it was ready."""


async def _serve(
    name: str,
    settings: ServiceSettings,
    main: Main,
    register: Register | None,
    policy: str | None,
) -> int:
    tracing = set_up_tracing(service=name, instance=settings.instance)
    stopping = asyncio.Event()
    runtime = _assemble(name, settings, stopping)
    application = AsgiFastStream(runtime.broker, asgi_routes=runtime.health.routes(), logger=None)
    try:
        with _listening(settings) as listener, _signals(stopping):
            async with _answering(application, listener):
                await _unless(stopping, runtime.connection.open(runtime.broker.connect))
                await _unless(stopping, provision(runtime.connection))
                if register is not None:
                    register(runtime.broker, runtime)
                await application.start()
                return await _live(runtime, main, policy)
    except _Told:
        return 0
    finally:
        await _disconnect(runtime, application)
        if tracing is not None:
            await asyncio.to_thread(tracing.shutdown)


def _assemble(name: str, settings: ServiceSettings, stopping: asyncio.Event) -> Runtime:
    metrics = Metrics()
    connection = Connection(settings, name)
    dead_letters = DeadLetterClient(connection, service=name, metrics=metrics)
    broker = make_broker(connection, dead_letters)
    log = LogClient(connection, service=name, metrics=metrics)
    health = Health(
        service=name, instance=settings.instance, connection=connection, metrics=metrics
    )
    health.watch(log)

    @broker.subscriber(f"status.{name}")
    async def status(body: bytes) -> dict[str, object]:
        del body
        return health.status()

    return Runtime(
        name=name,
        settings=settings,
        connection=connection,
        broker=broker,
        log=log,
        market=MarketClient(connection, metrics=metrics),
        checkpoints=KeyValueCheckpoints(connection),
        dead_letters=dead_letters,
        metrics=metrics,
        health=health,
        stopping=stopping,
        drain=Drain(settings.drain_s),
    )


async def _live(runtime: Runtime, main: Main, policy: str | None) -> int:
    """Say that the service started, run `main`, say that it stopped; give the exit code."""
    started_ns = time.time_ns()
    started = ServiceStarted(
        service=runtime.name,
        instance=runtime.settings.instance,
        revision=build.revision(),
        python=build.python(),
        packages_sha256=await asyncio.to_thread(build.packages_sha256),
        policy=policy,
    )
    await _unless(
        runtime.stopping, runtime.log.append([_process_draft(runtime, started, started_ns)])
    )
    _log.info("service_started", revision=started.revision, python=started.python, policy=policy)
    # What stands now stands to the end: the collector need not look through it at every pause.
    gc.collect()
    gc.freeze()
    code = await _run_main(runtime, main)
    stopped = ServiceStopped(service=runtime.name, instance=runtime.settings.instance)
    try:
        async with asyncio.timeout(FAREWELL_S):
            await runtime.log.append([_process_draft(runtime, stopped, started_ns)])
    except TimeoutError:
        _log.warning("service_stopped_not_recorded", reason="NATS did not answer")
    _log.info("service_stopped", code=code)
    return code


async def _run_main(runtime: Runtime, main: Main) -> int:
    working = asyncio.ensure_future(main(runtime))
    failing = asyncio.create_task(runtime.connection.failed())
    told = asyncio.create_task(runtime.stopping.wait())
    try:
        await asyncio.wait((working, failing, told), return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            runtime.ready(False, "stopping")
            await asyncio.wait(
                (working, failing),
                timeout=runtime.drain.left_s(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        if working.done():
            working.result()
            return 0
        if failing.done():
            raise failing.result()
        _log.error("drain_cut_short", after_s=runtime.settings.drain_s)
        return 1
    finally:
        for task in (working, failing, told):
            task.cancel()
        await asyncio.wait((working, failing, told), timeout=FAREWELL_S)


async def _unless(stopping: asyncio.Event, work: Awaitable[T]) -> T:
    """Do the work; raise _Told as soon as the process is told to stop."""
    doing = asyncio.ensure_future(work)
    told = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise _Told
        return doing.result()
    finally:
        told.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait((doing,))


async def _disconnect(runtime: Runtime, application: AsgiFastStream) -> None:
    """Let handlers in flight finish, and close; nothing is appended from here on."""
    runtime.connection.expect_close()
    try:
        async with asyncio.timeout(FAREWELL_S + runtime.drain.left_s()):
            if runtime.connection.is_up:
                await application.stop()
    except (TimeoutError, nats.errors.Error) as error:
        _log.warning("drain_failed", error=str(error), kind=type(error).__name__)
    await runtime.connection.close()


@contextlib.contextmanager
def _signals(stopping: asyncio.Event) -> Generator[None, None, None]:
    loop = asyncio.get_running_loop()

    def tell(which: signal.Signals) -> None:
        _log.info("stopping", signal=which.name)
        stopping.set()

    handled = (signal.SIGTERM, signal.SIGINT)
    for which in handled:
        loop.add_signal_handler(which, tell, which)
    try:
        yield
    finally:
        for which in handled:
            loop.remove_signal_handler(which)


@contextlib.contextmanager
def _listening(settings: ServiceSettings) -> Generator[socket.socket | None, None, None]:
    """Hold the health port, or None when there is to be none."""
    if settings.health_port == 0:
        yield None
        return
    address = (settings.health_host, settings.health_port)
    try:
        listener = socket.create_server(address)
    except OSError as error:
        what = "a port that is taken" if error.errno == errno.EADDRINUSE else str(error)
        raise ConfigurationError(
            f"expected a free health port {address[0]}:{address[1]}, found {what}"
        ) from None
    with listener:
        yield listener


class _Server(uvicorn.Server):
    """A server that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def _answering(
    application: AsgiFastStream, listener: socket.socket | None
) -> AsyncGenerator[None, None]:
    """Answer /live, /ready and /metrics meanwhile; the broker has a life of its own."""
    if listener is None:
        yield
        return
    server = _Server(
        uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, ws="none")
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait((serving,), timeout=FAREWELL_S)
        serving.cancel()


def _process_draft(runtime: Runtime, event: Event, started_ns: int) -> Draft:
    event_id = derive_root_id(event.event_type, runtime.name, runtime.settings.instance, started_ns)
    return Draft(
        event=event,
        id=event_id,
        subject=process_subject(runtime.name),
        occurred_at=datetime.now(UTC),
        correlation_id=event_id,
    )
