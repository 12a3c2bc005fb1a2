"""The shape of a reader of recordings: file names in, the prints in their order out.

The service that plays recordings offers it, so that others read a file exactly as it was played.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from contracts.ids import SourceVenue, Symbol
from contracts.ticks import Trade


class NotARecording(ValueError):
    """The files are no recording that can be read: one line for a person."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of one symbol."""

    venue: SourceVenue
    symbol: Symbol
    identity: str
    """As `feed_opened` names it when the recording is played."""
    trades: Iterable[Trade]
    """Each once, in the feed's order."""


TAPES_GROUP = "perp_desk.tapes"
"""Entry-point group under which a service offers its reader: name -> `RecordingReader`."""
RecordingReader = Callable[[Sequence[str], str], Recording]
"""Takes files, folders and patterns, and the symbol where neither content nor names tell it.

Raises NotARecording.
"""
