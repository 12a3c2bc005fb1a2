"""The paper venue as a stage for scenarios: with the program's fees, and an oracle of its own.

A print moves the paper market's oracle; here takers leave it where it is, as they do on chain, and
somebody publishes it all the time.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from contracts.ids import MarketId
from contracts.markets import market_spec
from contracts.ticks import Trade
from contracts.values import Side, from_millis, plain
from contracts.venue import VenueObserved
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.wire import paper_signature
from execution.venues.port import AnyRecord, Intent, SignedTransaction
from kit.intents import ACCOUNT, MARKET
from kit.paper_chain import calm
from kit.scenario import DEPOSIT_USD, FEES_OF_PROGRAM, MIDDLE

BEGIN_MS = 1_772_452_800_000
_DUST = Decimal("0.000001")
"""A print that moves the market and fills nobody."""


def stage_rules(**changes: Any) -> PaperRules:  # any field of the rules
    """Give rules under which the AMM alone makes the book, as in a world of the real program."""
    rules = calm(
        fees=FEES_OF_PROGRAM,
        venue_spread_bps=Decimal(500),
        amm_spread_bps=Decimal(1),
        oracle_silence_ms=3_600_000,
    )
    return replace(rules, **changes)


@dataclass
class PaperStage:
    """A paper chain with one account."""

    rules: PaperRules = field(default_factory=stage_rules)
    deposit_usd: Decimal = DEPOSIT_USD
    chain: PaperChain = field(init=False)
    now_ms: int = BEGIN_MS
    oracle: Decimal = MIDDLE
    _trade_id: int = 0
    _sent: int = 0

    def __post_init__(self) -> None:
        """Begin at the middle."""
        self.chain = PaperChain(self.rules, market_spec(MarketId(MARKET)))
        self.move(MIDDLE)
        self.chain.open_account(ACCOUNT, deposit_usd=self.deposit_usd)

    def at(self, seconds: int) -> datetime:
        """Give chain time so many seconds from now."""
        return from_millis(self.now_ms + seconds * 1_000)

    def send(self, *intents: Intent, is_judged: bool = True) -> int | None:
        """Send a transaction and let it land; give the program's code. Paper has no policy."""
        self._sent += 1
        blockhash = self.chain.blockhash()
        message = self.chain.message(
            ACCOUNT, intents, blockhash=blockhash, priority_fee_lamports=self._sent, serial=0
        )
        signature = paper_signature(message)
        self.chain.submit(SignedTransaction(ACCOUNT, signature, message, blockhash))
        landed = self.chain.fate(signature)
        assert landed is not None
        return landed.code

    def seen(self) -> VenueObserved:
        """Observe the account."""
        return self.chain.observe(ACCOUNT)

    def records(self) -> list[AnyRecord]:
        """Give all that happened."""
        return [record for _, record in self.chain.records(ACCOUNT, after=0)]

    def move(self, oracle: Decimal) -> None:
        """Move the oracle, by somebody who takes on the side where it comes from."""
        side = Side.LONG if oracle < self.oracle else Side.SHORT
        self.oracle = oracle
        self._print(side, oracle, _DUST)

    def take(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Let a taker cross to a price; the oracle stays."""
        self.pass_s(1)
        weather = self.chain.weather
        weather.oracle_is_frozen = True
        self._print(side, price, quantity)
        self._print(side, self.oracle, _DUST)
        weather.oracle_is_frozen = False

    def rest(self, bid: Decimal, ask: Decimal) -> None:
        """Let somebody rest: the paper market always has a taker's price beyond the mark."""

    def pass_s(self, seconds: int) -> None:
        """Let time pass."""
        self.pass_until(self.now_ms + seconds * 1_000)

    def pass_until(self, at_ms: int) -> None:
        """Let time pass, but never back."""
        self.now_ms = max(self.now_ms, at_ms)
        self.chain.advance(self.now_ms)

    def switch_keepers(self, *, on: bool) -> None:
        """Let keepers work, or not."""
        self.chain.weather.keeper_is_down = not on

    def _print(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        self._trade_id += 1
        is_sell = side is Side.SHORT
        self.chain.on_print(
            Trade(i=self._trade_id, t=self.now_ms, p=plain(price), q=plain(quantity), m=is_sell)
        )
