"""The whole gateway in one process, over the log in memory: its loops, its API, its stream."""

import asyncio
import contextlib
import gzip
import json
import socket
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
from litestar import Litestar

from contracts.ids import AccountId
from gateway import consumers, gauging
from gateway.activity.export import Exports
from gateway.activity.history import History
from gateway.asgi import Parts, create_app
from gateway.consumers import NoAnswer
from gateway.domain.desk import DeskState
from gateway.edge import Edge
from gateway.guards.gate import Gate
from gateway.handlers import Commands
from gateway.idempotency import Keys
from gateway.identity import identity_of
from gateway.live import Live
from gateway.opening import name_owner, open_account
from gateway.page_files import File, PageFiles
from gateway.server import bind, serving
from gateway.settings import GatewaySettings
from gateway.signin.sign_in import SignIn
from gateway.site import Site, loopback_site
from gateway.stream.session import Disconnected
from kit.chassis_memory_keyvalue import InMemoryKeyValue
from kit.gateway_notify import NotifyStage
from kit.gateway_signin import NEIGHBOR, SignInStage, signed_in
from kit.gateway_story import Story
from kit.memory import InMemoryCheckpoints, InMemoryLog, InMemoryMarket

PORT = 8001
BASE = f"http://127.0.0.1:{PORT}"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


PAGE: PageFiles = {
    "index.html": File(b"<!doctype html>", "text/html", None),
    "app.js": File(b"const desk = 1;", "text/javascript", gzip.compress(b"const desk = 1;")),
}
"""A page for tests that are not about it."""
_IDENTITY = identity_of()
_PARTS: list[Parts] = []
"""Of the desk that runs now: one application serves them all, because building it takes long."""


@cache
def _app() -> Litestar:
    return create_app(lambda: _PARTS[0])


@dataclass
class FakeAsker:
    """Answers by subject; nobody else answers."""

    answers: dict[str, bytes] = field(default_factory=dict[str, bytes])
    asked: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])

    async def __call__(self, subject: str, body: bytes, *, timeout_s: float) -> bytes:
        """Give the answer that was put there."""
        self.asked.append((subject, body))
        await asyncio.sleep(0)
        if subject not in self.answers:
            raise NoAnswer(f"expected an answer on {subject}, found none in {timeout_s} s")
        return self.answers[subject]


@dataclass
class Desk:
    """A running gateway and everything around it."""

    log: InMemoryLog
    market: InMemoryMarket
    checkpoints: InMemoryCheckpoints
    ask: FakeAsker
    live: Live
    commands: Commands
    http: httpx.AsyncClient
    story: Story
    edge: Edge
    sign_in: SignIn | None
    exports: Exports
    notify: NotifyStage
    keys: InMemoryKeyValue
    """The bucket of what was answered to commands."""

    async def caught_up(self) -> None:
        """Wait until the gateway shows the whole log."""
        head = await self.log.head()
        await until(lambda: self.live.hub.is_open and self.live.state.position >= head)


