"""Where the desk trades: on paper, or on the real program in a private Solana beside it.

The localnet is a process of the desk. Its chain lives as long as that process, so a data folder
holds one run of it.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from contracts.ids import Symbol
from contracts.markets import market_of
from contracts.venues import ON_CHAIN, PAPER
from localnet.builds import NoProgram, load
from localnet.drift.addresses import PROGRAM, USDC
from localnet.drift.world import keypair
from supervisor.chain_process import OWNER
from supervisor.child import Child
from supervisor.data_folder import DataFolder
from supervisor.options import Feed
from supervisor.ports import LOOPBACK, free_pair
from supervisor.refusal import Refusal

LOCALNET = ON_CHAIN[0]
SPEED_MAX = 10.0
"""A chain is looked at a few times a second; faster than this, decisions come too late on it."""
SPEED = "4"
_EQUITY = "PAPER_EQUITY_USD"
_EQUITY_USD = "10000"


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue, what services are told of it, and the process that it needs."""

    name: str
    execution: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: str | None = None
    """The wallet that the account belongs to; None leaves it to the environment."""
    chain: Child | None = None

    @property
    def gateway(self) -> dict[str, str]:
        """Give what the gateway is told."""
        return {"VENUE": self.name} | ({} if self.owner is None else {"OWNER_WALLET": self.owner})


def require_venue(options: Namespace) -> None:
    """Raise Refusal when the venue that is asked for cannot be had; give a localnet its speed."""
    if options.venue == PAPER:
        return
    try:
        load(os.environ.get("DRIFT_SO"))
    except NoProgram as error:
        first = str(error).partition("\n")[0].rstrip(".")
        raise Refusal(f"{first}; `./justw localnet` says how to get one") from None
    if find_spec("driftpy") is None:
        raise Refusal(
            "expected the packages of the Drift venue, found no driftpy; "
            "`./justw sync --extra drift` installs them"
        )
    if options.tape or options.feed == "tape":
        raise Refusal(f"expected a feed that goes on with --venue {LOCALNET}, found a tape")
    options.speed = options.speed or (SPEED if options.feed == "synthetic" else None)
    if options.speed == "max" or float(options.speed or 1) > SPEED_MAX:
        raise Refusal(
            f"expected --speed of at most {SPEED_MAX:g} with --venue {LOCALNET}, "
            f"found {options.speed}"
        )


def folder_of(feed: Feed, venue: str) -> str:
    """Name the data folder that is used when none is given."""
    if venue == PAPER:
        return feed.folder
    return f"{venue}-{feed.folder}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def identity_of(feed: Feed, venue: str) -> str:
    """Give what a data folder remembers: its feed, and its venue when that is not paper."""
    return feed.identity if venue == PAPER else f"{feed.identity} on {venue}"


def opened(
    options: Namespace, folder: DataFolder, feed: Feed, *, nats_url: str, page_url: str, logs: Path
) -> Venue:
    """Give the venue of a data folder. Raises Refusal."""
    venue: str = options.venue
    if venue == PAPER:
        return Venue(PAPER)
    if not folder.is_new:
        raise Refusal(
            f"the chain of {folder.path} ended with the process that it ran in; "
            "give another --data-dir"
        )
    wallet, port = str(keypair(OWNER).pubkey()), free_pair()
    deposit = Decimal(os.environ.get(_EQUITY, _EQUITY_USD))
    market = market_of(Symbol(feed.symbol)).market
    command = [sys.executable, "-m", "supervisor.chain_process", "--port", str(port)]
    command += ["--nats-url", nats_url, "--market", market, "--deposit-usd", str(deposit)]
    if not options.delegate_on_page:
        command += ["--owner-signs-at", page_url]
    return Venue(
        venue,
        execution={
            "VENUE": venue,
            "RPC_URLS": f"http://{LOOPBACK}:{port}",
            "DRIFT_PROGRAM": str(PROGRAM),
            "QUOTE_MINT": str(USDC),
            "ACCOUNT_OWNER": wallet,
        },
        owner=wallet,
        chain=Child(
            "localnet", command, environment={}, log=logs / "localnet.log", is_restarted=False
        ),
    )
