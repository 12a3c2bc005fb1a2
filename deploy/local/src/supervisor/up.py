"""`up`: bring the desk up on one data folder, keep it up, and take it down in order."""

import asyncio
import contextlib
import os
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Coroutine, Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live

from supervisor import status
from supervisor import venue as venues
from supervisor.child import Child
from supervisor.data_folder import STORE, DataFolder
from supervisor.disk import Disk
from supervisor.leftovers import end_leftovers
from supervisor.nats_server import nats_child, wait_until_listening
from supervisor.options import Feed, choose_feed, choose_port
from supervisor.ports import LOOPBACK, free_port, require_free
from supervisor.postgres import cluster_of, postgres_child, wait_until_ready
from supervisor.refusal import Refusal
from supervisor.settings_check import not_heeded, require_settings
from supervisor.signals import heard_signals
from supervisor.staging import Staging
from supervisor.tape_end import wait_until_worked_off

SERVICES = ("audit", "gateway", "execution", "risk", "signals", "ingest")
"""In the order of their start; they stop in the opposite one, so that ticks end first."""
_DRAIN_S = 15.0
_KEY_FILE = "NOTIFICATIONS_KEY_FILE"
_ENDS_FILE = "SESSION_ENDS_FILE"
_SEALING_FILE, _KEYS_DIR = "KEY_ENCRYPTION_FILE", "DELEGATE_KEYS_DIR"
_LOOK_EVERY_S = 0.5
_DSN_LATER = "host=/"
"""Stands for the address of a cluster that is not made yet."""


class Stack:
    """NATS, PostgreSQL and the services of one data folder."""

    def __init__(self, folder: DataFolder, feed: Feed, options: Namespace) -> None:
        self.feed = feed
        self.url = f"http://{LOOPBACK}:{options.port}"
        self.nats_port = free_port()
        self.postgres: Child | None = None
        self._folder = folder
        self._logs = folder.logs
        self._port: int = options.port
        self._disk = Disk(folder.path)
        self._disk.require_room()
        self.nats, self.nats_url = nats_child(
            folder.path, port=self.nats_port, logs=self._logs, hear=self._disk.hear
        )
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
        self._cluster = cluster_of(folder.path)
        self._health = {name: free_port() for name in SERVICES}
        self._readiness: dict[str, str] = {}

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Start everything; returns when all processes run, not when they are ready."""
        group.create_task(self.nats.keep_running())
        try:
            await wait_until_listening(self.nats_port, timeout_s=30)
        except TimeoutError:
            raise Refusal(f"nats-server did not start: {self.nats.last_words()}") from None
        self.nats.state = "ready"
        cluster = self._cluster
        self.postgres = postgres = await postgres_child(cluster, logs=self._logs)
        group.create_task(postgres.keep_running())
        await wait_until_ready(postgres, cluster, timeout_s=30)
        self._folder.write_runtime(
            {"nats_url": self.nats_url, "postgres_dsn": cluster.dsn(), "url": self.url}
        )
        if self.venue.chain is not None:
            group.create_task(self.venue.chain.keep_running())
        for name, environment in self.environments(cluster.dsn()).items():
            command, log = [sys.executable, "-m", name], self._logs / f"{name}.log"
            child = Child(name, command, environment=environment, log=log)
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
        if self.postgres is not None:
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
        if self._disk.wants_renewal():
            self.nats.renew()
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
        if self.postgres is not None:
            servers.append(self.postgres)
            if self.postgres.pid is not None:
                self.postgres.state = (
                    "ready" if self._cluster.is_ready(self.postgres.pid) else "starting"
                )
        rows = [
            status.Row(child.name, child.state, child.pid, child.restarts, child.ended)
            for child in [*servers, *self.services]
        ]
        return [*rows, status.Row("disk", self._disk.problem or status.READY, None, 0)]

    def _keys(self) -> dict[str, str]:
        """Give execution a place for delegate keys, and what seals them, unless they are set."""
        given = os.environ.get(_SEALING_FILE) or str(self._folder.key_file("delegates"))
        folder = os.environ.get(_KEYS_DIR) or str(self._folder.path / "delegates")
        return {_SEALING_FILE: given, _KEYS_DIR: folder}

    def environments(self, postgres_dsn: str) -> dict[str, dict[str, str]]:
        """Give what each service is told beside the environment of this process."""
        return {name: self._environment(name, postgres_dsn) for name in SERVICES}

    def _environment(self, name: str, postgres_dsn: str) -> dict[str, str]:
        environment = {
            "NATS_URL": self.nats_url,
            "HEALTH_HOST": LOOPBACK,
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
        return environment


def say(line: str) -> None:
    """Print a line; a desk goes on where nobody can read it."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def run(options: Namespace) -> int:
    """Run the desk until Ctrl-C, SIGTERM, SIGHUP, a refusal, or the end of the tape."""
    options.port = choose_port(options.port)
    venues.require_venue(options)
    feed = choose_feed(options)
    path = options.data_dir or Path(".data") / venues.folder_of(feed, options.venue)
    folder = DataFolder(path.resolve(), feed=venues.identity_of(feed, options.venue))
    try:
        end_leftovers(folder.logs)
        require_free(options.port, option="--port")
        stack = Stack(folder, feed, options)
        environments = stack.environments(_DSN_LATER)
        require_settings(environments)
        if names := not_heeded(environments):
            print(f"Not heeded, because `up` sets them itself: {', '.join(names)}", flush=True)
        return asyncio.run(_run(stack, folder, options))
    except ExceptionGroup as failures:
        told = failures.subgroup((Refusal, OSError))
        raise failures if told is None else _first(told) from None
    finally:
        folder.close()


