"""What the API answers: closed shapes in camelCase, money and sizes as plain decimal strings."""

from typing import Any

from gateway.position_views import PositionView
from gateway.stream.protocol import Activity
from gateway.view import View


class FindingView(View, frozen=True):
    """One rule's result; null means not known."""

    rule: str
    passed: bool
    observed: str | None
    limit: str | None
    unit: str


class VerdictView(View, frozen=True):
    """Risk's answer to a proposal, with every rule."""

    pos: str
    id: str
    proposal: str
    is_approved: bool
    headline: str | None
    at: str
    side: str
    quantity_base: str
    entry_price_usd: str
    stop_price_usd: str
    tp_prices_usd: list[str]
    notional_usd: str
    risk_usd: str
    equity_usd: str
    leverage_after: str | None
    policy: str
    findings: list[FindingView]


class CommandAccepted(View, frozen=True):
    """A command is in the log at `pos`; what it leads to comes as events."""

    command_id: str
    pos: str | None
    """Null when the log has not answered yet: it is recorded as soon as the log is back."""
    status: str
    """`recorded` or `recording`; of an order: `approved`, `denied` or `pending`."""
    verdict: VerdictView | None = None


class KillAccepted(View, frozen=True):
    """A kill is in the log at `pos`, and the level that stands now."""

    command_id: str
    pos: str | None
    """Null when the log has not answered yet: it is recorded as soon as the log is back."""
    status: str
    """`recorded` or `recording`."""
    asked: str
    """The level that was asked for: `pause_entries`, `cancel_entries` or `flatten`."""
    level: str
    """The level that stands: the highest of all kills since the last resume."""
    does: str
    """What that level does, in one sentence."""
    leaves_open: str
    """What stays open, in one sentence."""
    scope: str
    """Whom it stops: `account` or `global`."""


class FeedView(View, frozen=True):
    """Where ticks come from."""

    kind: str
    """`synthetic`, `tape` or `binance`."""
    venue: str
    symbol: str
    market: str
    description: str
    is_replayable: bool
    opened_at: str
    status: str
    """`flowing`, `stalled` or `ended`."""
    reason: str
    gaps: int
    gap_at: str | None
    """When the newest one was found."""
    missing_trades: int
    refused_frames: int


class OpenBarView(View, frozen=True):
    """The minute that is still open, from its first trade on; its close is the last price."""

    minute: str
    open_usd: str
    high_usd: str
    low_usd: str


class PriceView(View, frozen=True):
    """The newest trade; `at` is the exchange's time, `heardAt` ours."""

    last_usd: str
    at: str
    heard_at: str
    trade_id: str
    bar: OpenBarView | None
    """Null while this gateway has not heard the minute from its beginning on."""


class FlowView(View, frozen=True):
    """Session CVD and VWAP at market time `at`; live when open minutes are in."""

    cvd_base: str
    vwap_usd: str | None
    at: str
    heard_at: str
    is_live: bool


class BarView(View, frozen=True):
    """One closed minute; CVD and VWAP are the session's at its close."""

    minute: str
    open_usd: str
    high_usd: str
    low_usd: str
    close_usd: str
    volume_base: str
    cvd_base: str
    vwap_usd: str | None
    trades: int
    missing_trades: int
    is_complete: bool


class MarkView(View, frozen=True):
    """What the chart marks at a minute: a signal, or what one order traded within it."""

    pos: str
    minute: str
    kind: str
    """`signal`, or `fill`."""
    side: str
    leg: str
    """Of a fill; of a signal empty."""
    order_id: str
    price_usd: str
    """Of a fill the average; of a signal the entry that it wants."""
    quantity_base: str | None
    vwap_usd: str | None
    """Of a signal: the session's, at the close of its bar."""
    verdict: str
    """Of a signal: `approved`, or the rule that denied it; empty until risk has answered."""
    made_usd: str | None
    """Of a fill: price PnL of what it closed, before fees."""


class AccountView(View, frozen=True):
    """The account's money; equity is the balance plus what the position would make now."""

    id: str
    venue: str
    capital_usd: str | None
    """Paid in, less what was taken out; None before a chain has shown the account's money."""
    balance_usd: str | None
    equity_usd: str | None
    realized_pnl_usd: str
    """Of fills, before fees and funding."""
    unrealized_pnl_usd: str | None
    fees_usd: str
    """Of fills; negative for rebates."""
    venue_fees_usd: str
    """Flat ones, beside the fills."""
    funding_usd: str
    """Received; negative when paid."""
    interest_usd: str
    """On the quote balance; negative when paid."""
    fills: int
    setups_closed: int
    signing: str
    """Who signs its transactions: `delegate`, or the owner's wallet, `manual`."""


class MoneyView(View, frozen=True):
    """What the price moves: the account and its position."""

    account: AccountView | None
    position: PositionView


