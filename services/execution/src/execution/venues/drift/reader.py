"""Keeps what we look at current: accounts of one answer, and all that ever named our account.

Only what a node answers is believed; nothing is subscribed to (ADR 18). What is older than what was
read is not believed either, and what does not go on is not new (ADR 28). A snapshot is shown with
the history up to its slot, so that the two agree.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from solders.pubkey import Pubkey

from execution.venues.drift.config import CLOCK, DriftVenue
from execution.venues.drift.events import TRUNCATED, Executed, LogsTruncated
from execution.venues.drift.history import History, KnownOrder
from execution.venues.drift.makers import Makers, makers_for, users_filter
from execution.venues.drift.rpc import Rpc, RpcRefused, RpcSilent
from execution.venues.drift.view import (
    ChainView,
    RawAccount,
    addresses,
    first_addresses,
    slot_of,
)
from execution.venues.port import AnyRecord

_FEES_S = 10.0
_MAKERS_KEPT_S = 10.0
"""Makers that nobody tells anew are named for so long: one that is gone would spoil a close."""
_UNTOLD_S = 10.0
"""How long a transaction is waited for that named our account, and that no node has."""
_PAGE = 1_000
_EVENTS_BITS, _PLACE_BITS = 10, 12
_log = structlog.get_logger()

Known = Callable[[], Mapping[int, KnownOrder]]
"""Gives the orders that the log knows, by the venue's id."""


