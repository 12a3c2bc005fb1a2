"""The engine in a world of its own: the paper chain, a log in memory, one seed for everything.

Nothing waits here: a step lets chain time pass, lets the market print, makes a bad day, or lets a
person or the owner act; then the engine takes its turns, unless it is down. The log survives a
crash, the engine does not. `truth` and `history` are what the chain holds, whatever its nodes show.
The checks run after every recorded turn and after every step.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from contracts.control import (
    AccountOpened,
    CancelRequested,
    KillLevel,
    KillSwitchEngaged,
    TradingResumed,
)
from contracts.event import Draft, Event, Recorded
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import EventId, MarketId, derive_root_id
from contracts.markets import market_spec
from contracts.order import SetupClosed
from contracts.routes import subject_of
from contracts.ticks import Trade
from contracts.transaction import TransactionSigned
from contracts.values import Side, from_millis, plain
from contracts.venue import VenueObserved
from contracts.verdict import OrderApproved
from execution.domain.account import AccountState
from execution.domain.account_fold import Observation
from execution.domain.planner import PlannerCore
from execution.domain.policy import POLICY, Policy
from execution.engine import Engine, Turn, transaction_of
from execution.signing.paper import PaperSigner
from execution.venues.paper import views
from execution.venues.paper.chain import PaperChain
from execution.venues.paper.hand import PaperHand
from execution.venues.paper.rules import PaperRules
from execution.venues.paper.state import HOUSE, Transit
from execution.venues.paper.telling import records_of
from execution.venues.paper.weather import Weather
from execution.venues.port import AnyRecord
from kit.engine_owner import OwnerByHand
from kit.execution_events import SETTINGS

ACCOUNT = "local"
MARKET = MarketId("sol-perp")
SPEC = market_spec(MARKET)
BEGIN_MS = 1_750_507_200_000
TURNS_MAX = 8

Check = Callable[["EngineWorld"], None]


class Crash(Exception):
    """kill -9 of the engine."""


@dataclass
class EngineWorld:
    """One account on one chain."""

    rules: PaperRules
    seed: int = 1
    policy: Policy = POLICY
    make_engine: Callable[[PlannerCore, PaperChain], Engine] | None = None
    """Puts a wrong variant in the engine's place."""
    checks: Sequence[Check] = ()
    """Each raises AssertionError."""
    deposit_usd: Decimal = Decimal(100_000)
    by_hand: OwnerByHand | None = None
    """Who signs everything by hand; without one the engine has a key."""

    chain: PaperChain = field(init=False)
    core: PlannerCore = field(init=False)
    engine: Engine = field(init=False)
    log: list[Recorded] = field(default_factory=list[Recorded])
    down_until_ms: int = 0
    """The engine is dead until then."""
    crash_in: int | None = None
    """Recorded boundaries until the engine dies; None for never."""
    down_ms: int | None = None
    """How long the engine is dead after a crash at a boundary; None for a draw."""
    crashes: int = 0
    boundaries: int = 0
    """Recorded boundaries so far: every append, and every broadcast."""
    strangers: dict[int, Side] = field(default_factory=dict[int, Side])
    """The owner's orders that the owner left alone, by venue order id."""
    price: Decimal = Decimal(100)
    trade_id: int = 0
    ids: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.chain = PaperChain(self.rules, SPEC)
        self.core = PlannerCore(self.policy)
        self.engine = self._engine()
        self.open()
        self.chain.open_account(ACCOUNT, deposit_usd=self.deposit_usd)
        self.now_ms = BEGIN_MS
        if self.by_hand is not None:
            self.chain.hand_over(ACCOUNT, self.by_hand.wallet.address)
            self.say(self.by_hand.chosen(ACCOUNT))
        self.print_at(self.price, quantity=Decimal(1))

    @property
    def opening_usd(self) -> Decimal | None:
        """Give the equity that the account is opened with; None where a chain shows it."""
        return self.deposit_usd

    def open(self) -> None:
        """Say what there is: a feed, and an account."""
        self.say(
            FeedOpened(
                venue="binance-usdm",
                symbol="solusdt",
                market=MARKET,
                kind=FeedKind.SYNTHETIC,
                identity=f"world-{self.seed}",
                is_replayable=True,
                description="",
            )
        )
        self.say(
            AccountOpened(
                account=ACCOUNT,
                venue="paper",
                equity_usd=self.opening_usd,
                priority_fee_microlamports=10_000,
                settings=SETTINGS,
            )
        )

    # What others do.

    def truth(self) -> VenueObserved:
        """Give what the chain holds, whatever its views show."""
        works = self.chain._works  # pyright: ignore[reportPrivateUsage]  The truth is inside.
        return views.observe(
            works.accounts[ACCOUNT],
            works.market,
            slot=works.slot,
            ours=HOUSE,
            terms=works.terms,
            weather=works.weather,
        )

    def history(self, *, after: int) -> Sequence[tuple[int, AnyRecord]]:
        """Give what happened after a cursor, whatever is told of it."""
        works = self.chain._works  # pyright: ignore[reportPrivateUsage]  The truth is inside.
        return records_of(
            works.accounts[ACCOUNT],
            after=after,
            slot=works.slot,
            market=SPEC.market,
            chance=works.chance,
            weather=Weather(),
        )

    @property
    def broadcast(self) -> Sequence[Transit]:
        """Give the transactions that are broadcast and have not landed."""
        works = self.chain._works  # pyright: ignore[reportPrivateUsage]  The truth is inside.
        return works.accounts[ACCOUNT].transits

    @property
    def state(self) -> AccountState:
        """Give what the engine knows."""
        return self.core.account(ACCOUNT)

    @property
    def is_down(self) -> bool:
        """Say whether the engine is dead."""
        return self.now_ms < self.down_until_ms

    def approve(
        self,
        *,
        side: Side = Side.LONG,
        quantity: str = "10",
        away: str = "0.05",
        risk: str = "1",
        life_s: int = 120,
        off_grid: str = "0",
    ) -> UUID:
        """Let risk approve a setup near the market; give its id."""
        entry = self.price - side.sign * Decimal(away) + Decimal(off_grid)
        distance = Decimal(risk)
        verdict = OrderApproved(
            account=ACCOUNT,
            market=MARKET,
            proposal=self._id("proposal"),
            side=side,
            quantity_base=Decimal(quantity),
            entry_price_usd=entry,
            stop_price_usd=entry - side.sign * distance,
            tp_prices_usd=(
                entry + side.sign * distance,
                entry + 2 * side.sign * distance,
                entry + 3 * side.sign * distance,
            ),
            notional_usd=entry * Decimal(quantity),
            risk_usd=distance * Decimal(quantity),
            equity_usd=self.deposit_usd,
            leverage_after=Decimal(1),
            policy="risk-2",
            findings=(),
            expires_at=from_millis(self.now_ms) + timedelta(seconds=life_s),
            priority_fee_microlamports=10_000,
        )
        return self.say(verdict).id

    def kill(self, level: KillLevel = KillLevel.CANCEL_ENTRIES) -> None:
        """Let a person stop everything of a level."""
        self.say(KillSwitchEngaged(account=ACCOUNT, level=level, reason="", by="test"))

    def resume(self) -> None:
        """Let a person resume."""
        self.say(TradingResumed(account=ACCOUNT, reason="", by="test"))

    def wish_canceled(self, client_order_id: str) -> None:
        """Let a person ask for the cancel of an order."""
        self.say(
            CancelRequested(
                account=ACCOUNT, market=MARKET, client_order_id=client_order_id, by="test"
            )
        )

    def say(self, event: Event) -> Recorded:
        """Record an event that is not the engine's, and let it be heard."""
        recorded = self._append([self._draft(event)])[0]
        self.core.step(recorded)
        return recorded

    # Time.

    def print_at(self, price: Decimal, *, quantity: Decimal, is_sell: bool | None = None) -> None:
        """Let the market print at this moment, at a tick at least."""
        price = max(price, SPEC.tick_usd)
        if is_sell is None:
            is_sell = price < self.price
        self._print(price, quantity=quantity, is_sell=is_sell)
        self.take_turns()

    def print_both(self, price: Decimal, *, quantity: Decimal) -> None:
        """Let a seller and then a buyer take, before anybody looks."""
        for is_sell in (True, False):
            self._print(price, quantity=quantity, is_sell=is_sell)
        self.take_turns()

    def walk(self, seconds: float, *, drift: str = "0", step_ms: int = 800) -> None:
        """Let the market walk about for some time, printing every so often."""
        until = self.now_ms + int(seconds * 1000)
        while self.now_ms < until:
            self.wait(step_ms)
            change = Decimal(self.chance.randint(-40, 40)) / 1000 + Decimal(drift)
            quantity = Decimal(self.chance.randint(1, 4_000)) / 10
            self.print_at(self.price + change, quantity=quantity)

    def wait(self, milliseconds: int) -> None:
        """Let chain time pass, slot by slot."""
        until = self.now_ms + milliseconds
        while self.now_ms < until:
            step = (self.now_ms // self.rules.slot_ms + 1) * self.rules.slot_ms
            self.now_ms = min(step, until)
            self.chain.advance(self.now_ms)
            self.take_turns()

    def take_turns(self) -> None:
        """Let the engine do all that it wants at this moment; check the world."""
        if not self.is_down:
            if self.chain.weather.is_engine_down:
                self.restart()
            with suppress(Crash):
                self._take_all()
        if self.by_hand is not None:
            for said in self.by_hand.answers(self.state, self.chance):
                self.say(said)
        self.check()

    def check(self) -> None:
        """Run the checks."""
        for check in self.checks:
            check(self)

    def turn(self) -> Turn | None:
        """Take one turn: record, fold, send."""
        turn = self.engine.turn(ACCOUNT)
        if turn is None:
            return None
        self._boundary()
        for recorded in self._append(turn.drafts):
            self.core.step(recorded)
        self.engine.cursors[ACCOUNT] = turn.cursor
        self._boundary()
        for transaction in turn.transactions:
            self.chain.submit(transaction)
            self._boundary()
        return turn

    # Crashes.

    def broadcast_again(self) -> None:
        """Broadcast again all that was ever signed."""
        for recorded in self.log:
            if isinstance(recorded.event, TransactionSigned):
                self.chain.submit(transaction_of(recorded.event))

    def crash(self, *, down_ms: int = 0) -> None:
        """Kill the engine; it is back after a while."""
        self.crashes += 1
        self.down_until_ms = self.now_ms + down_ms
        self.chain.weather.is_engine_down = True

    def restart(self) -> None:
        """Start the engine from the log alone, and broadcast again what has no fate."""
        self.chain.weather.is_engine_down = False
        self.core = PlannerCore(self.policy)
        for recorded in self.log:
            self.core.step(recorded)
        self.engine = self._engine()
        self.engine.already = frozenset(
            it.id for it in self.log if isinstance(it.event, Observation)
        )
        signed = {
            it.event.transaction: it.event
            for it in self.log
            if isinstance(it.event, TransactionSigned)
        }
        for transaction in self.state.transactions:
            if transaction.landed_slot is None and transaction.id in signed:
                self.chain.submit(transaction_of(signed[transaction.id]))

    def events(self, *kinds: type[Event]) -> list[Event]:
        """Give the recorded events of some kinds."""
        return [it.event for it in self.log if isinstance(it.event, kinds)]

    @property
    def closed(self) -> list[SetupClosed]:
        """Give the setups that ended."""
        return [it.event for it in self.log if isinstance(it.event, SetupClosed)]

    # Inside.

    def _take_all(self) -> None:
        for _ in range(TURNS_MAX):
            if self.turn() is None:
                return
            self.check()
        raise AssertionError(f"I18: {TURNS_MAX} turns at one moment")

    def _print(self, price: Decimal, *, quantity: Decimal, is_sell: bool) -> None:
        self.price = price
        self.trade_id += 1
        trade = Trade(i=self.trade_id, t=self.now_ms, p=plain(price), q=plain(quantity), m=is_sell)
        self.chain.on_print(trade)

    def _engine(self) -> Engine:
        if self.make_engine is not None:
            return self.make_engine(self.core, self.chain)
        return Engine(self.core, self.chain, PaperSigner(), PaperHand(self.chain))

    def _boundary(self) -> None:
        self.boundaries += 1
        if self.crash_in is None:
            return
        self.crash_in -= 1
        if self.crash_in <= 0:
            self.crash_in = None
            down_ms = self.chance.choice((0, 400, 2_000, 10_000))
            self.crash(down_ms=down_ms if self.down_ms is None else self.down_ms)
            raise Crash

    def _append(self, drafts: Sequence[Draft]) -> list[Recorded]:
        appended = [
            Recorded(
                event=draft.event,
                id=draft.id,
                subject=draft.subject,
                occurred_at=draft.occurred_at,
                correlation_id=draft.correlation_id,
                causation_id=draft.causation_id,
                source=draft.event.owner,
                version=draft.event.event_version,
                position=len(self.log) + number,
                recorded_at=draft.occurred_at,
                body=b"",
            )
            for number, draft in enumerate(drafts, start=1)
        ]
        known = {it.id for it in self.log[-2_000:]}
        assert not [it for it in appended if it.id in known], "an id stands in the log already"
        self.log += appended
        return appended

    def _draft(self, event: Event) -> Draft:
        name = self._id(event.event_type)
        now = from_millis(getattr(self, "now_ms", BEGIN_MS))
        return Draft(event, name, subject_of(event), now, name)

    def _id(self, what: str) -> EventId:
        self.ids += 1
        return derive_root_id(what, self.seed, self.ids)
