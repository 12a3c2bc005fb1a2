"""The control API: whoever may reach it owns this little world. Loopback only (`rpc/http.py`).

Each call is a JSON object with exactly the members of its request class below; money and sizes are
decimal strings. Answers are JSON objects; an error is `{"error": "what was expected and found"}`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated

import msgspec
from solders.pubkey import Pubkey

from contracts.values import Side
from localnet.chain import Refused
from localnet.drift.actors import Actors
from localnet.drift.addresses import PROGRAM, Trader, perp_market
from localnet.drift.markets import MARKETS, Market, market_by
from localnet.drift.world import World
from localnet.faults import Faults
from localnet.node import Node
from localnet.pace import ClockMode, Pace, PastTime
from localnet.rpc.sockets import Sockets

WARNING = "A private chain on loopback. Its money is play money and its keys are no secret."
_SLOTS_MAX = 100_000
_Slots = Annotated[int, msgspec.Meta(ge=1, le=_SLOTS_MAX)]


class Trade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The taker crosses to a price; `side` is the taker's."""

    market: str
    side: Side
    price_usd: Decimal
    quantity_base: Decimal


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open slots, the last at `at_ms` of chain time; in it set prices, then trade."""

    slots: _Slots = 1
    at_ms: int | None = None
    prices_usd: dict[str, Decimal] = {}
    trades: list[Trade] = []


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let slots pass without a block."""

    slots: _Slots


class SetClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say who opens slots from now on."""

    mode: ClockMode


class SetPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Move oracles."""

    prices_usd: dict[str, Decimal]


class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The maker rests a bid and an ask in place of what it had."""

    market: str
    bid_usd: Decimal
    ask_usd: Decimal
    quantity_base: Decimal


class OpenOwner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wallet of the world's own: sub-account 0, a deposit, and who else may trade for it."""

    name: str
    usdc: Decimal
    delegate: str | None = None


class Fund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give a wallet play money; it opens its own sub-account."""

    address: str
    usdc: Decimal = Decimal(0)
    sol: Decimal = Decimal(0)


class SetActors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Switch the others off and on."""

    is_oracle_frozen: bool = False
    is_keeper_off: bool = False


class _Wrong(Exception):
    """A request that cannot be done."""


