"""The builds of the program of which we know all that a delegate may do (execution.md 1.2, 1.3)."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from execution.venues.drift.rpc import Rpc

UPGRADEABLE = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
_HEADER_BYTES = 45
"""Before the code, where it can be upgraded: what it is, the slot, and who may."""
_SLICE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Build:
    """Code that was read; an account may be longer than the code in it."""

    version: str
    size: int
    sha256: str


BUILDS = (
    Build("2.82", 4_095_064, "080423d7c91f826994124873a62d5e752da51d06159ed010002f8f2f20d4e2a7"),
    Build("2.42", 4_105_408, "7128b4ed0aa21ab7c96d0305f3389cecc7e0fcd89c5207ded774c325ff5a1e2a"),
)


async def read_build(rpc: Rpc, program: Pubkey) -> str | None:
    """Give the version of the code that runs, None for code that is none of ours.

    Read in slices, once: no answer is so large that a node would seem silent. Raises RpcSilent or
    RpcRefused.
    """
    key, skip = program, 0
    told = await _account(rpc, program, 0, 64)
    if told is not None and told["owner"] == str(UPGRADEABLE):
        key, skip = Pubkey.from_bytes(_data(told)[4:36]), _HEADER_BYTES
    code = bytearray()
    for at in range(0, max(it.size for it in BUILDS), _SLICE_BYTES):
        told = await _account(rpc, key, skip + at, _SLICE_BYTES)
        code += b"" if told is None else _data(told)
    return version_of(bytes(code))


def version_of(code: bytes) -> str | None:
    """Give the version of code, None for code that is none of ours."""
    found = (it for it in BUILDS if hashlib.sha256(code[: it.size]).hexdigest() == it.sha256)
    return next((it.version for it in found), None)


async def _account(rpc: Rpc, key: Pubkey, offset: int, length: int) -> Any:
    piece = {"offset": offset, "length": length}
    config = {"commitment": "confirmed", "encoding": "base64", "dataSlice": piece}
    return (await rpc.call("getAccountInfo", str(key), config))["value"]


def _data(told: Any) -> bytes:
    return base64.b64decode(told["data"][0])
