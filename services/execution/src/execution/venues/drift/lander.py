"""The way of signed bytes into a block, and what became of them (execution.md 3.3).

Identical bytes go to every endpoint about once a second until their fate is known. That a
transaction landed is believed from its own record, failed or not; that it never can is left to the
block height, which is not shown past its last block before the endpoints were asked again, and
which two of them say, as long as two are believed (`heads`).
"""

import asyncio
import base64
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import structlog
from solders.message import from_bytes_versioned
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from execution.venues.drift.rpc import Rpc, RpcRefused, RpcSilent
from execution.venues.port import Blockhash, Landed, SignedTransaction

REBROADCAST_S = 1.0
_DUE_EVERY_S = 0.4
"""So often it is looked at what is due again."""
BLOCKHASH_LIFE = 150
"""Blocks."""
_BLOCKHASHES = 4
_BLOCKHASH_S = 2.0
_SILENCE_S = 20.0
"""How long an endpoint without an answer of now is waited for, past a transaction's last block."""
_CONFIRMED = ("confirmed", "finalized")
_UNREADABLE = 101
"""What an error that is no program's code is told as: the message itself was not carried out."""
_log = structlog.get_logger()


@dataclass
class _Flying:
    transaction: SignedTransaction
    wire: str = field(repr=False)
    sent_at: float = float("-inf")
    over_at: float | None = None
    """When its last block was seen to have passed."""
    is_denied: bool = False
    """Nobody who was asked after its last block knew of it."""


