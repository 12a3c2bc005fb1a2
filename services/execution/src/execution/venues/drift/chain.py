"""Our account on a chain, as the port wants it: nothing of it waits, `run` keeps it current."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import structlog
from solders.pubkey import Pubkey

from contracts.venue import MarketStatus, QuoteBalance, VenueObserved
from execution.domain.uids import STOP_NUMBERS
from execution.signing.facts import VenueAccounts
from execution.venues.drift.builds import read_build
from execution.venues.drift.config import DriftVenue
from execution.venues.drift.encoder import encode, venue_accounts
from execution.venues.drift.lander import Lander
from execution.venues.drift.owned import DriftOwned
from execution.venues.drift.probe import NotYetFunded, PlacementRefused, Probe
from execution.venues.drift.reader import Known, Reader
from execution.venues.drift.rpc import Rpc, RpcRefused, RpcSilent
from execution.venues.drift.snapshot import observe, quote_balance
from execution.venues.drift.view import ChainClock, ChainView
from execution.venues.port import AnyRecord, Blockhash, Intent, Landed, SignedTransaction

POLL_S = 0.4
MAKERS_S = 2.0
"""Between two looks at whom a close may take from."""
HEADS_S = 2.0
"""Between two rounds of asking every node where the chain is."""
PROBE_S = 2.0
"""Between two probes of a venue that has not passed one."""
PROGRAM_S = 10.0
"""Between two looks at whether the program is still the one that passed."""
BUILD_S = 30.0
"""Between two tries to read which build of the program runs."""
STALE_S = 5.0
"""After so long without a new slot, what is shown may not be decided on."""
_log = structlog.get_logger()


class NotReadYet(Exception):
    """The chain was asked for before it was read once."""


@dataclass(frozen=True, slots=True)
class _Observed:
    """What a view shows to whoever signs."""

    view: ChainView
    delegate: Pubkey | None
    seen: VenueObserved


class DriftChain:
    """One account of ours on one market (`execution.venues.port.Venue`)."""

    def __init__(
        self,
        venue: DriftVenue,
        rpc: Rpc,
        *,
        account: str,
        delegate: Callable[[], Pubkey | None],
        known: Known,
        after: int | None,
        clock: Callable[[], float],
        probe: Probe | None = None,
    ) -> None:
        """Show an account; `delegate` gives the address that signs for it, None without a key.

        `known` gives the orders of the log by the venue's id, `after` how far the records are in
        the log, None to begin with what is shown first; `clock` counts seconds and never goes back.
        With a `probe` nothing is shown as ready before it has passed; while the program is another
        one than it passed for, the market is shown as one whose program was replaced.
        """
        self.venue = venue
        self.account = account
        self.changed = asyncio.Event()
        """Set when there may be something new to observe; whoever waits for it clears it."""
        self._delegate = delegate
        self._seconds = clock
        self.nodes = rpc
        """Whoever answers for the chain."""
        self._lander = Lander(rpc, clock=clock)
        self._reader = Reader(venue, rpc, payer=delegate, known=known, after=after, clock=clock)
        self._wake = asyncio.Event()
        self._probe, self._probed_at = probe, float("-inf")
        self._deployed_slot: int | None = None
        """Of the program that passed the probe; None before."""
        self._is_replaced = False
        self._has_read_build, self._build_at = probe is None, float("-inf")
        self._lacks = ""
        self._observed: _Observed | None = None
        self.owned = DriftOwned(
            venue,
            rpc,
            self._reader,
            self._lander,
            clock,
            account=account,
            quote_mint=None if probe is None else probe.quote_mint,
        )
        """The same, as the owner of the account sees it."""

    @property
    def is_current(self) -> bool:
        """Say whether what is shown is new enough to be decided on."""
        return self._seconds() - self._reader.read_at < STALE_S

    @property
    def is_ready(self) -> bool:
        """Say whether it was read, is current, and has a blockhash to sign for."""
        try:
            self.blockhash()
        except RpcSilent:
            return False
        is_whole = self._reader.view is not None and self._reader.read_payer == self._delegate()
        is_probed = self._probe is None or self._deployed_slot is not None
        return is_whole and self.is_current and is_probed

    @property
    def waits_for(self) -> str:
        """Say what it waits for while it is not ready."""
        shown = self._reader.shown
        trouble = self.nodes.heads.trouble
        for_nodes = f"waiting for the chain's nodes{': ' if trouble else ''}{trouble}"
        if shown is None or not self.owned.was_read_lately:
            return for_nodes
        if not shown.has_user:
            return "waiting for the owner to open the sub-account"
        lacks = self._lacks or self._reader.unreadable
        return f"waiting: {lacks}" if lacks else for_nodes

    @property
    def began_at(self) -> float:
        """Give when the reading of the newest view began, by our clock."""
        return self._reader.began_at

    @property
    def clock(self) -> ChainClock | None:
        """Give the chain's clock in the newest view; None before the first."""
        view = self._reader.view
        return None if view is None else view.clock

    @property
    def height(self) -> int:
        """Give the newest block height that is believed."""
        return self.nodes.heads.height

    @property
    def after(self) -> int:
        """Give the cursor that the records begin after."""
        return self._reader.after

    def wake(self) -> None:
        """Read at once: somebody said that something happened."""
        self._wake.set()

    async def send(self) -> NoReturn:
        """Send what is submitted at once, and again until its fate is known, beside `run`."""
        await self._lander.keep_sending(lambda: self.nodes.heads.sure_height)

    async def watch(self) -> NoReturn:
        """Ask every node where the chain is, again and again, beside `run`."""
        while True:
            await self.nodes.read_heads()
            await asyncio.sleep(HEADS_S)

    async def ask(self) -> NoReturn:
        """Ask what became of what is on its way, and keep a blockhash, beside `run`.

        Every node is asked, so that whoever is silent is waited for.
        """
        while True:
            await self._ask_fates()
            await asyncio.sleep(POLL_S)

    async def find_makers(self) -> NoReturn:
        """Keep whom a close may take from, beside `run`: no node has to be quick with that."""
        while True:
            is_held = await self._reader.read_makers()
            await asyncio.sleep(MAKERS_S if is_held else POLL_S)

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep everything current until told to stop; an outage is waited out."""
        while not stopping.is_set():
            await self._read()
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_S)
            except TimeoutError:
                continue
            self._wake.clear()

    async def step(self) -> None:
        """Send what is due, ask every node and read once, for whoever goes step by step.

        Raises as `run`.
        """
        await self._lander.send(self.nodes.heads.sure_height)
        await self.nodes.read_heads()
        await self._ask_fates()
        await self._read()
        await self._reader.read_makers()

    async def _ask_fates(self) -> None:
        await self._lander.step(self.nodes.heads.sure_height)
        if self._lander.has_new_fate:
            self._lander.has_new_fate = False
            self.changed.set()
            self.wake()

    async def _read(self) -> None:
        """Read once, and say when something may have changed.

        Raises VenueIncompatible when the probe finds another program than ours.
        """
        before = self._reader.shown
        try:
            await self._reader.refresh(at_least=self._lander.landed_slot)
            await self._keep_probed()
            await self._read_build()
        except (RpcSilent, RpcRefused) as error:
            _log.warning("chain_step_failed", why=str(error))
        if self._reader.shown is not before:
            self.changed.set()

    async def _keep_probed(self) -> None:
        """Probe until it passes, and again once the program is another one."""
        view, now = self._reader.view, self._seconds()
        is_sure = self._deployed_slot is not None and not self._is_replaced
        if self._probe is None or view is None:
            return
        if now - self._probed_at < (PROGRAM_S if is_sure else PROBE_S):
            return
        blockhash = self.blockhash()
        self._probed_at = now
        if is_sure:
            await self._look_for_another(self._probe)
        else:
            await self._pass_probe(self._probe, view, blockhash)

    async def _look_for_another(self, probe: Probe) -> None:
        """Take note when the program was deployed anew since it passed."""
        slot, passed = await probe.deployed_slot(self.venue.program), self._deployed_slot or 0
        if slot > passed:
            _log.error("program_replaced", expected=passed, found=slot)
            self._is_replaced = True
            self._has_read_build, self.owned.build = False, None
            self.changed.set()

    async def _pass_probe(self, probe: Probe, view: ChainView, blockhash: Blockhash) -> None:
        """Probe, as soon as somebody who may sign could pay for it."""
        able = (it for it in (view.venue.owner, self._delegate()) if it and view.lamports(it))
        signer = next(able, None)
        if signer is None:
            self._lacks = "expected SOL for fees in the owner's wallet, found none"
            return
        try:
            slot = await probe.require_compatible(
                view,
                signer=signer,
                blockhash=blockhash.hash,
                is_replaced=self._is_replaced,
            )
        except NotYetFunded as lacking:
            self._lacks = str(lacking)
            return
        except PlacementRefused as refused:
            if not self._is_replaced:
                raise
            _log.warning("probe_refused", why=str(refused))
            return
        self._deployed_slot, self._is_replaced = slot, False
        self.changed.set()

    async def _read_build(self) -> None:
        """Read once which build runs, as soon as the chain shows anything."""
        now = self._seconds()
        if self._has_read_build or now - self._build_at < BUILD_S or not self.owned.is_read:
            return
        self._build_at = now
        self.owned.build = await read_build(self.nodes, self.venue.program)
        self._has_read_build = True
        _log.info("build_read", version=self.owned.build or "none that we know")

    def blockhash(self) -> Blockhash:
        """Give what a transaction that is signed now is bound to."""
        return self._lander.blockhash(self.height)

    def message(
        self,
        account: str,
        intents: Sequence[Intent],
        *,
        blockhash: Blockhash,
        priority_fee_lamports: int,
        serial: int,
    ) -> bytes:
        """Write intents as one message; raise ValueError for what the program cannot do."""
        delegate = self._delegate()
        if delegate is None:
            raise ValueError(f"expected a delegate's key of {account}, found none")
        return self.message_of(
            delegate,
            account,
            intents,
            blockhash=blockhash,
            priority_fee_lamports=priority_fee_lamports,
            serial=serial,
        )

    def message_of(
        self,
        signer: Pubkey,
        account: str,
        intents: Sequence[Intent],
        *,
        blockhash: Blockhash,
        priority_fee_lamports: int,
        serial: int,
    ) -> bytes:
        """Write intents for the signature of the owner or a delegate, which pays the fee."""
        return encode(
            self._view(account),
            intents,
            authority=signer,
            blockhash=blockhash.hash,
            priority_fee_lamports=priority_fee_lamports,
            serial=serial,
            makers=self._reader.makers,
        )

    def accounts(self, account: str) -> VenueAccounts:
        """Name what our transactions may touch, for the policy signer."""
        return venue_accounts(self._view(account), self._reader.makers)

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast now, and again until its fate is known."""
        self._lander.submit(transaction)
        self.wake()

    def fate(self, signature: str) -> Landed | None:
        """Say where a transaction landed; None while that is not known."""
        return self._lander.fate(signature)

    def observe(self, account: str) -> VenueObserved:
        """Give the newest snapshot of the account; raise NotReadYet before the first.

        A view is observed once: whoever looks at each as it comes has it ready for a verdict.
        """
        view, delegate = self._view(account), self._delegate()
        known = self._observed
        if known is None or known.view is not view or known.delegate != delegate:
            seen = observe(view, account=account, delegate=delegate, whole=STOP_NUMBERS)
            known = self._observed = _Observed(view, delegate, seen)
        seen = known.seen
        shown: dict[str, object] = {"block_height": self._lander.shown_height(seen.block_height)}
        if self._is_replaced and seen.market_seen.status is MarketStatus.ACTIVE:
            replaced = {"status": MarketStatus.REPLACED}
            shown["market_seen"] = seen.market_seen.model_copy(update=replaced)
        return seen.model_copy(update=shown)

    def balance(self, account: str) -> QuoteBalance:
        """Give the quote balance in the newest view; raise NotReadYet before the first."""
        return quote_balance(self._view(account))

    def records(self, account: str, *, after: int) -> Sequence[tuple[int, AnyRecord]]:
        """Give what happened after a cursor, up to the slot that is shown."""
        slot = self._view(account).clock.slot
        return [it for it in self._reader.records if it[0] > after and it[1].slot <= slot]

    def _view(self, account: str) -> ChainView:
        if account != self.account:
            raise ValueError(f"expected the account {self.account}, found {account}")
        if self._reader.view is None:
            raise NotReadYet(f"expected {account} to have been read, found that it was not yet")
        return self._reader.view
