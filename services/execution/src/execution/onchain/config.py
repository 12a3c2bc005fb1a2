"""Which chain and whose account: what the environment says, read and checked.

An RPC address may hold a key of its own, so no message repeats one.
"""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from solders.pubkey import Pubkey

from contracts.venues import ON_CHAIN
from execution.venues.drift.config import NO_MONEY, DriftVenue, FirstMoney

LOCALNET = ON_CHAIN[0]
_NODES_MIN = 2


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """A venue on a chain, and the account that trades there."""

    cluster: str
    urls: tuple[str, ...] = field(repr=False)
    program: Pubkey
    quote_mint: Pubkey
    owner: Pubkey
    sub_account: int
    market_index: int
    first_money: FirstMoney = NO_MONEY

    def venue_of(self, market: str) -> DriftVenue:
        """Give the venue of a market of ours."""
        return DriftVenue(
            cluster=self.cluster,
            program=self.program,
            quote_asset="USDC",
            market=market,
            market_index=self.market_index,
            owner=self.owner,
            sub_account=self.sub_account,
            quote_mint=self.quote_mint,
            first_money=self.first_money,
        )


def urls_of(text: str, cluster: str) -> tuple[str, ...]:
    """Read addresses, comma-separated; raise ValueError without repeating one."""
    urls = tuple(dict.fromkeys(it.strip() for it in text.split(",") if it.strip()))
    needed = 1 if cluster == LOCALNET else _NODES_MIN
    if len(urls) < needed:
        raise ValueError(
            f"expected RPC_URLS with {needed} different node(s) of {cluster} at least, "
            f"found {len(urls)}"
        )
    for place, url in enumerate(urls, start=1):
        _require_url(url, place, must_be_loopback=cluster == LOCALNET)
    return urls


def pubkey_of(name: str, text: str) -> Pubkey:
    """Read a public key; raise ValueError, with the setting's name."""
    try:
        return Pubkey.from_string(text.strip())
    except ValueError:
        raise ValueError(
            f"expected {name} to be a public key in base58, found {text!r:.60}"
        ) from None


def _require_url(url: str, place: int, *, must_be_loopback: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    is_loopback = _is_loopback(host)
    is_well = bool(host) and parts.scheme in {"http", "https"} and not parts.fragment
    if not is_well:
        raise ValueError(f"expected entry {place} of RPC_URLS to be the URL of a node, found none")
    if must_be_loopback and not is_loopback:
        raise ValueError(f"expected entry {place} of RPC_URLS on the loopback, found another host")
    if parts.scheme != "https" and not is_loopback:
        raise ValueError(f"expected https in entry {place} of RPC_URLS, found {parts.scheme}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
