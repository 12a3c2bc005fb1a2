"""A day of the synthetic market as a plan: what each minute is to do.

Prices here are in cents, the tick of the synthetic exchange. The planned VWAP is what the
episodes aim at; the trades of a minute come close to its plan, not exactly on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

MINUTES_PER_DAY = 1440


class Chance(Protocol):
    """A seeded source of numbers in [0, 1)."""

    def random(self) -> float: ...


Dice = Callable[[str], Chance]
"""Gives the source of a name; equal names give equal numbers."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Trades that the exchange had and the feed never shows, with the silence around them."""

    at_s: float
    silence_s: float
    trades: int


@dataclass(frozen=True, slots=True)
class ForcedTrade:
    """A liquidation: the side of the position that was closed, and its size in 0.01 SOL."""

    at_s: float
    side: Literal["long", "short"]
    quantity: int


@dataclass(frozen=True, slots=True)
class MinutePlan:
    """What one minute does. `via` are (second, cents) between the open and the close."""

    open: float
    close: float
    via: tuple[tuple[float, float], ...]
    trades: int
    size: float
    """Mean size of a trade, in 0.01 SOL."""
    buys: float
    """Share of trades whose aggressor buys."""
    noise: float
    """Cents around the path."""
    forced: tuple[ForcedTrade, ...] = ()
    loss: Loss | None = None

    @property
    def ids(self) -> int:
        """Count the trade ids that the minute uses up."""
        return self.trades + (0 if self.loss is None else self.loss.trades)


class DayPlanner:
    """Strings minutes together and keeps the price and the VWAP that they lead to."""

    def __init__(self, *, open_cents: float, chance: Chance) -> None:
        self.price = open_cents
        self.chance = chance
        self.minutes: list[MinutePlan] = []
        self._volume = 0.0
        self._turnover = 0.0

    @property
    def vwap(self) -> float:
        """Give the volume-weighted price of the day so far."""
        return self.price if self._volume == 0 else self._turnover / self._volume

    @property
    def left(self) -> int:
        """Count the minutes that are not planned yet."""
        return MINUTES_PER_DAY - len(self.minutes)

    def shake(self, amplitude: float) -> float:
        """Give a number between -amplitude and +amplitude."""
        return (self.chance.random() * 2 - 1) * amplitude

    def minute(
        self,
        close: float,
        *,
        trades: int = 120,
        size: float = 1200,
        buys: float = 0.5,
        noise: float = 5,
        via: Sequence[tuple[float, float]] = (),
        forced: Sequence[ForcedTrade] = (),
        loss: Loss | None = None,
    ) -> None:
        """Plan one minute from the price now to `close`; past the day's end nothing happens."""
        if self.left == 0:
            return
        count = trades + int(self.shake(trades * 0.08))
        self.minutes.append(
            MinutePlan(
                open=self.price,
                close=close,
                via=tuple(via),
                trades=count,
                size=size,
                buys=buys,
                noise=noise,
                forced=tuple(forced),
                loss=loss,
            )
        )
        self._volume += count * size
        self._turnover += count * size * _mean_price(self.minutes[-1])
        self.price = close


def _mean_price(plan: MinutePlan) -> float:
    area = 0.0
    second, price = 0.0, plan.open
    for at_s, cents in (*plan.via, (60.0, plan.close)):
        area += (at_s - second) * (price + cents) / 2
        second, price = at_s, cents
    return area / 60
