"""`up`: bring the desk up on one data folder, keep it up, and take it down in order."""

import asyncio
import contextlib
import os
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live

from supervisor import status
from supervisor import venue as venues
from supervisor.child import Child
from supervisor.cluster import Cluster
from supervisor.data_folder import DataFolder
from supervisor.nats_server import STORE, nats_child, wait_until_listening
from supervisor.options import Feed, choose_feed
from supervisor.ports import LOOPBACK, free_port, require_free
from supervisor.postgres import postgres_child, wait_until_ready
from supervisor.refusal import Refusal
from supervisor.staging import Staging
from supervisor.tape_end import wait_until_worked_off

SERVICES = ("audit", "gateway", "execution", "risk", "signals", "ingest")
"""In the order of their start; they stop in the opposite one, so that ticks end first."""
_DRAIN_S = 15.0
_KEY_FILE = "NOTIFICATIONS_KEY_FILE"
_ENDS_FILE = "SESSION_ENDS_FILE"
_SEALING_FILE, _KEYS_DIR = "KEY_ENCRYPTION_FILE", "DELEGATE_KEYS_DIR"
_LOOK_EVERY_S = 0.5


class Stack:
    """NATS, PostgreSQL and the services of one data folder."""

    def __init__(self, folder: DataFolder, feed: Feed, options: Namespace) -> None:
        self.feed = feed
        self.url = f"http://{LOOPBACK}:{options.port}"
        self.nats_port = free_port()
        self.postgres: Child | None = None
        self._folder = folder
        self._logs = folder.path / "logs"
        self._logs.mkdir(exist_ok=True)
        self._port: int = options.port
        self.nats, self.nats_url = nats_child(folder.path, port=self.nats_port, logs=self._logs)
        self.services: list[Child] = []
        self.venue = venues.opened(
            options,
            folder,
            feed,
            nats_url=self.nats_url,
            page_url=self.url,
            logs=self._logs,
        )
        self._staging = Staging(folder.path / STORE)
        self._cluster: Cluster | None = None
        self._health: dict[str, int] = {}
        self._readiness: dict[str, str] = {}

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Start everything; returns when all processes run, not when they are ready."""
        group.create_task(self.nats.keep_running())
        try:
            await wait_until_listening(self.nats_port, timeout_s=30)
        except TimeoutError:
            raise Refusal(f"nats-server did not start: {self.nats.last_words()}") from None
        self.nats.state = "ready"
        postgres, cluster = await postgres_child(self._folder.path, logs=self._logs)
        self.postgres, self._cluster = postgres, cluster
        group.create_task(postgres.keep_running())
        await wait_until_ready(postgres, cluster, timeout_s=30)
        self._folder.write_runtime(
            {"nats_url": self.nats_url, "postgres_dsn": cluster.dsn(), "url": self.url}
        )
        if self.venue.chain is not None:
            group.create_task(self.venue.chain.keep_running())
        for name in SERVICES:
            child = self._service(name, postgres_dsn=cluster.dsn())
            self.services.append(child)
            group.create_task(child.keep_running())

    async def stop(self) -> None:
        """Drain the services, then stop the servers."""
        for child in reversed(self.services):
            await child.stop(grace_s=_DRAIN_S)
        if self.venue.chain is not None:
            await self.venue.chain.stop(grace_s=_DRAIN_S)
        await self.nats.stop(grace_s=_DRAIN_S)
        self._staging.remove()
        if self.postgres is not None and self._cluster is not None:
            await self.postgres.stop(grace_s=_DRAIN_S)
            self._cluster.close()

    def refusal(self) -> str | None:
        """Give the reason that no restart mends, if a process gave one."""
        children = [self.nats, *self._chains, *self.services]
        return next((c.refusal for c in children if c.refusal), None)

    @property
    def _chains(self) -> list[Child]:
        return [] if self.venue.chain is None else [self.venue.chain]

    async def look(self) -> list[status.Row]:
        """Give the state of every process now, and keep what the servers need in place."""
        self._staging.keep()
        names = [child.name for child in self.services]
        answers = await asyncio.gather(*(status.ask_ready(self._health[name]) for name in names))
        if self.nats.pid is not None:
            self.nats.state = "ready"
        for child, answer in zip(self.services, answers, strict=True):
            if child.pid is not None:
                child.state = answer
        servers = [self.nats, *self._chains]
        for child in self._chains:
            if child.pid is not None:
                child.state = child.last_words() or "waiting for the feed's first print"
        if self.postgres is not None and self._cluster is not None:
            servers.append(self.postgres)
            if self.postgres.pid is not None:
                self.postgres.state = (
                    "ready" if self._cluster.is_ready(self.postgres.pid) else "starting"
                )
        return [
            status.Row(child.name, child.state, child.pid, child.restarts, child.ended)
            for child in [*servers, *self.services]
        ]

    def _keys(self) -> dict[str, str]:
        """Give execution a place for delegate keys, and what seals them, unless they are set."""
        given = os.environ.get(_SEALING_FILE) or str(self._folder.key_file("delegates"))
        folder = os.environ.get(_KEYS_DIR) or str(self._folder.path / "delegates")
        return {_SEALING_FILE: given, _KEYS_DIR: folder}

    def _service(self, name: str, *, postgres_dsn: str) -> Child:
        self._health[name] = free_port()
        environment = {
            "NATS_URL": self.nats_url,
            "HEALTH_PORT": str(self._health[name]),
            "INSTANCE": f"{name}-0",
        }
        match name:
            case "gateway":
                key = os.environ.get(_KEY_FILE) or str(self._folder.key_file("notifications"))
                ends = os.environ.get(_ENDS_FILE) or str(self._folder.path / "session-ends.json")
                environment |= {"GATEWAY_PORT": str(self._port), _KEY_FILE: key, _ENDS_FILE: ends}
                environment |= self.venue.gateway
            case "audit":
                environment |= {"POSTGRES_DSN": postgres_dsn}
            case "ingest":
                environment |= self.feed.environment
            case "execution":
                environment |= {**self._keys(), **self.venue.execution}
            case _:
                pass
        return Child(
            name,
            [sys.executable, "-m", name],
            environment=environment,
            log=self._logs / f"{name}.log",
        )


def run(options: Namespace) -> int:
    """Run the desk until Ctrl-C, SIGTERM, a refusal, or the end of the tape."""
    require_free(options.port, option="--port")
    venues.require_venue(options)
    feed = choose_feed(options)
    path = options.data_dir or Path(".data") / venues.folder_of(feed, options.venue)
    folder = DataFolder(path.resolve(), feed=venues.identity_of(feed, options.venue))
    try:
        return asyncio.run(_run(folder, feed, options))
    except ExceptionGroup as failures:
        refused = failures.subgroup(Refusal)
        raise failures if refused is None else _first(refused) from None
    finally:
        folder.close()


def _first(failures: BaseExceptionGroup[Refusal]) -> Refusal:
    found = failures.exceptions[0]
    return found if isinstance(found, Refusal) else _first(found)


async def _run(folder: DataFolder, feed: Feed, options: Namespace) -> int:
    stack = Stack(folder, feed, options)
    async with _stop_event() as stopping, asyncio.TaskGroup() as group:
        try:
            await stack.start(group)
            tasks: list[asyncio.Task[object]] = [group.create_task(stopping.wait())]
            if options.exit_at_end:
                tasks.append(group.create_task(wait_until_worked_off(stack.nats_url)))
            await _show_until(tasks, stack, folder)
        finally:
            print("Stopping: draining the services ...", flush=True)
            await stack.stop()
            for task in _others():
                task.cancel()
    if refusal := stack.refusal():
        raise Refusal(refusal)
    return 0


async def _show_until(
    tasks: Sequence[asyncio.Task[object]], stack: Stack, folder: DataFolder
) -> None:
    title = (
        f"{stack.feed.description}   {stack.venue.name.upper()}   {stack.url}   data: {folder.path}"
    )
    console = Console()
    shown: dict[str, status.Row] = {}
    are_all_ready = False
    live = Live(console=console, auto_refresh=False) if console.is_terminal else None
    if live is None:
        print(title, flush=True)
    with live or contextlib.nullcontext():
        while not any(task.done() for task in tasks) and stack.refusal() is None:
            rows = await stack.look()
            if live is not None:
                live.update(status.table(title, rows), refresh=True)
            else:
                for line in status.changes(rows, shown):
                    print(line, flush=True)
                if not are_all_ready and all(row.state == "ready" for row in rows):
                    are_all_ready = True
                    print("all services ready", flush=True)
            await asyncio.wait(tasks, timeout=_LOOK_EVERY_S, return_when="FIRST_COMPLETED")


@contextlib.asynccontextmanager
async def _stop_event() -> AsyncGenerator[asyncio.Event]:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _others() -> list[asyncio.Task[object]]:
    mine = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not mine]
