"""driftpy's IDL and coder, and nothing else of driftpy: here alone its untyped objects are met.

The IDL is that of program 2.142; events and accounts that we read with it are the same in 2.42 and
2.82, but for fields that nobody asks for. What a decision waits for is read and written by our own
`markets`, `user` and `instructions`.
"""

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from solders.pubkey import Pubkey


class DriftExtraMissing(Exception):
    """The packages of the Drift venue are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "expected the packages of the Drift venue, found none: `just sync --extra drift`"
        )


@cache
def program(address: Pubkey) -> Any:
    """Give the program's coders of accounts and events, connected to nothing."""
    anchorpy = _module("anchorpy")
    folder = Path(_module("driftpy").__file__ or "").parent
    idl = anchorpy.Idl.from_json((folder / "idl" / "drift.json").read_text(encoding="utf-8"))
    return anchorpy.Program(idl, address, anchorpy.Provider(None, None))


def decoded(address: Pubkey, data: bytes) -> Any:
    """Read an account that the IDL knows by its discriminator; raise ValueError for another."""
    try:
        return program(address).coder.accounts.decode(data)
    except Exception as error:
        raise ValueError(f"expected an account of the program, found {data[:8].hex()}") from error


def event(address: Pubkey, data: bytes) -> Any | None:
    """Read an event with its `name` and `data`; None for bytes that are none."""
    coder = program(address).coder.events
    if data[:8] not in coder.discriminators:
        return None
    try:
        return coder.parse(data)
    except Exception as error:
        name = coder.discriminators[data[:8]]
        raise ValueError(f"expected an event {name}, found {len(data)} bytes of it") from error


def name_of(variant: Any) -> str:
    """Give the name of an enum's value."""
    return type(variant).__name__


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise DriftExtraMissing from error
