"""The engine on the real program: `EngineWorld`, with a private chain in the place of paper.

Everything that the engine sees comes through RPC, over two nodes that lose, lag and lie; the truth
is read from the chain's tip. Only the market and the mishaps are others than on paper.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import httpx
from solders.pubkey import Pubkey

from contracts.transaction import TransactionSigned
from contracts.venue import VenueObserved
from execution.domain.account_fold import Observation
from execution.domain.planner import PlannerCore
from execution.domain.policy import Policy
from execution.domain.uids import STOP_NUMBERS
from execution.engine import Engine, transaction_of
from execution.signing.refusals import Refusal
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.config import DriftVenue
from execution.venues.drift.history import History
from execution.venues.drift.rpc import Rpc
from execution.venues.drift.snapshot import observe
from execution.venues.drift.view import ChainView, RawAccount, addresses, first_addresses
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.weather import Weather
from execution.venues.port import AnyRecord, SignedTransaction
from kit.chain_net import SLOT_MS, URLS, Net
from kit.chain_signer import JudgingSigner
from kit.engine_world import ACCOUNT, MARKET, Check, Crash, EngineWorld
from kit.program_stage import executed
from localnet.drift import instructions
from localnet.drift.addresses import PROGRAM
from localnet.drift.orders import BASE, PRICE, Direction, OrderParams
from localnet.drift.world import keypair

DEPOSIT_USD = Decimal(10_000)
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What a node was sent."""

    signature: str
    hash: str


