"""`python -m supervisor.chain_process`: a localnet that lives by the market stream of a desk.

It begins with the feed's first print, at its time and price, opens the account of its test wallet
with its deposit, and then follows. With `--owner-signs-at` that wallet delegates through the
gateway by itself; its key never leaves this process. With `--owner` the account is to be another
wallet's: that gets the play money, and opens, deposits and delegates on the page. The server's URL
holds a token, so it comes in NATS_URL: a command line is shown to everybody on the machine.
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
from localnet.app import PortTaken, localnet
from localnet.builds import Build, NoProgram, load
from localnet.drift.markets import market_by
from localnet.drift.world import keypair
from localnet.pace import ClockMode
from supervisor.market_hand import FAR_MS, SLOT_MS, MarketHand
from supervisor.owner_hand import OwnerHand
from supervisor.refusal import EXIT_CONFIGURATION
from supervisor.status import READY

OWNER = "owner"
CONSUMER = "localnet-move-market"
_OWNER_SOL = Decimal(10)


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM; 0 is well, 78 something that a person can put right."""
    parser = argparse.ArgumentParser(prog="chain_process", allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--market", required=True, help="of the feed, such as sol-perp")
    parser.add_argument("--deposit-usd", type=Decimal, required=True)
    parser.add_argument("--owner-signs-at", metavar="URL", help="of the gateway")
    parser.add_argument("--owner", type=Pubkey.from_string, metavar="WALLET", help="a person's own")
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
    connection = await connect(ServiceSettings(), service="localnet")
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
            world, actors = net.world, net.actors
            if world is None or actors is None:
                raise RuntimeError("expected a world with the program, found a bare chain")
            if options.owner is None:
                world.open_actor(OWNER, usdc=options.deposit_usd)
            else:
                world.fund(options.owner, usdc=options.deposit_usd, sol=_OWNER_SOL)
            at_ms = net.node.chain.tip.at_s * 1_000
            hand = MarketHand(net.pace, actors, market_by(options.market), at_ms)
            hand.work(first)
            print(f"Drift {program[0].version} on {net.url} comes to the feed's time", flush=True)
            await _catch_up(prints, hand)
            print(f"{READY}: Drift {program[0].version} on {net.url}; {_who(options)}", flush=True)
            async with asyncio.TaskGroup() as group:
                if options.owner_signs_at:
                    owner = OwnerHand(options.owner_signs_at, keypair(OWNER))
                    group.create_task(owner.run())
                while True:
                    hand.work(await _trades(prints, hand))


async def _catch_up(prints: MarketFollower, hand: MarketHand) -> None:
    """Come to the feed's newest prints.

    Until then slots pass faster than a person signs: what an owner is offered would be dead.
    """
    is_behind = True
    while is_behind:
        trades = await _trades(prints, hand)
        is_behind = trades[-1].t - hand.at_ms > FAR_MS
        hand.work(trades)


def _who(options: argparse.Namespace) -> str:
    if options.owner_signs_at:
        return "its test wallet delegates by itself"
    if options.owner is None:
        return f"delegate on the page as {keypair(OWNER).pubkey()}"
    return f"open the account on the page as {options.owner}"


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