class OrderView(View, frozen=True):
    """One order of ours."""

    order_id: str
    venue_order_id: str | None
    setup: str
    leg: str
    side: str
    type: str
    status: str
    is_open: bool
    price_usd: str
    quantity_base: str | None
    filled_base: str
    is_reduce_only: bool
    generation: int
    reason: str
    pos: str


class TransactionView(View, frozen=True):
    """A transaction of an order that is not over, or one that may still land."""

    id: str
    order_ids: list[str]
    retry_class: str
    """`exposure`, `swap`, `protective`, `reducing` or `wide`."""
    urgency: str
    attempt: int
    fate: str
    """`planned`, `signed`, `landed`, `failed` or `dead`."""
    code: int | None
    """The program's error."""
    reason: str
    why: str
    """Why it changed nothing, in words; empty where it did, or may still."""
    signature: str
    slot: str | None
    fee_lamports: str | None
    pos: str


class AdoptedView(View, frozen=True):
    """A position that no setup explains; it was given a stop."""

    setup: str
    quantity_base: str
    stop_price_usd: str
    pos: str


class SetupView(View, frozen=True):
    """The newest approved setup as approved, and how it went."""

    id: str
    proposal: str
    side: str
    status: str
    """`approved`, `entering`, `open` or `closed`."""
    quantity_base: str
    entry_price_usd: str
    stop_price_usd: str
    tp_prices_usd: list[str]
    notional_usd: str
    risk_usd: str
    approved_at: str
    expires_at: str
    outcome: str
    realized_pnl_usd: str | None
    fees_usd: str | None
    """All that the venue charged while it lived."""
    funding_usd: str | None
    transaction_fees_lamports: str | None


class DecisionView(View, frozen=True):
    """What the strategy said about the newest bar, and its indicators."""

    pos: str
    minute: str
    wants_entry: bool
    reason: str
    rsi: str | None
    atr_usd: str | None
    """ATR(14) of five-minute bars."""
    session_vwap_usd: str | None


class HaltView(View, frozen=True):
    """An engaged kill switch."""

    scope: str
    """`account` or `global`."""
    level: str
    reason: str
    by: str
    pos: str
    newest_pos: str
    """Of the newest kill, whatever its level: what a resume says that it knows."""
    recorded_at: str


class EngineView(View, frozen=True):
    """What the execution engine may do with the account."""

    mode: str
    """`run` while it has not said otherwise."""
    reason: str
    pos: str | None
    recorded_at: str | None


class ServiceView(View, frozen=True):
    """What a service said of itself."""

    name: str
    is_up: bool
    is_ready: bool
    reason: str
    answered_at: str | None
    details: dict[str, str]


class MarketView(View, frozen=True):
    """The market's increments."""

    id: str
    tick_usd: str
    step_base: str
    quantity_base_min: str


class StateView(View, frozen=True):
    """The whole desk at a position of the log."""

    pos: str
    head_at: str | None
    """When the log took the newest event."""
    server_time: str
    epoch: str
    is_caught_up: bool
    mode: str
    """`paper`: no real money moves."""
    feed: FeedView | None
    market: MarketView | None
    price: PriceView | None
    flow: FlowView | None
    account: AccountView | None
    settings: dict[str, Any] | None
    position: PositionView
    orders: list[OrderView]
    orders_pos: str
    """Of the last event about any order: `/api/orders` has their lives."""
    transactions: list[TransactionView]
    setup: SetupView | None
    adopted: AdoptedView | None
    verdict: VerdictView | None
    decision: DecisionView | None
    halts: list[HaltView]
    is_halted: bool
    kill_level: str | None
    """The highest level of the kills that stand."""
    engine: EngineView
    services: list[ServiceView]
    unreadable_events: int
    unreadable_pos: str | None
    bars: list[BarView]
    marks: list[MarkView]
    """Since the first of the bars, in the order of the log."""


class ActivityPage(View, frozen=True):
    """Events of the log, newest first; oldest first when asked with `after`."""

    items: list[Activity]
    next: str | None
    """Cursor of the next page in the same direction; null when there is none."""
    head: str


class Pong(View, frozen=True):
    """The gateway answers."""

    ok: bool
    pos: str
    server_time: str


class Health(View, frozen=True):
    """Whether the gateway lives, or works."""

    ok: bool
    reason: str


class Version(View, frozen=True):
    """What runs, and where its orders go."""

    service: str
    version: str
    api: str
    """Version of this API."""
    contracts: str
    """Version of the language between the services."""
    revision: str | None
    """Git revision of the sources, where it is known."""
    python: str
    account: str
    venue: str
    """`paper`, `localnet`, `devnet` or `mainnet`."""
    environment: str
    """Whose money moves: `simulated`, `test` or `real`."""
    program: str
    """The address; on paper that of the program which the paper chain stands for."""
    program_name: str
    quote: str
    policies: dict[str, str]
    """The version of each service's rules, by the service, as far as it answered."""
