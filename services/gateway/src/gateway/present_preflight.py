"""What a delegation needs, met or not, with what to do about it: from the fold and what is read."""

from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from contracts.control import KillLevel
from contracts.delegation import DelegationState
from contracts.values import plain
from contracts.venues import PAPER
from gateway import owner_views as views
from gateway.domain.desk import DeskState
from gateway.live import Live

OWNER_LAMPORTS_MIN = 20_000
"""Two signatures, and what a wallet may add."""
RENT_LAMPORTS = 40_000_000
"""What the owner needs beside that before there is a sub-account: its rent, and statistics'."""
DELEGATE_LAMPORTS_MIN = 20_000_000
"""Below this the key is soon out of fees (execution.md 1.5)."""
_RATIO = Decimal(10**4)
_T = TypeVar("_T")


class Reading(msgspec.Struct, frozen=True):
    """What execution says that it read from the chain."""

    at: datetime
    """The chain's time; on a recorded or made-up feed it is not the clock's."""
    owner_lamports: int
    fee_payer_lamports: int
    has_key_store: bool
    fees_due_lamports: int = 0
    """What the transaction that names the next delegate sends to it."""
    block_height: int | None = None
    """By which what is signed by hand ends."""


class Place(msgspec.Struct, frozen=True):
    """What it says of the sub-account on a chain."""

    is_open: bool
    is_mint_known: bool
    mint: str
    deposit_usd: str
    margin_ratio: int
    """The owner's cap, in 1e-4 of what is held; 0 for none."""
    deposit_due_usd: str = "0"
    """What the transaction that names the next delegate deposits."""
    build: str | None = None
    """The program's version; None unless it is a build of which we know what a delegate may do."""


def reading_of(live: Live) -> Reading | None:
    """Give what execution reads now; None while it does not answer, or reads nothing."""
    return _told(live, "delegation", Reading)


def _told(live: Live, what: str, kind: type[_T]) -> _T | None:
    execution = next((one for one in live.services if one.name == "execution"), None)
    if execution is None or not execution.is_up:
        return None
    try:
        return msgspec.json.decode(
            execution.details.get(f"{what}.{live.account_id}"[:40], ""), type=kind
        )
    except msgspec.DecodeError:
        return None


def _read_to(live: Live) -> int:
    """Give how far execution had read the log when it told what it reads of the chain."""
    execution = next((one for one in live.services if one.name == "execution"), None)
    return 0 if execution is None else int(execution.details.get("position", "0"))


def preflight(
    live: Live, reading: Reading | None, consent: views.ConsentView | None, *, quote: str
) -> list[views.CheckView]:
    """Give everything that a delegation needs, in the order in which to mend it.

    `quote` names the quote asset.
    """
    state, it = live.state, live.state.owner
    is_paper = state.account is None or state.account.opened.venue == PAPER
    # What was read before the log told of this delegate says nothing of it.
    is_old = _read_to(live) < it.state_position
    place = None if is_paper or is_old else _told(live, "sub_account", Place)
    money = None if is_old else reading
    kill, key = state.kill_level, it.key
    is_named = it.state in {DelegationState.ACTIVE, DelegationState.REVOKING}
    owner_least = OWNER_LAMPORTS_MIN + (RENT_LAMPORTS if place and not place.is_open else 0)
    return [
        _check(
            "venue_reading",
            is_ok=reading is not None,
            found="the venue is read" if reading else "execution does not answer",
            remedy="Wait for execution, or restart it; what is shown is as of the time beside it.",
        ),
        *(_on_paper(state) if is_paper else _on_chain(state, place, quote)),
        _funds("owner_sol", money and money.owner_lamports, owner_least, "your wallet"),
        _funds(
            "delegate_sol",
            money and money.fee_payer_lamports,
            DELEGATE_LAMPORTS_MIN,
            "the delegate key" if key is None else f"the delegate key {key.address}",
            due_lamports=0 if money is None or is_named else money.fees_due_lamports,
        ),
        _check(
            "delegate",
            is_ok=it.state is not DelegationState.FOREIGN,
            found=it.on_chain or "nobody",
            remedy="Somebody else, or a key of ours that is gone, may sign: delegate anew, or "
            "revoke.",
        ),
        _transfer(place, is_paper=is_paper),
        _check(
            "key_store",
            is_ok=reading is None or reading.has_key_store,
            found="sealed" if reading and reading.has_key_store else "none",
            remedy="Set DELEGATE_KEYS_DIR and KEY_ENCRYPTION_FILE for execution.",
        ),
        _check(
            "kill",
            is_ok=kill is None or kill < KillLevel.REVOKE_DELEGATE,
            found="none" if kill is None else kill.name.lower(),
            remedy="Resume trading first: this level of the kill switch ends every key.",
        ),
        _check(
            "consent",
            is_ok=consent is not None and consent.is_current,
            found="none" if consent is None else consent.at,
            remedy="Read and agree to the text that stands now.",
        ),
    ]


