"""The invariant of signing by hand: what stands for the wallet is what the plan wants now."""

from contracts.values import Leg
from contracts.venue import VenueObserved
from execution.domain.account import AccountState
from execution.domain.commands import Send
from execution.domain.offers import lane_of
from execution.domain.plan import plan
from execution.domain.policy import Policy
from execution.domain.view import view_of
from kit.planner_rig import SPEC


def require_wanted(state: AccountState, seen: VenueObserved, policy: Policy) -> None:
    """Hold the offers of an account to the plan, right after a decision on a snapshot.

    An entry's stands on while a block can take it; a stop's also where the plan would leave.
    """
    view = view_of(state, seen, spec=SPEC, policy=policy)
    sends = [it for it in plan(view, state.mode) if isinstance(it, Send)]
    lanes = {lane_of(it.intents, it.retry_class) for it in sends}
    setup = None if state.setup is None else state.setup.id
    for offer in state.offers:
        assert offer.setup == setup, "I21: an offer of another setup stands"
        protects = offer.lane == Leg.STOP and Leg.CLOSE in lanes
        is_wanted = offer.is_entry or offer.lane in lanes or protects
        assert is_wanted, f"I21: the offer of a {offer.lane} stands that nobody wants"
        left = offer.last_valid_block_height - seen.block_height
        assert left >= 0, f"I21: the offer of a {offer.lane} stands after its last block"
        is_fresh = offer.is_entry or left >= policy.offer_blocks_min
        assert is_fresh, f"I21: the offer of a {offer.lane} stands with {left} blocks left"
    assert len({it.lane for it in state.offers}) == len(state.offers), "I21: one thing twice"
