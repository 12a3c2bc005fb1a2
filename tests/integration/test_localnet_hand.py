"""The feed's hand on a localnet: time, price, a taker that meets what rests, a maker around it."""

from decimal import Decimal

from contracts.ticks import Trade
from kit.drift_rig import a_rig, a_stop, an_entry
from localnet.drift.markets import MARKETS
from localnet.node import Node
from localnet.pace import ClockMode, Pace
from supervisor.market_hand import MarketHand

SOL_PERP = MARKETS[0]


def test_prints_move_time_and_price_and_a_seller_meets_our_bid() -> None:
    rig = a_rig()
    chain, actors = rig.desk.world.chain, rig.desk.actors
    node = Node(chain)
    node.on_slot = actors.on_slot
    pace = Pace(node, ClockMode.STEP)
    hand = MarketHand(pace, actors, SOL_PERP, chain.tip.at_s * 1_000)
    begin_ms, begin_slot = hand.at_ms, chain.tip.slot
    rig.send(an_entry(rig, "149.9", life_s=50), a_stop())

    def trade(number: int, at_ms: int, price: str, *, seller: bool, quantity: str = "4") -> Trade:
        return Trade(i=number, t=begin_ms + at_ms, p=price, q=quantity, m=seller)

    hand.work([trade(1, 2_000, "150.1", seller=False), trade(2, 4_000, "149.8", seller=False)])
    assert (chain.tip.at_s * 1_000 - begin_ms, chain.tip.slot - begin_slot >= 10) == (4_000, True)
    assert rig.seen().market_seen.oracle_usd == Decimal("149.8")
    assert rig.seen().position_base == 0  # Buyers do not meet a bid.

    hand.work([trade(3, 5_000, "149.9", seller=True)])
    assert rig.seen().position_base == 4
    hand.work([trade(4, 6_000, "149.95", seller=True, quantity="100")])
    assert rig.seen().position_base == 4  # That did not come down to our price.
    hand.work([trade(5, 7_000, "149.7", seller=True, quantity="100")])
    assert rig.seen().position_base == 10

    hand.pass_time()
    assert hand.at_ms == begin_ms + 7_400
    hand.work([trade(6, 7_100, "149.8", seller=False)])  # A print behind the chain moves no time.
    assert hand.at_ms == begin_ms + 7_400
    hand.work([trade(7, 3_600_000, "149.9", seller=True)])  # Far ahead: in one stride.
    assert chain.tip.at_s * 1_000 == begin_ms + 3_600_000
