"""Where the desk trades: on paper, on the real program in a private Solana beside it, or in public.

The localnet is a process of the desk. Its chain lives as long as that process, so a data folder
holds one run of it.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from pathlib import Path

from solders.pubkey import Pubkey

from contracts.ids import Symbol
from contracts.markets import UnknownMarket, market_of
from contracts.venues import ON_CHAIN, PAPER, VENUES
from localnet.builds import NoProgram, load
from localnet.drift.addresses import PROGRAM, USDC
from localnet.drift.markets import MARKETS
from localnet.drift.world import keypair
from supervisor.chain_process import OWNER
from supervisor.child import Child
from supervisor.data_folder import DataFolder
from supervisor.options import Feed, speed_of
from supervisor.ports import LOOPBACK, free_pair
from supervisor.refusal import Refusal

LOCALNET = ON_CHAIN[0]
SPEED_MAX = 10.0
"""A chain is looked at a few times a second; faster than this, decisions come too late on it."""
SPEED = "4"
_PLACE = ("DRIFT_PROGRAM", "QUOTE_MINT")
_EQUITY = "PAPER_EQUITY_USD"
_EQUITY_USD = "10000"
_DELEGATE_SOL, _OWN_DELEGATE_SOL = "1", "0.05"
"""For a key of the test wallet, which lives for days; and of a person, as the page advises."""
_VENUE = "VENUE"
_OWNER_WALLET, _ACCOUNT_OWNER = "OWNER_WALLET", "ACCOUNT_OWNER"
_CHAIN_ID = "SIGN_IN_CHAIN_ID"
_NOT_OURS = {
    "RPC_URL": "RPC_URLS, two nodes at least",
    "DRIFT_ENV": "VENUE and DRIFT_PROGRAM: which program is a setting",
}
"""Names that others use: set, they would look as if they were heeded."""


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
        """Give what the gateway is told: of a chain the same program as execution."""
        told = {_VENUE: self.name} | ({} if self.owner is None else {_OWNER_WALLET: self.owner})
        if self.name in ON_CHAIN[1:] and not os.environ.get(_CHAIN_ID):
            told[_CHAIN_ID] = self.name
        return told | {name: self.execution[name] for name in _PLACE if name in self.execution}


def require_venue(options: Namespace) -> None:
    """Raise Refusal when the venue that is asked for cannot be had.

    A localnet is given its speed, and a public cluster its live feed: there is no way back to made
    up prices where orders are real.
    """
    told = os.environ.get(_VENUE, "").strip() or options.venue
    if told != options.venue:
        raise Refusal(
            f"expected {_VENUE} not to be set, or as --venue says ({options.venue}), "
            f"found {told!r:.20}: `up` trades on {' or '.join(VENUES)}"
        )
    if options.venue == PAPER:
        return
    if options.venue == LOCALNET:
        _require_program()
    if find_spec("driftpy") is None:
        raise Refusal(
            "expected the packages of the Drift venue, found no driftpy; "
            "`./justw sync --extra drift` installs them"
        )
    if options.venue == LOCALNET:
        _give_speed(options)
    else:
        _give_live_feed(options)


def _require_program() -> None:
    try:
        load(os.environ.get("DRIFT_SO"))
    except NoProgram as error:
        first = str(error).partition("\n")[0].rstrip(".")
        raise Refusal(f"{first}; `./justw localnet` says how to get one") from None


def _give_speed(options: Namespace) -> None:
    options.speed = options.speed or (SPEED if options.feed == "synthetic" else None)
    if speed_of(options) > SPEED_MAX:
        raise Refusal(
            f"expected --speed of at most {SPEED_MAX:g} with --venue {LOCALNET}, "
            f"found {options.speed}"
        )


def _give_live_feed(options: Namespace) -> None:
    for name, ours in _NOT_OURS.items():
        if os.environ.get(name, "").strip():
            raise Refusal(f"expected {ours} with --venue {options.venue}, found {name}")
    if options.tape or options.feed not in (None, "auto", "binance"):
        raise Refusal(
            f"expected a live feed with --venue {options.venue}, whose orders are real, found "
            f"{'a tape' if options.tape else options.feed}"
        )
    options.feed = "binance"


def _owners_own() -> str | None:
    """Give the wallet of a person that is to own the account, if one is named. Raises Refusal."""
    named = os.environ.get(_OWNER_WALLET, "").strip()
    if not named:
        return None
    with suppress(ValueError):
        if Pubkey.from_string(named).is_on_curve():
            return named
    raise Refusal(
        f"expected {_OWNER_WALLET} with --venue {LOCALNET} to be a wallet in base58, "
        f"found {named!r:.60}"
    )


def _cluster(venue: str) -> Venue:
    """Give a public cluster: all else comes from the environment, whose owner is one."""
    owner, wallet = (os.environ.get(it, "").strip() for it in (_ACCOUNT_OWNER, _OWNER_WALLET))
    if owner and wallet and owner != wallet:
        raise Refusal(
            f"expected {_OWNER_WALLET} to be the wallet of {_ACCOUNT_OWNER} ({owner:.44}), or not "
            f"to be set, found {wallet:.44}"
        )
    return Venue(venue, execution={_VENUE: venue}, owner=owner or None)


def _deposit_usd() -> Decimal:
    told = os.environ.get(_EQUITY, "").strip() or _EQUITY_USD
    with suppress(InvalidOperation):
        found = Decimal(told)
        if found.is_finite() and found > 0:
            return found
    raise Refusal(f"expected {_EQUITY} to be a number above 0, found {told!r:.40}")


def folder_of(feed: Feed, venue: str) -> str:
    """Name the data folder that is used when none is given."""
    if venue == PAPER:
        return feed.folder
    if venue != LOCALNET:
        return f"{venue}-{feed.folder}"
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
        return Venue(PAPER, execution={_VENUE: PAPER})
    if venue != LOCALNET:
        return _cluster(venue)
    if not folder.is_new:
        raise Refusal(
            f"the chain of {folder.path} ended with the process that it ran in; "
            "give another --data-dir"
        )
    named, port = _owners_own(), free_pair()
    wallet = named or str(keypair(OWNER).pubkey())
    deposit = _deposit_usd()
    try:
        market = market_of(Symbol(feed.symbol)).market
    except UnknownMarket as unknown:
        raise Refusal(str(unknown)) from None
    places = {it.spec.market: it.index for it in MARKETS}
    if market not in places:
        raise Refusal(
            f"expected a feed of {', '.join(places)} with --venue {LOCALNET}, found {market}"
        )
    command = [sys.executable, "-m", "supervisor.chain_process", "--port", str(port)]
    command += ["--market", market, "--deposit-usd", str(deposit)]
    if named is not None:
        command += ["--owner", named]
    elif not options.delegate_on_page:
        command += ["--owner-signs-at", page_url]
    return Venue(
        venue,
        execution={
            _VENUE: venue,
            "RPC_URLS": f"http://{LOOPBACK}:{port}",
            "DRIFT_PROGRAM": str(PROGRAM),
            "QUOTE_MINT": str(USDC),
            _ACCOUNT_OWNER: wallet,
            "PERP_MARKET_INDEX": str(places[market]),
            "DELEGATE_FEES_SOL": _DELEGATE_SOL if named is None else _OWN_DELEGATE_SOL,
            # The test wallet has deposited already.
            "SET_UP_DEPOSIT_USD": "0" if named is None else str(deposit),
        },
        owner=wallet,
        chain=Child(
            "localnet",
            command,
            environment={"NATS_URL": nats_url},
            log=logs / "localnet.log",
            is_restarted=False,
        ),
    )
