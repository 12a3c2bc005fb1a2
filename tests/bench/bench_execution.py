"""Execution on a chain: from a verdict to the bytes on their way, and what a snapshot costs.

Everything is measured on the real program behind RPC on loopback, so it needs `DRIFT_SO` and the
packages of the venue. A verdict is folded, decided on, written, judged, signed, and sent; the
figure ends when the kernel has the request with the signed bytes. The log is left out, where a turn
is appended and the signer reads before it signs: `services` and `append` measure it. The floor is
driftpy's own writing and signing of the same bracket, without its calls of RPC; beside it stands
what ours take for that part alone. All are taken in turns, in this process, each right after the
chain was read, which is what a verdict finds the processor's caches full of.
"""

import gc
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.message import MessageV0
from solders.transaction import VersionedTransaction

from bench.measure import Row, Size, quantile, row
from localnet.builds import NoProgram, load

ROUNDS = {Size.FULL: 9, Size.QUICK: 3, Size.TINY: 1}
PER_ROUND = {Size.FULL: 100, Size.QUICK: 40, Size.TINY: 2}
_AIM = 1.0
_MS = 1_000


async def run(size: Size) -> list[Row]:
    """Measure; raise NoProgram without a program, with how to get one."""
    load(os.environ.get("DRIFT_SO"))
    if find_spec("driftpy") is None:
        raise NoProgram("expected the packages of the Drift venue: `./justw sync --extra drift`")
    rounds, count = ROUNDS[size], PER_ROUND[size]
    async with _rig() as rig:
        return [
            *await _verdicts(rig, rounds, count),
            *_snapshots(rig, rounds, count),
            *_processes(1 if size is Size.TINY else 3),
        ]


@dataclass
class _Wire:
    """Says when the kernel has a transaction."""

    sent_at: float = 0.0
    calls: int = 0
    """Other requests since `sent_at` was cleared, before it was set."""

    @contextmanager
    def watched(self) -> Generator[None]:
        """Look at what the process writes to sockets."""
        real = socket.socket.send

        def send(to: socket.socket, data: bytes, *flags: int) -> int:
            count = real(to, data, *flags)
            if not self.sent_at and b'"sendTransaction"' in data:
                self.sent_at = time.perf_counter()
            elif not self.sent_at and data.startswith(b"POST"):
                self.calls += 1
            return count

        with patch.object(socket.socket, "send", send):
            yield


@dataclass
class _Rig:
    on: Any
    """`kit.drift_chain.OnChain`."""
    wire: _Wire
    drift: Any
    """driftpy's client."""


@asynccontextmanager
async def _rig() -> AsyncGenerator[_Rig]:
    """Run a localnet with a desk on it, and both our side and driftpy's."""
    # They need the packages of the venue.
    from kit.drift_chain import on_chain  # noqa: PLC0415
    from kit.drift_client import drift_client  # noqa: PLC0415

    wire = _Wire()
    async with on_chain(is_open=False) as on, drift_client(on.client) as drift:
        await on.step(3)  # driftpy's client has opened the account: that is to be confirmed.
        with wire.watched():
            yield _Rig(on, wire, drift)


async def _verdicts(rig: _Rig, rounds: int, count: int) -> list[Row]:
    from kit.chain_verdicts import Verdicts  # noqa: PLC0415

    verdicts = Verdicts(rig.on)
    sent: list[list[float]] = []
    built: list[list[float]] = []
    floor: list[list[float]] = []
    for _ in range(rounds):
        gc.collect()
        sent.append([await _sent_ms(rig, verdicts) for _ in range(count)])
        built.append([await _taken_ms(rig, verdicts.build) for _ in range(count)])
        floor.append([await _taken_ms(rig, lambda: _build(rig)) for _ in range(count)])
    return [
        row(
            "execution",
            f"{what}, p{int(q * 100)} of {count}",
            "ms",
            ours=[quantile(it, q) for it in ours],
            floor_name="driftpy's build and sign",
            floor=[quantile(it, q) for it in floor],
            aim=_AIM,
            is_latency=True,
        )
        for what, ours in (("verdict to bytes sent", sent), ("of it, build and sign alone", built))
        for q in (0.5, 0.99)
    ]


async def _sent_ms(rig: _Rig, verdicts: Any) -> float:
    """Give the time from a verdict to its bytes; it never lands, the next account is flat again."""
    ready = verdicts.ready()
    rig.on.seen()  # As the desk looks at every view when it comes.
    rig.wire.sent_at, rig.wire.calls = 0.0, 0
    begin = time.perf_counter()
    transaction = ready()
    rig.on.chain.submit(transaction)
    await rig.on.chain.step()
    if rig.wire.calls:
        raise AssertionError(f"expected no call before a send, found {rig.wire.calls}")
    took = (rig.wire.sent_at - begin) * _MS
    verdicts.forget()
    return took


