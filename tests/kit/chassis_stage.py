"""The ports that services work with, over memory or over a real nats-server."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chassis.checkpoints import Checkpoints, KeyValueCheckpoints
from chassis.connection import Connection, connected
from chassis.keyvalue import KeyValue, KeyValueClient
from chassis.log import Log, LogClient
from chassis.market import Market, MarketClient
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts.subjects import Bucket
from kit.chassis_memory_keyvalue import InMemoryKeyValue
from kit.memory import InMemoryCheckpoints, InMemoryLog, InMemoryMarket
from kit.servers import NatsServer, nats_server

Kind = Literal["memory", "nats"]
KINDS: tuple[Kind, ...] = ("memory", "nats")


@dataclass(frozen=True, slots=True)
class Stage:
    """One log, one market stream, one of each kind of bucket."""

    log_as: Callable[[str], Log]
    """Gives the log as a service sees it."""
    market: Market
    checkpoints: Checkpoints
    keyvalue: KeyValue


@dataclass(frozen=True, slots=True)
class RealStage:
    """The same on a server that a test may stop and kill."""

    server: NatsServer
    connection: Connection
    log: LogClient
    market: MarketClient
    checkpoints: KeyValueCheckpoints


@asynccontextmanager
async def stage(kind: Kind, folder: Path) -> AsyncGenerator[Stage, None]:
    """Set up the ports in one of the two ways."""
    if kind == "memory":
        log = InMemoryLog()
        yield Stage(log.as_service, InMemoryMarket(), InMemoryCheckpoints(log), InMemoryKeyValue())
        return
    async with real_stage(folder) as real:

        def log_as(service: str) -> Log:
            return LogClient(real.connection, service=service)

        keyvalue = KeyValueClient(real.connection, Bucket.SESSIONS)
        yield Stage(log_as, real.market, real.checkpoints, keyvalue)


@asynccontextmanager
async def real_stage(folder: Path, *, service: str = "gateway") -> AsyncGenerator[RealStage, None]:
    """Set up the ports on a server of their own."""
    async with (
        nats_server(folder) as server,
        connected(ServiceSettings(nats_url=server.url), service) as connection,
    ):
        await provision(connection)
        yield RealStage(
            server=server,
            connection=connection,
            log=LogClient(connection, service=service),
            market=MarketClient(connection),
            checkpoints=KeyValueCheckpoints(connection),
        )
