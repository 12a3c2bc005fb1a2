"""`python -m supervisor.chain_process`: a localnet that lives by the market stream of a desk.

It begins with the feed's first print, at its time and price, opens the owner's account with its
deposit and delegate, and then follows. The owner's key never leaves this process.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from decimal import Decimal

from solders.pubkey import Pubkey

from chassis.connection import connect
from chassis.market import MarketClient, MarketFollower
from chassis.provision import provision
from chassis.settings import ServiceSettings
from contracts.ticks import Trade, decode_tick
from localnet.app import Localnet, PortTaken, localnet
from localnet.builds import Build, NoProgram, load
from localnet.drift.markets import market_by
from localnet.pace import ClockMode
from supervisor.market_hand import SLOT_MS, MarketHand
from supervisor.refusal import EXIT_CONFIGURATION

OWNER = "owner"
CONSUMER = "localnet-move-market"
_SILENCE_S = 1.0
"""Without a print for so long, slots open by the wall clock."""
_DELEGATE_SOL = Decimal(1)


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM; 0 is well, 78 something that a person can put right."""
    parser = argparse.ArgumentParser(prog="chain_process", allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--nats-url", required=True)
    parser.add_argument("--market", required=True, help="of the feed, such as sol-perp")
    parser.add_argument("--deposit-usd", type=Decimal, required=True)
    parser.add_argument("--delegate", type=Pubkey.from_string, required=True)
    options = parser.parse_args(arguments)
    try:
        program = load(os.environ.get("DRIFT_SO"))
        asyncio.run(_run(program, options))
    except (NoProgram, PortTaken) as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return EXIT_CONFIGURATION
    return 0


async def _run(program: tuple[Build, bytes], options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    connection = await connect(ServiceSettings(nats_url=options.nats_url), service="localnet")
    await provision(connection)
    work = asyncio.create_task(_live(MarketClient(connection), program, options))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    work.cancel()
    await asyncio.wait({work})
    await connection.close()
    if not work.cancelled():
        work.result()


async def _live(
    market: MarketClient, program: tuple[Build, bytes], options: argparse.Namespace
) -> None:
    async with market.follow(CONSUMER, after=0) as prints:
        first = await _trades(prints)
        async with localnet(
            program,
            clock=ClockMode.STEP,
            port=options.port,
            at_s=first[0].t // 1_000 - 60,
            first_prices_usd={options.market: Decimal(first[0].p)},
        ) as net:
            hand = _opened(net, options)
            hand.work(first)
            print(f"Drift {program[0].version} on {net.url}", flush=True)
            while True:
                hand.work(await _trades(prints, hand))


def _opened(net: Localnet, options: argparse.Namespace) -> MarketHand:
    """Give the owner its account, and the delegate what it needs for fees."""
    world, actors = net.world, net.actors
    if world is None or actors is None:
        raise RuntimeError("expected a world with the program, found a bare chain")
    world.fund(options.delegate, usdc=Decimal(0), sol=_DELEGATE_SOL)
    world.open_actor(OWNER, usdc=options.deposit_usd, delegate=options.delegate)
    at_ms = net.node.chain.tip.at_s * 1_000
    return MarketHand(net.pace, actors, market_by(options.market), at_ms)


async def _trades(prints: MarketFollower, hand: MarketHand | None = None) -> list[Trade]:
    """Wait for prints; slots open meanwhile when they stay away."""
    while True:
        began_at = time.monotonic()
        messages = await prints.next(None if hand is None else SLOT_MS / 1_000)
        if not messages and hand is not None:
            hand.pass_time()
            continue
        if messages:
            prints.acknowledge(messages[-1].sequence)
        ticks = [decode_tick(it.body) for it in messages]
        trades = [it for it in ticks if isinstance(it, Trade)]
        if trades:
            await asyncio.sleep(max(0.0, 0.1 - (time.monotonic() - began_at)))
            return trades


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