async def until(is_true: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(timeout_s):
        while not is_true():  # noqa: ASYNC110  Any condition, of things that announce nothing.
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def running_desk(
    *,
    log: InMemoryLog | None = None,
    checkpoints: InMemoryCheckpoints | None = None,
    opens_account: bool = True,
    log_wait_s: float = 30.0,
    verdict_wait_s: float = 0.02,
    clock: Callable[[], datetime] = lambda: NOW,
    environment: dict[str, Any] | None = None,
    stage: SignInStage | None = None,
    notify: NotifyStage | None = None,
    account: str = "local",
    page: PageFiles | None = None,
    keys: InMemoryKeyValue | None = None,
    services_every_s: float = consumers.SERVICES_EVERY_S,
) -> AsyncGenerator[Desk]:
    """Run a gateway for as long as the context lasts; `opens_account` writes the feed first.

    With a `stage` it asks for a sign-in; the client then says which page it is.
    """
    log = log or InMemoryLog(service="gateway")
    checkpoints = checkpoints or InMemoryCheckpoints(log)
    keys = keys or InMemoryKeyValue()
    story = Story(log)
    if opens_account and await log.head() == 0:
        await story.opens()
        await story.opens_account()
    live = Live(DeskState(account_id=AccountId(account)))
    commands = Commands(
        log=log,
        live=live,
        clock=clock,
        log_wait_s=log_wait_s,
        verdict_wait_s=verdict_wait_s,
    )
    ask, market = FakeAsker(), InMemoryMarket()
    history = History(ask=ask, log=log, shows=live.shows)
    exports = Exports(live, history, commands)
    sign_in = None if stage is None else stage.sign_in(log, live)
    notify = notify or NotifyStage()
    settings = GatewaySettings(account=account, **(environment or {}))
    _PARTS[:] = [
        Parts(
            live=live,
            commands=commands,
            history=history,
            exports=exports,
            notifications=notify.notifications(log, live),
            keys=Keys(keys, clock=clock),
            sign_in=sign_in,
            identity=replace(_IDENTITY, place=settings.place()),
            page_files=page or PAGE,
        )
    ]
    loops = [
        consumers.show_log(live, log, checkpoints),
        consumers.show_trades(live, market, clock=clock),
        consumers.show_services(live, ask, clock=clock, every_s=services_every_s),
        gauging.show_gauges(live, market, clock=clock),
        gauging.show_panels(live, clock=clock),
        open_account(live, log, settings),
        name_owner(live, commands, settings),
        *([] if sign_in is None else [sign_in.sessions.follow()]),
    ]
    tasks = [asyncio.create_task(loop) for loop in loops]
    site = loopback_site(PORT) if stage is None else stage.site
    (base,) = {origin for host, origin in site.origins.items() if host[0] not in "l["}
    edge = Edge(Gate(_app(), sign_in), site=site)
    transport = httpx.ASGITransport(app=edge)
    headers = {} if stage is None else {"Origin": base}
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as http:
        desk = Desk(
            log,
            market,
            checkpoints,
            ask,
            live,
            commands,
            http,
            story,
            edge,
            sign_in,
            exports,
            notify,
            keys,
        )
        try:
            await until(lambda: live.hub.is_open)
            await until(lambda: sign_in is None or sign_in.sessions.is_current)
            yield desk
        finally:
            live.hub.close()
            if sign_in is not None:
                await sign_in.settle(timeout_s=1)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def signed_in_next_door(stage: SignInStage) -> str:
    """Sign a neighbor in at the gateway of its own account; give the cookie."""
    async with running_desk(stage=stage, account="neighbor", opens_account=False) as there:
        await signed_in(there.http, NEIGHBOR)
        return there.http.cookies["sid"]


@contextlib.asynccontextmanager
async def served() -> AsyncGenerator[int]:
    """Serve the running desk on a free port of the loopback; give the port."""
    listener = await bind("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    async with serving(Edge(Gate(_app(), None), site=loopback_site(port)), listener):
        yield port


@contextlib.asynccontextmanager
async def serving_sign_in(desk: Desk, listener: socket.socket, site: Site) -> AsyncGenerator[None]:
    """Serve a desk that asks for a sign-in, as the site that its stage signs people in for."""
    async with serving(gated(desk, site), listener):
        yield


def gated(desk: Desk, site: Site) -> Edge:
    """Give a desk that asks for a sign-in as an application of its own."""
    return Edge(Gate(_app(), desk.sign_in), site=site)


@dataclass
class FakeSocket:
    """A client's end of a stream: what it got, what it says, and how fast it reads."""

    got: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    offered: int = 0
    """Messages that the server has begun to send."""
    closed: int | None = None
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while the client does not read."""
    _said: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue[str | None])

    def __post_init__(self) -> None:
        self.reads.set()

    async def send(self, text: str) -> None:
        """Take a message of the server."""
        self.offered += 1
        await self.reads.wait()
        await asyncio.sleep(0)
        self.got.append(json.loads(text))

    async def receive(self) -> str:
        """Give what the client says next."""
        said = await self._said.get()
        if said is None:
            raise Disconnected
        return said

    async def close(self, code: int, reason: str) -> None:
        """Take the server's close."""
        await self.reads.wait()
        self.closed = code

    def say(self, message: object) -> None:
        """Send a message; a string goes as it is."""
        self._said.put_nowait(message if isinstance(message, str) else json.dumps(message))

    def leave(self) -> None:
        """Go away."""
        self._said.put_nowait(None)

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        """Give the messages of one kind."""
        return [message for message in self.got if message["kind"] == kind]

    def positions(self) -> list[int]:
        """Give the positions of the events, in the order that they came in."""
        return [int(message["pos"]) for message in self.kinds("ev")]
