"""Everybody else: who sets the oracle, who crosses, who triggers and fills.

They live by prices and trades that are given to them, and act inside of the current slot. A
transaction of theirs may fail, as a keeper's does; what came of it is what the chain says.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from solders.instruction import Instruction

from contracts.values import Side
from localnet.drift import instructions
from localnet.drift.addresses import Trader
from localnet.drift.markets import MARKETS, Market
from localnet.drift.orders import (
    BASE,
    PRICE,
    Condition,
    Direction,
    Order,
    OrderParams,
    OrderType,
    PostOnly,
    UserAccount,
)
from localnet.drift.world import Actor, World
from localnet.errors import error_json
from localnet.journal import Landed

REAP_AFTER_S = 15
"""So long after its end a keeper gets to an expired order (execution.md 2.9)."""
_MAKERS_MAX = 6
_REPORTS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an actor's transaction."""

    actor: str
    action: str
    signature: str
    slot: int
    error: object


class Actors:
    """The oracle's publisher, a taker, a maker and a keeper."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_oracle_frozen = False
        self.is_keeper_off = False
        self.reports: deque[Report] = deque(maxlen=_REPORTS_KEPT)

    def on_slot(self) -> None:
        """Do what is due in a new slot: publish the oracles, trigger, fill, reap."""
        if not self.is_oracle_frozen:
            self.world.publish_all()
        if not self.is_keeper_off:
            self._keep()

    def set_price(self, market: Market, price_usd: Decimal) -> None:
        """Move the oracle, and let the AMM and the keeper follow."""
        self.world.prices[market.index] = price_usd
        if self.is_oracle_frozen:
            return
        self.world.publish(market)
        keeper = self.world.keeper
        self._attempt(keeper, "update_amm", [instructions.update_amm(keeper.key.pubkey(), market)])
        if not self.is_keeper_off:
            self._keep()

    def meets(self, market: Market, side: Side, price_usd: Decimal) -> bool:
        """Say whether the taker would meet somebody else than the maker on its way to a price."""
        direction = Direction.LONG if side is Side.LONG else Direction.SHORT
        besides, price = self.world.taker.trader, int(price_usd * PRICE)
        found = self._makers(market.index, direction, besides=besides, price=price)
        return any(it != self.world.maker.trader for it in found)

    def trade(
        self, market: Market, side: Side, price_usd: Decimal, quantity_base: Decimal
    ) -> Decimal:
        """Let the taker cross down or up to a price; give how much it got."""
        taker = self.world.taker
        direction = Direction.LONG if side is Side.LONG else Direction.SHORT
        order = OrderParams(
            market=market.index,
            direction=direction,
            base=int(quantity_base * BASE),
            price=int(price_usd * PRICE),
            immediate_or_cancel=True,
        )
        makers = self._makers(market.index, direction, besides=taker.trader, price=order.price)
        before = self._position(taker, market)
        self._attempt(taker, "take", [instructions.take(taker.trader, order, makers)])
        return abs(self._position(taker, market) - before)

    def quote(
        self, market: Market, *, bid_usd: Decimal, ask_usd: Decimal, quantity_base: Decimal
    ) -> None:
        """Let the maker take its orders back and rest a bid and an ask."""
        maker = self.world.maker
        trader, signer = maker.trader, maker.key.pubkey()
        steps = [instructions.cancel_all(trader, signer=signer)]
        for direction, price in ((Direction.LONG, bid_usd), (Direction.SHORT, ask_usd)):
            order = OrderParams(
                market=market.index,
                direction=direction,
                base=int(quantity_base * BASE),
                price=int(price * PRICE),
                post_only=PostOnly.SLIDE,
            )
            steps.append(instructions.place(trader, order, signer=signer))
        self._attempt(maker, "quote", steps)

    def _keep(self) -> None:
        keeper = self.world.keeper
        for user in self.world.users():
            trader = Trader(user.authority, user.sub_account)
            for order in user.orders:
                if order.is_armed and self._has_passed(order):
                    step = instructions.trigger(
                        keeper.trader, trader, order.id, market=order.market
                    )
                    self._attempt(keeper, "trigger", [step])
                elif self._wants_a_filler(order, trader):
                    makers = self._makers(order.market, order.direction, besides=trader)
                    step = instructions.fill(
                        keeper.trader, trader, order.id, makers, market=order.market
                    )
                    self._attempt(keeper, "fill", [step])

    def _has_passed(self, order: Order) -> bool:
        oracle = self.world.oracle(MARKETS[order.market])[0] * PRICE
        if order.condition is Condition.ABOVE:
            return oracle > order.trigger_price
        return oracle < order.trigger_price

    def _wants_a_filler(self, order: Order, trader: Trader) -> bool:
        tip = self.world.chain.tip
        if order.max_ts and tip.at_s > order.max_ts + REAP_AFTER_S:
            return True
        if order.is_armed or order.post_only or order.slot >= tip.slot:
            return False
        if order.kind is not OrderType.LIMIT or order.auction_slots > 0:
            return True
        oracle = self.world.oracle(MARKETS[order.market])[0] * PRICE
        is_long = order.direction is Direction.LONG
        if oracle <= order.price if is_long else oracle >= order.price:
            return True
        return bool(self._makers(order.market, order.direction, besides=trader, price=order.price))

    def _makers(
        self, market: int, direction: Direction, *, besides: Trader, price: int | None = None
    ) -> list[Trader]:
        """Give who rests on the other side, best price first."""
        found: list[tuple[int, Trader]] = []
        for user in self.world.users():
            trader = Trader(user.authority, user.sub_account)
            best = _best(user, market, against=direction)
            if trader == besides or best is None:
                continue
            distance = best if direction is Direction.LONG else -best
            limit = price if direction is Direction.LONG or price is None else -price
            if limit is None or distance <= limit:
                found.append((distance, trader))
        found.sort(key=lambda each: (each[0], bytes(each[1].user)))
        return [trader for _, trader in found[:_MAKERS_MAX]]

    def _position(self, actor: Actor, market: Market) -> Decimal:
        user = self.world.user(actor.trader)
        return Decimal(user.positions.get(market.index, 0) if user else 0) / BASE

    def _attempt(self, actor: Actor, action: str, steps: Sequence[Instruction]) -> Landed:
        chain = self.world.chain
        landed = chain.attempt(steps, actor.key)
        error = None if landed.error is None else error_json(landed.error)
        self.reports.append(Report(actor.name, action, str(landed.signature), landed.slot, error))
        return landed


def _best(user: UserAccount, market: int, *, against: Direction) -> int | None:
    prices = [
        order.price
        for order in user.orders
        if order.market == market and order.direction is not against and order.is_resting
    ]
    if not prices:
        return None
    return min(prices) if against is Direction.LONG else max(prices)
