"""Execution on the real program, in one process: a localnet stepped by hand, a log in memory."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from solders.account import Account
from solders.pubkey import Pubkey

from contracts.delegation import (
    ConsentGiven,
    DelegateKeyBorn,
    DelegationState,
    OwnerTransactionOffered,
)
from contracts.event import Draft, Event, Recorded
from contracts.ids import derive_root_id
from contracts.ticks import Tick, encode_tick
from contracts.values import Side, from_millis
from contracts.verdict import OrderApproved
from execution.onchain.delegate import DelegateSigner
from execution.onchain.desk import ChainDesk
from execution.onchain.standing import ChainStanding
from execution.recovery import caught_up
from execution.signing.cabinet import KeyCabinet
from execution.signing.fence import LogFence
from execution.signing.keys import Secret, Vault
from execution.signing.signer import PolicySigner
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.config import NO_MONEY, FirstMoney
from execution.venues.drift.probe import Probe
from execution.venues.drift.rpc import Rpc
from kit.chassis_memory_market import InMemoryMarket
from kit.chassis_memory_stores import InMemoryCheckpoints
from kit.drift_chain import ACCOUNT, OnChain, on_chain
from kit.execution_events import BEGIN_MS, a_feed, an_account, an_approval, root
from kit.execution_world import TRADES
from kit.memory import InMemoryDeadLetters, InMemoryLog
from kit.owner_wallet import OwnerWallet
from kit.owner_words import a_consent, a_return, a_revoke, an_ask, an_owner
from localnet.drift import instructions
from localnet.drift.addresses import SPOT_MARKET, USDC
from localnet.drift.markets import MARKETS

ENCRYPTION = bytes(range(32))
DELEGATE_SOL = Decimal(1)
SOL_PERP = MARKETS[0]
_DEPOSITS_AT, _BORROWS_AT = 432, 448
"""In the quote's market: what all have deposited and borrowed, scaled (`state/spot_market.rs`)."""
E = TypeVar("E", bound=Event)


@dataclass
class Life:
    """One process of execution: its folds, its signer, and its desk."""

    standing: ChainStanding
    cabinet: KeyCabinet
    signer: DelegateSigner
    desk: ChainDesk
    shown: dict[str, object] = field(default_factory=dict[str, object])


