"""The port to a venue: what it shows, what it records, and how transactions reach it.

A venue answers like a chain. What it shows is a snapshot (`contracts.venue.VenueObserved`); what
happened is a list of records, told at least once; a transaction is bytes that land once or never.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypedDict

from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.values import Liquidity, Side
from contracts.venue import QuoteBalance, VenueObserved

Intent = OrderIntended | ReplaceIntended | CancelIntended | TriggerIntended | SideCancelIntended
"""What one instruction of a transaction carries out."""


@dataclass(frozen=True, slots=True)
class Blockhash:
    """What a transaction is bound to, and the last block that may take it."""

    hash: str
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes that may be broadcast; `signature` names them for ever."""

    account: str
    signature: str
    message: bytes
    blockhash: Blockhash


@dataclass(frozen=True, slots=True)
class Landed:
    """A transaction's fate: it is in a block. `code` is the program's error, None without one."""

    slot: int
    code: int | None
    fee_lamports: int


@dataclass(frozen=True, slots=True)
class SubAccountSeen:
    """What a delegation is decided on: the chain's view of a sub-account at a slot."""

    delegate: str | None
    """Address of who may sign beside the owner."""
    slot: int
    block_height: int
    owner_lamports: int
    """What the owner's wallet has for fees."""
    fee_payer_lamports: int
    """What pays for our transactions."""
    position_base: Decimal
    """Signed."""
    orders: int
    """Open ones."""
    is_open: bool = True
    """Whether the venue holds it."""
    has_statistics: bool = True
    """Whether its owner has traded there before."""
    margin_ratio: int | None = None
    """The owner's cap, in 1e-4 of what is held, 0 for none; None where the program has none."""
    deposit_due_usd: Decimal = Decimal(0)
    """What the owner pays in when it names a delegate."""
    fees_due_lamports: int = 0
    """What it sends to the delegate with that."""


@dataclass(frozen=True, slots=True)
class Record:
    """What happened on an account, in the program's own words. `key` is its name for ever."""

    key: str
    slot: int
    at_ms: int
    """Chain time."""
    trade_id: int | None
    """The last print that a paper venue had worked through."""


@dataclass(frozen=True, slots=True)
class OrderRecord(Record):
    """Something about one order."""

    venue_order_id: int
    user_order_id: int


@dataclass(frozen=True, slots=True)
class PlacedRecord(OrderRecord):
    """An order rests."""

    side: Side
    price_usd: Decimal


@dataclass(frozen=True, slots=True)
class MovedRecord(OrderRecord):
    """An order rests at another price, under another id."""

    former_order_id: int
    price_usd: Decimal


@dataclass(frozen=True, slots=True)
class EndedRecord(OrderRecord):
    """An order is gone without being filled; `unfilled_base` is None when its size was the
    position's. `reason` is None when a transaction of whoever may sign took it back.
    """

    reason: CancelReason | None
    unfilled_base: Decimal | None


@dataclass(frozen=True, slots=True)
class TriggeredRecord(OrderRecord):
    """A stop was fired at this trigger price."""

    trigger_price_usd: Decimal


@dataclass(frozen=True, slots=True)
class FilledRecord(OrderRecord):
    """An order filled; `fee_usd` is negative for a rebate."""

    side: Side
    liquidity: Liquidity
    price_usd: Decimal
    quantity_base: Decimal
    remaining_base: Decimal
    fee_usd: Decimal
    position_after_base: Decimal


@dataclass(frozen=True, slots=True)
class FeeRecord(OrderRecord):
    """A flat fee was charged."""

    reason: str
    fee_usd: Decimal


@dataclass(frozen=True, slots=True)
class LiquidatedRecord(Record):
    """A part of the position was taken over by a liquidator."""

    side: Side
    """Direction of the takeover trade: opposite to the position."""
    price_usd: Decimal
    quantity_base: Decimal
    fee_usd: Decimal
    position_after_base: Decimal


@dataclass(frozen=True, slots=True)
class FundingRecord(Record):
    """Funding was settled; positive when the account received it."""

    amount_usd: Decimal
    rate: Decimal
    position_base: Decimal
    hour_ms: int


@dataclass(frozen=True, slots=True)
class CapitalRecord(Record):
    """Somebody paid in, or the owner took out; positive when the account received it."""

    amount_usd: Decimal


class Stamp(TypedDict):
    """The fields of every record."""

    key: str
    slot: int
    at_ms: int
    trade_id: int | None


class OrderStamp(Stamp):
    """The fields of every record about an order."""

    venue_order_id: int
    user_order_id: int


AnyRecord = (
    PlacedRecord
    | MovedRecord
    | EndedRecord
    | TriggeredRecord
    | FilledRecord
    | FeeRecord
    | LiquidatedRecord
    | FundingRecord
    | CapitalRecord
)


class Venue(Protocol):
    """What the engine needs of a venue; nothing here waits, an adapter keeps itself current."""

    def blockhash(self) -> Blockhash:
        """Give what a transaction that is signed now is bound to."""
        ...

    def message(
        self,
        account: str,
        intents: Sequence[Intent],
        *,
        blockhash: Blockhash,
        priority_fee_lamports: int,
        serial: int,
    ) -> bytes:
        """Write intents as one transaction's message. Equal bytes for equal input.

        `serial` counts what is decided for the account. A chain carries the same bytes out once, so
        it sets apart what is asked for again on one blockhash.
        """
        ...

    def submit(self, transaction: SignedTransaction) -> None:
        """Broadcast now, and again until its fate is known. A second call changes nothing."""
        ...

    def fate(self, signature: str) -> Landed | None:
        """Say where a transaction landed; None while that is not known."""
        ...

    def observe(self, account: str) -> VenueObserved:
        """Give the newest snapshot of an account."""
        ...

    def balance(self, account: str) -> QuoteBalance | None:
        """Give the quote balance of what `observe` shows; None where it is no interest's."""
        ...

    def records(self, account: str, *, after: int) -> Sequence[tuple[int, AnyRecord]]:
        """Give what happened after a cursor, each with its own cursor; repeats are possible."""
        ...
