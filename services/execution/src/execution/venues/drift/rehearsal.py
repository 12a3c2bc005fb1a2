"""A message as a node would run it now, unsigned and bound to its own block; nothing is kept."""

import base64
import re
from typing import Any

from solders.message import from_bytes_versioned
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from contracts.manual import Rehearsed
from execution.domain.errors import classify
from execution.venues.drift.rpc import Rpc

_UNKNOWN_BLOCK = "BlockhashNotFound"
"""A node says so that has not seen the block yet: it has run nothing."""
_NAMED = re.compile(r"Error Code: (\w{1,100})\. Error Number: (\d+)\.")
"""How a program built with Anchor names its error in the log."""
_CONFIG = {
    "commitment": "confirmed",
    "encoding": "base64",
    "sigVerify": False,
    "replaceRecentBlockhash": False,
}


async def simulate(rpc: Rpc, message: bytes) -> Any:
    """Give what a node says of a message; raise RpcSilent or RpcRefused."""
    unsigned = VersionedTransaction.populate(from_bytes_versioned(message), [Signature.default()])
    wire = base64.b64encode(bytes(unsigned)).decode()
    told = await rpc.call("simulateTransaction", wire, _CONFIG)
    return told["value"]


def rehearsed(value: Any) -> Rehearsed:
    """Read what a node said."""
    error, units = value["err"], value.get("unitsConsumed")
    code, reason = None, None
    match error:
        case None:
            pass
        case {"InstructionError": [_, {"Custom": int(code)}]}:
            reason = _name_of(code, value.get("logs") or ())
        case str() if error == _UNKNOWN_BLOCK:
            return silent(error)
        case _:
            reason = f"{error!s:.200}"
    return Rehearsed(code=code, reason=reason, units=units, silence=None)


def silent(why: str) -> Rehearsed:
    """Say why no node could say."""
    return Rehearsed(code=None, reason=None, units=None, silence=f"could not be simulated: {why}")


def _name_of(code: int, logs: Any) -> str:
    """Give the program's own name of an error, else what it means for the plan."""
    for line in logs:
        found = _NAMED.search(line)
        if found is not None and int(found[2]) == code:
            return found[1]
    return classify(code).value.replace("_", "-")
