"""The policy lets the engine live: what the plan sends through bad days, the signer would sign."""

import pytest

from contracts.order import OrderIntended
from contracts.values import Leg
from execution.signing.refusals import Code, Refusal
from execution.venues.port import Intent
from kit.engine_runs import live
from kit.signing_lives import Watched

SEEDS = range(14)
PROFITS = (Leg.TP1, Leg.TP2, Leg.TP3)


def is_late_ladder(refusal: Refusal, intents: tuple[Intent, ...]) -> bool:
    """Say whether take-profits were to be signed again whose first copy has filled already.

    The venue would refuse the second copy; nothing is lost with it.
    """
    is_ladder = all(isinstance(it, OrderIntended) and it.leg in PROFITS for it in intents)
    return is_ladder and refusal.code in {Code.SIZE, Code.NOTHING_TO_REDUCE}


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_the_policy_signs_what_the_plan_sends() -> None:
    watched = Watched()
    for seed in SEEDS:
        live(seed, make_engine=watched.engine)

    assert watched.judged.total() > 100
    assert {"order_intended", "cancel_intended", "replace_intended", "trigger_intended"} <= {
        kind for carried in watched.judged for kind in carried.split("+")
    }
    assert [it for it in watched.refused if not is_late_ladder(*it)] == []