def _build(rig: _Rig) -> None:
    """Have driftpy write and sign the same bracket."""
    calls = rig.drift.get_place_orders_ix(_bracket())
    budget = [set_compute_unit_limit(200_000), set_compute_unit_price(1)]
    key = rig.on.rig.desk.delegate
    message = MessageV0.try_compile(
        key.pubkey(), [*budget, calls], [], Hash.from_string(rig.on.chain.blockhash().hash)
    )
    bytes(VersionedTransaction(message, [key]))


async def _taken_ms(rig: _Rig, work: Callable[[], None]) -> float:
    await rig.on.chain.step()
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * _MS


def _bracket() -> list[Any]:
    """Give an entry with its stop in driftpy's types."""
    types: Any = import_module("driftpy.types")
    common: dict[str, Any] = {
        "market_type": types.MarketType.Perp(),
        "market_index": 0,
    }
    entry = types.OrderParams(
        order_type=types.OrderType.Limit(),
        direction=types.PositionDirection.Long(),
        user_order_id=16,
        base_asset_amount=10 * 10**9,
        price=149_900_000,
        post_only=types.PostOnlyParams.MustPostOnly(),
        max_ts=2_000_000_000,
        **common,
    )
    stop = types.OrderParams(
        order_type=types.OrderType.TriggerMarket(),
        direction=types.PositionDirection.Short(),
        user_order_id=48,
        base_asset_amount=2**64 - 1,
        price=0,
        reduce_only=True,
        max_ts=0,
        trigger_price=148_900_000,
        trigger_condition=types.OrderTriggerCondition.Below(),
        **common,
    )
    return [entry, stop]


def _snapshots(rig: _Rig, rounds: int, count: int) -> list[Row]:
    """Measure snapshots of an account with its orders: all that a decision needs."""
    from execution.domain.uids import STOP_NUMBERS  # noqa: PLC0415
    from execution.venues.drift import abi  # noqa: PLC0415
    from execution.venues.drift.snapshot import observe  # noqa: PLC0415
    from execution.venues.drift.user import read_user  # noqa: PLC0415
    from execution.venues.drift.view import ChainView  # noqa: PLC0415

    view = rig.on.rig.view()
    venue, accounts = view.venue, view.accounts
    decoded = (venue.user, venue.state, venue.perp_market, venue.quote_market)

    def ours() -> None:
        fresh = ChainView(venue, accounts, view.block_height, 0)
        observe(fresh, account="local", delegate=rig.on.rig.delegate, whole=STOP_NUMBERS)

    def driftpys() -> None:
        for key in decoded:
            abi.decoded(venue.program, accounts[key].data)

    def our_user() -> None:
        read_user(accounts[venue.user].data)

    def their_user() -> None:
        abi.decoded(venue.program, accounts[venue.user].data)

    return [
        row(
            "execution",
            what,
            "decodes/s",
            ours=[_rate(one, count) for _ in range(rounds)],
            floor_name=name,
            floor=[_rate(other, count) for _ in range(rounds)],
            aim=_AIM,
        )
        for what, one, name, other in (
            ("snapshots, from bytes to what is decided on", ours, "driftpy's coder", driftpys),
            ("our sub-account alone", our_user, "driftpy's coder", their_user),
        )
    ]


def _rate(work: Callable[[], None], count: int) -> float:
    begin = time.process_time()
    for _ in range(count):
        work()
    return count / max(time.process_time() - begin, 1e-9)


_PROBE = """
import resource, sys, time
begin = time.process_time()
{imports}
print(time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
_OURS = """
import execution.app
import execution.venues.drift.chain
from execution.venues.drift import abi
from execution.venues.drift.config import CLOCK
abi.program(CLOCK)
"""
_THEIRS = "import driftpy.drift_client"


def _processes(rounds: int) -> list[Row]:
    """Measure what the service imports with the venue, in processes of their own."""
    ours = [_imported(_OURS) for _ in range(rounds)]
    floor = [_imported(_THEIRS) for _ in range(rounds)]
    return [
        row(
            "execution",
            f"the service with its venue: {what}",
            unit,
            ours=[it[place] for it in ours],
            floor_name="driftpy's client",
            floor=[it[place] for it in floor],
            is_latency=True,
        )
        for place, what, unit in ((0, "import, CPU", "ms"), (1, "memory", "MB"))
    ]


def _imported(imports: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(imports=imports)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds * _MS, kilobytes / 1_024
