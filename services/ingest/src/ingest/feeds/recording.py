"""A recording's prints for other services, exactly as the tape feed would publish them."""

from collections.abc import Sequence

from chassis.settings import ConfigurationError
from contracts.tapes import NotARecording, Recording
from contracts.ticks import Trade
from ingest.feeds.tape import play
from ingest.feeds.tape_files import find_tape


def read_recording(names: Sequence[str], symbol: str) -> Recording:
    """Do as contracts.tapes.RecordingReader."""
    try:
        tape = find_tape(names, symbol=symbol)
    except ConfigurationError as error:
        raise NotARecording(str(error)) from None
    return Recording(
        venue=tape.venue,
        symbol=tape.source.symbol,
        identity=tape.source.identity,
        trades=(item for item in play(tape) if isinstance(item, Trade)),
    )
