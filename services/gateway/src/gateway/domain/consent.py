"""What the owner of an account agrees to before a key is made: the text, and its hash.

Facts of the program: execution.md 1.2 to 1.4. The text holds the limits that stand, so a change of
a limit makes it another text, and the one that was agreed to is in the log.
"""

import hashlib
from dataclasses import dataclass

from contracts.control import Settings
from contracts.delegation import DelegationLimits
from contracts.values import plain

KEY_HOURS = 24
LOST_SOL = (
    "SOL that you sent to the key for fees and that it has not spent is lost when the key ends: "
    "send it about 0.05 SOL, not more"
)
"""A key that ended signs nothing, also no transfer to its owner (ADR 25)."""
TRANSFERS = (
    "transfer deposits, in the builds of the program that this desk knows; another build may let "
    "you allow that: the check of transfers by a delegate says whether this is one that is known"
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the text."""

    heading: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentText:
    """All that is agreed to."""

    title: str
    sections: tuple[Section, ...]
    limits: DelegationLimits

    @property
    def text(self) -> str:
        """Give it as one text."""
        lines = [self.title]
        for section in self.sections:
            lines += ["", section.heading, *(f"- {point}" for point in section.points)]
        return "\n".join(lines)

    @property
    def sha256(self) -> str:
        """Give the hash of the text's UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def consent_text(
    *,
    wallet: str,
    account: str,
    venue: str,
    is_on_chain: bool,
    has_venue_page: bool,
    settings: Settings,
) -> ConsentText:
    """Write the text for an owner's wallet and the settings that stand.

    On a chain the transaction that names the key caps leverage in the program itself
    (`custom_margin_ratio`, which a delegate cannot change); on paper nothing but the desk does.
    """
    leverage, risk = plain(settings.leverage_max), plain(settings.risk_per_trade_bps)
    loss = plain(settings.daily_drawdown_limit_pct)
    reach = _reach(leverage) if is_on_chain else "at any leverage that the venue allows"
    kept = (
        "of the limits above the venue keeps the leverage alone, the others are this desk's"
        if is_on_chain
        else "the limits above are this desk's, not the venue's"
    )
    return ConsentText(
        title=f"Let this desk trade account {account} of wallet {wallet} on {venue}",
        sections=(
            Section(
                "What the delegate can do",
                (
                    "place, change and cancel orders in this sub-account",
                    f"open and close positions with its collateral, {reach}",
                    (
                        "deposit, swap, and move positions between sub-accounts of yours: the "
                        "venue lets a delegate do that; this desk has no code that does"
                    ),
                ),
            ),
            Section(
                "What the delegate cannot do",
                (
                    "withdraw, or borrow to your wallet",
                    *((TRANSFERS,) if is_on_chain else ()),
                    "change the delegate, the settings or the margin limits of the sub-account",
                    "close the sub-account, or touch another one of your wallet",
                ),
            ),
            Section(
                "What this desk holds itself to",
                (
                    f"leverage of at most {leverage}" + (", as the program does" * is_on_chain),
                    f"{risk} basis points of equity lost when a stop is hit",
                    f"no new entries for the day after a loss of {loss} percent",
                    "a stop on the venue in the same transaction as each entry",
                ),
            ),
            Section(
                "The worst case",
                (
                    (
                        "a delegate can lose all the collateral in this sub-account by trading; "
                        f"{kept}"
                    ),
                    "keep in this sub-account only what you can lose",
                ),
            ),
            Section(
                "How it ends",
                (
                    f"the key is destroyed {KEY_HOURS} hours after it was made",
                    (
                        "you take the right back with one transaction of your wallet, at any time, "
                        "here" + " or on the venue's own page" * has_venue_page
                    ),
                    "after that this desk can close nothing; stops that rest on the venue stay",
                    *((LOST_SOL,) if is_on_chain else ()),
                ),
            ),
        ),
        limits=DelegationLimits(
            leverage_max=settings.leverage_max,
            risk_per_trade_bps=settings.risk_per_trade_bps,
            daily_drawdown_limit_pct=settings.daily_drawdown_limit_pct,
            key_hours=KEY_HOURS,
        ),
    )


def _reach(leverage: str) -> str:
    """Say how far the program lets a delegate go."""
    return (
        f"at a leverage of at most {leverage}: your transaction sets that cap in the program, "
        "where a later change of this desk's limit does not move it"
    )
