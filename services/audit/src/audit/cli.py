"""The commands: `python -m audit [run | migrate | rebuild | verify | replay | trades]`.

`verify`, `replay` and `trades` end with 0 when all is well, 1 at a difference, 2 when they could
not run, and 3 when they found no difference and could not judge everything.
"""

import argparse
import asyncio
import re
import sys
import traceback
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Final

from sqlalchemy import Engine

from audit import app
from audit.rebuild import rebuild
from audit.replay import NoSuchCore, UnreadableRow, archived, load_cores, replay, streamed
from audit.report import show_replayed, show_verified
from audit.settings import AuditSettings
from audit.store.database import open_engine
from audit.store.events import StoreUnavailable, transaction, transient
from audit.store.schema import migrate
from audit.trades import Reported, mark_out, read_log, streamed_prints, taped_prints
from audit.trades_report import show_trades, trades_json
from audit.verify import NotedHead, Verification
from chassis import build
from chassis.connection import Connection, connect
from chassis.log import LogClient, LogForked, LogGap
from chassis.market import MarketClient
from chassis.settings import ConfigurationError, ServiceSettings, load_settings, place_of
from chassis.telemetry import set_up_logging
from contracts.tapes import NotARecording

CLEAN: Final = 0
DIFFERENT: Final = 1
COULD_NOT_RUN: Final = 2
NOT_JUDGED: Final = 3
_STATEMENT_S_MAX = 3600
_NATS_S_MAX = 10.0
_NOTED = re.compile(r"^([0-9]{1,18}):([0-9a-f]{64})$")


class CannotRun(Exception):
    """A command lacks something that it needs."""


def main(arguments: Sequence[str]) -> int:
    """Run a command, or the service without one; give the exit code."""
    options = parser().parse_args(arguments)
    if options.command in (None, "run"):
        return app.main()
    set_up_logging(service="audit", instance="cli", level="error")
    return execute(options)


def execute(options: argparse.Namespace) -> int:
    """Run a command; give the exit code."""
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "migrate": _migrate,
        "rebuild": _rebuild,
        "verify": lambda options: asyncio.run(_verify(options)),
        "replay": lambda options: asyncio.run(_replay(options)),
        "trades": lambda options: asyncio.run(_trades(options)),
    }
    try:
        return commands[options.command](options)
    except (
        CannotRun,
        ConfigurationError,
        LogForked,
        LogGap,
        NoSuchCore,
        NotARecording,
        StoreUnavailable,
        UnreadableRow,
    ) as error:
        sys.stderr.write(f"audit {options.command} could not run: {error}\n")
        return COULD_NOT_RUN
    except SystemExit:  # settings that are missing: the line is written
        return COULD_NOT_RUN
    except Exception:  # noqa: BLE001 - a failure of ours must not look like a difference
        traceback.print_exc()
        return COULD_NOT_RUN


def _migrate(_: argparse.Namespace) -> int:
    with _engine(as_writer=False) as engine, transient(engine):
        _say(f"the schema is at revision {migrate(engine)}")
    return CLEAN


