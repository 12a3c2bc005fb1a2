"""Where execution on a chain stands: folds over the log, and what it holds that may still land.

The chain is the truth of what happened, so nothing of it is kept: a restart reads it again, from a
little before the last snapshot of the log.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from contracts.delegation import (
    OwnerTransactionDied,
    OwnerTransactionLanded,
    OwnerTransactionSent,
)
from contracts.event import Draft, Recorded
from contracts.transaction import TransactionDied, TransactionLanded, TransactionSigned
from contracts.values import Leg, to_millis
from execution.domain.delegation import Delegation, apply_all
from execution.domain.planner import PlannerCore
from execution.progress import Progress
from execution.recorder import PEOPLE
from execution.signing.budget import paid
from execution.signing.lately import SignedLately
from execution.venues.drift.history import KnownOrder
from execution.venues.drift.reader import cursor_before

VERSION = "onchain-4"
"""Grows when the state takes another shape or meaning."""
SLOTS_AGAIN = 150
"""So far before the last snapshot records are read again; what the log holds is passed over."""


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a checkpoint."""

    planner: msgspec.Raw
    progress: Progress
    ahead: list[int]
    people: int
    flying: dict[UUID, str]
    """Events as JSON, by transaction."""
    lately: dict[str, SignedLately]
    delegations: dict[str, Delegation]
    owners: dict[UUID, str]
    """Events as JSON, by offer."""


@dataclass
class ChainStanding:
    """The folds after the events of the log up to `position`."""

    planner: PlannerCore = field(default_factory=PlannerCore)
    progress: Progress = field(default_factory=Progress)
    position: int = 0
    people: int = 0
    """Position of the last thing that people were heard to say."""
    flying: dict[UUID, TransactionSigned] = field(default_factory=dict[UUID, TransactionSigned])
    """Signed transactions whose fate is not in the log, by their plan."""
    lately: dict[str, SignedLately] = field(default_factory=dict[str, SignedLately])
    """What our keys signed within the last minute and day of the chain, by account."""
    delegations: dict[str, Delegation] = field(default_factory=dict[str, Delegation])
    owners: dict[UUID, OwnerTransactionSent] = field(
        default_factory=dict[UUID, OwnerTransactionSent]
    )
    """Owners' transactions whose fate is not in the log, by their offer."""
    ahead: set[int] = field(default_factory=set[int])
    """Positions that a checkpoint was ahead of its own."""

    def fold(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event of the log; give what it leads to at once."""
        self.position = max(self.position, recorded.position)
        if recorded.subject.startswith(PEOPLE):
            self.people = max(self.people, recorded.position)
        return self.fold_own(recorded)

    def fold_past(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event that was recorded before this process; the chain did not forget it."""
        return self.fold(recorded)

    def fold_own(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold an event of ours as soon as it is recorded, before the log brings it."""
        event = recorded.event
        self.progress.fold(recorded)
        match event:
            case TransactionSigned():
                self.flying[event.transaction] = event
                self._remember(event)
            case TransactionLanded() | TransactionDied():
                self.flying.pop(event.transaction, None)
            case OwnerTransactionSent():
                self.owners[event.offer] = event
            case OwnerTransactionLanded() | OwnerTransactionDied():
                self.owners.pop(event.offer, None)
            case _:
                pass
        drafts = self.planner.step(recorded)
        kill_level = self.planner.state.global_kill
        apply_all(self.delegations, recorded, on_paper=False, kill_level=kill_level)
        return drafts

    def _remember(self, event: TransactionSigned) -> None:
        """Remember a signature of our key with its fee; what the owner signs the owner pays."""
        found = paid(base64.b64decode(event.message))
        delegation = self.delegations.get(event.account)
        if found is None or (delegation is not None and str(found[0]) == delegation.owner):
            return
        lately = self.lately.get(event.account, SignedLately())
        at_ms = to_millis(event.clock.at)
        self.lately[event.account] = lately.signed(found[1], at_ms=at_ms)

    def known_orders(self, account: str) -> Mapping[int, KnownOrder]:
        """Give the orders of the live setup by the venue's id."""
        state = self.planner.state.accounts.get(account)
        if state is None or state.setup is None:
            return {}
        return {
            it.venue_order_id: KnownOrder(it.user_order_id, it.leg is Leg.STOP)
            for it in state.setup.orders
            if it.venue_order_id is not None
        }

    def cursor(self, account: str) -> int | None:
        """Give where to read the chain's records from; None when nothing was ever seen of it."""
        state = self.planner.state.accounts.get(account)
        if state is None or not state.snapshots:
            return None
        return cursor_before(max(0, state.slot - SLOTS_AGAIN))

    def save(self, *, ahead: list[int]) -> bytes:
        """Give a checkpoint of this place; `ahead` are positions past it that are folded."""
        return msgspec.json.encode(
            _Kept(
                planner=msgspec.Raw(self.planner.snapshot()),
                progress=self.progress,
                ahead=ahead,
                people=self.people,
                flying={it: event.model_dump_json() for it, event in self.flying.items()},
                lately=self.lately,
                delegations=self.delegations,
                owners={it: event.model_dump_json() for it, event in self.owners.items()},
            )
        )

    @classmethod
    def load(cls, state: bytes, *, position: int) -> "ChainStanding":
        """Read a checkpoint; raise ValueError when it is not one."""
        kept = msgspec.json.decode(state, type=_Kept)
        flying = {
            it: TransactionSigned.model_validate_json(body) for it, body in kept.flying.items()
        }
        standing = cls(
            progress=kept.progress,
            position=position,
            people=kept.people,
            flying=flying,
            lately=kept.lately,
            delegations=kept.delegations,
            owners={
                it: OwnerTransactionSent.model_validate_json(body)
                for it, body in kept.owners.items()
            },
            ahead=set(kept.ahead),
        )
        standing.planner.restore(bytes(kept.planner))
        return standing
