"""What ingest answers on the command line: `probe`, and `inspect [--identity-only] FILES...`."""

import asyncio
import json
import sys
from collections.abc import Sequence

from chassis.settings import ConfigurationError
from contracts.ids import Symbol
from contracts.values import from_millis, plain
from ingest.domain.items import Finished, Refused
from ingest.feeds.probe import hear_trade
from ingest.feeds.tape import play
from ingest.feeds.tape_files import Tape, find_tape
from ingest.settings import IngestSettings

EX_USAGE = 64
NOT_HEARD = 3
_USAGE = "usage: python -m ingest [probe | inspect [--identity-only] FILES...]"


def answer(arguments: Sequence[str], settings: IngestSettings) -> int:
    """Answer a command with one line; give the exit code. Raises ConfigurationError."""
    match arguments:
        case ["probe"]:
            return _probe(settings)
        case ["inspect", "--identity-only", *names] if names:
            _say(json.dumps(_identity(find_tape(names, symbol=settings.feed_symbol))))
            return 0
        case ["inspect", *names] if names and not names[0].startswith("-"):
            _say(json.dumps(_summary(find_tape(names, symbol=settings.feed_symbol))))
            return 0
        case _:
            sys.stderr.write(f"{_USAGE}\n")
            return EX_USAGE


def _probe(settings: IngestSettings) -> int:
    symbol = Symbol(settings.feed_symbol)
    reason = asyncio.run(
        hear_trade(settings.binance_ws_url, symbol, within_s=settings.auto_probe_seconds)
    )
    _say(f"heard a trade of {symbol}" if reason is None else reason)
    return 0 if reason is None else NOT_HEARD


def _identity(tape: Tape) -> dict[str, object]:
    source = tape.source
    return {
        "kind": tape.kind,
        "venue": source.venue,
        "symbol": source.symbol,
        "market": source.market,
        "identity": source.identity,
        "description": source.description,
    }


def _summary(tape: Tape) -> dict[str, object]:
    refused = 0
    for item in play(tape):
        if isinstance(item, Refused):
            refused += 1
        elif isinstance(item, Finished):
            totals = item.totals
            return {
                **_identity(tape),
                "trades": totals.trades,
                "quantity_base": plain(totals.quantity_base),
                "gaps": totals.gaps,
                "missing_trades": totals.missing_trades,
                "first_trade_id": totals.first_trade_id,
                "last_trade_id": totals.last_trade_id,
                "first_at": from_millis(totals.first_ms).isoformat(),
                "last_at": from_millis(totals.last_ms).isoformat(),
                "refused_frames": refused,
                "is_truncated": totals.is_truncated,
            }
    raise ConfigurationError("expected a recording with an end, found none")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
