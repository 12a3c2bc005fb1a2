"""In: the log, the market stream and the chain, merged into one order of handling.

One task handles everything: events of the log first, then what the chain shows, then prints. The
chain is read beside it, so an outage of its nodes keeps nobody from being heard.
"""

import asyncio
from typing import Any

from chassis.log import Follower, Log
from chassis.market import Market, MarketFollower
from chassis.telemetry import handling
from execution.consumers import MARKET_CONSUMER
from execution.onchain.desk import ChainDesk
from execution.recovery import LOG_CONSUMER

LOOK_EVERY_S = 2.0
"""So often at least it is looked whether the chain is still read."""


async def follow(
    log: Log,
    market: Market,
    desk: ChainDesk,
    *,
    after: int,
    prints_after: int,
    stopping: asyncio.Event,
) -> None:
    """Handle what comes until told to stop; `after` and `prints_after` are where to begin."""
    async with (
        log.follow(LOG_CONSUMER, after=after) as events,
        market.follow(MARKET_CONSUMER, after=prints_after) as prints,
    ):
        await _merge(desk, events, prints, stopping)


async def _merge(
    desk: ChainDesk, events: Follower, prints: MarketFollower, stopping: asyncio.Event
) -> None:
    stop = asyncio.create_task(stopping.wait())
    next_events = asyncio.create_task(events.next())
    next_prints = asyncio.create_task(prints.next())
    changed = asyncio.create_task(desk.chain.changed.wait())
    try:
        while True:
            waited_for = {stop, next_events, next_prints, changed}
            await asyncio.wait(
                waited_for, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED
            )
            if stop.done():
                return
            if next_events.done():
                for event in next_events.result():
                    with handling(event):
                        await desk.handle_event(event)
                    events.acknowledge(event.position)
                next_events = asyncio.create_task(events.next())
                continue
            if changed.done():
                desk.chain.changed.clear()
                changed = asyncio.create_task(desk.chain.changed.wait())
            await desk.look()
            if next_prints.done():
                messages = next_prints.result()
                await desk.work(messages)
                prints.acknowledge(messages[-1].sequence)
                next_prints = asyncio.create_task(prints.next())
    finally:
        for task in (stop, next_events, next_prints, changed):
            await _cancel(task)


async def _cancel(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait({task})
