"""Intents as one message of the program, with the accounts that a view of the chain shows."""

from collections.abc import Sequence

from solders.pubkey import Pubkey

from execution.signing.facts import VenueAccounts
from execution.venues.drift.view import ChainView
from execution.venues.drift.writing import Places, write
from execution.venues.port import Intent

_SYSTEM = Pubkey.default()


def encode(
    view: ChainView,
    intents: Sequence[Intent],
    *,
    authority: Pubkey,
    blockhash: str,
    priority_fee_lamports: int,
    serial: int = 0,
    makers: Sequence[tuple[Pubkey, Pubkey]] = (),
) -> bytes:
    """Write intents as `writing.write` does, for the signature of the owner or a delegate."""
    return write(
        places_of(view, makers),
        intents,
        authority=authority,
        blockhash=blockhash,
        priority_fee_lamports=priority_fee_lamports,
        serial=serial,
    )


def venue_accounts(view: ChainView, makers: Sequence[tuple[Pubkey, Pubkey]] = ()) -> VenueAccounts:
    """Name the accounts that our transactions may touch, for the policy signer."""
    return places_of(view, makers).accounts


def places_of(view: ChainView, makers: Sequence[tuple[Pubkey, Pubkey]] = ()) -> Places:
    """Give the accounts that a view shows, and makers beside them."""
    others = {it: view.oracle_of(it) for it in view.other_markets}
    oracles = dict.fromkeys((view.quote.oracle, view.market.oracle, *others.values()))
    read = (it for it in oracles if it not in {None, _SYSTEM})
    readable = (*(it for it in read if it), view.venue.quote_market, *others)
    return Places(view.venue, readable, makers)
