"""A private chain with the real program and two nodes in front of it, all in this process.

No sockets: a transport hands requests to the nodes' own HTTP side, and does what networks do.
Each broadcast is lost or late by chance; a copy of it has a chance of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

import httpx
from solders.transaction import VersionedTransaction

from contracts.values import Side
from kit.localnet_rig import START_S, drift_program
from localnet.chain import Chain
from localnet.drift.actors import Actors
from localnet.drift.markets import MARKETS
from localnet.drift.world import World
from localnet.faults import Faults
from localnet.node import Node
from localnet.rpc.http import HttpApp

SLOT_MS = 400
HOSTS = ("one", "two")
URLS = tuple(f"http://{host}/" for host in HOSTS)
DROP_RATE, LATE_RATE = 0.3, 0.03
LATE_SLOTS_MAX = 150
"""As late as a blockhash allows."""
SOL_PERP = MARKETS[0]


class RoughNode(Node):
    """A node whose broadcasts are lost or late."""

    def __init__(self, chain: Chain, chance: Random) -> None:
        super().__init__(chain)
        self.chance = chance
        self.drop_rate, self.late_rate = DROP_RATE, LATE_RATE
        self.seen: list[VersionedTransaction] = []
        """All that was ever sent to it."""
        self._late: list[tuple[int, VersionedTransaction]] = []

    def send(self, transaction: VersionedTransaction) -> None:
        """Take a transaction: it is lost, lands in the next slots, or up to its last block."""
        self.seen.append(transaction)
        if self.switchboard.faults.is_frozen or self.chance.random() < self.drop_rate:
            return
        is_late = self.chance.random() < self.late_rate
        slots = self.chance.randint(0, LATE_SLOTS_MAX) if is_late else self.chance.randint(0, 4)
        self._late.append((self.chain.tip.slot + slots, transaction))

    def forward(self) -> None:
        """Hand on what is due."""
        slot = self.chain.tip.slot
        for due, transaction in self._late:
            if due <= slot:
                self.chain.send(transaction)
        self._late = [it for it in self._late if it[0] > slot]


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """Carries requests to the nodes; a silent node's never come back."""

    nodes: dict[str, httpx.ASGITransport]
    silent: set[str] = field(default_factory=set[str])
    loses_answers: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or raise as a network does."""
        host = request.url.host
        if host in self.silent:
            raise httpx.ReadTimeout("silent", request=request)
        answer = await self.nodes[host].handle_async_request(request)
        if self.loses_answers and b"sendTransaction" in request.content:
            raise httpx.ReadError("lost", request=request)
        return answer


class Net:
    """Chain, world, actors and nodes; one for several lives, each with an account of its own."""

    def __init__(self, seed: int) -> None:
        self.chain = Chain(at_s=START_S)
        self.world = World(self.chain, *drift_program())
        self.actors = Actors(self.world)
        self.chance = Random(f"net {seed}")
        self.nodes = [RoughNode(self.chain, self.chance) for _ in HOSTS]
        apps = (HttpApp(node, _no_control) for node in self.nodes)
        transports = (httpx.ASGITransport(app=app) for app in apps)  # pyright: ignore[reportArgumentType]
        self.wire = Wire(dict(zip(HOSTS, transports, strict=True)))
        self.ms = self.chain.tip.at_s * 1_000
        self.price = SOL_PERP.first_price_usd

    @property
    def slot(self) -> int:
        """Give the newest slot."""
        return self.chain.tip.slot

    def switch(self, *faults: Faults) -> None:
        """Switch the faults of the nodes in order; those that are not given have none."""
        for number, node in enumerate(self.nodes):
            node.switchboard.switch(faults[number] if number < len(faults) else Faults())

    def be_well(self) -> None:
        """End everything that is wrong but what chance does."""
        self.switch()
        for node in self.nodes:
            node.drop_rate, node.late_rate = DROP_RATE, LATE_RATE
        self.wire.silent.clear()
        self.wire.loses_answers = False
        self.actors.is_keeper_off = self.actors.is_oracle_frozen = False

    def open_slot(self) -> None:
        """Open the next slot, with everybody awake in it."""
        for node in self.nodes:
            node.forward()
        self.ms += SLOT_MS
        self.chain.advance(at_s=self.ms // 1_000)
        self.actors.on_slot()

    def trade(self, price: Decimal, quantity: Decimal) -> None:
        """Move the market; who takes there meets whoever rests better."""
        side = Side.SHORT if price < self.price else Side.LONG
        if price != self.price:
            self.price = price
            self.actors.set_price(SOL_PERP, price)
        self.actors.trade(SOL_PERP, side, price, quantity)

    def quote(self, away: Decimal, quantity: Decimal) -> None:
        """Let the maker rest about the market."""
        bid, ask = self.price - away, self.price + away
        self.actors.quote(SOL_PERP, bid_usd=bid, ask_usd=ask, quantity_base=quantity)

    def broadcast(self) -> Sequence[VersionedTransaction]:
        """Give all that any node was ever sent, and forget it."""
        sent = [it for node in self.nodes for it in node.seen]
        for node in self.nodes:
            node.seen.clear()
        return sent


def _no_control(_method: str, _path: str, _body: bytes) -> tuple[int, object]:
    return 404, {}
