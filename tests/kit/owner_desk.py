"""Execution with an owner: a live feed by hand, a wallet that signs, and a cabinet of keys.

`crash_at` kills the process at an append, before the log has it or right after; `start` runs the
next one, on what the log, the prints and the folder hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from chassis.appends import Appended
from chassis.market import MarketMessage
from contracts.delegation import (
    ConsentGiven,
    DelegationState,
    OwnerTransactionOffered,
)
from contracts.event import Draft, Event, Recorded
from contracts.ids import derive_root_id
from contracts.ticks import encode_tick
from execution.handlers import Desk
from execution.recovery import recover
from execution.signing.cabinet import KeyCabinet
from execution.signing.keys import Secret, Vault
from execution.signing.paper import PaperSigner
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.rules import PaperRules
from kit.execution_events import ACCOUNT, a_feed, a_print, an_account, root
from kit.execution_world import TRADES
from kit.memory import InMemoryCheckpoints, InMemoryDeadLetters, InMemoryLog
from kit.owner_wallet import OwnerWallet
from kit.owner_words import a_consent, a_return, a_revoke, an_ask, an_owner

RULES = replace(PaperRules.calm(), blockhash_life_blocks=50)
ENCRYPTION = bytes(range(32))

E = TypeVar("E", bound=Event)


class Crash(Exception):
    """kill -9."""


class _Log(InMemoryLog):
    """The log, as the process sees it that is killed at an append."""

    def __init__(self, desk: "OwnerDesk") -> None:
        self.__dict__.update(desk.log.__dict__)
        self._desk = desk

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        expected_last: Mapping[str, int] | None = None,
        guards: Mapping[str, int] | None = None,
    ) -> list[Appended]:
        desk = self._desk
        desk.appends += 1
        is_last = desk.appends == desk.crash_at
        if is_last and desk.crashes_before:
            raise Crash
        appended = await super().append(drafts, expected_last=expected_last, guards=guards)
        if is_last:
            raise Crash
        return appended


@dataclass
class OwnerDesk:
    """One account, its owner, and the processes of execution that follow one another."""

    folder: Path
    wallet: OwnerWallet = field(default_factory=OwnerWallet)
    rules: PaperRules = RULES
    has_cabinet: bool = True
    crash_at: int | None = None
    crashes_before: bool = False
    appends: int = 0
    starts: int = 0
    now_ms: int = 0
    log: InMemoryLog = field(default_factory=lambda: InMemoryLog(service="execution"))
    prints: list[MarketMessage] = field(default_factory=list[MarketMessage])
    commands: int = 0

    async def open(self) -> None:
        """Open the feed and the account, start, and let the market have a price."""
        await self.log.as_service("ingest").append([a_feed(is_replayable=False)])
        await self.log.as_service("gateway").append([an_account()])
        await self.start()
        await self.print()

    async def start(self) -> None:
        """Start a process on what there is."""
        self.starts += 1
        self.cabinet = self.a_cabinet() if self.has_cabinet else None
        checkpoints = InMemoryCheckpoints(InMemoryLog(service="execution"))
        log = _Log(self)
        self.standing, recorder = await recover(
            log, checkpoints, rules=self.rules, signer=PaperSigner(self.cabinet)
        )
        self.desk = Desk(
            self.standing,
            recorder,
            cabinet=self.cabinet,
            dead_letters=InMemoryDeadLetters(),
            checkpoints=checkpoints,
            checkpoint_events=100_000,
            ready=lambda is_ready, reason: None,
            clock=lambda: 0.0,
        )
        for message in self.prints:
            await self._work(message)
        await self.hear()

    def a_cabinet(self) -> KeyCabinet:
        """Open the folder with the same key-encryption key."""
        return KeyCabinet(self.folder, Vault(Secret(ENCRYPTION)))

    @property
    def venue(self) -> PaperChain:
        """Give the chain."""
        assert self.standing.venue is not None
        return self.standing.venue

    async def print(self, price: str = "100", *, after_ms: int = 400) -> None:
        """Let a print come."""
        self.now_ms += after_ms
        trade = a_print(len(self.prints) + 1, price, milliseconds=self.now_ms)
        self.prints.append(MarketMessage(len(self.prints) + 1, TRADES, encode_tick(trade)))
        await self._survive(self.prints[-1])

    async def settle(self, prints: int = 3) -> None:
        """Let the chain go on for some slots."""
        for _ in range(prints):
            await self.print()

    async def say(self, event: Event, *, source: str = "gateway") -> Recorded:
        """Let somebody say something, and execution hear it."""
        self.commands += 1
        identity = derive_root_id(f"test-{event.event_type}", self.commands)
        draft = root(event, identity, milliseconds=self.now_ms)
        return await self.append(draft, source=source)

    async def append(self, draft: Draft, *, source: str) -> Recorded:
        """Append as another service; give the event as the log holds it."""
        (place,) = await self.log.as_service(source).append([draft])
        try:
            await self.hear()
        except Crash:
            await self.start()
        return self.log.recorded[place.position - 1]

    async def hear(self) -> None:
        """Hear all that is new in the log."""
        while self.standing.position < len(self.log.recorded):
            event = self.log.recorded[self.standing.position]
            await self.desk.handle_event(event, self.hear)

    # What the owner does

    async def name_owner(self, wallet: str | None = "") -> Recorded:
        """Let the account belong to the wallet."""
        owner = self.wallet.address if wallet == "" else wallet
        return await self.say(an_owner(ACCOUNT, owner))

    async def consent(self) -> Recorded:
        """Agree to what a delegate can do."""
        return await self.say(a_consent(ACCOUNT, self.wallet))

    async def ask(self) -> Recorded:
        """Ask for a key, and the transaction that names it."""
        consents = [it for it in self.log.recorded if isinstance(it.event, ConsentGiven)]
        consent = consents[-1].id if consents else derive_root_id("none")
        return await self.say(an_ask(ACCOUNT, self.wallet, consent))

    async def ask_revoke(self) -> Recorded:
        """Ask for the transaction that takes the right to sign back."""
        return await self.say(a_revoke(ACCOUNT, self.wallet))

    async def give_back(self, message: str | None = None, signature: str | None = None) -> Recorded:
        """Sign the newest offer, or give back what is said."""
        offer, event = self.offers[-1]
        told = message or event.message
        return await self.say(a_return(ACCOUNT, self.wallet, offer.id, told, signature=signature))

    async def delegate(self) -> None:
        """Take the whole way to an active delegation."""
        await self.consent()
        await self.ask()
        await self.give_back()
        await self.settle()

    async def revoke(self) -> None:
        """Take the whole way back."""
        await self.ask_revoke()
        await self.give_back()
        await self.settle()

    # What came of it

    @property
    def offers(self) -> list[tuple[Recorded, OwnerTransactionOffered]]:
        """Give what was offered, in order."""
        return [
            (it, it.event)
            for it in self.log.recorded
            if isinstance(it.event, OwnerTransactionOffered)
        ]

    def events(self, kind: type[E]) -> list[E]:
        """Give the log's events of a class."""
        return [it.event for it in self.log.recorded if isinstance(it.event, kind)]

    @property
    def state(self) -> DelegationState:
        """Give what the log says now."""
        return self.standing.delegations[ACCOUNT].state

    @property
    def files(self) -> list[str]:
        """Name what lies in the folder."""
        return sorted(it.name for it in self.folder.iterdir())

    async def _survive(self, message: MarketMessage) -> None:
        try:
            await self._work(message)
        except Crash:
            await self.start()

    async def _work(self, message: MarketMessage) -> None:
        await self.desk.work([message], self.hear)
        await self.hear()


async def an_owner_desk(folder: Path, **options: object) -> OwnerDesk:
    """Open a desk whose account belongs to the wallet."""
    desk = OwnerDesk(folder / "keys", **options)  # pyright: ignore[reportArgumentType]
    await desk.open()
    await desk.name_owner()
    await desk.settle(2)
    return desk
