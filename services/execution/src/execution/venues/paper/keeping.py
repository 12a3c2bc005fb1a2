"""A chain as bytes, to go on from where it stood."""

import msgspec

from execution.venues.paper.clockwork import Clockwork
from execution.venues.paper.state import Account, Market
from execution.venues.paper.weather import Weather


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    """The whole chain."""

    market_id: str
    market: Market
    accounts: list[Account]
    weather: Weather


def dump(works: Clockwork) -> bytes:
    """Give the whole chain as JSON that `load` understands."""
    accounts = list(works.accounts.values())
    return msgspec.json.encode(_Kept(works.terms.market, works.market, accounts, works.weather))


def load(works: Clockwork, data: bytes) -> None:
    """Take a chain that `dump` gave; raise ValueError when it is none of this market."""
    kept = msgspec.json.decode(data, type=_Kept)
    if kept.market_id != works.terms.market:
        raise ValueError(f"expected a chain of {works.terms.market}, found {kept.market_id}")
    works.market, works.weather = kept.market, kept.weather
    works.accounts = {it.name: it for it in kept.accounts}
    works.rebuild()
