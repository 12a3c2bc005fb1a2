"""What `audit trades` prints: for a person, or as one JSON object."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from audit.domain.trades.markouts import HORIZONS_S
from audit.domain.trades.rows import Money, Setup
from audit.domain.trades.summary import (
    FillRate,
    Markout,
    Slippage,
    fill_rates,
    markouts,
    slippages,
)
from audit.domain.verification import printable
from audit.trades import Reported
from contracts.feed import FeedKind
from contracts.values import plain

_MADE_OF = {
    FeedKind.SYNTHETIC: "synthetic market",
    FeedKind.TAPE: "recording",
    FeedKind.BINANCE: "live feed",
}
_CENTS = Decimal("0.01")


def show_trades(found: Reported) -> str:
    """Give the report for a person."""
    setups = list(found.journal.setups.values())
    lines = [
        f"trades       {_made_of(found)}",
        f"events       {found.events} of {found.source}, positions {found.first} to {found.last}",
        f"prints       {found.prints} of {found.prints_source}"
        if found.prints_source
        else "prints       not needed: nothing filled",
    ]
    if found.unreadable:
        lines.append(
            f"note         {found.unreadable} that this build cannot read;"
            f" the first: {found.first_unreadable}"
        )
    filled = sum(bool(it.fills) for it in setups)
    lines.append(f"setups       {len(setups)}, of which {filled} filled")
    lines += [f"  {_setup_line(it)}" for it in setups]
    lines += _rate_lines("touch", fill_rates(setups, by_mid=False))
    lines += _rate_lines("mid", fill_rates(setups, by_mid=True))
    lines += _markout_lines(markouts(setups))
    lines += _slippage_lines(slippages(setups))
    for (account, market), money in sorted(found.journal.accounts.items()):
        lines += [f"money        {account} on {market}, realized", *_money_lines(money)]
    lines += [f"difference   {it}" for it in found.journal.differences]
    if not found.journal.differences:
        lines.append("not judged to the end" if found.unreadable else "clean")
    return "\n".join(map(printable, lines))


def trades_json(found: Reported) -> str:
    """Give the report as one JSON object; decimals are strings, times ISO 8601."""
    journal, feed = found.journal, found.feed
    setups = list(journal.setups.values())
    body = {
        "is_paper": _is_paper(found),
        "is_synthetic": feed is not None and feed.kind is FeedKind.SYNTHETIC,
        "feed": None if feed is None else feed.model_dump(mode="json"),
        "source": found.source,
        "events": found.events,
        "first": found.first,
        "last": found.last,
        "unreadable": found.unreadable,
        "prints": found.prints,
        "prints_source": found.prints_source,
        "setups": [_setup_json(it) for it in setups],
        "fill_rates_by_touch": [asdict(it) for it in fill_rates(setups, by_mid=False)],
        "fill_rates_by_mid": [asdict(it) for it in fill_rates(setups, by_mid=True)],
        "markouts": [asdict(it) for it in markouts(setups)],
        "slippage": [asdict(it) for it in slippages(setups)],
        "accounts": [
            {"account": account, "market": market, **_money_json(money)}
            for (account, market), money in sorted(journal.accounts.items())
        ],
        "differences": [it._asdict() for it in journal.differences],
    }
    return json.dumps(body, default=_wire)


def _is_paper(found: Reported) -> bool:
    venues = found.journal.venues.values()
    return bool(venues) and all(venue == "paper" for venue in venues)


def _made_of(found: Reported) -> str:
    venues = sorted(set(found.journal.venues.values())) or ["no account"]
    feed = found.feed
    market = "no feed" if feed is None else f"{_MADE_OF[feed.kind]} ({feed.description})"
    return f"{', '.join(venues)}; {market}"


def _setup_line(setup: Setup) -> str:
    signaled = setup.signaled_at or setup.approved_at
    words = [f"{signaled:%Y-%m-%d %H:%M:%S}", f"{setup.market} {setup.side.value:5}"]
    if setup.intended_at is not None and setup.intended_price_usd is not None:
        words.append(f"intended {_after(signaled, setup.intended_at)}")
        words.append(f"at {plain(setup.intended_price_usd)}")
    if setup.placed_at is not None:
        words.append(f"placed {_after(signaled, setup.placed_at)}")
    if setup.filled_at is not None and setup.filled_price_usd is not None:
        words.append(f"filled {_after(signaled, setup.filled_at)}")
        words.append(f"{plain(setup.filled_base)} of {plain(setup.quantity_base)}")
        words.append(f"at {_price(setup.filled_price_usd)}")
    if setup.exit_price_usd is not None:
        words.append(f"out at {_price(setup.exit_price_usd)}")
    words.append(setup.exit_kind)
    if setup.r_multiple is not None:
        words.append(f"{setup.r_multiple:+.2f} R")
    words.append(f"{setup.money.net_usd:+.2f} USD")
    return " ".join(words)


def _after(begin: datetime, moment: datetime) -> str:
    return f"{(moment - begin).total_seconds():+.1f} s"


def _price(price: Decimal) -> str:
    return plain(price.quantize(Decimal("0.0001")))


def _rate_lines(of: str, rates: Sequence[FillRate]) -> list[str]:
    if not rates:
        return []
    lines = [f"fill rate    of entries by distance from the {of}"]
    for rate in rates:
        low = "" if rate.above_bps is None else f"above {rate.above_bps} "
        high = "" if rate.up_to_bps is None else f"up to {rate.up_to_bps} "
        lines.append(
            f"  {low + high + 'bps':24} {rate.placements:5} placed, {rate.filled} filled,"
            f" {rate.quantity_rate * 100:.1f} % of the quantity"
        )
    return lines


def _markout_lines(found: Sequence[Markout]) -> list[str]:
    if not found:
        return []
    heads = "".join(f"{f'{it} s':>10}" for it in HORIZONS_S)
    lines = [f"markouts     mean bps by notional, positive is good for us\n  {'':24}{heads}"]
    for kind in sorted({it.kind for it in found}):
        own = [it for it in found if it.kind == kind]
        means = "".join(
            f"{'unknown' if it.mean_bps is None else f'{it.mean_bps:.2f}':>10}" for it in own
        )
        count = own[0].fills + own[0].unknown
        unknown = max(it.unknown for it in own)
        tail = f"{count} fills" + (f", up to {unknown} of them unknown" if unknown else "")
        lines.append(f"  {kind:24}{means}   {tail}")
    return lines


def _slippage_lines(found: Sequence[Slippage]) -> list[str]:
    if not found:
        return []
    return [
        "slippage     of stops against their trigger, else the mid at decision; positive is worse",
        *(
            f"  {it.what:24} {it.orders:5} orders, mean {it.mean_bps:.2f} bps,"
            f" worst {it.worst_bps:.2f} bps"
            for it in found
        ),
    ]


def _money_lines(money: Money) -> list[str]:
    amounts = {
        "price": money.price_pnl_usd,
        "rebates": money.rebates_usd,
        "fees": -money.fees_usd,
        "venue fees": -money.venue_fees_usd,
        "funding": money.funding_usd,
    }
    split = ", ".join(f"{name} {amount.quantize(_CENTS):+}" for name, amount in amounts.items())
    fees = f"priority fees {money.priority_lamports}, signatures {money.signature_lamports}"
    net = money.net_usd.quantize(_CENTS)
    return [f"  {split}; net {net:+} USD", f"  {fees} lamports, of the fee payer"]


def _money_json(money: Money) -> dict[str, Any]:  # Any: amounts and counts.
    return {**asdict(money), "net_usd": money.net_usd}


def _setup_json(setup: Setup) -> dict[str, Any]:  # Any: a row's columns are of many types.
    return {
        **asdict(setup),
        "money": _money_json(setup.money),
        "slips": [
            {**asdict(it), "price_usd": it.price_usd, "slippage_bps": it.slippage_bps}
            for it in setup.slips
        ],
        "filled_base": setup.filled_base,
        "filled_price_usd": setup.filled_price_usd,
        "exit_price_usd": setup.exit_price_usd,
        "r_multiple": setup.r_multiple,
    }


def _wire(value: object) -> str:
    match value:
        case Decimal():
            return plain(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
        case _:
            raise TypeError(f"expected a value of a row, found {value!r:.100}")
