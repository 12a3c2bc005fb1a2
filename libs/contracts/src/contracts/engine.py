"""What the execution engine says of itself: its mode, and what it cannot explain."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from contracts.event import Event
from contracts.values import DecimalString, Positive, Side, Token, VenueOrderId


class Mode(StrEnum):
    """What the engine may do, from everything to nothing; each allows less than the one before."""

    RUN = "run"
    DEGRADED = "degraded"
    """No new risk: something that it needs is stale, paused or unexplained."""
    PAUSED = "paused"
    """A person paused entries; what rests stays."""
    OWNER_REDUCE_ONLY = "owner_reduce_only"
    """The owner lets the account only shrink."""
    KILL_CANCEL = "kill_cancel"
    """Entries are canceled; protection stays."""
    KILL_FLATTEN = "kill_flatten"
    """Entries are canceled, the position is closed, then the rest is canceled."""
    REVOKED = "revoked"
    """We may not sign for the account any more, or do not know the program: nothing is sent."""


class ModeChanged(Event):
    """The engine's mode for an account changed."""

    event_type: ClassVar[str] = "mode_changed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    before: Mode
    """The mode that it replaces."""
    mode: Mode
    reason: Token
    """The weightiest one: `killed`, `venue-paused`, `program-replaced`, `oracle-stale`, …"""


class ReconciliationBroke(Event):
    """The log and the venue disagree: no new risk until they agree again."""

    event_type: ClassVar[str] = "reconciliation_broke"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    what: Token
    """`position`, `cash`."""
    expected: DecimalString
    """By the log: base asset for `position`, USD for `cash`."""
    found: DecimalString
    """At the venue."""


class ReconciliationPassed(Event):
    """The log and the venue agree again."""

    event_type: ClassVar[str] = "reconciliation_passed"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    what: Token
    """What broke before: `position`, `cash`."""


class ForeignOrderSeen(Event):
    """An order that is not ours rests on the account. It is left alone and blocks new entries."""

    event_type: ClassVar[str] = "foreign_order_seen"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    venue_order_id: VenueOrderId
    user_order_id: int = Field(ge=0, le=255)
    """The number that its owner gave it; 0 when none."""
    side: Side
    price_usd: Positive


class PositionAdopted(Event):
    """A position that no setup explains is there; it gets a stop. Its id names the setup."""

    event_type: ClassVar[str] = "position_adopted"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    position_base: DecimalString
    """Signed."""
    oracle_usd: Positive
    """Where the oracle stood."""
    stop_price_usd: Positive


class CircuitOpened(Event):
    """The venue refused the same thing too often in a row: nothing of it is sent for a while.

    What protects or leaves is held for seconds only, everything else for a minute.
    """

    event_type: ClassVar[str] = "circuit_opened"
    owner: ClassVar[str] = "execution"

    account: Token
    market: Token
    setup: UUID | None
    """The setup whose transactions were refused; None when none lives."""
    lane: Token
    """What is not sent: `stop`, `take-profit`, `close`, `move`, `cancel`, …"""
    code: int
    """The program's error, each time; 0 when our own signer refused."""
    refusals: int = Field(ge=1)
    """How many times in a row."""
