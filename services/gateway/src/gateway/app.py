"""The composition root: the only module that knows every part."""

import asyncio
from datetime import UTC, datetime

import structlog

from chassis.connection import Connection, OutcomeUnknown, request
from chassis.service import Runtime
from contracts.ids import AccountId
from gateway import consumers
from gateway.asgi import Parts, create_app
from gateway.consumers import NoAnswer
from gateway.domain.desk import DeskState
from gateway.edge import Edge
from gateway.handlers import Commands
from gateway.history import History
from gateway.live import Live
from gateway.metrics import GatewayMetrics
from gateway.opening import open_account
from gateway.server import bind, serving
from gateway.settings import GatewaySettings

KILLS_S_MAX = 5.0
"""Longest wait at the end for kills that the log has not taken."""

_log = structlog.get_logger()


def now() -> datetime:
    """Give the world's time."""
    return datetime.now(UTC)


async def run(runtime: Runtime, settings: GatewaySettings) -> None:
    """Serve until the process is told to stop."""
    live = Live(DeskState(account_id=AccountId(settings.account)))
    commands = Commands(log=runtime.log, live=live, clock=now)
    ask = NatsAsker(runtime.connection)
    listener = await bind(settings.gateway_host, settings.gateway_port)
    host, port = listener.getsockname()[:2]
    parts = Parts(live=live, commands=commands, history=History(ask=ask, log=runtime.log))
    app = create_app(lambda: parts)
    metrics = GatewayMetrics(runtime.metrics.registry, live.hub)
    async with serving(Edge(app, port=port, observe=metrics.observe), listener):
        _log.info("listening", url=f"http://{host}:{port}")
        try:
            await _work(runtime, settings, live, ask)
        finally:
            live.hub.close()
            await commands.settle(timeout_s=KILLS_S_MAX)


async def _work(runtime: Runtime, settings: GatewaySettings, live: Live, ask: "NatsAsker") -> None:
    """Run every loop until the stop; a loop that fails ends all of them."""
    loops = [
        consumers.show_log(live, runtime.log, runtime.checkpoints),
        consumers.show_trades(live, runtime.market, clock=now),
        consumers.show_services(live, ask, clock=now),
        open_account(live, runtime.log, settings),
        _report_ready(runtime, live),
    ]
    tasks = [asyncio.create_task(loop) for loop in loops]
    stop = asyncio.create_task(runtime.stopping.wait())
    try:
        while not stop.done():
            await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in tasks if task.done()]:
                task.result()
                tasks.remove(task)
    finally:
        for task in (stop, *tasks):
            task.cancel()
        await asyncio.gather(stop, *tasks, return_exceptions=True)


async def _report_ready(runtime: Runtime, live: Live) -> None:
    """Say that the gateway is ready once it shows the whole log."""
    runtime.ready(False, "reading the log")
    with live.hub.bell() as bell:
        while not live.hub.is_open:
            bell.clear()
            await bell.wait()
    runtime.ready(True)


class NatsAsker:
    """Asks other services over NATS request-reply."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __call__(self, subject: str, body: bytes, *, timeout_s: float) -> bytes:
        """Give the answer's bytes; raise NoAnswer."""
        try:
            return await request(self._connection, subject, body, timeout_s)
        except OutcomeUnknown as error:
            raise NoAnswer(str(error)) from error
