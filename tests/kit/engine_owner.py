"""An owner who signs by hand, as diligent as a test wants, with a wallet that may cheat."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from contracts.manual import (
    OfferDeclined,
    SigningModeChanged,
    TransactionReturned,
)
from execution.domain.account import AccountState
from execution.domain.offers import Offer
from kit.owner_wallet import BUDGET, OwnerWallet, rebuilt
from kit.owner_words import a_decline, a_mode, a_signature

Said = TransactionReturned | OfferDeclined
_ALTERED_RATE, _DECLINED_RATE, _TWICE_RATE = 0.05, 0.05, 0.1


@dataclass
class OwnerByHand:
    """Answers what is offered, each time it is looked at with some chance."""

    wallet: OwnerWallet = field(default_factory=OwnerWallet)
    diligence: float = 1.0
    """Chance that an offer is answered when it is looked at."""
    is_honest: bool = True
    """Whether it signs what it is shown, and nothing else."""
    _answered: set[UUID] = field(default_factory=set[UUID])

    def chosen(self, account: str) -> SigningModeChanged:
        """Choose to sign by hand."""
        return a_mode(account, self.wallet)

    def answers(self, state: AccountState, chance: Random) -> Sequence[Said]:
        """Give what the owner says now of the offers that stand."""
        said: list[Said] = []
        for offer in state.offers:
            if (
                offer.message
                and offer.id not in self._answered
                and chance.random() < self.diligence
            ):
                said += self._answer(state.account, offer, chance)
        return said

    def _answer(self, account: str, offer: Offer, chance: Random) -> list[Said]:
        if not self.is_honest and chance.random() < _ALTERED_RATE:
            altered = rebuilt(base64.b64decode(offer.message), after=(BUDGET[0], BUDGET[0]))
            given = base64.b64encode(altered).decode()
            return [a_signature(account, self.wallet, offer.id, given)]
        self._answered.add(offer.id)
        if not self.is_honest and chance.random() < _DECLINED_RATE:
            return [a_decline(account, self.wallet, offer.id)]
        times = 2 if chance.random() < _TWICE_RATE else 1
        return [a_signature(account, self.wallet, offer.id, offer.message)] * times