class Reader:
    """Reads one account of one venue."""

    def __init__(
        self,
        venue: DriftVenue,
        rpc: Rpc,
        *,
        payer: Callable[[], Pubkey | None],
        known: Known,
        after: int | None,
        clock: Callable[[], float],
    ) -> None:
        """Read from a cursor of the records on, or from the first view; `payer` pays the fees."""
        self.shown: ChainView | None = None
        """The newest answer, also of a chain without our sub-account; None before the first."""
        self.shown_at = float("-inf")
        """When its slot was new, by our clock."""
        self.view: ChainView | None = None
        """The newest view with its history; None before the first."""
        self.unreadable = ""
        """What is wrong with the newest answer, where it cannot be read."""
        self.records: list[tuple[int, AnyRecord]] = []
        self.makers: Makers = ()
        self.read_at = float("-inf")
        """When the newest view's slot was new, by our clock."""
        self.read_payer: Pubkey | None = None
        """Whose SOL the newest answer shows."""
        self._venue, self._rpc, self._payer, self._clock = venue, rpc, payer, clock
        self.began_at = float("-inf")
        """When its reading began."""
        self._known = known
        self._after = after
        self._history: History | None = None
        self._newest: str | None = None
        """Signature of the newest transaction in the history."""
        self._last = (-1, 0)
        """Slot of the newest transaction in the history, and its place among ours there."""
        self._fee, self._fee_at = 0, float("-inf")
        self._makers_at = float("-inf")
        """When the makers were told last."""
        self._untold: dict[str, float] = {}
        """Since when transactions are waited for that no node has."""

    async def refresh(self, *, at_least: int) -> bool:
        """Read everything anew, at a slot not before `at_least`; say whether it went well.

        Raises ValueError for accounts that cannot be read, unless they could be read before.
        """
        began_at = self._clock()
        try:
            view = await self._read(max(at_least, self._shown_slot))
            if view is None:
                return False
            self.shown_at = self._clock() if self._is_news(view, self.shown) else self.shown_at
            self.shown = view
            if not view.has_user or not self._is_readable(view):
                return False
            if self._after is None:
                self._after = cursor_before(view.clock.slot + 1)
            await self._read_history(view)
        except (RpcSilent, RpcRefused) as error:
            _log.info("chain_not_read", why=str(error))
            return False
        self.read_at = self._clock() if self._is_news(view, self.view) else self.read_at
        self.view, self.began_at = view, began_at
        return True

    @property
    def payer(self) -> Pubkey | None:
        """Give who pays the fees of our transactions."""
        return self._payer()

    @property
    def after(self) -> int:
        """Give the cursor that the records begin after; 0 before the first view told it."""
        return self._after or 0

    @property
    def _shown_slot(self) -> int:
        return 0 if self.shown is None else self.shown.clock.slot

    async def _read(self, at_least: int) -> ChainView | None:
        await self._rpc.read_head()
        await self._read_fee()
        keys = first_addresses(self._venue)
        first = self.shown or self._view(await self._accounts(keys, at_least))
        self.read_payer = self._payer()
        keys = addresses(first, payer=self.read_payer)
        view = self._view(await self._accounts(keys, at_least))
        if view.clock.slot < at_least:
            _log.warning("chain_went_back", expected=at_least, found=view.clock.slot)
            return None
        if not self._rpc.heads.is_reachable(view.clock.slot):
            _log.warning("chain_leapt", expected=at_least, found=view.clock.slot)
            return None
        return view

    def _is_readable(self, view: ChainView) -> bool:
        """Say whether all can be read; what could be once is waited for, as an oracle's price."""
        try:
            view.require_readable()
        except ValueError as error:
            if self.view is None:
                raise
            self.unreadable = str(error)
            _log.warning("chain_unreadable", why=self.unreadable)
            return False
        self.unreadable = ""
        return True

    def _is_news(self, view: ChainView, known: ChainView | None) -> bool:
        """Say whether the chain went on since another view, and a view shows where it is now."""
        is_newer = known is None or view.clock.slot > known.clock.slot
        return is_newer and not self._rpc.heads.is_behind(view.clock.slot)

    def _view(self, accounts: Mapping[Pubkey, RawAccount]) -> ChainView:
        return ChainView(self._venue, accounts, self._rpc.heads.sure_height, self._fee)

    async def _accounts(self, keys: Sequence[Pubkey], at_least: int) -> dict[Pubkey, RawAccount]:
        config = {"commitment": "confirmed", "encoding": "base64", "minContextSlot": at_least}
        told = await self._rpc.call(
            "getMultipleAccounts",
            [str(it) for it in keys],
            config,
            judge=partial(self._require_known, keys),
        )
        pairs = zip(keys, told["value"], strict=True)
        found = {key: raw_account(value) for key, value in pairs if value is not None}
        slot, clock = int(told["context"]["slot"]), found.get(CLOCK)
        if clock is not None and slot_of(clock) > slot:
            raise RpcSilent(f"expected the clock of slot {slot}, found that of {slot_of(clock)}")
        return found

    def _require_known(self, keys: Sequence[Pubkey], told: Any) -> None:
        """Raise ValueError where a node shows no account that was there and cannot be closed."""
        for key, value in zip(keys, told["value"], strict=True):
            is_known = self.shown is not None and key in self.shown.lasting
            if is_known and value is None:
                raise ValueError(f"expected the account {key}, found none")

    async def _read_fee(self) -> None:
        now = self._clock()
        if now - self._fee_at < _FEES_S:
            return
        # Exits write to the market, and others do; nobody else writes to our account.
        written = [str(self._venue.user), str(self._venue.perp_market)]
        told = await self._rpc.call("getRecentPrioritizationFees", written)
        paid = sorted(int(it["prioritizationFee"]) for it in told)
        self._fee = paid[len(paid) * 3 // 4] if paid else 0
        self._fee_at = now

    async def _read_history(self, view: ChainView) -> None:
        """Fetch what came since the last time, and tell it in order."""
        found = await self._signatures()
        executed = [it for it in [await self._executed(each) for each in found] if it is not None]
        if self._history is None:
            self._history = History(self._venue, position=0, orders=self._known())
            for order in view.user.orders:
                self._history.learn(order)
            self._begin(executed, view)
        before = len(self.records)
        self._tell(executed)
        if found:
            self._newest = found[-1]["signature"]
        if len(self.records) > before:
            _log.info("chain_told", records=len(self.records) - before)

    def _begin(self, executed: Sequence[Executed], view: ChainView) -> None:
        """Put the history's position where it ends at what the account shows."""
        trial = History(self._venue, position=0, orders={})
        shown = [it for it in executed if it.slot <= view.clock.slot]
        for it in shown:
            with suppress(LogsTruncated):
                trial.take(it)
        position = view.user.position(self._venue.market_index).base - trial.position
        if self._history is not None:
            self._history.position = position

    def _tell(self, executed: Sequence[Executed]) -> None:
        if self._history is None:
            return
        for it in executed:
            slot, place = self._last
            place = place + 1 if it.slot == slot else 0
            self._last = (it.slot, place)
            try:
                told = self._history.take(it)
            except LogsTruncated as cut:
                _log.warning("chain_logs_cut", why=str(cut))  # The sums will not agree: see there.
                continue
            for number, record in enumerate(told, start=1):
                cursor = ((it.slot << _PLACE_BITS) + place << _EVENTS_BITS) + number
                self.records.append((cursor, record))

    async def _signatures(self) -> list[Any]:
        """Give what named our account since the newest that we have, oldest first."""
        first_slot = self.after >> (_PLACE_BITS + _EVENTS_BITS)
        found: list[Any] = []
        before: str | None = None
        while True:
            config: dict[str, object] = {"commitment": "confirmed", "limit": _PAGE}
            if self._newest is not None:
                config["until"] = self._newest
            if before is not None:
                config["before"] = before
            page = await self._rpc.call("getSignaturesForAddress", str(self._venue.user), config)
            fresh = [it for it in page if int(it["slot"]) >= first_slot]
            found += fresh
            if len(page) < _PAGE or len(fresh) < len(page):
                return found[::-1]
            before = page[-1]["signature"]

    async def _executed(self, told: Any) -> Executed | None:
        """Give a transaction with its logs; those that failed say nothing of the account."""
        if told["err"] is not None:
            return None
        found = await self._record_of(told["signature"])
        if found is None:
            return None
        logs = found["meta"]["logMessages"]
        return Executed(
            told["signature"],
            int(found["slot"]),
            int(found["blockTime"]),
            (TRUNCATED,) if logs is None else tuple(logs),
            has_failed=False,
        )

    async def _record_of(self, signature: str) -> Any:
        """Give a transaction's own record, from whoever has it and its time.

        Raises RpcSilent while nobody does, and gives None after `_UNTOLD_S`: one record less is a
        break of the sums, no more; without a view nobody would look after the position.
        """
        config = {"commitment": "confirmed", "maxSupportedTransactionVersion": 0}
        found = await self._rpc.call("getTransaction", signature, config)
        if not _is_whole(found):
            answers = await self._rpc.call_answering("getTransaction", signature, config)
            found = next((it for it in answers.values() if _is_whole(it)), None)
        if found is not None:
            self._untold.pop(signature, None)
            return found
        now = self._clock()
        if now - self._untold.setdefault(signature, now) < _UNTOLD_S:
            raise RpcSilent(f"expected the transaction {signature}, found it untold")
        _log.warning("chain_untold", signature=signature)
        return None

    async def read_makers(self) -> bool:
        """Keep whom a close may take from; say whether there is something to close.

        All accounts with orders are much to ask for, and not every node gives them: nothing else
        waits for the answer.
        """
        view, now = self.view, self._clock()
        if view is None or not view.user.position(self._venue.market_index).base:
            self.makers = ()
            return False
        try:
            self.makers = makers_for(view, await self._users())
            self._makers_at = now
        except (RpcSilent, ValueError) as error:
            _log.info("makers_not_read", why=str(error))
            if now - self._makers_at >= _MAKERS_KEPT_S:
                self.makers = ()
        return True

    async def _users(self) -> Mapping[Pubkey, RawAccount]:
        config = {"commitment": "confirmed", "encoding": "base64", "filters": users_filter()}
        program = str(self._venue.program)
        told = await self._rpc.call_beside("getProgramAccounts", program, config)
        return {Pubkey.from_string(it["pubkey"]): raw_account(it["account"]) for it in told}


def _is_whole(record: Any) -> bool:
    return record is not None and record["blockTime"] is not None


def cursor_before(slot: int) -> int:
    """Give the cursor that every record before a slot is behind, and none of the slot."""
    return (slot << _PLACE_BITS + _EVENTS_BITS) - 1


def raw_account(told: Any) -> RawAccount:
    """Read an account of an answer in base64."""
    data = base64.b64decode(told["data"][0])
    return RawAccount(data, Pubkey.from_string(told["owner"]), int(told["lamports"]))
