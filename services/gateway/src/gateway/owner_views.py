"""What the API answers about delegation; no answer holds a secret."""

from gateway.view import View


class SectionView(View, frozen=True):
    """A part of the consent."""

    heading: str
    points: list[str]


class ConsentLimitsView(View, frozen=True):
    """The limits that stand, and what can be lost."""

    leverage_max: str
    risk_per_trade_bps: str
    daily_drawdown_limit_pct: str
    equity_usd: str | None
    worst_case_loss_usd: str | None
    """All of it."""


class ConsentTextView(View, frozen=True):
    """What the owner is to agree to."""

    title: str
    sections: list[SectionView]
    limits: ConsentLimitsView
    key_hours: int
    text: str
    """All of it: what the hash is of."""
    text_sha256: str


class ConsentView(View, frozen=True):
    """What the owner agreed to last."""

    id: str
    at: str
    text_sha256: str
    is_current: bool
    """Whether it is the text that stands now."""


class VenuePlaceView(View, frozen=True):
    """Where the account is."""

    name: str
    """In words: `Drift on mainnet`."""
    cluster: str
    """`paper`, `localnet`, `devnet` or `mainnet`."""
    program: str
    program_name: str
    quote: str
    sub_account: int
    user: str | None
    """The sub-account's address."""
    account_page: str | None
    """The venue's own page of it, where there is one."""


class KeyView(View, frozen=True):
    """Our key that lives."""

    address: str
    born_at: str
    expires_at: str


class EndedKeyView(View, frozen=True):
    """The newest key that is gone."""

    address: str
    reason: str
    at: str


class SummaryView(View, frozen=True):
    """What a transaction does, in a person's words."""

    title: str
    lines: list[str]
    warnings: list[str]


class OfferView(View, frozen=True):
    """A transaction for the owner's wallet to sign."""

    tx_id: str
    kind: str
    base64: str
    """The unsigned transaction, version 0, with one empty signature."""
    summary: SummaryView
    delegate: str | None
    fee_payer: str
    blockhash: str
    last_valid_block_height: int
    expires_at: str
    submit_to: str


class SentView(View, frozen=True):
    """The owner's newest transaction, and what became of it."""

    tx_id: str
    kind: str
    delegate: str | None
    """The key that it names; None for a revoke."""
    signature: str
    status: str
    """`sent`, `landed`, `failed` or `expired`."""
    slot: int | None
    code: int | None


class SubmittedView(View, frozen=True):
    """A signed transaction was taken, and is on its way."""

    tx_id: str
    signature: str
    status: str


class CheckView(View, frozen=True):
    """One thing that a delegation needs; `remedy` says what to do when it is not so."""

    code: str
    is_ok: bool
    found: str
    remedy: str


class ExposureView(View, frozen=True):
    """What a revoke would leave behind."""

    is_open: bool
    base: str
    orders: int


class DelegationView(View, frozen=True):
    """Who may sign for the account, as the chain was seen to show it."""

    is_required: bool
    """Whether entries need a delegate; else the paper desk signs for itself."""
    note: str
    state: str
    """`none`, `awaiting`, `active`, `foreign`, `revoking`, `revoked`, `unknown`."""
    state_at: str | None
    chain_time: str | None
    """Now, by the chain's clock, which `expiresAt` is of; None while nobody reads the chain."""
    owner: str | None
    is_owner: bool
    """Whether whoever asks is signed in with the owner's wallet, or nobody signs in."""
    may_act: bool
    """Whether they may ask for what the owner signs: the owner, or for one who cannot sign in."""
    venue: VenuePlaceView
    key: KeyView | None
    on_chain: str | None
    consent: ConsentView | None
    offer: OfferView | None
    sent: SentView | None
    destroyed: EndedKeyView | None
    position: ExposureView
    preflight: list[CheckView]