@dataclass
class OnChainWorld:
    """A log with a feed and an account, and lives of execution on them."""

    on: OnChain
    folder: Path
    log: InMemoryLog = field(default_factory=lambda: InMemoryLog(service="execution"))
    market: InMemoryMarket = field(default_factory=InMemoryMarket)
    dead_letters: InMemoryDeadLetters = field(default_factory=InMemoryDeadLetters)
    life: Life = field(init=False)
    first_money: FirstMoney = NO_MONEY
    trade_id: int = 0
    said: int = 0

    def __post_init__(self) -> None:
        self.checkpoints = InMemoryCheckpoints(self.log)
        self.wallet = OwnerWallet(self.on.rig.desk.owner.key)

    @property
    def now_ms(self) -> int:
        """Give chain time."""
        return self.on.rig.now_s * 1_000

    async def open(self) -> None:
        """Open feed and account, name its owner, and begin the first life."""
        await self.say("ingest", a_feed(is_replayable=False))
        await self.say("gateway", an_account(ACCOUNT, venue="localnet"))
        await self.person(an_owner(ACCOUNT, self.wallet.address))
        self.life = await self.begin()

    async def person(self, event: Event) -> Recorded:
        """Let a person say something at chain time."""
        self.said += 1
        identity = derive_root_id(f"test-{event.event_type}", self.said)
        draft = root(event, identity, milliseconds=self.now_ms - BEGIN_MS)
        await self.say("gateway", draft)
        return self.log.recorded[-1]

    async def begin(self, *, urls: tuple[str, ...] = (), probe: Probe | None = None) -> Life:
        """Begin a life of execution on the log as it is."""
        standing = ChainStanding()
        recorder = await caught_up(self.log, standing)
        seconds = self.on.seconds
        fence = LogFence(self.log, clock=seconds)
        cabinet = KeyCabinet(self.folder, Vault(Secret(ENCRYPTION)))

        def delegate() -> Pubkey | None:
            key = cabinet.key(ACCOUNT)
            return None if key is None else key.session.delegate

        chain = DriftChain(
            replace(self.on.rig.venue, quote_mint=USDC, first_money=self.first_money),
            Rpc(urls or (self.on.client.net.url,), client=self.on.http, clock=seconds),
            account=ACCOUNT,
            delegate=delegate,
            known=lambda: standing.known_orders(ACCOUNT),
            after=standing.cursor(ACCOUNT),
            clock=seconds,
            probe=probe,
        )
        lately = standing.lately
        policy = PolicySigner(fence, cabinet, lambda: chain.owned.now_ms, lately=lately)
        signer = DelegateSigner(policy, fence, recorder, lambda: chain)
        shown: dict[str, object] = {}
        desk = ChainDesk(
            standing,
            recorder,
            chain,
            signer,
            cabinet=cabinet,
            dead_letters=self.dead_letters,
            checkpoints=self.checkpoints,
            checkpoint_events=100_000,
            ready=lambda state, reason: shown.update({"ready": state, "reason": reason}),
            clock=seconds,
        )
        return Life(standing, cabinet, signer, desk, shown)

    async def say(self, service: str, *drafts: Draft) -> None:
        """Let another service record something."""
        await self.log.as_service(service).append(list(drafts))

    async def hear(self) -> None:
        """Let execution handle what the log holds."""
        while self.log.recorded[self.life.standing.position :]:
            for recorded in self.log.recorded[self.life.standing.position :]:
                await self.life.desk.handle_event(recorded)

    async def step(self, slots: int = 1) -> None:
        """Let slots open, let the chain be read, and let execution look at it."""
        self.on.client.net.pace.step(slots=slots)
        self.on.seconds.now += slots * 0.5
        await self.life.desk.chain.step()
        await self.hear()
        await self.life.desk.look()
        await self.hear()

    async def steps(self, count: int) -> None:
        """Take steps of one slot."""
        for _ in range(count):
            await self.step()

    # What the owner does

    async def consent(self) -> None:
        """Agree to what a delegate can do."""
        await self.person(a_consent(ACCOUNT, self.wallet))

    async def ask(self) -> None:
        """Ask for a key and its transaction, and let the key have what it needs for fees."""
        consents = [it for it in self.log.recorded if isinstance(it.event, ConsentGiven)]
        consent = consents[-1].id if consents else derive_root_id("none")
        await self.person(an_ask(ACCOUNT, self.wallet, consent))
        await self.hear()
        for born in [] if self.first_money.delegate_lamports else self.found(DelegateKeyBorn)[-1:]:
            delegate = Pubkey.from_string(born.delegate)
            self.on.rig.desk.world.fund(delegate, usdc=Decimal(0), sol=DELEGATE_SOL)

    async def give_back(self, message: str | None = None, signature: str | None = None) -> None:
        """Sign the newest offer, or give back what is said."""
        offer = next(
            it
            for it in reversed(self.log.recorded)
            if isinstance(it.event, OwnerTransactionOffered)
        )
        assert isinstance(offer.event, OwnerTransactionOffered)
        told = message or offer.event.message
        await self.person(a_return(ACCOUNT, self.wallet, offer.id, told, signature=signature))
        await self.hear()

    async def delegate(self) -> None:
        """Take the whole way to an active delegation."""
        await self.steps(3)
        await self.consent()
        await self.ask()
        await self.give_back()
        await self.steps(3)
        assert self.state is DelegationState.ACTIVE

    async def ask_revoke(self) -> None:
        """Ask for the transaction that takes the right to sign back."""
        await self.person(a_revoke(ACCOUNT, self.wallet))
        await self.hear()

    async def revoke(self) -> None:
        """Take the whole way back."""
        await self.ask_revoke()
        await self.give_back()
        await self.steps(3)

    @property
    def state(self) -> DelegationState:
        """Give what the log says of the delegation."""
        return self.life.standing.delegations[ACCOUNT].state

    @property
    def files(self) -> list[str]:
        """Name what lies in the folder of keys."""
        return sorted(it.name for it in self.folder.iterdir())

    async def approve(
        self, key: str = "first", *, entry: str = "149.9", stop: str = "148.9", life_s: int = 120
    ) -> None:
        """Let risk approve a long of 10."""
        draft = an_approval(key, entry=entry, stop=stop, quantity="10")
        assert isinstance(draft.event, OrderApproved)
        ends = from_millis(self.now_ms + life_s * 1_000)
        event = draft.event.model_copy(update={"expires_at": ends})
        await self.say("risk", Draft(event, draft.id, draft.subject, draft.occurred_at, draft.id))

    async def prints(self, *ticks: Tick) -> None:
        """Let execution work prints."""
        at = len(self.market.messages)
        for tick in ticks:
            await self.market.put(TRADES, encode_tick(tick))
        await self.life.desk.work(self.market.messages[at:])

    def sell(self, price: str, quantity: str = "10") -> None:
        """Let the taker sell down to a price."""
        self.on.rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal(price), Decimal(quantity))

    def buy(self, price: str, quantity: str = "10") -> None:
        """Let the taker buy up to a price."""
        self.on.rig.desk.actors.trade(SOL_PERP, Side.LONG, Decimal(price), Decimal(quantity))

    def pay_in(self, usdc: str) -> None:
        """Let the owner deposit so much more."""
        self.on.rig.desk.world.open_actor("owner", usdc=Decimal(usdc))

    def take_out(self, usdc: str) -> None:
        """Let the owner withdraw so much."""
        owner, units = self.on.rig.desk.owner, int(Decimal(usdc) * 10**6)
        step = instructions.withdraw(owner.trader, units, signer=owner.key.pubkey())
        self.on.rig.desk.world.chain.run([step], owner.key)

    def lend_out(self, part: Decimal) -> None:
        """Let a part of all that is deposited be somebody's debt, so that it earns interest."""
        chain = self.on.rig.desk.world.chain
        market = chain.account(SPOT_MARKET)
        assert market is not None
        data = bytearray(market.data)
        deposits = int.from_bytes(data[_DEPOSITS_AT:_BORROWS_AT], "little")
        data[_BORROWS_AT : _BORROWS_AT + 16] = int(deposits * part).to_bytes(16, "little")
        chain.put(SPOT_MARKET, Account(market.lamports, bytes(data), market.owner))

    def accrue(self) -> None:
        """Let the program work out the interest until now: somebody deposits."""
        self.on.rig.desk.world.open_actor("taker", usdc=Decimal(1))

    def move(self, price: str) -> None:
        """Move the oracle."""
        self.on.rig.desk.actors.set_price(SOL_PERP, Decimal(price))

    def found(self, kind: type[E]) -> list[E]:
        """Give the events of a type in the log."""
        return [it.event for it in self.log.recorded if isinstance(it.event, kind)]

    @property
    def events(self) -> Sequence[Recorded]:
        """Give the log."""
        return self.log.recorded


@asynccontextmanager
async def onchain_world(
    *,
    delegates: bool = True,
    is_open: bool = True,
    first_money: FirstMoney = NO_MONEY,
    usdc: Decimal = Decimal(10_000),
) -> AsyncGenerator[OnChainWorld]:
    """Run a world with one life, whose owner has delegated; skip without the program or driftpy.

    `is_open` says whether the owner has a sub-account with its deposit from the start.
    """
    async with on_chain(is_open=is_open, usdc=usdc) as on:
        with TemporaryDirectory() as folder:
            world = OnChainWorld(on, Path(folder) / "keys", first_money=first_money)
            await world.open()
            if delegates:
                await world.delegate()
            yield world
