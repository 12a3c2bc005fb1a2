"""The feed's hand on a localnet: chain time, oracle, a taker who crosses and a maker who quotes.

Pure of any transport: prints go in, and the chain's world moves. What trades sees of it is what any
chain would show. The keeper lives by the slots that open here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from contracts.ticks import Trade
from contracts.values import Side
from localnet.drift.actors import Actors
from localnet.drift.markets import Market
from localnet.pace import Pace

SLOT_MS = 400
FAR_MS = 60_000
"""A feed that is so far ahead is caught up with in strides, as through its warm-up."""
STRIDE_MS = 10_000
_REQUOTE_BPS, _HALF_SPREAD_BPS = Decimal(3), Decimal(8)
_QUOTE_BASE = Decimal(200)
_BPS = Decimal(10_000)


@dataclass
class _Flow:
    """What one side took in a slot."""

    price_usd: Decimal
    """The farthest that it went."""
    quantity_base: Decimal


@dataclass
class MarketHand:
    """Moves one market of a localnet by the prints of a feed."""

    pace: Pace
    actors: Actors
    market: Market
    at_ms: int
    """Chain time of the newest slot."""
    quoted_usd: Decimal = field(default=Decimal(0))

    def work(self, trades: Sequence[Trade]) -> None:
        """Let the chain come to the last of some prints, slot by slot, and meet each of them."""
        pending: list[Trade] = []
        for trade in trades:
            is_far = trades[-1].t - self.at_ms > FAR_MS
            if trade.t >= self.at_ms + (STRIDE_MS if is_far else SLOT_MS):
                self._meet(pending)
                pending = []
                self._open(trade.t, is_far=is_far)
            pending.append(trade)
        self._meet(pending)

    def pass_time(self) -> None:
        """Let a slot open without a print."""
        self._open(self.at_ms + SLOT_MS, is_far=False)

    def _open(self, to_ms: int, *, is_far: bool) -> None:
        """Open the slots up to a time; in strides it is one."""
        elapsed_ms = to_ms - self.at_ms
        slots = 1 if is_far else max(1, elapsed_ms // SLOT_MS)
        self.pace.step(slots=slots, at_ms=to_ms)
        self.at_ms = to_ms

    def _meet(self, trades: Sequence[Trade]) -> None:
        """Move the oracle to the last print, and let the taker take what rests in the way."""
        if not trades:
            return
        last_usd = Decimal(trades[-1].p)
        self.actors.set_price(self.market, last_usd)
        for side, flow in _flows(trades).items():
            if self.actors.meets(self.market, side, flow.price_usd):
                self.actors.trade(self.market, side, flow.price_usd, flow.quantity_base)
        self._quote(last_usd)

    def _quote(self, price_usd: Decimal) -> None:
        """Keep the maker around the price, so that an exit finds somebody."""
        if abs(price_usd - self.quoted_usd) * _BPS < _REQUOTE_BPS * price_usd:
            return
        self.quoted_usd = price_usd
        half_usd = price_usd * _HALF_SPREAD_BPS / _BPS
        self.actors.quote(
            self.market,
            bid_usd=price_usd - half_usd,
            ask_usd=price_usd + half_usd,
            quantity_base=_QUOTE_BASE,
        )


def _flows(trades: Sequence[Trade]) -> dict[Side, _Flow]:
    """Give what each side took: `m` says that the buyer was there before, so a seller took."""
    flows: dict[Side, _Flow] = {}
    for trade in trades:
        side = Side.SHORT if trade.m else Side.LONG
        price_usd, quantity = Decimal(trade.p), Decimal(trade.q)
        flow = flows.setdefault(side, _Flow(price_usd, Decimal(0)))
        farther = min if side is Side.SHORT else max
        flow.price_usd = farther(flow.price_usd, price_usd)
        flow.quantity_base += quantity
    return flows
