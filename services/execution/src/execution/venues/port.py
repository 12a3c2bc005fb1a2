"""The port to a venue (execution.md 5.7): what a venue can do, and how it is asked.

`Venue` is what every venue answers. A venue on a chain is a `TransactingVenue` besides: there a
command becomes a transaction, which is signed, recorded and broadcast by others. The paper venue
takes recorded intents as they are and works through prints.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from contracts.event import Event
from contracts.ids import AccountId, ClientOrderId
from contracts.values import Leg, OrderKind, Side
from execution.domain.commands import Command
from execution.domain.errors import Action


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the plan may count on."""

    client_ids: bool
    """Our id travels with the order."""
    cas_modify: bool
    """A replace that comes too late fails instead of placing a second order."""
    atomic_bracket: bool
    """Entry and stop arrive together or not at all."""
    max_open_orders: int
    stop_covers_all: bool
    """A stop without a quantity covers whatever the position is when it fires."""
    native_ttl: bool
    """The venue itself ends an entry whose time is over."""
    self_trigger: bool
    """We may fire and fill our own stop."""
    slots_keep_closed: bool
    """Ended orders can still be read: evidence after a crash."""


@dataclass(frozen=True, slots=True)
class RestingOrder:
    """An order as the venue holds it."""

    client_order_id: ClientOrderId
    leg: Leg
    side: Side
    kind: OrderKind
    price_usd: Decimal
    unfilled_base: Decimal | None
    """None on a stop that covers the whole position."""
    generation: int
    is_triggered: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the venue holds for one account at one moment.

    `slot` is the venue's own count of moments: the chain's slot, the paper venue's last trade id.
    """

    slot: int
    at: datetime
    position_base: Decimal
    average_entry_usd: Decimal | None
    orders: tuple[RestingOrder, ...]


@dataclass(frozen=True, slots=True)
class VenueError:
    """A refusal in the venue's own numbers."""

    code: int
    reason: str


class SnapshotTooOld(Exception):
    """The venue has not come as far as the caller knows it was."""


class Venue(Protocol):
    """What every venue answers."""

    @property
    def capabilities(self) -> Capabilities:
        """Say what the plan may count on."""
        ...

    async def snapshot(self, account: AccountId, *, min_slot: int | None = None) -> Snapshot:
        """Give what the venue holds now; raise SnapshotTooOld when it is behind `min_slot`."""
        ...

    def classify(self, error: VenueError) -> Action:
        """Say what a refusal means for the plan."""
        ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a venue's history was read."""

    slot: int
    key: str


@dataclass(frozen=True, slots=True)
class VenueEvent:
    """Something that the venue says has happened; `key` is the same each time it says so."""

    key: str
    cursor: Cursor
    observation: Event


@dataclass(frozen=True, slots=True)
class UnsignedTransaction:
    """The bytes that a signer is asked to sign, and what they are meant to do."""

    message: bytes
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a transaction would do now."""

    error: VenueError | None
    after: Snapshot | None
    units_consumed: int


class TransactingVenue(Venue, Protocol):
    """A venue whose commands are transactions."""

    def history(self, since: Cursor) -> AsyncIterator[VenueEvent]:
        """Give what has happened since; repeats are harmless by their keys."""
        ...

    def build(self, commands: Sequence[Command], snapshot: Snapshot) -> UnsignedTransaction:
        """Write commands as one transaction. Pure: no network, equal bytes for equal input."""
        ...

    async def simulate(self, unsigned: UnsignedTransaction) -> Simulation:
        """Ask the venue what a transaction would do."""
        ...
