"""driftpy's IDL and coder, and nothing else of driftpy: here alone its untyped objects are met.

The IDL is that of program 2.142; accounts and instructions that we use are the same in 2.42 and
2.82, but for the fields that the names here leave out.
"""

import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey


class DriftExtraMissing(Exception):
    """The packages of the Drift venue are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "expected the packages of the Drift venue, found none: `just sync --extra drift`"
        )


def types() -> Any:
    """Give driftpy's types."""
    return _module("driftpy.types")


@cache
def program(address: Pubkey) -> Any:
    """Give the program's instruction builders and account coder, connected to nothing."""
    anchorpy = _module("anchorpy")
    folder = Path(_module("driftpy").__file__ or "").parent
    idl = anchorpy.Idl.from_json((folder / "idl" / "drift.json").read_text(encoding="utf-8"))
    return anchorpy.Program(idl, address, anchorpy.Provider(None, None))


def instruction(
    address: Pubkey,
    name: str,
    *arguments: object,
    accounts: Mapping[str, Pubkey],
    remaining: Sequence[AccountMeta],
) -> Instruction:
    """Write one instruction; the IDL says which of the named accounts sign or are written."""
    context = _module("anchorpy").Context(accounts=dict(accounts), remaining_accounts=[*remaining])
    return program(address).instruction[name](*arguments, ctx=context)


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
