"""What is read off the desk for a message: what it trades on, and whether all is well."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from gateway.live import Live
from gateway.notify.watching import Key, Readings

ASKED_AGO_MAX = timedelta(seconds=15)
PRICE_AGO_MAX = timedelta(minutes=1)
NODES = "nodes"
"""Where execution's status says how the chain's nodes are."""
NODES_TROUBLE = "nodes_trouble"
"""Where it says what is wrong with those that answer; not there: nothing."""


class Nodes(msgspec.Struct, frozen=True):
    """What execution says of the chain's nodes."""

    count: int
    silent: int
    """Those that have not answered several times in a row."""


_nodes = msgspec.json.Decoder(Nodes)


def label_of(live: Live) -> str:
    """Say what the desk trades, where, and on what; it stands before every title."""
    feed, account = live.state.feed, live.state.account
    source = "no feed" if feed is None else str(feed.opened.kind)
    venue = "no account" if account is None else account.opened.venue
    return f"{venue}, {source}, {live.account_id}"


def is_healthy(live: Live, now: datetime) -> bool:
    """Say whether every service answered lately that it is ready, and the whole log is shown."""
    return (
        live.hub.is_open
        and bool(live.services)
        and all(it.is_ready and now - it.asked_at < ASKED_AGO_MAX for it in live.services)
    )


def readings_of(live: Live, now: datetime) -> Readings:
    """Give what notices without an event are about."""
    key = live.state.owner.key
    return Readings(
        moment=live.moment(now),
        price_usd=_price_usd(live, now),
        key=None if key is None else Key(key.address, key.expires_at),
        rpc_trouble=_rpc_trouble(live, now),
    )


def _price_usd(live: Live, now: datetime) -> Decimal | None:
    """Give the mark price, else the last trade's; none that was not heard within the minute."""
    gauges, market = live.gauges, live.market
    if gauges.mark is not None and _is_young(gauges.mark_heard_at, now):
        return gauges.mark.mark_usd
    if market.price is not None and _is_young(market.price_heard_at, now):
        return market.price.last_usd
    return None


def _is_young(heard_at: datetime | None, now: datetime) -> bool:
    return heard_at is not None and now - heard_at < PRICE_AGO_MAX


def _rpc_trouble(live: Live, now: datetime) -> str | None:
    """Say what is wrong with the chain's nodes, as execution says it; None when it does not."""
    said = next((it for it in live.services if it.name == "execution"), None)
    if said is None or not said.is_up or now - said.asked_at >= ASKED_AGO_MAX:
        return None
    try:
        nodes = _nodes.decode(said.details[NODES])
    except (KeyError, msgspec.DecodeError):
        return None  # Paper has none.
    silence = f"{nodes.silent} of {nodes.count} nodes of the chain do not answer"
    trouble = said.details.get(NODES_TROUBLE, "")
    return "; ".join(it for it in (silence if nodes.silent else "", trouble) if it)
