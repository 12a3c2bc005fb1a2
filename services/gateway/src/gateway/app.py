"""The composition root: the only module that knows every part."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from chassis.connection import Connection, OutcomeUnknown, request
from chassis.keyvalue import KeyValueClient
from chassis.service import Runtime
from contracts.ids import AccountId
from contracts.subjects import Bucket
from gateway import consumers, gauging
from gateway.activity.export import Exports
from gateway.activity.history import History
from gateway.asgi import Parts, create_app
from gateway.consumers import NoAnswer
from gateway.domain.desk import DeskState
from gateway.edge import Edge
from gateway.guards.gate import Gate
from gateway.guards.rates import Rates
from gateway.handlers import Commands
from gateway.idempotency import Keys
from gateway.identity import identity_of
from gateway.live import Live
from gateway.metrics import GatewayMetrics
from gateway.notify.delivery import Sender
from gateway.notify.manage import Notifications
from gateway.notify.readings import is_healthy, label_of, readings_of
from gateway.notify.store import Store
from gateway.notify.worker import Worker
from gateway.opening import name_owner, open_account
from gateway.page_files import read_page_files
from gateway.room import Room, watch_room
from gateway.server import bind, serving
from gateway.settings import GatewaySettings
from gateway.signin.challenges import Challenges
from gateway.signin.ends import Ends
from gateway.signin.journal import Journal
from gateway.signin.sessions import Sessions
from gateway.signin.sign_in import SignIn
from gateway.site import Site

PAGE = Path(__file__).parent / "page"
"""Where the page is built to."""
KILLS_S_MAX = 5.0
"""Longest wait at the end for kills that the log has not taken."""

_log = structlog.get_logger()


def now() -> datetime:
    """Give the world's time."""
    return datetime.now(UTC)


async def run(runtime: Runtime, settings: GatewaySettings, *, sender: Sender) -> None:
    """Serve until the process is told to stop; `sender` reaches people."""
    live = Live(DeskState(account_id=AccountId(settings.account)))
    commands = Commands(log=runtime.log, live=live, clock=now)
    ask = NatsAsker(runtime.connection)
    listener = await bind(settings.gateway_host, settings.gateway_port)
    host, port = listener.getsockname()[:2]
    site = settings.site(port)
    sign_in = _sign_in(runtime, settings, live, site)
    history = History(ask=ask, log=runtime.log, shows=live.shows)
    notifications, worker = _notifications(runtime, settings, live, sender)
    identity = await asyncio.to_thread(identity_of, settings.place())
    page_files = await asyncio.to_thread(read_page_files, PAGE)
    if not page_files:
        _log.warning("page_missing", folder=str(PAGE))
    parts = Parts(
        live=live,
        commands=commands,
        history=history,
        exports=Exports(live, history, commands),
        notifications=notifications,
        keys=Keys(KeyValueClient(runtime.connection, Bucket.IDEMPOTENCY), clock=now),
        sign_in=sign_in,
        identity=identity,
        page_files=page_files,
    )
    gate = Gate(create_app(lambda: parts), sign_in)
    metrics = GatewayMetrics(runtime.metrics.registry, live.hub)
    edge = Edge(gate, site=site, observe=metrics.observe)
    async with serving(edge, listener, proxies=settings.gateway_proxies) as connections:
        metrics.count_connections(connections)
        url = settings.gateway_url or f"http://{host}:{port}"
        _log.info("listening", url=url, has_sign_in=sign_in is not None)
        try:
            await _work(runtime, settings, live, commands, ask=ask, sign_in=sign_in, worker=worker)
        finally:
            live.hub.close()
            await commands.settle(timeout_s=KILLS_S_MAX)
            if sign_in is not None:
                await sign_in.settle(timeout_s=KILLS_S_MAX)


def _sign_in(runtime: Runtime, settings: GatewaySettings, live: Live, site: Site) -> SignIn | None:
    """Build the sign-in, if the settings ask for one."""
    rules = settings.sign_in_rules()
    if rules is None:
        return None
    challenges = KeyValueClient(runtime.connection, Bucket.CHALLENGES)
    return SignIn(
        rules,
        site=site,
        challenges=Challenges(challenges, chain_id=rules.chain_id),
        sessions=Sessions(
            KeyValueClient(runtime.connection, Bucket.SESSIONS),
            idle=rules.idle,
            lifetime=rules.lifetime,
            clock=now,
            changed=live.hub.ring_bells,
            ends=Ends(Path(settings.session_ends_file) if settings.session_ends_file else None),
        ),
        journal=Journal(runtime.log, live, clock=now),
        clock=now,
        rates=Rates(),
    )


def _notifications(
    runtime: Runtime, settings: GatewaySettings, live: Live, sender: Sender
) -> tuple[Notifications, Worker]:
    """Build what tells people who do not look at the page."""
    account = AccountId(settings.account)
    store = Store(KeyValueClient(runtime.connection, Bucket.NOTIFICATIONS), account=account)
    sealer = settings.sealer()
    label = partial(label_of, live)
    notifications = Notifications(
        account=account,
        store=store,
        log=runtime.log,
        sender=sender,
        sealer=sealer,
        clock=now,
        moment=lambda: live.moment(now()),
        label=label,
    )
    worker = Worker(
        account=account,
        instance=settings.instance,
        store=store,
        log=runtime.log,
        sender=sender,
        sealer=sealer,
        label=label,
        is_healthy=lambda: is_healthy(live, now()),
        readings=lambda: readings_of(live, now()),
        clock=now,
    )
    return notifications, worker


async def _work(
    runtime: Runtime,
    settings: GatewaySettings,
    live: Live,
    commands: Commands,
    *,
    ask: "NatsAsker",
    sign_in: SignIn | None,
    worker: Worker,
) -> None:
    """Run every loop until the stop; a loop that fails ends all of them."""
    room = Room(runtime.log, settings.log_disk())
    runtime.show_when_asked(room.status)
    loops = [
        *([] if sign_in is None else [sign_in.sessions.follow()]),
        consumers.show_log(live, runtime.log, runtime.checkpoints),
        consumers.show_trades(live, runtime.market, clock=now),
        consumers.show_services(live, ask, clock=now),
        gauging.show_gauges(live, runtime.market, clock=now),
        gauging.show_panels(live, clock=now),
        open_account(live, runtime.log, settings),
        name_owner(live, commands, settings),
        worker.run(),
        watch_room(live, commands, room),
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
