"""What a node's answer has to look like, so that one of another shape counts as no answer.

Fields that nobody here reads are left out, and may be anything. Source: https://solana.com/docs/rpc.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct, convert

_Value = TypeVar("_Value")

_Key = Annotated[str, Meta(pattern="^[1-9A-HJ-NP-Za-km-z]{32,44}$")]
_QUADS = "(?:[A-Za-z0-9+/]{4})*"
_Base64 = Annotated[str, Meta(pattern=f"^{_QUADS}(?:[A-Za-z0-9+/]{{2}}[A-Za-z0-9+/=]=)?$")]
_Count = Annotated[int, Meta(ge=0)]

_LISTING = frozenset({"getMultipleAccounts", "getSignatureStatuses"})
"""They answer each that is asked for, in order."""


class _Context(Struct):
    slot: _Count


class _At(Struct, Generic[_Value]):
    context: _Context
    value: _Value


class _Account(Struct):
    data: tuple[_Base64, str]
    owner: _Key
    lamports: _Count
    executable: bool


class _KeyedAccount(Struct):
    pubkey: _Key
    account: _Account


class _Blockhash(Struct):
    blockhash: _Key
    lastValidBlockHeight: _Count  # noqa: N815  Its name on the wire, as of those below.


class _Epoch(Struct):
    absoluteSlot: _Count  # noqa: N815
    blockHeight: _Count  # noqa: N815


class _Paid(Struct):
    prioritizationFee: _Count  # noqa: N815


class _Signed(Struct):
    signature: str
    slot: _Count
    err: Any


class _Status(Struct):
    err: Any
    confirmationStatus: str | None = None  # noqa: N815


class _Meta(Struct):
    err: Any
    fee: _Count
    logMessages: list[str] | None  # noqa: N815


class _Executed(Struct):
    slot: _Count
    blockTime: _Count | None  # noqa: N815
    meta: _Meta


class _Simulated(Struct):
    err: Any
    logs: list[str] | None = None
    unitsConsumed: _Count | None = None  # noqa: N815
    accounts: list[_Account | None] | None = None


class _Refusal(Struct):
    code: int
    message: str = ""


class _Refused(Struct):
    error: _Refusal


_RESULTS: dict[str, Any] = {
    "getAccountInfo": _At[_Account | None],
    "getEpochInfo": _Epoch,
    "getLatestBlockhash": _At[_Blockhash],
    "getMultipleAccounts": _At[list[_Account | None]],
    "getProgramAccounts": list[_KeyedAccount],
    "getRecentPrioritizationFees": list[_Paid],
    "getSignatureStatuses": _At[list[_Status | None]],
    "getSignaturesForAddress": list[_Signed],
    "getTransaction": _Executed | None,
    "sendTransaction": str,
    "simulateTransaction": _At[_Simulated],
}


def require_shape(method: str, params: Sequence[Any], answer: Mapping[str, Any]) -> None:
    """Raise ValueError unless an answer is a refusal, or a result as the method gives it."""
    if answer.get("error") is not None:
        convert(answer, _Refused)
        return
    result: Any = answer.get("result")
    convert(result, _RESULTS[method])
    if method in _LISTING:
        asked, told = len(params[0]), len(result["value"])
        if asked != told:
            raise ValueError(f"expected {asked} values, found {told}")