def _first(failures: BaseExceptionGroup[Exception]) -> Exception:
    found = failures.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


async def _run(stack: Stack, folder: DataFolder, options: Namespace) -> int:
    async with _stop_event() as stopping, asyncio.TaskGroup() as group:
        try:
            told = group.create_task(stopping.wait())
            if await _is_done_before(told, stack.start(group)):
                tasks: list[asyncio.Task[object]] = [told]
                if options.exit_at_end:
                    tasks.append(group.create_task(wait_until_worked_off(stack.nats_url)))
                await _show_until(tasks, stack, folder)
        finally:
            say("Stopping: draining the services ...")
            await stack.stop()
            for task in _others():
                task.cancel()
    if refusal := stack.refusal():
        raise Refusal(refusal)
    return 0


async def _is_done_before(
    told: asyncio.Task[object], work: Coroutine[object, object, None]
) -> bool:
    """Do the work and say that it is done; give it up as soon as the desk is told to stop."""
    doing = asyncio.create_task(work)
    await asyncio.wait((told, doing), return_when="FIRST_COMPLETED")
    if doing.done():
        await doing
        return True
    doing.cancel()
    await asyncio.wait((doing,))
    return False


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
        say(title)
    with live or contextlib.nullcontext():
        while not any(task.done() for task in tasks) and stack.refusal() is None:
            rows = await stack.look()
            if live is not None:
                with contextlib.suppress(OSError):
                    live.update(status.table(title, rows), refresh=True)
            else:
                for line in status.changes(rows, shown):
                    say(line)
                if not are_all_ready and all(row.is_ready for row in rows):
                    are_all_ready = True
                    say("all services ready")
            await asyncio.wait(tasks, timeout=_LOOK_EVERY_S, return_when="FIRST_COMPLETED")


@contextlib.asynccontextmanager
async def _stop_event() -> AsyncGenerator[asyncio.Event]:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    before = {number: signal.getsignal(number) for number in heard_signals()}
    for number in before:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _others() -> list[asyncio.Task[object]]:
    mine = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not mine]