class Lander:
    """Sends for one account. It never signs, and never changes a byte."""

    def __init__(self, rpc: Rpc, *, clock: Callable[[], float]) -> None:
        self._rpc = rpc
        self._clock = clock
        self._flying: dict[str, _Flying] = {}
        self._fates: dict[str, Landed] = {}
        self._known: set[str] = set()
        self._blockhashes: deque[Blockhash] = deque(maxlen=_BLOCKHASHES)
        self._blockhash_at = float("-inf")
        self.has_new_fate = False
        self._submitted = asyncio.Event()
        """Set when there is something that was never sent."""

    def blockhash(self, height: int) -> Blockhash:
        """Give what a transaction that is signed now is bound to.

        It is the newest that lives no longer than `BLOCKHASH_LIFE` from a height that was read: one
        from a node that is ahead waits until it is reached. Raises RpcSilent without one.
        """
        for it in reversed(self._blockhashes):
            if height < it.last_valid_block_height <= height + BLOCKHASH_LIFE:
                return it
        raise RpcSilent(f"expected a blockhash that is alive at {height}, found none yet")

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast from now on; a second call changes nothing."""
        if transaction.signature in self._known:
            return
        self._known.add(transaction.signature)
        message = from_bytes_versioned(transaction.message)
        signed = VersionedTransaction.populate(
            message, [Signature.from_string(transaction.signature)]
        )
        wire = base64.b64encode(bytes(signed)).decode()
        self._flying[transaction.signature] = _Flying(transaction, wire)
        self._submitted.set()

    def fate(self, signature: str) -> Landed | None:
        """Say where a transaction landed; None while that is not known."""
        return self._fates.get(signature)

    @property
    def landed_slot(self) -> int:
        """Give the newest slot in which something of ours landed; what is read has to show it."""
        return max((it.slot for it in self._fates.values()), default=0)

    def shown_height(self, height: int) -> int:
        """Give how far the chain may be said to be: not past what nobody was asked about."""
        held = (
            it.transaction.blockhash.last_valid_block_height
            for it in self._flying.values()
            if not it.is_denied
        )
        return min([height, *held])

    async def keep_sending(self, height: Callable[[], int]) -> NoReturn:
        """Send what is submitted at once, and again whenever it is due; `height` is the chain's.

        Whatever else is asked of the nodes, and whichever of them is silent, holds nothing up.
        """
        async with asyncio.TaskGroup() as sending:
            while True:
                for it in self._take_due(height()):
                    sending.create_task(self._send(it))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._submitted.wait(), _DUE_EVERY_S)

    async def send(self, height: int) -> None:
        """Send what is due, and return when it was; `height` is the chain's."""
        await asyncio.gather(*map(self._send, self._take_due(height)))

    async def step(self, height: int) -> None:
        """Ask for fates, and keep a blockhash; `height` is the chain's."""
        await self._keep_blockhash()
        if self._flying:
            await self._ask(height)

    def _take_due(self, height: int) -> list[_Flying]:
        self._submitted.clear()
        now = self._clock()
        due = [
            it
            for it in self._flying.values()
            if now - it.sent_at >= REBROADCAST_S and not self._is_over(it, height)
        ]
        for it in due:
            it.sent_at = now
        return due

    def _is_over(self, it: _Flying, height: int) -> bool:
        return height > it.transaction.blockhash.last_valid_block_height

    async def _keep_blockhash(self) -> None:
        now = self._clock()
        if now - self._blockhash_at < _BLOCKHASH_S:
            return
        try:
            told = await self._rpc.call("getLatestBlockhash", {"commitment": "confirmed"})
        except (RpcSilent, RpcRefused):
            return
        value = told["value"]
        self._blockhashes.append(Blockhash(value["blockhash"], int(value["lastValidBlockHeight"])))
        self._blockhash_at = now

    async def _send(self, it: _Flying) -> None:
        config = {"encoding": "base64", "skipPreflight": True, "maxRetries": 0}
        await self._rpc.call_all("sendTransaction", it.wire, config)

    async def _ask(self, height: int) -> None:
        signatures = sorted(self._flying)
        config = {"searchTransactionHistory": True}
        answers = await self._rpc.call_answering("getSignatureStatuses", signatures, config)
        for number, signature in enumerate(signatures):
            told = {place: it["value"][number] for place, it in answers.items()}
            it = self._flying[signature]
            statuses = list(told.values())
            if any(each and each.get("confirmationStatus") in _CONFIRMED for each in statuses):
                await self._take(signature, statuses)
            elif self._is_over(it, height) and not await self._take(signature, statuses):
                it.is_denied = self._denies(it, told)

    def _denies(self, it: _Flying, told: Mapping[int, Any]) -> bool:
        """Say whether nobody knows of it.

        Whoever is silent, or of another time, is waited for, but not for ever.
        """
        now = self._clock()
        it.over_at = now if it.over_at is None else it.over_at
        well = sum(map(self._rpc.heads.is_well, told))
        is_enough = well == self._rpc.count or (well > 0 and now - it.over_at >= _SILENCE_S)
        return is_enough and not any(told.values())

    async def _take(self, signature: str, told: Sequence[Any]) -> bool:
        """Take a fate from the transaction's own record; until a node has one, the fate is open."""
        config = {"commitment": "confirmed", "maxSupportedTransactionVersion": 0}
        answers = await self._rpc.call_answering("getTransaction", signature, config)
        is_reachable = self._rpc.heads.is_reachable
        records = [it for it in answers.values() if it and is_reachable(int(it["slot"]))]
        if not records:
            return False
        metas = [it["meta"] for it in records]
        errors = [it["err"] for it in metas if it["err"] is not None]
        lies = errors and any(it and it.get("err") is None for it in told)
        if lies:
            _log.warning("rpc_status_differs", signature=signature)
        code = error_code(errors[0]) if errors else None
        self._fates[signature] = Landed(int(records[0]["slot"]), code, int(metas[0]["fee"]))
        del self._flying[signature]
        self.has_new_fate = True
        return True


def error_code(error: Any) -> int:
    """Give the program's code of a transaction error; one that is no program's is told as 101."""
    match error:
        case {"InstructionError": [_, {"Custom": int(code)}]}:
            return code
        case _:
            return _UNREADABLE
