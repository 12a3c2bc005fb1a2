"""What a decision is, and the state while it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from msgspec.structs import replace

from contracts.event import Draft, Event
from contracts.markets import MarketSpec
from contracts.venue import VenueObserved
from execution.domain.account import AccountState
from execution.domain.account_fold import apply
from execution.domain.drafting import Drafts
from execution.domain.offers import Offer
from execution.domain.policy import Policy
from execution.domain.view import View, view_of


@dataclass(frozen=True, slots=True)
class ByHand:
    """What the owner's wallet signed of an offer."""

    offer: Offer
    signature: str
    message: str
    """As the wallet signed it, in base64."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a snapshot leads to: the account's state after it, and the events that say so."""

    state: AccountState
    drafts: tuple[Draft, ...]
    is_noteworthy: bool
    """Whether the snapshot has to be recorded: it leads to something, or starts a timer."""
    by_hand: Mapping[UUID, ByHand] = field(default_factory=dict[UUID, ByHand])
    """Planned transactions that are signed already."""


class Deliberation:
    """The state while a decision is made, and what was said so far."""

    def __init__(
        self,
        state: AccountState,
        seen: VenueObserved,
        snapshot_id: UUID,
        spec: MarketSpec,
        policy: Policy,
    ) -> None:
        self.state = state
        self.seen = seen
        self.spec = spec
        self.policy = policy
        self.drafts = Drafts(snapshot_id, seen.clock.at, snapshot_id)
        self.by_hand: dict[UUID, ByHand] = {}

    @property
    def who(self) -> dict[str, str]:
        """Give the fields that every event of the account has."""
        return {"account": self.state.account, "market": self.state.market}

    @property
    def view(self) -> View:
        """Give what the next stage decides on."""
        return view_of(self.state, self.seen, spec=self.spec, policy=self.policy)

    def let_sign(self, wallet: str | None) -> None:
        """Know whose wallet signs by hand from now on."""
        self.state = replace(self.state, wallet=wallet)

    def say(self, event: Event) -> Draft:
        """Decide an event, and let it have happened."""
        setup = self.state.setup
        draft = self.drafts.add(event, None if setup is None else setup.correlation_id)
        self.state = apply(self.state, event, event_id=draft.id)
        return draft
