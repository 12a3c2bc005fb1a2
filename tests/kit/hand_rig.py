"""The planner on snapshots made by hand, for an owner whose wallet signs each transaction."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey

from contracts.event import Event
from contracts.manual import (
    OfferClosed,
    OfferOutcome,
    TransactionOffered,
)
from contracts.values import Leg, from_millis
from execution.domain.offers import Offer
from kit.owner_wallet import OwnerWallet
from kit.owner_words import a_decline, a_mode, a_signature
from kit.planner_rig import ACCOUNT, MARKET, Rig, of

LIFE_BLOCKS = 150


@dataclass
class HandRig(Rig):
    """A planner whose account's owner signs by hand; what is asked is offered at once."""

    wallet: OwnerWallet = field(default_factory=OwnerWallet)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.record(a_mode(ACCOUNT, self.wallet))

    @property
    def lanes(self) -> list[str]:
        """Name what the standing offers are about."""
        return [it.lane for it in self.state.offers]

    def show(self, **shown: object) -> list[Event]:
        """Do as `Rig.show`; write the bytes of what is asked."""
        answers = super().show(**shown)  # pyright: ignore[reportArgumentType]
        for offer in self.state.offers:
            if not offer.message:
                self._offer(offer)
        return answers

    def outcomes(self, answers: Sequence[Event]) -> list[OfferOutcome]:
        """Name how offers ended."""
        return [it.outcome for it in of(answers, OfferClosed)]

    def offer(self, lane: str) -> Offer:
        """Give the standing offer of a lane."""
        return next(it for it in self.state.offers if it.lane == lane)

    def give(self, offer: Offer) -> None:
        """Let the wallet give an offer back, whether it stands or not; nobody looks yet."""
        self.record(a_signature(ACCOUNT, self.wallet, offer.id, offer.message))

    def sign(self, lane: str) -> list[Event]:
        """Let the wallet sign a standing offer; give what is answered."""
        self.give(self.offer(lane))
        return self.show()

    def decline(self, lane: str) -> None:
        """Let the owner decline a standing offer; nobody looks yet."""
        self.record(a_decline(ACCOUNT, self.wallet, self.offer(lane).id))

    def _offer(self, offer: Offer) -> None:
        blockhash = Hash.hash(str(len(self.log)).encode())
        call = Instruction(Pubkey.default(), offer.id.bytes, [])
        compiled = MessageV0.try_compile(self.wallet.key.pubkey(), [call], [], blockhash)
        message = to_bytes_versioned(compiled)
        self.record(
            TransactionOffered(
                account=ACCOUNT,
                market=MARKET,
                offer=offer.id,
                wallet=self.wallet.address,
                message=base64.b64encode(message).decode(),
                message_sha256=hashlib.sha256(message).hexdigest(),
                blockhash=str(blockhash),
                last_valid_block_height=self.slot + LIFE_BLOCKS,
                expires_at=from_millis(self.at_ms),
                simulated=None,
                rehearsed=None,
                clock=self.clock,
            )
        )


def bare_position() -> HandRig:
    """Give a rig whose entry is filled and whose stop is gone."""
    rig = filled()
    rig.orders = []
    return rig


def filled() -> HandRig:
    """Give a rig whose entry is filled, with its stop, before anybody has looked."""
    rig = HandRig()
    rig.approve()
    rig.show()
    rig.sign("entry")
    rig.land()
    rig.fill(Leg.ENTRY)
    rig.slot += 1
    return rig
