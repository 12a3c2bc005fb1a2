"""`up`: bring the desk up on one data folder, keep it up, and take it down in order."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import AsyncGenerator, Coroutine, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.live import Live

from chassis.drain import stop_s_max
from chassis.settings import ServiceSettings, read_settings
from supervisor import nats_server, postgres, status
from supervisor import venue as venues
from supervisor.address import Address, page_address
from supervisor.answers import Answer, ask_service
from supervisor.child import Child
from supervisor.cluster import temporary
from supervisor.data_folder import STORE, DataFolder
from supervisor.disk import Disk
from supervisor.environments import SERVICES, Telling
from supervisor.leftovers import end_leftovers
from supervisor.nats_server import nats_child, wait_until_listening
from supervisor.options import Feed, asked_feed, choose_feed, choose_port
from supervisor.page import build_page, sources
from supervisor.ports import free_ports
from supervisor.postgres import cluster_of, postgres_child
from supervisor.refusal import Refusal
from supervisor.settings_check import not_heeded, require_settings
from supervisor.signals import heard_signals
from supervisor.staging import Staging
from supervisor.status import say
from supervisor.tape_end import wait_until_worked_off
from supervisor.watch import Watch

_SERVER_STOP_S = 15.0
_LOOK_EVERY_S = 0.5
_DSN_LATER = "host=/"
"""Stands for the address of a cluster that is not made yet."""
_NATS_LATER = "nats://127.0.0.1:4222"


class Stack:
    """NATS, PostgreSQL and the services of one data folder."""

    def __init__(
        self, folder: DataFolder, feed: Feed, options: Namespace, address: Address
    ) -> None:
        self.feed = feed
        self.url = address.url
        self._nats_port, *health_ports = free_ports(1 + len(SERVICES))
        self.postgres: Child | None = None
        self._folder = folder
        self._logs = folder.logs
        self._port = address.port
        self._disk = Disk(folder.path)
        self._disk.require_room()
        self.nats, self.nats_url = nats_child(
            folder.path, port=self._nats_port, logs=self._logs, hear=self._disk.hear
        )
        self.services: list[Child] = []
        self._service_stop_s = service_stop_s()
        self._watches = [Watch(self.nats, partial(nats_server.ask, self._nats_port))]
        self.venue = venues.opened(
            options,
            folder,
            feed,
            nats_url=self.nats_url,
            page_url=address.local_url,
            logs=self._logs,
        )
        self._staging = Staging(folder.path / STORE)
        self._cluster = cluster_of(folder.path)
        self._health: dict[str, int] = dict(zip(SERVICES, health_ports, strict=True))

    async def start(self, group: asyncio.TaskGroup) -> None:
        """Start everything; returns when all processes run, not when they are ready."""
        group.create_task(self.nats.keep_running())
        await wait_until_listening(self.nats, self._nats_port)
        cluster = self._cluster
        self.postgres = await postgres_child(cluster, logs=self._logs)
        # Nobody waits until it is ready: what protects a position does not need the archive.
        group.create_task(self.postgres.keep_running())
        self._folder.write_runtime(
            {"nats_url": self.nats_url, "postgres_dsn": cluster.dsn(), "url": self.url}
        )
        if (chain := self.venue.chain) is not None:
            group.create_task(chain.keep_running())
            self._watches.append(Watch(chain, partial(_chain_words, chain)))
        self._watches.append(Watch(self.postgres, partial(postgres.ask, self.postgres, cluster)))
        for name, environment in self.environments(cluster.dsn()).items():
            command, log = [sys.executable, "-m", name], self._logs / f"{name}.log"
            child = Child(name, command, environment=environment, log=log)
            self.services.append(child)
            self._watches.append(Watch(child, partial(ask_service, self._health[name])))
            group.create_task(child.keep_running())

    def environments(self, postgres_dsn: str) -> dict[str, dict[str, str]]:
        """Give what each service is told beside the environment of this process."""
        return Telling(
            folder=self._folder,
            feed=self.feed.environment,
            venue=self.venue,
            page_port=self._port,
            nats_url=self.nats_url,
            postgres_dsn=postgres_dsn,
            health_ports=self._health,
        ).environments()

    async def stop(self) -> None:
        """Drain the services, then stop the servers."""
        for child in reversed(self.services):
            await child.stop(grace_s=self._service_stop_s)
        if self.venue.chain is not None:
            await self.venue.chain.stop(grace_s=_SERVER_STOP_S)
        await self.nats.stop(grace_s=_SERVER_STOP_S)
        self._staging.remove()
        if self.postgres is not None:
            await self.postgres.stop(grace_s=_SERVER_STOP_S)
        self._cluster.close()

    def refusal(self) -> str | None:
        """Give the reason that no restart mends, if a process gave one."""
        chains = [] if self.venue.chain is None else [self.venue.chain]
        children = [self.nats, *chains, *self.services]
        return next((c.refusal for c in children if c.refusal), None)

    async def look(self) -> list[status.Row]:
        """Give the state of every process now, and keep what the servers need in place."""
        self._staging.keep()
        if self._disk.wants_renewal():
            self.nats.renew()
        rows = await asyncio.gather(*(watch.look() for watch in self._watches))
        return [*rows, status.Row("disk", self._disk.problem or status.READY, None, 0)]


async def _chain_words(chain: Child) -> Answer:
    """Give what the chain said last; it is not asked, because its end is the desk's."""
    return Answer(chain.last_words() or "waiting for the feed's first print", is_heard=True)


def service_stop_s() -> float:
    """Give how long a service that is told to stop is waited for: as long as it may take."""
    return stop_s_max(read_settings(ServiceSettings).drain_s)


def run(options: Namespace) -> int:
    """Run the desk until Ctrl-C, SIGTERM, SIGHUP, a refusal, or the end of the tape."""
    options.port = choose_port(options.port)
    address = page_address(options.port)
    venues.require_venue(options)
    _require_settings(options, address)
    build_page(sources())
    feed = choose_feed(options)
    path = options.data_dir or Path(".data") / venues.folder_of(feed, options.venue)
    if not path.exists():  # else what an earlier run left in it may still be there
        address.require_free()
    folder = DataFolder(path.resolve(), feed=venues.identity_of(feed, options.venue))
    try:
        end_leftovers(folder.logs)
        address.require_free()
        stack = Stack(folder, feed, options, address)
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


def _require_settings(options: Namespace, address: Address) -> None:
    """Refuse what cannot work before anything is built, tried or made in a data folder.

    What a data folder holds for the services is made in one that goes at once.
    """
    feed = asked_feed(options)
    with tempfile.TemporaryDirectory(dir=temporary()) as made:
        folder = DataFolder(Path(made), feed="none")
        try:
            venue = venues.opened(
                options,
                folder,
                feed,
                nats_url=_NATS_LATER,
                page_url=address.local_url,
                logs=folder.logs,
            )
            telling = Telling(
                folder=folder,
                feed=feed.environment,
                venue=venue,
                page_port=address.port,
                nats_url=_NATS_LATER,
                postgres_dsn=_DSN_LATER,
                health_ports=dict.fromkeys(SERVICES, 0),
            )
            require_settings(telling.environments())
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
    changes = status.Changes()
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
                for line in changes.lines(rows):
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
