"""Execution on the real program, in one process: a localnet stepped by hand, a log in memory."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from solders.keypair import Keypair

from contracts.event import Draft, Event, Recorded
from contracts.ticks import Trade, encode_tick
from contracts.values import Side, from_millis
from contracts.verdict import OrderApproved
from execution.onchain.delegate import DelegateSigner
from execution.onchain.desk import ChainDesk
from execution.onchain.standing import ChainStanding
from execution.recovery import caught_up
from execution.signing.facts import Session
from execution.signing.fence import LogFence
from execution.signing.keys import DelegateKey, Secret
from execution.signing.signer import PolicySigner
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.rpc import Rpc
from kit.chassis_memory_market import InMemoryMarket
from kit.chassis_memory_stores import InMemoryCheckpoints
from kit.drift_chain import ACCOUNT, OnChain, on_chain
from kit.execution_events import a_feed, an_account, an_approval
from kit.execution_world import TRADES
from kit.memory import InMemoryDeadLetters, InMemoryLog
from localnet.drift.markets import MARKETS

HOUR_MS = 3_600_000
SOL_PERP = MARKETS[0]
E = TypeVar("E", bound=Event)


@dataclass
class Life:
    """One process of execution: its folds, its signer, and its desk."""

    standing: ChainStanding
    policy: PolicySigner
    desk: ChainDesk
    shown: dict[str, object] = field(default_factory=dict[str, object])


@dataclass
class OnChainWorld:
    """A log with a feed and an account, and lives of execution on them."""

    on: OnChain
    log: InMemoryLog = field(default_factory=lambda: InMemoryLog(service="execution"))
    market: InMemoryMarket = field(default_factory=InMemoryMarket)
    dead_letters: InMemoryDeadLetters = field(default_factory=InMemoryDeadLetters)
    life: Life = field(init=False)
    trade_id: int = 0

    def __post_init__(self) -> None:
        self.checkpoints = InMemoryCheckpoints(self.log)

    @property
    def now_ms(self) -> int:
        """Give chain time."""
        return self.on.rig.now_s * 1_000

    async def open(self) -> None:
        """Open feed and account, and begin the first life."""
        await self.say("ingest", a_feed(is_replayable=False))
        await self.say("gateway", an_account(ACCOUNT, venue="localnet"))
        self.life = await self.begin()

    async def begin(self, *, urls: tuple[str, ...] = ()) -> Life:
        """Begin a life of execution on the log as it is."""
        standing = ChainStanding()
        recorder = await caught_up(self.log, standing)
        seconds = self.on.seconds
        fence = LogFence(self.log, clock=seconds)
        policy = PolicySigner(fence, lambda: self.now_ms)
        policy.hold(a_key(self.on.rig.desk.delegate, self.now_ms), signed_ms=standing.signed_ms)
        chain = DriftChain(
            self.on.rig.venue,
            Rpc(urls or (self.on.client.net.url,), client=self.on.http, clock=seconds),
            account=ACCOUNT,
            delegate=lambda: policy.delegate(ACCOUNT),
            known=lambda: standing.known_orders(ACCOUNT),
            after=standing.cursor(ACCOUNT),
            clock=seconds,
        )
        shown: dict[str, object] = {}
        desk = ChainDesk(
            standing,
            recorder,
            chain,
            DelegateSigner(policy, fence, recorder, lambda: chain),
            dead_letters=self.dead_letters,
            checkpoints=self.checkpoints,
            checkpoint_events=100_000,
            show=shown.update,
            ready=lambda state, reason: shown.update({"ready": state, "reason": reason}),
            clock=seconds,
        )
        return Life(standing, policy, desk, shown)

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

    async def approve(
        self, key: str = "first", *, entry: str = "149.9", stop: str = "148.9", life_s: int = 120
    ) -> None:
        """Let risk approve a long of 10."""
        draft = an_approval(key, entry=entry, stop=stop, quantity="10")
        assert isinstance(draft.event, OrderApproved)
        ends = from_millis(self.now_ms + life_s * 1_000)
        event = draft.event.model_copy(update={"expires_at": ends})
        await self.say("risk", Draft(event, draft.id, draft.subject, draft.occurred_at, draft.id))

    async def prints(self, *trades: Trade) -> None:
        """Let execution work prints."""
        at = len(self.market.messages)
        for trade in trades:
            await self.market.put(TRADES, encode_tick(trade))
        await self.life.desk.work(self.market.messages[at:])

    def sell(self, price: str, quantity: str = "10") -> None:
        """Let the taker sell down to a price."""
        self.on.rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal(price), Decimal(quantity))

    def buy(self, price: str, quantity: str = "10") -> None:
        """Let the taker buy up to a price."""
        self.on.rig.desk.actors.trade(SOL_PERP, Side.LONG, Decimal(price), Decimal(quantity))

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


def a_key(keypair: Keypair, now_ms: int) -> DelegateKey:
    """Give a localnet's own key as the signer holds it."""
    session = Session(keypair.pubkey(), now_ms - HOUR_MS, now_ms + HOUR_MS)
    return DelegateKey(Secret(keypair.secret()), account=ACCOUNT, session=session)


@asynccontextmanager
async def onchain_world() -> AsyncGenerator[OnChainWorld]:
    """Run a world with one life; skip without the program or driftpy."""
    async with on_chain() as on:
        world = OnChainWorld(on)
        await world.open()
        yield world
