"""The composition root: chooses the feed, opens it, and lets the pump move it.

`main` is the whole command line: without arguments the service runs; `probe` says whether the
exchange can be heard; `inspect` says what a recording holds.
"""

import asyncio
import math
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from chassis.service import ConfigurationError, Runtime, run_service
from chassis.settings import EX_CONFIG, read_settings
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import AccountId, Symbol
from ingest import cli
from ingest.barrier import wait_for_desk
from ingest.domain.source import Source
from ingest.feeds.auto import choose
from ingest.feeds.binance import live_source, open_binance
from ingest.feeds.port import Feed
from ingest.feeds.synthetic import BEGINS_MS, SyntheticFeed
from ingest.feeds.tape import TapeFeed
from ingest.feeds.tape_files import Tape, find_tape
from ingest.meter import Meter
from ingest.pace import Pace
from ingest.pump import Pump
from ingest.records import FeedRecords, OpenedBefore, read_openings
from ingest.settings import FeedChoice, IngestSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; give the exit code."""
    given = tuple(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = read_settings(IngestSettings)
        if given:
            return cli.answer(given, settings)
        tape = None
        if settings.feed is FeedChoice.TAPE:
            tape = find_tape(settings.tape_names, symbol=settings.feed_symbol)
    except ConfigurationError as error:
        sys.stderr.write(f"configuration_error: {error}\n")
        return EX_CONFIG
    return run_service("ingest", settings, partial(run, settings=settings, tape=tape))


async def run(runtime: Runtime, *, settings: IngestSettings, tape: Tape | None) -> None:
    """Move the feed until the process is told to stop."""
    runtime.ready(False, "reading the log")
    before = await read_openings(runtime.log)
    async with _open_feed(settings, tape, before.opening) as feed:
        work = asyncio.create_task(_play(runtime, settings, feed, before))
        told = asyncio.create_task(runtime.stopping.wait())
        try:
            await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            for task in (work, told):
                task.cancel()
            await asyncio.wait((work, told))


@asynccontextmanager
async def _open_feed(
    settings: IngestSettings, tape: Tape | None, held: FeedOpened | None
) -> AsyncGenerator[Feed, None]:
    """Open the feed that is wanted; `auto` stays with the feed that the log holds."""
    kind = await choose(settings, held)
    symbol = Symbol(settings.feed_symbol)
    if tape is not None:
        yield TapeFeed(tape)
    elif kind is FeedKind.BINANCE:
        source = live_source(symbol, opened_at=datetime.now(UTC))
        async with open_binance(
            source, ws_url=settings.binance_ws_url, rest_url=settings.binance_rest_url
        ) as feed:
            yield feed
    else:
        yield SyntheticFeed(symbol=symbol, seed=settings.synthetic_seed)


async def _play(
    runtime: Runtime, settings: IngestSettings, feed: Feed, before: OpenedBefore
) -> None:
    source = feed.source
    records = FeedRecords(
        source,
        log=runtime.log,
        dead_letters=runtime.dead_letters,
        before=before,
        now=partial(datetime.now, UTC),
    )
    await records.open()
    meter = Meter(runtime.metrics.registry)
    runtime.show_when_asked(partial(_status, source, meter))
    if source.is_replayable:
        account = AccountId(settings.account)
        await wait_for_desk(runtime.log, runtime.market, account=account, ready=runtime.ready)
    pump = Pump(
        feed,
        records=records,
        market=runtime.market,
        pace=_pace(settings, source.kind),
        meter=meter,
        ready=runtime.ready,
    )
    await pump.run()


def _status(source: Source, meter: Meter) -> dict[str, object]:
    """Say which feed it is and how far it came, as JSON values."""
    return {
        "feed": source.description,
        "kind": source.kind,
        "identity": source.identity,
        "trades": meter.trades,
        "exchange_ms": meter.exchange_ms,
    }


def _pace(settings: IngestSettings, kind: FeedKind) -> Pace:
    match kind:
        case FeedKind.TAPE:
            return Pace(speed=settings.tape_speed, now=time.monotonic)
        case FeedKind.SYNTHETIC:
            free_until_ms = BEGINS_MS + settings.synthetic_warmup_minutes * 60_000
            return Pace(
                speed=settings.synthetic_speed, now=time.monotonic, free_until_ms=free_until_ms
            )
        case FeedKind.BINANCE:
            return Pace(speed=math.inf, now=time.monotonic)
