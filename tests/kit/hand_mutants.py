"""One small fault for each thing that keeps signing by hand safe.

Each is put in the place of the right function, so that a test can show that the suite sees it.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from uuid import UUID

from contracts.manual import OfferClosed, OfferOutcome
from execution.domain import offers
from execution.domain.account import AccountState
from execution.domain.offers import OfferEvent
from kit.engine_wrong import patched

_apply = offers.apply


def _anything(*_arguments: object, **_more: object) -> None:
    return None


def _never(*_arguments: object) -> bool:
    return False


def _always(*_arguments: object) -> bool:
    return True


def _nothing_paid(*_arguments: object) -> int:
    return 0


def _standing_on(state: AccountState, event: OfferEvent, *, event_id: UUID) -> AccountState:
    """Let an offer stand after it was signed."""
    is_signed = isinstance(event, OfferClosed) and event.outcome is OfferOutcome.SIGNED
    return state if is_signed else _apply(state, event, event_id=event_id)


Mutant = Mapping[str, Callable[..., object]]
MUTANTS: Mapping[str, Mutant] = {
    "bytes-not-compared": {"execution.domain.asking.require_offered": _anything},
    "fee-not-bounded": {"execution.owner.returned.priority_fee_lamports": _nothing_paid},
    "expiry-not-checked": {"execution.domain.asking._is_over": _never},
    "taken-more-than-once": {"execution.domain.offers.apply": _standing_on},
    "policy-not-asked": {"execution.venues.paper.hand.judge_for_wallet": _anything},
    "plan-not-asked": {"execution.domain.asking.is_wanted": _always},
}


@contextmanager
def hand_mutant(name: str) -> Generator[None]:
    """Put a fault in the place of what keeps signing by hand safe."""
    with patched(MUTANTS[name]):
        yield
