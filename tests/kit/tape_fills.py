"""Trades over the real tapes, with every fill asked of `kit.fill_oracle`.

The tests use short cuts of them. Whole tapes, some minutes long:

    PYTHONPATH=tests uv run --frozen python -m kit.tape_fills [ltc | eth | btc | strategy]

`strategy` is the LTCUSDT tape with the real strategy and the default, pessimistic venue; the others
enter every other minute on a venue of which more reaches us. Ends with 1 when a fill is refused.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import structlog

from contracts.event import Recorded
from contracts.ids import Symbol
from contracts.markets import market_of
from contracts.order import OrderFilled, SetupClosed
from contracts.ticks import Trade
from execution.venues.paper.rules import PaperRules
from kit.fill_oracle import Rules, objections
from kit.signals_recordings import frame_trades, ltc_trades
from kit.tape_desk import TapeDesk


@dataclass(frozen=True, slots=True)
class Played:
    """A tape, what the desk did on it, and the rules of the venue there."""

    trades: Sequence[Trade]
    log: Sequence[Recorded]
    rules: Rules


def ltc(begin: int = 0, end: int | None = None, *, every_minutes: int | None = 2) -> Played:
    """Play LTCUSDT trades, by their place in the recording."""
    rules = replace(PaperRules(), participation=Decimal("0.5"), queue_ahead_usd=Decimal(500))
    return play(ltc_trades()[begin:end], "binance-spot", "ltcusdt", rules, every_minutes)


def frames(symbol: str, *names: str, end: int | None = None) -> Played:
    """Play trades out of recorded USD-M frames."""
    rules = replace(PaperRules(), participation=Decimal("0.05"), queue_ahead_usd=Decimal(1_000))
    return play(frame_trades(*names)[:end], "binance-usdm", symbol, rules, 1)


def play(
    trades: Sequence[Trade], venue: str, symbol: str, rules: PaperRules, every: int | None
) -> Played:
    """Let the desk trade, silently."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        desk = TapeDesk(trades, market_of(Symbol(symbol)), venue, rules, every_minutes=every)
        return Played(trades, asyncio.run(desk.run()), oracle_rules(rules))
    finally:
        structlog.reset_defaults()


def oracle_rules(rules: PaperRules) -> Rules:
    """Tell the oracle how the venue was set."""
    return Rules(
        participation=rules.participation,
        queue_ahead_usd=rules.queue_ahead_usd,
        taker_spread_bps=rules.taker_spread_bps,
        depth_usd=rules.depth_usd,
        maker_bps=rules.fees.maker_bps,
        taker_bps=rules.fees.taker_bps,
        landing_ms_min=rules.landing_ms[0][1],
        keeper_ms_min=rules.keeper_ms[0][1],
        slot_ms=rules.slot_ms,
    )


def main(name: str) -> int:
    """Play a whole tape; say what traded and what the oracle refuses."""
    match name:
        case "ltc":
            played = ltc()
        case "eth":
            played = frames("ethusdt", "ethusdt_20240718", "ethusdt_20240719")
        case "btc":
            played = frames("btcusdt", "btcusdt_20240808")
        case "strategy":
            played = play(ltc_trades(), "binance-spot", "ltcusdt", PaperRules(), None)
        case _:
            sys.stderr.write(f"expected ltc, eth, btc or strategy, found {name!r}\n")
            return 2
    events = [it.event for it in played.log]
    fills = Counter(
        f"{it.leg.value} {it.liquidity.value}" for it in events if isinstance(it, OrderFilled)
    )
    setups = Counter(it.outcome for it in events if isinstance(it, SetupClosed))
    found = objections(played.log, played.trades, played.rules)
    sys.stdout.write(
        f"{len(played.trades)} prints; setups {dict(setups)}; fills {dict(fills)};"
        f" {len(found)} refused by the oracle\n"
    )
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "ltc"))
