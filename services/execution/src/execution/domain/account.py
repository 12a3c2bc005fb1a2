"""All that the planner knows of one account in its market (see `account_fold` for how)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from contracts.engine import Mode
from contracts.event import Event
from contracts.registry import BY_TYPE
from contracts.venue import VenueObserved
from execution.domain.fees import Spending
from execution.domain.holdings import holdings, shown_by
from execution.domain.interest import Accrual
from execution.domain.ledger import FLAT, Ledger
from execution.domain.offers import ClosedOffer, Offer
from execution.domain.setup import Setup
from execution.domain.timers import Timers
from execution.domain.transactions import KeptIntent, Transaction
from execution.domain.uids import Rings

KEYS_MAX = 512
"""Events that are remembered, to pass over one that comes again."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A verdict, or what a person said, that no decision has considered yet."""

    number: int
    """1 for the first one of the account."""
    id: UUID
    correlation_id: UUID
    event_type: str
    body: str
    """The event as JSON."""

    def event(self) -> Event:
        """Give the event."""
        return BY_TYPE[self.event_type].model_validate_json(self.body)


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often in a row the venue refused the same thing for the same reason."""

    code: int
    count: int


class AccountState(msgspec.Struct, frozen=True):
    """The fold of one account."""

    account: str
    market: str
    venue: str
    """Which holds its orders."""
    deposit_usd: Decimal | None
    """Paid in, less what was taken out; None before a chain has shown what there is."""
    funded_slot: int = -1
    """When the venue showed what there is; what it tells of until then counts no more."""
    accrual: Accrual | None = None
    """The interest that is not in the log yet; None where the venue pays none."""
    own_kill: int = 0
    """Level of the account's own kill, 0 for none."""
    global_kill: int = 0
    """Level of the kill that stands above all accounts."""
    heard: tuple[Heard, ...] = ()
    """In the order of the log."""
    heard_count: int = 0
    """How many there were so far."""
    setup: Setup | None = None
    transactions: tuple[Transaction, ...] = ()
    """Not settled yet, in the order in which they were planned."""
    staged: tuple[KeptIntent, ...] = ()
    """Intents whose transaction is not planned yet."""
    ledger: Ledger = FLAT
    keys: tuple[str, ...] = ()
    """Verdicts and observations that were counted, newest last."""
    mode: Mode = Mode.RUN
    mode_since_slot: int = 0
    is_delegate: bool = True
    """Whether the newest snapshot showed our key as the delegate."""
    is_denied: bool = False
    """The venue refused our signature, and no snapshot has shown why yet."""
    is_incompatible: bool = False
    """We do not know the program: for ever."""
    is_shrink_only: bool = False
    """The venue refused something because the owner lets the account only shrink."""
    foreign: tuple[int, ...] = ()
    """Venue order ids of strangers' orders that were reported, sorted."""
    timers: Timers = msgspec.field(default_factory=Timers)
    broken: tuple[str, ...] = ()
    """What reconciliation found broken, sorted."""
    rings: Rings = msgspec.field(default_factory=dict[str, int])
    spending: Spending = msgspec.field(default_factory=Spending)
    refusals: Mapping[str, Refusals] = msgspec.field(default_factory=dict[str, Refusals])
    """By lane."""
    circuits: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    """Slot until which a lane is closed."""
    wallet: str | None = None
    """The owner's, while it signs by hand; None: a delegate signs, or the desk itself."""
    offers: tuple[Offer, ...] = ()
    """What it is asked to sign."""
    closed_offers: tuple[ClosedOffer, ...] = ()
    """The newest that ended, newest last."""
    loose_height: int = 0
    """Last block that could take an offered entry whose signature nobody showed us."""
    declined: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    """Slot until which the owner is not asked again, by what it is about."""
    leverage_max: Decimal = Decimal(0)
    """What the settings allow; offers are held to it."""
    snapshots: int = 0
    """How many were recorded."""
    slot: int = 0
    """Of the newest one recorded."""
    now_ms: int = 0
    """Chain time of the newest one recorded."""

    @property
    def is_revoked(self) -> bool:
        """Say whether nobody may sign what we plan, or we do not know what it would be.

        The owner may always sign.
        """
        if self.wallet is not None:
            return self.is_incompatible
        return not self.is_delegate or self.is_denied or self.is_incompatible

    @property
    def kill_level(self) -> int:
        """Give the level of the kill that stands over the account, 0 for none."""
        return max(self.own_kill, self.global_kill)

    def has_counted(self, event_id: UUID) -> bool:
        """Say whether a verdict or an observation came before."""
        return event_id.hex in self.keys

    def counted(self, event_id: UUID) -> "AccountState":
        """Remember a verdict or an observation, so that it counts once."""
        return replace(self, keys=(*self.keys, event_id.hex)[-KEYS_MAX:])

    def is_tripped(self, lane: str, slot: int) -> bool:
        """Say whether the circuit of a lane is open."""
        return self.circuits.get(lane, 0) > slot

    def open_transactions(self, slot: int) -> tuple[Transaction, ...]:
        """Give those whose effect a snapshot at a slot may not show yet."""
        return tuple(it for it in self.transactions if it.is_open(slot))

    @property
    def expected(self) -> Mapping[str, Decimal]:
        """Give what the log says that the venue must show: position, and cash where it is known."""
        deposit = self.deposit_usd
        known = holdings(
            position_base=self.ledger.position_base,
            cash_usd=self.ledger.cash_usd + (deposit or 0),
        )
        return known if deposit is not None else {"position": known["position"]}

    def agrees_with(self, seen: VenueObserved) -> bool:
        """Say whether the venue shows all that the log says it must."""
        found = shown_by(seen)
        return all(found[what] == amount for what, amount in self.expected.items())

    @property
    def is_held(self) -> bool:
        """Say whether a mode stands that ends when the venue shows something else."""
        return self.mode in {Mode.DEGRADED, Mode.OWNER_REDUCE_ONLY, Mode.REVOKED}

    @property
    def is_idle(self) -> bool:
        """Say whether nothing is to be planned unless something new is heard."""
        return not (
            self.setup
            or self.heard
            or self.transactions
            or self.offers
            or self.broken
            or self.timers.mismatch
            or self.is_denied
        )
