"""Where the account's orders go: the venue, its program, and its own page. From the configuration.

Names are of what is known; a program or a mint that is not is called by its address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from solders.pubkey import Pubkey

from chassis.settings import place_of
from contracts.venues import PAPER

DRIFT = "dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH"
_PROGRAMS: Mapping[str, str] = {
    DRIFT: "Drift",
    "vELoC1audYbSYVRXn1vPaV8Axoa9oU6BYmNGZZBDZ1P": "Velocity",
}
_MINTS: Mapping[str, str] = {
    "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v": "USDC",
    "8zGuJQqwhZafTah7Uc7Z4tXRnguqkn5KLFAP8oV6PHe2": "USDC",
    "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB": "USDT",
}
_OWNER, _ACCOUNT = "{owner}", "{account}"


@dataclass(frozen=True, slots=True)
class Place:
    """A venue as people know it."""

    venue: str
    """`paper`, `localnet`, `devnet` or `mainnet`."""
    program: str
    """The program's address; on paper that of the program which the paper chain stands for."""
    quote: str
    """The quote asset's name."""
    sub_account: int = 0
    account_url: str = ""
    """The venue's own page of an account; empty where there is none."""

    @property
    def is_paper(self) -> bool:
        """Say whether the venue is simulated."""
        return self.venue == PAPER

    @property
    def program_name(self) -> str:
        """Name the program."""
        return _PROGRAMS.get(self.program, self.program)

    @property
    def title(self) -> str:
        """Name the venue in a sentence: `Drift on mainnet`, `paper (Drift simulated)`."""
        if self.is_paper:
            return f"{PAPER} ({self.program_name} simulated)"
        return f"{self.program_name} on {self.venue}"

    def account_page(self, *, owner: str | None, account: str | None) -> str | None:
        """Give the venue's page of an account; None without one, or before it is opened."""
        page = self.account_url
        for name, value in ((_OWNER, owner), (_ACCOUNT, account)):
            if name in page:
                if value is None:
                    return None
                page = page.replace(name, value)
        return page or None


PAPER_PLACE = Place(PAPER, DRIFT, "USDC")


def is_address(text: str) -> bool:
    """Say whether a text is an address of the chain, in its one spelling."""
    try:
        return str(Pubkey.from_string(text)) == text
    except ValueError:
        return False


def quote_of(mint: str) -> str:
    """Name the asset of a mint."""
    return _MINTS.get(mint, mint)


def checked_url(url: str) -> str:
    """Give the address of a page; raise ValueError for what no browser should be sent to."""
    try:
        parts = urlsplit(url)
    except ValueError:  # what it says may repeat a part of the URL
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or not url.isascii() or not url.isprintable():
        raise ValueError(
            f"expected a page such as https://venue.example.com/?user={_ACCOUNT}, "
            f"found {place_of(url)!r}"
        )
    return url
