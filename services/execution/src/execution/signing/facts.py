"""What the policy knows beside the bytes.

`AccountFacts` come from the fold of the log and the venue's snapshot. `SignerFacts` are read by
the signer itself, at the moment of signing. Numbers are in the program's units: prices and USD in
1e-6, sizes in 1e-9 base, chain time in seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from solders.hash import Hash
from solders.pubkey import Pubkey

from contracts.values import Side
from execution.signing.lately import SignedLately
from execution.signing.message import Tables


@dataclass(frozen=True, slots=True)
class VenueAccounts:
    """The accounts on chain that belong to one account of ours in its market."""

    program: Pubkey
    state: Pubkey
    user: Pubkey
    """The sub-account; its owner and number are in its address."""
    user_stats: Pubkey
    perp_market: Pubkey
    readable: frozenset[Pubkey]
    """Oracles and spot markets that the program may read to know our margin."""
    makers: frozenset[Pubkey] = frozenset()
    """Users and their statistics that an exit may take from; none of them ours."""


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """The market that the account trades."""

    index: int
    tick: int
    step: int
    oracle: int


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that the snapshot shows."""

    order_id: int
    user_order_id: int
    side: Side
    price: int
    """Limit price, or trigger price of a stop."""
    left: int | None
    """What it may still fill; None: whatever the position is."""
    is_reduce_only: bool
    is_trigger: bool
    is_triggered: bool
    is_ours: bool
    """The log explains it."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What an approved verdict still lets an entry do."""

    verdict: UUID
    side: Side
    left: int
    """Size that may still be placed; 0 once an entry is on its way or was taken."""
    worst_price: int
    """Highest price of a buy, lowest of a sell."""
    expires_s: int
    """Chain time after which no entry of it may rest."""


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """How far the chain was seen to be."""

    now_s: int
    block_height: int
    blockhashes: Mapping[Hash, int]
    """Hashes that a node gave us lately, and the last block that takes a transaction of each."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the log says of who may do what, up to two positions in it."""

    kill_level: int
    """Of `contracts.control.KillLevel`; 0 for none."""
    is_revoked: bool
    """The owner took the delegation back, or a person switched the delegate off."""
    control_position: int
    """Last position of what people said."""
    orders_position: int
    """Last position of the account's orders: another writer's append moves it."""


@dataclass(frozen=True, slots=True)
class Session:
    """The life of a delegate key, in epoch milliseconds of our clock."""

    delegate: Pubkey
    opened_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the fold and the snapshot say."""

    account: str
    venue: VenueAccounts
    market: MarketFacts
    chain: ChainFacts
    position: int
    """Signed."""
    orders: tuple[OpenOrder, ...]
    approval: Approval | None
    stop_price: int | None
    """Where the stop of the live setup should stand, as approved or as it was moved since; None
    without a setup."""
    notional_max: int
    """Of the position and all entries together, in USD units."""
    is_shrink_only: bool
    """The owner lets the account only shrink."""
    standing: Standing
    """What the fold has heard."""
    tables: Tables

    @property
    def side(self) -> Side | None:
        """Give the position's side; None when flat."""
        if not self.position:
            return None
        return Side.LONG if self.position > 0 else Side.SHORT


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """What the signer read for itself."""

    session: Session
    standing: Standing
    """What the log holds now."""
    now_ms: int
    lately: SignedLately
    """What it signed for the account within the last minute and day."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a judgment depends on beside the bytes."""

    account: AccountFacts
    signer: SignerFacts