@dataclass
class ChainPort:
    """What of the chain is asked for by name, as of the paper chain."""

    net: Net
    drift: DriftChain
    weather: Weather

    @property
    def slot(self) -> int:
        """Give the newest slot."""
        return self.net.slot

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast."""
        self.drift.submit(transaction)


@dataclass
class Executor:
    """What one process has: a fold, a reader of the chain, an engine."""

    core: PlannerCore
    chain: ChainPort
    engine: Engine
    heard: int = 0
    """How much of the log it has folded."""


class ChainWorld(EngineWorld):
    """One account of a net. What is said, approved, killed and crashed is as on paper."""

    def __init__(
        self,
        net: Net,
        loop: asyncio.AbstractEventLoop,
        *,
        seed: int,
        policy: Policy,
        checks: Sequence[Check],
    ) -> None:
        self.net, self._loop = net, loop
        self.weather = Weather()
        """What is wrong now, for the checks that ask who can see; it does nothing here."""
        self.other: Executor | None = None
        """A second process that believes to be the only one."""
        self.conflicts = 0
        self.refusals: list[Refusal] = []
        self.key = keypair("delegate")
        self._seconds = 0.0
        self._client = httpx.AsyncClient(transport=net.wire)
        self._sent: list[Broadcast] = []
        self._truth: tuple[bytes, VenueObserved] | None = None
        self._told: list[tuple[int, AnyRecord]] = []
        net.world.fund(self.key.pubkey(), usdc=Decimal(0), sol=Decimal(1))
        self.owner = net.world.open_actor(
            f"owner {seed}", usdc=DEPOSIT_USD, delegate=self.key.pubkey()
        )
        self.venue = DriftVenue("localnet", PROGRAM, "USDC", MARKET, 0, self.owner.trader.authority)
        self._history = History(self.venue, position=0, orders={})
        self._executed: set[str] = set()
        super().__init__(
            PaperRules.calm(), seed=seed, policy=policy, checks=checks, deposit_usd=DEPOSIT_USD
        )

    def __post_init__(self) -> None:
        """Open the account, and look at the chain for the first time."""
        self.chance = random.Random(self.seed)
        self.now_ms, self.price = self.net.ms, self.net.price
        self.core = PlannerCore(self.policy)
        self._connect()
        self.open()
        self.wait(2_000)

    @property
    def opening_usd(self) -> None:
        """Give none: the chain shows what was deposited."""
        return

    def _connect(self) -> None:
        """Begin a process's own view of the chain."""
        rpc = Rpc(URLS, client=self._client, clock=lambda: self._seconds)
        drift = DriftChain(
            self.venue,
            rpc,
            account=ACCOUNT,
            delegate=self.key.pubkey,
            known=dict,
            after=0,
            clock=lambda: self._seconds,
        )
        self.chain = ChainPort(self.net, drift, self.weather)  # pyright: ignore[reportAttributeAccessIssue]  What is asked of it is there.
        self.engine = self._engine()

    def _engine(self) -> Engine:
        drift = self.port.drift
        return Engine(self.core, drift, JudgingSigner(self.key, drift, self.refusals))

    @property
    def port(self) -> ChainPort:
        """Give our side of the chain."""
        return cast("ChainPort", self.chain)

    # The truth.

    def truth(self) -> VenueObserved:
        """Give what the chain holds, whatever its nodes show."""
        account = self.net.chain.account(self.venue.user)
        assert account is not None
        data = bytes(account.data)
        if self._truth is None or self._truth[0] != data:
            first = ChainView(self.venue, self._raw(first_addresses(self.venue)), 0, 0)
            keys = addresses(first, payer=self.key.pubkey())
            view = ChainView(self.venue, self._raw(keys), 0, 0)
            seen = observe(view, account=ACCOUNT, delegate=self.key.pubkey(), whole=STOP_NUMBERS)
            self._truth = data, seen
        return self._truth[1]

    def history(self, *, after: int) -> Sequence[tuple[int, AnyRecord]]:
        """Give what happened after a cursor, whatever is told of it."""
        for landed in reversed(self.net.chain.landed_of(self.venue.user)):
            name = str(landed.signature)
            if name not in self._executed:
                self._executed.add(name)
                records = self._history.take(executed(landed))
                first = len(self._told) + 1
                self._told += enumerate(records, start=first)
        return self._told[after:]

    @property
    def broadcast(self) -> Sequence[Broadcast]:  # pyright: ignore[reportIncompatibleMethodOverride]  It has what the checks read.
        """Give all that a node was sent since the last time, by us or by whoever has our key."""
        ours = str(self.key.pubkey())
        return [
            Broadcast(str(it.signatures[0]), str(it.message.recent_blockhash))
            for it in self.net.broadcast()
            if str(it.message.account_keys[0]) == ours
        ]

    # Time.

    def wait(self, milliseconds: int) -> None:
        """Let chain time pass, slot by slot, and everybody read what has changed."""
        for _ in range(max(1, milliseconds // SLOT_MS)):
            self.net.open_slot()
            self.now_ms = self.net.ms
            self._seconds += SLOT_MS / 1_000
            self.take_turns()

    def walk(self, seconds: float, *, drift: str = "0", step_ms: int = SLOT_MS) -> None:
        """Let the market walk about, with takers on its way."""
        for _ in range(int(seconds * 1_000 / step_ms)):
            if self.chance.random() < 0.5:
                change = Decimal(self.chance.randint(-60, 60)) / 1_000 + 2 * Decimal(drift)
                self.trade(self.price + change, Decimal(self.chance.randint(1, 4_000)) / 100)
            self.wait(step_ms)

    def trade(self, price: Decimal, quantity: Decimal) -> None:
        """Let the market trade at a price."""
        self.net.trade(price, quantity)
        self.price = self.net.price
        if self.chance.random() < 0.2:
            self.net.quote(Decimal("0.15"), Decimal(20))

    def take_turns(self) -> None:
        """Read the chain and let the engine do all that it wants; then the other process."""
        if not self.is_down:
            if self.weather.is_engine_down:
                self.restart()
            self._read(self.port.drift)
            if self.port.drift.is_ready:
                with suppress(Crash):
                    self._take_all()
        if self.other is not None:
            self._let_other_act(self.other)
        self.check()

    def restart(self) -> None:
        """Start the engine from the log alone, with nothing known of the chain."""
        self.weather.is_engine_down = False
        self.core = PlannerCore(self.policy)
        for recorded in self.log:
            self.core.step(recorded)
        self._connect()
        self.engine.already = frozenset(
            it.id for it in self.log if isinstance(it.event, Observation)
        )
        for transaction in self._unresolved():
            self.port.submit(transaction)

    def _unresolved(self) -> list[SignedTransaction]:
        signed = {
            it.event.transaction: it.event
            for it in self.log
            if isinstance(it.event, TransactionSigned)
        }
        return [
            transaction_of(signed[it.id])
            for it in self.state.transactions
            if it.landed_slot is None and it.id in signed
        ]

    def revoke(self) -> None:
        """Let the owner take the right to sign away, for ever."""
        step = instructions.name_delegate(self.owner.trader, Pubkey.default())
        self.net.chain.run([step], self.owner.key)

    def leave_by_hand(self) -> None:
        """Let the owner take back every order and close the position."""
        trader, key = self.owner.trader, self.owner.key
        step = instructions.cancel_all(trader, signer=key.pubkey())
        self.net.chain.run([step], key)
        held = self.truth().position_base
        if not held:
            return
        self.net.quote(Decimal("0.15"), abs(held))
        self.wait(SLOT_MS)  # Orders of one slot do not meet.
        side = Direction.SHORT if held > 0 else Direction.LONG
        sign = -1 if held > 0 else 1
        order = OrderParams(
            market=0,
            direction=side,
            base=int(abs(held) * BASE),
            price=int((self.price + sign) * PRICE),
            immediate_or_cancel=True,
        )
        makers = [self.net.world.maker.trader]
        self.net.chain.attempt([instructions.take(trader, order, makers)], key)

    # A second process.

    def split(self) -> None:
        """Let a second process start from the log, while the first goes on."""
        first = self.core, self.chain, self.engine
        self.restart()
        self.other = Executor(self.core, self.port, self.engine, len(self.log))
        self.core, self.chain, self.engine = first

    def join(self) -> None:
        """End the second process."""
        self.other = None

    def _let_other_act(self, other: Executor) -> None:
        """Let the second process take a turn: what it appends counts only at the log's end."""
        self._read(other.chain.drift)
        if not other.chain.drift.is_ready:
            return
        turn = other.engine.turn(ACCOUNT)
        if turn is None:
            return
        if other.heard != len(self.log):
            self.conflicts += 1  # Its append is refused: it sends nothing, and starts anew.
            self.split()
            return
        for recorded in self._append(turn.drafts):
            other.core.step(recorded)
            self.core.step(recorded)
        other.heard = len(self.log)
        other.engine.cursors[ACCOUNT] = turn.cursor
        for transaction in turn.transactions:
            other.chain.submit(transaction)

    def _read(self, drift: DriftChain) -> None:
        self._loop.run_until_complete(drift.step())

    def _raw(self, keys: Sequence[Pubkey]) -> dict[Pubkey, RawAccount]:
        found = ((key, self.net.chain.account(key)) for key in keys)
        return {key: RawAccount(bytes(it.data), it.owner, it.lamports) for key, it in found if it}
