"""What the API answers about signing by hand."""

from gateway.owner_views import SummaryView
from gateway.view import View


class EffectView(View, frozen=True):
    """What the account would be right after a transaction, if it ran when it was offered."""

    code: int | None
    """The program's error; None when it would run through."""
    position_base: str
    position_after_base: str
    orders: int
    orders_after: int
    equity_usd: str
    margin_usd: str
    margin_after_usd: str
    """Of position and open orders at their worst."""
    fee_lamports: int


class RehearsedView(View, frozen=True):
    """What a node said of a transaction when it was offered; it runs through without a reason."""

    code: int | None
    """The program's error."""
    reason: str | None
    """Why it would fail."""
    units: int | None
    """Compute units that it took."""
    silence: str | None
    """Why no node could say."""


class SigningOfferView(View, frozen=True):
    """A transaction for the owner's wallet to sign."""

    tx_id: str
    base64: str
    """The unsigned transaction, version 0, with one empty signature."""
    summary: SummaryView
    effect: EffectView | None
    rehearsed: RehearsedView | None
    """On a chain; on paper the effect says more."""
    fee_payer: str
    blockhash: str
    last_valid_block_height: int
    blocks_left: int | None
    """By the height that execution read last; None while it does not answer."""
    is_replaced_early: bool
    """Whether a newer one replaces it before its last block."""
    asked_at: str
    expires_at: str
    submit_to: str


class EndedOfferView(View, frozen=True):
    """A transaction that was offered, and can be signed no more."""

    tx_id: str
    title: str
    outcome: str
    """`expired`, `replaced`, `unwanted`, `declined` or `mode`."""
    ended_at: str


class SignedView(View, frozen=True):
    """A transaction that the owner signed, and what became of it."""

    tx_id: str
    transaction: str
    signature: str
    status: str
    """`signed`, `sent`, `refused`, `landed`, `failed` or `expired`."""
    slot: int | None
    code: int | None
    reason: str
    why: str | None
    """Why it failed, in words."""


class SigningView(View, frozen=True):
    """Who signs for the account, and what waits for its owner."""

    mode: str
    """`delegate` or `manual`."""
    wallet: str | None
    """Who signs by hand; None with a delegate."""
    may_act: bool
    """Whether whoever asks may choose who signs, and hand in what the owner signed."""
    notes: list[str]
    """What the desk cannot do while the owner signs by hand."""
    block_height: int | None
    offers: list[SigningOfferView]
    """In the order in which they were asked for."""
    ended: list[EndedOfferView]
    """Without those that were signed; the newest first."""
    signed: list[SignedView]
    """The newest first."""
