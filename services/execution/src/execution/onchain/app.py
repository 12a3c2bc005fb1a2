"""The composition root of execution on a chain."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial

import httpx
from solders.pubkey import Pubkey

from chassis.checkpoints import Checkpoint
from chassis.fold import require_deciding
from chassis.log import Log
from chassis.service import ConfigurationError, Runtime
from contracts.subjects import consumer
from execution.domain.state import ForeignVenue
from execution.onchain.config import ChainConfig
from execution.onchain.delegate import DelegateSigner
from execution.onchain.desk import ChainDesk
from execution.onchain.follow import follow
from execution.onchain.standing import VERSION, ChainStanding
from execution.progress import Feed, ForeignFeed
from execution.recorder import Recorder
from execution.recovery import LOG_CONSUMER, caught_up, from_checkpoint
from execution.signing.cabinet import KeyCabinet
from execution.signing.fence import LogFence
from execution.signing.signer import PolicySigner
from execution.venues.drift.abi import DriftExtraMissing
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.direct import way_to_nodes
from execution.venues.drift.probe import Probe, VenueIncompatible
from execution.venues.drift.rpc import Rpc
from execution.venues.drift.view import AccountMissing

_FEED_POLL_S = 0.2
_TO_BE_PUT_RIGHT = (
    AccountMissing,
    DriftExtraMissing,
    ForeignFeed,
    ForeignVenue,
    VenueIncompatible,
)


async def run_on_chain(
    runtime: Runtime, config: ChainConfig, cabinet: KeyCabinet, *, checkpoint_events: int
) -> None:
    """Trade on a chain until the process is told to stop.

    Raises ConfigurationError for what a person has to put right.
    """
    account = runtime.settings.account
    runtime.ready(False, "folding the log")

    def load(kept: Checkpoint) -> ChainStanding:
        return ChainStanding.load(kept.state, position=kept.position)

    try:
        standing = await from_checkpoint(runtime.checkpoints, VERSION, load) or ChainStanding()
        recorder = await caught_up(runtime.log, standing)
        runtime.ready(False, "waiting for the feed to be opened")
        feed = await _feed(runtime.log, standing, recorder, runtime.stopping)
        if feed is None:
            return
        fence = LogFence(runtime.log, clock=time.monotonic)
        async with httpx.AsyncClient(transport=way_to_nodes(), follow_redirects=False) as client:
            rpc = Rpc(config.urls, client=client, clock=time.monotonic)
            chain = DriftChain(
                config.venue_of(feed.market),
                rpc,
                account=account,
                delegate=partial(_delegate, cabinet, account),
                known=partial(standing.known_orders, account),
                after=standing.cursor(account),
                clock=time.monotonic,
                probe=Probe(rpc, config.quote_mint),
            )
            lately = standing.lately
            policy = PolicySigner(fence, cabinet, lambda: chain.owned.now_ms, lately=lately)
            signer = DelegateSigner(policy, fence, recorder, lambda: chain)
            desk = ChainDesk(
                standing,
                recorder,
                chain,
                signer,
                cabinet=cabinet,
                dead_letters=runtime.dead_letters,
                checkpoints=runtime.checkpoints,
                checkpoint_events=checkpoint_events,
                ready=runtime.ready,
                clock=time.monotonic,
            )
            runtime.show_when_asked(desk.status)
            last = await runtime.market.last(feed.subject)
            await _both(
                chain.run(runtime.stopping),
                chain.send(),
                chain.watch(),
                chain.ask(),
                chain.find_makers(),
                follow(
                    runtime.log,
                    runtime.market,
                    desk,
                    after=standing.position,
                    prints_after=0 if last is None else last.sequence,
                    stopping=runtime.stopping,
                ),
            )
            await desk.checkpoint()
    except _TO_BE_PUT_RIGHT as error:
        raise ConfigurationError(str(error)) from error


async def _feed(
    log: Log, standing: ChainStanding, recorder: Recorder, stopping: asyncio.Event
) -> Feed | None:
    """Fold the log until it has a feed; give None when we are to stop before."""
    while (feed := standing.progress.feed) is None and not stopping.is_set():
        async for recorded in log.read(
            after=standing.position, subjects=consumer(LOG_CONSUMER).filters
        ):
            recorder.observe(recorded)
            drafts = standing.fold(recorded)
            require_deciding(standing.planner)
            if drafts:
                await recorder.record(drafts)
        if standing.progress.feed is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _FEED_POLL_S)
    return feed


async def _both(*works: Coroutine[None, None, None]) -> None:
    """Do all until one ends; raise what it raised."""
    tasks = [asyncio.create_task(it) for it in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _delegate(cabinet: KeyCabinet, account: str) -> Pubkey | None:
    """Give the address that signs for the account; None without a key that is open."""
    key = cabinet.key(account)
    return None if key is None else key.session.delegate
