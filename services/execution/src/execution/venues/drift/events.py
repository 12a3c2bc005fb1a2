"""What the program said in a transaction's logs, read only from between its own frames.

Older builds log an event with `msg!`, newer ones as program data; both are base64. A line that
another program wrote in our program's words is not heard.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from execution.venues.drift import abi

_LINES = ("Program data: ", "Program log: ")
_INSTRUCTION = "Instruction: "
TRUNCATED = "Log truncated"
"""The last line of logs that a node cut; a node that keeps none has cut them all."""
_GROWTH = bytes(64)
"""Fields that newer programs added at the end: in an older one's event they read as none."""


class LogsTruncated(Exception):
    """The node cut the logs: something may have happened of which nothing is told."""


@dataclass(frozen=True, slots=True)
class Executed:
    """A transaction that landed, as far as it names our account."""

    signature: str
    slot: int
    at_s: int
    """Chain time."""
    logs: tuple[str, ...]
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Said:
    """An event of the program."""

    place: int
    """Which of the transaction's events it is."""
    instruction: str
    """The program's instruction that said it, such as `ModifyOrder`."""
    name: str
    """`OrderRecord`, `OrderActionRecord`…"""
    data: Any


def said_in(executed: Executed, program: Pubkey) -> Iterator[Said]:
    """Give the program's events in order; none of a transaction that failed.

    Raises LogsTruncated when the logs are not whole.
    """
    if executed.has_failed:
        return
    if any(line == TRUNCATED for line in executed.logs):
        raise LogsTruncated(f"expected whole logs of {executed.signature}, found them cut")
    instruction, place = "", 0
    for text in _lines_of(executed.logs, str(program)):
        if text.startswith(_INSTRUCTION):
            instruction = text.removeprefix(_INSTRUCTION)
        elif (event := _event(text, program)) is not None:
            yield Said(place, instruction, event.name, event.data)
            place += 1


def _lines_of(logs: Sequence[str], program: str) -> Iterator[str]:
    """Give what was logged while the program was the one that ran."""
    running: list[str] = []
    for line in logs:
        words = line.split(" ")
        if len(words) == 4 and words[0] == "Program" and words[2] == "invoke":
            running.append(words[1])
        elif len(words) >= 3 and words[0] == "Program" and running and words[1] == running[-1]:
            if words[2].rstrip(":") in {"success", "failed"}:
                running.pop()
        elif running and running[-1] == program:
            yield from (line.removeprefix(it) for it in _LINES if line.startswith(it))


def _event(text: str, program: Pubkey) -> Any | None:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    if len(data) <= 8:
        return None
    return abi.event(program, data + _GROWTH)