def _rebuild(_: argparse.Namespace) -> int:
    with _engine() as engine:
        counts = rebuild(engine)
    _say("rebuilt " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    return CLEAN


async def _verify(options: argparse.Namespace) -> int:
    with _engine() as engine:
        if options.no_stream:
            return await _verify_with(engine, None, options.expect_head)
        async with _connected() as connection:
            stream = LogClient(connection, service="audit")
            return await _verify_with(engine, stream, options.expect_head)


async def _verify_with(engine: Engine, stream: LogClient | None, noted: NotedHead | None) -> int:
    with transaction(engine) as reading:
        reading.exec_driver_sql("set transaction isolation level repeatable read, read only")
        found = await Verification(reading, stream=stream, noted=noted).run()
    _say(show_verified(found, with_stream=stream is not None))
    if found.differences:
        return DIFFERENT
    return NOT_JUDGED if found.unreadable else CLEAN


async def _replay(options: argparse.Namespace) -> int:
    cores = load_cores(options.core)
    if options.from_stream:
        async with _connected() as connection:
            found = await replay(streamed(LogClient(connection, service="audit")), cores)
    else:
        with _engine() as engine:
            found = await replay(archived(engine), cores)
    source = "the stream" if options.from_stream else "PostgreSQL"
    _say(show_replayed(found, source=source, revision=build.revision()))
    if found.difference is not None:
        return DIFFERENT
    return CLEAN if found.is_judged else NOT_JUDGED


async def _trades(options: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        connection = None
        if options.from_stream or not options.tape:
            connection = await stack.enter_async_context(_connected())
        if options.from_stream and connection is not None:
            source = streamed(LogClient(connection, service="audit"))
            found = await read_log(source, name="the stream")
        else:
            engine = stack.enter_context(_engine())
            found = await read_log(archived(engine), name="PostgreSQL")
        await _mark_out(found, connection, options.tape)
    _say(trades_json(found) if options.json else show_trades(found))
    if found.journal.differences:
        return DIFFERENT
    return NOT_JUDGED if found.unreadable else CLEAN


async def _mark_out(found: Reported, connection: Connection | None, tape: Sequence[str]) -> None:
    if found.feed is None:
        return
    if connection is None or tape:
        names = [name for text in tape for name in text.split(",")]
        await mark_out(found, taped_prints(names, found.feed), name="the tape")
    else:
        prints = streamed_prints(MarketClient(connection), found.feed)
        await mark_out(found, prints, name="the market stream")


@contextmanager
def _engine(*, as_writer: bool = True) -> Generator[Engine]:
    dsn = load_settings(AuditSettings).postgres_dsn.get_secret_value()
    engine = open_engine(dsn, statement_s_max=_STATEMENT_S_MAX, as_writer=as_writer)
    try:
        yield engine
    finally:
        engine.dispose()


@asynccontextmanager
async def _connected() -> AsyncGenerator[Connection]:
    settings = load_settings(ServiceSettings)
    connection = None
    with suppress(TimeoutError):
        async with asyncio.timeout(_NATS_S_MAX):
            connection = await connect(settings, service="audit")
    if connection is None:
        where = place_of(settings.nats_url)
        raise CannotRun(f"expected NATS at {where} in {_NATS_S_MAX:g} s, found none")
    try:
        yield connection
    finally:
        await connection.close()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _noted(text: str) -> NotedHead:
    match = _NOTED.match(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected POSITION:HASH, found {text!r:.100}")
    return NotedHead(int(match[1]), bytes.fromhex(match[2]))


def parser() -> argparse.ArgumentParser:
    """Give the grammar of the command line."""
    audit = argparse.ArgumentParser(prog="audit", description=__doc__, allow_abbrev=False)
    commands = audit.add_subparsers(dest="command")
    commands.add_parser("run", help="archive the log and answer queries (without a command, too)")
    commands.add_parser("migrate", help="bring the schema up to date")
    commands.add_parser("rebuild", help="fold all events into the projections anew")
    verify = commands.add_parser("verify", help="prove that the archive is whole and unaltered")
    verify.add_argument("--no-stream", action="store_true", help="compare with PostgreSQL only")
    verify.add_argument(
        "--expect-head",
        type=_noted,
        metavar="POSITION:HASH",
        help="a head noted earlier, elsewhere",
    )
    again = commands.add_parser("replay", help="derive every decision anew and compare")
    again.add_argument("--from-stream", action="store_true", help="read the stream, no PostgreSQL")
    again.add_argument("--core", action="append", default=[], help="only this core; repeatable")
    trades = commands.add_parser("trades", help="report every trade, with markouts and slippage")
    trades.add_argument("--from-stream", action="store_true", help="read the stream, no PostgreSQL")
    trades.add_argument(
        "--tape",
        nargs="+",
        default=[],
        metavar="FILES",
        help="take the prints from a recording, named as for `up`, not from the market stream",
    )
    trades.add_argument("--json", action="store_true", help="print one JSON object")
    return audit