def _on_paper(state: DeskState) -> list[views.CheckView]:
    return [
        _check(
            "sub_account",
            is_ok=state.owner.sub_account is not None,
            found=state.owner.sub_account or "none",
            remedy="The paper venue opens it with the first price of the feed: wait for it.",
        ),
        _check(
            "quote_mint",
            is_ok=state.account is not None,
            found="USDC, paper" if state.account else "no account",
            remedy="Deposit the quote asset into the sub-account.",
        ),
    ]


def _on_chain(state: DeskState, place: Place | None, quote: str) -> list[views.CheckView]:
    leverage = None if state.account is None else state.account.settings.leverage_max
    address = state.owner.sub_account or "sub-account"
    if place is None:
        unread = "Wait until execution reads the chain."
        codes = ("sub_account", "quote_mint", "deposit", "leverage_cap")
        return [_check(it, is_ok=False, found="unknown", remedy=unread) for it in codes]
    capped = None if not place.margin_ratio else _RATIO / place.margin_ratio
    is_capped = capped is not None and leverage is not None and capped <= leverage
    found = "none" if capped is None else f"{plain(capped.quantize(Decimal('0.01')))}x"
    return [
        _check(
            "sub_account",
            is_ok=place.is_open,
            found=address if place.is_open else "not opened yet",
            remedy="Delegate: the transaction that you sign opens it.",
        ),
        _check(
            "quote_mint",
            is_ok=place.is_mint_known,
            found=place.mint,
            remedy="The market has another quote asset than QUOTE_MINT: set the one that is meant.",
        ),
        _check(
            "deposit",
            is_ok=Decimal(place.deposit_usd) > 0,
            found=f"{place.deposit_usd} {quote}",
            remedy=f"Delegate: the transaction that you sign deposits {place.deposit_due_usd} "
            f"{quote} of your wallet."
            if Decimal(place.deposit_due_usd)
            else f"Deposit {quote}, no more than you can lose, into {address}, with your wallet on "
            "the venue's own page.",
        ),
        _check(
            "leverage_cap",
            is_ok=is_capped,
            found=found,
            remedy="Delegate: the transaction that you sign sets the cap in the program.",
        ),
    ]


def _transfer(place: Place | None, *, is_paper: bool) -> views.CheckView:
    """Say whether a delegate could transfer deposits: never in the builds that we know."""
    build = None if place is None else place.build
    if is_paper:
        found = "off: the paper chain knows no transfer by a delegate"
    elif build is not None:
        found = f"off: build {build} of the program knows no transfer by a delegate"
    else:
        found = "unknown" if place is None else "not known: another build than the desk knows"
    return _check(
        "delegate_transfer",
        is_ok=is_paper or build is not None,
        found=found,
        remedy="See in the venue's settings of the sub-account that no delegate may transfer "
        "deposits, and take that right away before you delegate.",
    )


def _check(code: str, *, is_ok: bool, found: str, remedy: str) -> views.CheckView:
    return views.CheckView(code=code, is_ok=is_ok, found=found, remedy="" if is_ok else remedy)


def _funds(
    code: str, lamports: int | None, least: int, who: str, *, due_lamports: int = 0
) -> views.CheckView:
    sends = f"Delegate: the transaction that you sign sends {due_lamports} lamports to {who}."
    found = "unknown" if lamports is None else f"{lamports} lamports"
    return _check(
        code,
        is_ok=lamports is not None and lamports >= least,
        found=found,
        remedy=sends if due_lamports else f"Send SOL to {who}: at least {least} lamports for fees.",
    )
