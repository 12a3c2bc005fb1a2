"""What the API answers about the lives of orders."""

from gateway.view import View


class StageView(View, frozen=True):
    """One thing that happened to an order; null or empty is what does not apply."""

    stage: str
    """`intended`, `move_intended`, `cancel_intended`, `trigger_intended`, `signed`,
    `signing_refused`, `landed`, `failed`, `dead`, `resting`, `moved`, `rejected`, `triggered`,
    `filled`, `canceled` or `venue_fee`."""
    pos: str
    at: str
    """In the chain's time, or the market's."""
    recorded_at: str
    """By the log's clock."""
    price_usd: str | None
    quantity_base: str | None
    fee_usd: str | None
    fee_lamports: str | None
    signature: str
    slot: str | None
    note: str
    parts: int
    """Fills that follow each other are one stage, at their average price."""


class OrderLifeView(View, frozen=True):
    """One order from its intent to its end, with what it cost; a cost is positive where it costs.

    Costs in basis points are averages over its fills, by quantity.
    """

    order_id: str
    venue_order_id: str | None
    setup: str
    leg: str
    side: str
    type: str
    status: str
    is_open: bool
    reason: str
    intended_price_usd: str
    """As it was intended first; of a stop, its trigger."""
    price_usd: str
    quantity_base: str | None
    filled_base: str
    filled_price_usd: str | None
    """The average of its fills."""
    cost_to_intended_bps: str | None
    cost_to_mid_bps: str | None
    """Against the middle of the book as last seen before each fill."""
    cost_to_oracle_bps: str | None
    seen_age_ms: int | None
    """How old the oldest of these sights was at its fill, in the chain's time."""
    fees_usd: str
    """Of its fills; negative for rebates."""
    fees_bps: str | None
    venue_fees_usd: str
    verdict_to_sent_ms: int | None
    """From the verdict to the signature, by the log's clock; of the orders sent first."""
    sent_to_landed_ms: int | None
    """From the first signature to the first landing, in the chain's time."""
    sent_to_landed_slots: int | None
    stages: list[StageView]


class OrderLives(View, frozen=True):
    """The newest orders, newest first; kept after they are over."""

    pos: str
    """Of the last event about any of them."""
    items: list[OrderLifeView]
