"""The command line: run a localnet until Ctrl-C or SIGTERM, and say where it is."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from localnet.app import Localnet, PortTaken, localnet
from localnet.builds import Build, NoProgram, load
from localnet.control import WARNING
from localnet.drift.addresses import PROGRAM
from localnet.drift.markets import MARKETS, market_by
from localnet.pace import ClockMode

PORT = 8899
"""That of Solana's own test validator; WebSockets are at the next one."""
_EXIT_CONFIGURATION = 78


def main(arguments: Sequence[str]) -> int:
    """Run; 0 is well, 78 something that a person can put right."""
    parser = argparse.ArgumentParser(prog="localnet", description=WARNING)
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help=f"HTTP port ({PORT}); +1 is WebSocket; 0 for free ones",
    )
    parser.add_argument(
        "--clock",
        type=ClockMode,
        default=ClockMode.WALL,
        choices=list(ClockMode),
        help="wall: slots of 400 ms; step: POST /control/step opens them",
    )
    parser.add_argument("--at-s", type=int, default=None, help="first chain time (now)")
    parser.add_argument(
        "--price",
        type=_price,
        action="append",
        default=[],
        metavar="MARKET=USD",
        help="where a market begins, such as sol-perp=231.5; may be repeated",
    )
    options = parser.parse_args(arguments)
    try:
        program = load(os.environ.get("DRIFT_SO"))
        asyncio.run(_run(program, options))
    except (NoProgram, PortTaken) as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return _EXIT_CONFIGURATION
    return 0


async def _run(program: tuple[Build, bytes], options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    clock: ClockMode = options.clock
    async with localnet(
        program,
        clock=clock,
        port=options.port or None,
        at_s=options.at_s,
        first_prices_usd=dict(options.price),
    ) as running:
        print(_told(running, program[0]), flush=True)
        await stopping.wait()


def _price(text: str) -> tuple[str, Decimal]:
    """Read a market and its price; argparse tells what is wrong."""
    name, _, price = text.partition("=")
    try:
        return market_by(name).spec.market, Decimal(price)
    except (KeyError, InvalidOperation):
        known = ", ".join(market.spec.market for market in MARKETS)
        raise argparse.ArgumentTypeError(
            f"expected MARKET=USD with a market of {known}; found {text!r}"
        ) from None


def _told(running: Localnet, build: Build) -> str:
    return (
        f"Drift {build.version} as {PROGRAM}\n"
        f"RPC {running.url}   WebSocket {running.socket_url}   clock {running.pace.mode}\n"
        f"control {running.url}/control   {WARNING}"
    )