class Control:
    """Every control call of one localnet; without a world, those of the market are refused."""

    def __init__(
        self,
        *,
        node: Node,
        pace: Pace,
        sockets: Sockets,
        world: World | None,
        actors: Actors | None,
    ) -> None:
        self._node, self._pace, self._sockets = node, pace, sockets
        self._world_or_none, self._actors_or_none = world, actors
        self._calls: Mapping[tuple[str, str], Callable[[bytes], object]] = {
            ("GET", ""): self._show,
            ("GET", "reports"): self._reports,
            ("POST", "step"): self._step,
            ("POST", "skip"): self._skip,
            ("PUT", "clock"): self._set_clock,
            ("PUT", "prices"): self._set_prices,
            ("POST", "trades"): self._trade,
            ("PUT", "quotes"): self._quote,
            ("POST", "owners"): self._open_owner,
            ("POST", "fund"): self._fund,
            ("PUT", "actors"): self._set_actors,
            ("PUT", "faults"): self._set_faults,
            ("POST", "sockets/cut"): self._cut,
        }

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        """Do one call; give its status and answer."""
        call = self._calls.get((method, path))
        if call is None:
            known = ", ".join(f"{m} /control/{p}".rstrip("/") for m, p in self._calls)
            return 404, {"error": f"expected one of {known}; found {method} /control/{path}"}
        try:
            return 200, call(body)
        except (msgspec.ValidationError, msgspec.DecodeError, PastTime, Refused, _Wrong) as error:
            return 400, {"error": str(error)}

    @property
    def _world(self) -> World:
        if self._world_or_none is None:
            raise _Wrong("expected a world with the Drift program, found a bare chain")
        return self._world_or_none

    @property
    def _actors(self) -> Actors:
        if self._actors_or_none is None:
            raise _Wrong("expected a world with the Drift program, found a bare chain")
        return self._actors_or_none

    def _show(self, _body: bytes) -> object:
        tip, world = self._node.chain.tip, self._world_or_none
        return {
            "what": WARNING,
            "clock": self._pace.mode,
            "slot": tip.slot,
            "block_height": tip.height,
            "at_s": tip.at_s,
            "program": None
            if world is None
            else {"id": str(PROGRAM), "version": world.build.version},
            "markets": [] if world is None else [_shown(world, market) for market in MARKETS],
            "faults": self._node.switchboard.faults,
            "sockets": self._sockets.count,
        }

    def _reports(self, _body: bytes) -> object:
        return {"reports": list(self._actors.reports)}

    def _step(self, body: bytes) -> object:
        step = msgspec.json.decode(body or b"{}", type=Step)
        self._pace.step(slots=step.slots, at_ms=step.at_ms)
        self._move(step.prices_usd)
        return self._stood() | {"taken_base": [self._traded(trade) for trade in step.trades]}

    def _skip(self, body: bytes) -> object:
        self._pace.skip(slots=msgspec.json.decode(body, type=Skip).slots)
        return self._stood()

    def _set_clock(self, body: bytes) -> object:
        self._pace.mode = msgspec.json.decode(body, type=SetClock).mode
        return {"clock": self._pace.mode}

    def _set_prices(self, body: bytes) -> object:
        self._move(msgspec.json.decode(body, type=SetPrices).prices_usd)
        return self._stood()

    def _trade(self, body: bytes) -> object:
        return {"taken_base": self._traded(msgspec.json.decode(body, type=Trade))}

    def _quote(self, body: bytes) -> object:
        quote = msgspec.json.decode(body, type=Quote)
        self._actors.quote(
            _market(quote.market),
            bid_usd=quote.bid_usd,
            ask_usd=quote.ask_usd,
            quantity_base=quote.quantity_base,
        )
        return self._stood()

    def _open_owner(self, body: bytes) -> object:
        asked = msgspec.json.decode(body, type=OpenOwner)
        delegate = None if asked.delegate is None else _pubkey(asked.delegate)
        actor = self._world.open_actor(asked.name, usdc=asked.usdc, delegate=delegate)
        return _addresses(actor.trader)

    def _fund(self, body: bytes) -> object:
        asked = msgspec.json.decode(body, type=Fund)
        address = _pubkey(asked.address)
        self._world.fund(address, usdc=asked.usdc, sol=asked.sol)
        return _addresses(Trader(address))

    def _set_actors(self, body: bytes) -> object:
        asked = msgspec.json.decode(body, type=SetActors)
        self._actors.is_oracle_frozen = asked.is_oracle_frozen
        self._actors.is_keeper_off = asked.is_keeper_off
        return asked

    def _set_faults(self, body: bytes) -> object:
        self._node.switchboard.switch(msgspec.json.decode(body, type=Faults))
        return self._node.switchboard.faults

    def _cut(self, _body: bytes) -> object:
        return {"cut": self._sockets.cut()}

    def _move(self, prices_usd: Mapping[str, Decimal]) -> None:
        for name, price_usd in prices_usd.items():
            self._actors.set_price(_market(name), price_usd)

    def _traded(self, trade: Trade) -> Decimal:
        return self._actors.trade(
            _market(trade.market), trade.side, trade.price_usd, trade.quantity_base
        )

    def _stood(self) -> dict[str, object]:
        tip = self._node.chain.tip
        return {"slot": tip.slot, "block_height": tip.height, "at_s": tip.at_s}


def _market(name: str) -> Market:
    try:
        return market_by(name)
    except KeyError:
        known = ", ".join(market.spec.market for market in MARKETS)
        raise _Wrong(f"expected a market of {known}; found {name!r}") from None


def _pubkey(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise _Wrong(f"expected a public key, found {text!r}") from None


def _addresses(trader: Trader) -> dict[str, object]:
    return {
        "authority": str(trader.authority),
        "user": str(trader.user),
        "user_stats": str(trader.stats),
    }


def _shown(world: World, market: Market) -> dict[str, object]:
    price_usd, slot = world.oracle(market)
    return {
        "market": market.spec.market,
        "index": market.index,
        "address": str(perp_market(market.index)),
        "oracle": str(market.oracle),
        "oracle_price_usd": price_usd,
        "oracle_slot": slot,
    }
