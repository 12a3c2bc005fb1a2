"""What makes the chain go: time, prints, and whatever falls due in between, in order of time.

A print that stirs nobody only moves the market: that path is kept to a few comparisons.
"""

from contracts.minutes import EARLIEST_MS
from contracts.ticks import Trade
from contracts.venue import MarketStatus
from execution.venues.paper.chance import Chance
from execution.venues.paper.funding import (
    ACCRUALS_MAX,
    HOUR_MS,
    accrue,
    close_hour,
    pass_time,
)
from execution.venues.paper.keepers import act, notice
from execution.venues.paper.landing import carry
from execution.venues.paper.matching import meet
from execution.venues.paper.prints import PrintReader, require_time
from execution.venues.paper.quotes import print_price, trigger_price
from execution.venues.paper.scene import Scene
from execution.venues.paper.state import NEVER_MS, Account, Market
from execution.venues.paper.terms import Terms
from execution.venues.paper.views import keep_view, shown_slot
from execution.venues.paper.watch import Watch, watch
from execution.venues.paper.weather import Weather


class ChainNotBegun(Exception):
    """Nothing can be sent, and no time pass, before the chain's time starts."""


class Clockwork:
    """The market and its accounts in time."""

    def __init__(self, terms: Terms, chance: Chance) -> None:
        self.terms = terms
        self.chance = chance
        self.market = Market()
        self.accounts: dict[str, Account] = {}
        self.weather = Weather()
        self._reader = PrintReader()
        self._watches: dict[str, Watch] = {}
        """Of the accounts that are not idle, by name."""
        self._due_ms = NEVER_MS

    def rebuild(self) -> None:
        """Derive anew what is not kept, after the state was set."""
        accounts = [self.accounts[name] for name in sorted(self.accounts)]
        self.accounts = {it.name: it for it in accounts}
        self._watches = {}
        for account in accounts:
            self._watch(account)
        self._note_due()

    @property
    def is_idle(self) -> bool:
        """Say whether prints only move the market."""
        return not self._watches

    @property
    def slot(self) -> int:
        """Give the slot of the chain time."""
        return self.terms.slot_at(self.market.now_ms)

    def scene(self, account: Account) -> Scene:
        """Give an account in its market, now."""
        return Scene(self.terms, self.chance, self.market, self.weather, account)

    def shown_slot(self, account: Account) -> int:
        """Give the slot that an account is shown at."""
        fault = self.weather.views.get(account.name)
        return shown_slot(account, self.slot, terms=self.terms, chance=self.chance, fault=fault)

    def next_due_ms(self) -> int | None:
        """Give the earliest time at which something happens without a print."""
        due = min((it.due_ms for it in self._watches.values()), default=NEVER_MS)
        return None if due == NEVER_MS else due

    def begin(self, now_ms: int) -> None:
        """Start the chain's time, unless it has started."""
        if not self.market.now_ms:
            self.market.now_ms = now_ms
            self.market.hour_ms = (now_ms // HOUR_MS + 1) * HOUR_MS
            self._note_due()

    def require_begun(self) -> None:
        """Raise ChainNotBegun before the chain's time starts."""
        if not self.market.now_ms:
            raise ChainNotBegun("expected a print or `begin` before this, found neither")

    def on_print(self, trade: Trade) -> None:
        """Advance to a print's time, and let it meet the book. Raises BadPrint."""
        market = self.market
        if market.last_trade_id is not None and trade.i <= market.last_trade_id:
            return
        price, quantity = self._reader.read(trade)
        time_ms = trade.t
        if time_ms > market.now_ms:
            if time_ms >= self._due_ms or not market.now_ms:
                require_time(trade, now_ms=market.now_ms)
                self.begin(time_ms)
                self.run(time_ms)
            pass_time(market, time_ms)
        elif time_ms < EARLIEST_MS:
            require_time(trade, now_ms=market.now_ms)
        market.last_trade_id = trade.i
        self._move_market(price, is_sell=trade.m)
        if self._watches:
            self._meet(trade, price, quantity)

    def run(self, to_ms: int) -> None:
        """Do everything that is due up to a time, and stand there."""
        market = self.market
        while self._due_ms <= to_ms:
            at_ms = max(self._due_ms, market.now_ms)
            pass_time(market, at_ms)
            if market.hour_ms <= at_ms:
                self._close_hour()
            for account in [it.account for it in self._watches.values() if it.due_ms <= at_ms]:
                self._work(account)
            self._note_due()
        if to_ms > market.now_ms:
            pass_time(market, to_ms)

    def commit(self, scene: Scene) -> None:
        """Let keepers and nodes see an account that may have changed."""
        account = scene.account
        self.accounts[account.name] = account
        notice(scene)
        keep_view(account, self.slot, shown=self.shown_slot(account))
        self._watch(account)
        self._note_due()

    def _work(self, account: Account) -> None:
        """Do what is due on an account; most of it is a broadcast that changes nothing yet."""
        before = _visible(account)
        scene = carry(self.scene(account))
        act(scene)
        if scene.account is account and _visible(account) == before:
            self._watch(account)
        else:
            self.commit(scene)

    def _move_market(self, price: int, *, is_sell: bool) -> None:
        market, tick = self.market, self.terms.tick
        if is_sell:
            market.bid = price
            if market.ask <= price:
                market.ask = price + tick
        else:
            market.ask = price
            if not 0 < market.bid < price:
                market.bid = max(price - tick, 1)
        market.last = price
        if not self.weather.oracle_is_frozen or not market.oracle:
            market.oracle = price
            market.oracle_ms = market.now_ms

    def _meet(self, trade: Trade, price: int, quantity: int) -> None:
        is_sell = trade.m
        at_venue = print_price(self.terms, price, is_sell=is_sell)
        trigger, oracle = trigger_price(self.terms, self.market), self.market.oracle
        stirred = [
            it.account
            for it in self._watches.values()
            if (at_venue <= it.buy_max if is_sell else at_venue >= it.sell_min)
            or trigger < it.trigger_min
            or trigger > it.trigger_max
            or oracle < it.oracle_min
            or oracle > it.oracle_max
        ]
        for account in stirred:
            scene = self.scene(account)
            if self.market.status is MarketStatus.ACTIVE and meet(
                scene, price=at_venue, quantity=quantity, is_sell=is_sell, time_ms=trade.t
            ):
                self.commit(scene)
            else:
                notice(scene)
                self._watch(account)
        if stirred:
            self._note_due()
            self.run(self.market.now_ms)

    def _close_hour(self) -> None:
        hour_ms = self.market.hour_ms
        per_base, rate = close_hour(self.market, self.terms)
        for account in self.accounts.values():
            if not (per_base and account.position):
                continue
            accrue(account, hour_ms=hour_ms, per_base=per_base, rate=rate)
            scene = self.scene(account)
            if len(account.accruals) >= ACCRUALS_MAX:
                scene.settle()
            self.commit(scene)

    def _watch(self, account: Account) -> None:
        if account.is_idle:
            self._watches.pop(account.name, None)
            return
        is_new = account.name not in self._watches
        self._watches[account.name] = watch(account, self.terms, now_ms=self.market.now_ms)
        if is_new:
            self._watches = {name: self._watches[name] for name in sorted(self._watches)}

    def _note_due(self) -> None:
        due = min((it.due_ms for it in self._watches.values()), default=NEVER_MS)
        self._due_ms = min(due, self.market.hour_ms) if self.market.now_ms else NEVER_MS


def _visible(account: Account) -> tuple[int, int, int, bool]:
    """Give what differs when a node can see a change: all else goes with a record."""
    return account.cursor, account.lamports, account.owner_lamports, account.is_liquidating
