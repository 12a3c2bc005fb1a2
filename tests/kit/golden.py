"""One example of every event, and the files that hold them for ever.

`python -m kit.golden` (with `tests` on the path) writes the files that are missing, and never one
that is there: what a stored event looked like is not ours to change.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from contracts import codec
from contracts.access import ActivityExported, ExportFilter, SignedIn, SignedOut, SignOutCause
from contracts.control import (
    AccountOpened,
    CancelRequested,
    KillLevel,
    KillSwitchEngaged,
    ManualOrderRequested,
    NotificationsChanged,
    Settings,
    SettingsChanged,
    TradingResumed,
)
from contracts.delegation import (
    AccountHandedOver,
    CanceledOrders,
    ConsentGiven,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationAsked,
    DelegationChanged,
    DelegationLimits,
    DelegationState,
    KeyEnd,
    OwnerNamed,
    OwnerTransactionDied,
    OwnerTransactionKind,
    OwnerTransactionLanded,
    OwnerTransactionOffered,
    OwnerTransactionRefused,
    OwnerTransactionReturned,
    OwnerTransactionSent,
    RevokeAsked,
)
from contracts.engine import (
    CircuitOpened,
    ForeignOrderSeen,
    Mode,
    ModeChanged,
    PositionAdopted,
    ReconciliationBroke,
    ReconciliationPassed,
)
from contracts.event import Draft, Event
from contracts.feed import (
    FeedKind,
    FeedOpened,
    FeedRecovered,
    FeedStalled,
    FrameRefused,
    HistoryMissed,
    TapeEnded,
    TradeGapDetected,
)
from contracts.ids import derive_client_order_id, derive_id, derive_root_id
from contracts.manual import (
    OfferClosed,
    OfferDeclined,
    OfferOutcome,
    Rehearsed,
    ReturnRefused,
    SignatureAsked,
    SigningMode,
    SigningModeChanged,
    SimulatedEffect,
    TransactionOffered,
    TransactionReturned,
)
from contracts.minute import (
    BackfilledMinute,
    CandleSource,
    MinuteClosed,
    MinutesBackfilled,
)
from contracts.order import (
    CancelDenied,
    CancelIntended,
    CancelReason,
    OrderCanceled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    ReplaceIntended,
    SetupClosed,
    SideCancelIntended,
    StopTriggered,
    TriggerIntended,
)
from contracts.process import ServiceStarted, ServiceStopped
from contracts.registry import EVENTS
from contracts.routes import subject_of
from contracts.signal import EntrySignaled, EntryWithheld, Features, Phase, WithheldReason
from contracts.transaction import (
    RetryClass,
    SigningRefused,
    TransactionDied,
    TransactionLanded,
    TransactionPlanned,
    TransactionSigned,
    Urgency,
)
from contracts.values import Leg, Liquidity, OrderKind, Side, VenueClock
from contracts.venue import (
    AccountFunded,
    CapitalMoved,
    DelegateSeen,
    ForeignOrderFilled,
    FundingSettled,
    InterestSettled,
    MarketStatus,
    ObservedMarket,
    ObservedOrder,
    PositionLiquidated,
    QuoteBalance,
    VenueAdvanced,
    VenueFeeCharged,
    VenueObserved,
    VenueTimePassed,
)
from contracts.verdict import Finding, OrderApproved, OrderDenied, Rule

FOLDER = Path(__file__).parents[1] / "contract" / "golden"

Json = dict[str, Any]  # Any: a JSON document, or fields that the event checks.

_AT = datetime(2024, 7, 18, 14, 3, 0, 812_000, tzinfo=UTC)
_MINUTE = datetime(2024, 7, 18, 14, 2, tzinfo=UTC)
_ROOT = derive_root_id("golden")
_PROPOSAL = derive_id(_ROOT, "entry_signaled")
_SETUP = derive_id(_PROPOSAL, "verdict/local")
_ORDER = derive_client_order_id(_SETUP, Leg.ENTRY, 0)
_FEED: Json = {"venue": "binance-usdm", "symbol": "solusdt"}
_HOLDER: Json = {"account": "local", "market": "sol-perp"}
_ENTRY: Json = {**_HOLDER, "setup": _SETUP, "client_order_id": _ORDER, "leg": Leg.ENTRY}
_CLOCK = VenueClock(at=_AT, slot=311_204_417, trade_id=1_234_567_890)
_QUOTE = QuoteBalance(
    balance_usd=Decimal("1234.56"),
    deposit_index=Decimal("1.0273581967"),
    borrow_index=Decimal("1.0412345678"),
)
_SEEN: Json = {**_ENTRY, "clock": _CLOCK}
_STOP: Json = {
    **_ENTRY,
    "client_order_id": derive_client_order_id(_SETUP, Leg.STOP, 0),
    "leg": Leg.STOP,
}
_SIGNATURE = (
    "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
)
_MESSAGE = b"\x80\x01\x00\x02\x05 a message"
_SIGNED: Json = {
    **_HOLDER,
    "transaction": derive_id(_ROOT, "transaction_planned"),
    "signature": _SIGNATURE,
}
_SESSION: Json = {
    "account": "local",
    "wallet": "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM",
    "session": "5f3c8e1b0d9a4c7e8f6a2b1c0d9e8f7a",
}
_WALLET = _SESSION["wallet"]
_OWNED: Json = {"account": "local", "wallet": _WALLET}
_DELEGATE = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z"
_CONSENT = "A delegate can trade, and lose, all that is in this sub-account."
_OWNERS_BYTES: Json = {
    "message": base64.b64encode(_MESSAGE).decode(),
    "message_sha256": hashlib.sha256(_MESSAGE).hexdigest(),
    "blockhash": "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N",
    "last_valid_block_height": 290_117_211,
}
_OFFER = derive_id(_ROOT, "signature_asked")
_OWNERS: Json = {
    **_HOLDER,
    "kind": OwnerTransactionKind.DELEGATE,
    "offer": derive_id(_ROOT, "owner_transaction_offered"),
    "signature": _SIGNATURE,
    "clock": _CLOCK,
}
_OTHER_FILL: Json = {
    **_HOLDER,
    "side": Side.SHORT,
    "price_usd": Decimal("151.02"),
    "quantity_base": Decimal("40.5"),
    "position_after_base": Decimal("31.61"),
    "clock": _CLOCK,
}
_PRICES: Json = {
    "side": Side.LONG,
    "entry_price_usd": Decimal("157.42"),
    "stop_price_usd": Decimal("156.9"),
    "tp_prices_usd": (Decimal("157.94"), Decimal("158.46"), Decimal("159.5")),
}
_SETTINGS = Settings(
    leverage_max=Decimal(5),
    risk_per_trade_bps=Decimal("37.5"),
    daily_drawdown_limit_pct=Decimal(3),
    priority_fee_cap_microlamports=50_000,
    delegate_enabled=False,
    strategy_enabled=True,
)
_FEATURES = Features(
    close_usd=Decimal("157.43"),
    session_vwap_usd=Decimal("157.388172906501"),
    session_cvd_base=Decimal("-1204.61"),
    atr_5m_usd=Decimal("0.2071428571"),
    rsi=Decimal("58.0312"),
)
_COLD = Features(
    close_usd=Decimal("157.43"),
    session_vwap_usd=None,
    session_cvd_base=Decimal(0),
    atr_5m_usd=None,
    rsi=None,
)


def _verdict(*, is_approved: bool) -> Json:
    return {
        **_HOLDER,
        **_PRICES,
        "proposal": _PROPOSAL,
        "quantity_base": Decimal("72.11"),
        "notional_usd": Decimal("11351.5562"),
        "risk_usd": Decimal("37.4972"),
        "equity_usd": Decimal(10000),
        "leverage_after": Decimal("1.13515562"),
        "policy": "risk-1",
        "findings": (
            Finding(
                rule=Rule.INPUTS_FRESH,
                passed=is_approved,
                observed=Decimal(0) if is_approved else None,
                limit=Decimal(5000),
                unit="ms",
                inputs=(derive_id(_ROOT, "venue_advanced"),) if is_approved else (),
            ),
            Finding(
                rule=Rule.LEVERAGE,
                passed=True,
                observed=Decimal("1.13515562"),
                limit=Decimal(5),
                unit="x",
                inputs=(_PROPOSAL, _ROOT),
            ),
        ),
    }


EXAMPLES: Sequence[Event] = (
    FeedOpened(
        **_FEED,
        market="sol-perp",
        kind=FeedKind.TAPE,
        identity="tape:9f86d081884c7d65",
        is_replayable=True,
        description="solusdt, 2 files, 18 to 19 July 2024",
    ),
    TradeGapDetected(
        **_FEED,
        first_missing_id=1_234_567_891,
        last_missing_id=1_234_567_893,
        missing_trades=3,
        before_at=_AT,
        after_at=_AT.replace(microsecond=999_000),
    ),
    FrameRefused(
        **_FEED,
        reason="expected a whole JSON object, found the end after 41 bytes",
        frame_sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        frame_bytes=41,
        origin="solusdt_20240718.gz:12",
    ),
    FeedStalled(**_FEED, stream="public", reason="no frame", silence_ms=15_000),
    FeedRecovered(**_FEED, stream="public", stalled_ms=16_250),
    HistoryMissed(**_FEED, reason="expected candles, found status 503"),
    TapeEnded(
        **_FEED,
        trades=93_954,
        quantity_base=Decimal("1204331.07"),
        first_trade_id=1_234_473_936,
        last_trade_id=1_234_567_892,
        gaps=1,
        missing_trades=3,
        is_truncated=False,
    ),
    MinuteClosed(
        **_FEED,
        market="sol-perp",
        minute=_MINUTE,
        closed_at=_AT,
        is_complete=True,
        open_usd=Decimal("157.4"),
        high_usd=Decimal("157.51"),
        low_usd=Decimal("157.33"),
        close_usd=Decimal("157.43"),
        volume_base=Decimal("3120.5"),
        buy_volume_base=Decimal("1802.25"),
        turnover_usd=Decimal("491260.315"),
        trades=214,
        late_trades=1,
        missing_trades=0,
        silence_ms_max=2_310,
        first_trade_id=1_234_567_677,
        last_trade_id=1_234_567_890,
        ticks_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    MinutesBackfilled(
        **_FEED,
        market="sol-perp",
        source=CandleSource.BINANCE_KLINES,
        part=1,
        parts=1,
        first_minute=_MINUTE,
        minutes=(
            BackfilledMinute(
                open_usd=Decimal("157.4"),
                high_usd=Decimal("157.51"),
                low_usd=Decimal("157.33"),
                close_usd=Decimal("157.43"),
                volume_base=Decimal("3120.5"),
                buy_volume_base=Decimal("1802.25"),
                turnover_usd=Decimal("491260.315"),
            ),
        ),
        next_trade_id=1_234_567_677,
    ),
    EntrySignaled(
        market="sol-perp",
        **_PRICES,
        strategy="vwap-reclaim-1",
        minute=_MINUTE,
        closed_at=_AT,
        features=_FEATURES,
        missing_trades_in_window=0,
    ),
    EntryWithheld(
        market="sol-perp",
        strategy="vwap-reclaim-1",
        minute=_MINUTE,
        reason=WithheldReason.WARMING_UP,
        long_phase=Phase.LOST,
        short_phase=Phase.IDLE,
        features=_COLD,
    ),
    OrderApproved(
        **_verdict(is_approved=True),
        expires_at=_AT.replace(minute=8),
        priority_fee_microlamports=10_000,
    ),
    OrderDenied(**_verdict(is_approved=False), headline=Rule.INPUTS_FRESH),
    OrderIntended(
        **_ENTRY,
        user_order_id=16,
        side=Side.LONG,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=Decimal("157.42"),
        quantity_base=Decimal("72.11"),
        is_reduce_only=False,
        expires_at=_AT.replace(minute=8),
    ),
    ReplaceIntended(
        **_ENTRY,
        venue_order_id=40_017,
        generation=1,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=Decimal("157.47"),
        expires_at=_AT.replace(minute=8),
        reason="stale",
    ),
    CancelIntended(**_ENTRY, venue_order_id=40_018, reason=CancelReason.EXPIRED),
    TriggerIntended(**_STOP, venue_order_id=40_019),
    SideCancelIntended(**_HOLDER, setup=_SETUP, side=Side.LONG, reason=CancelReason.KILL_SWITCH),
    OrderPlaced(**_SEEN, venue_order_id=40_017, price_usd=Decimal("157.42")),
    OrderRejected(**_SEEN, code=6057, reason="would-cross"),
    OrderReplaced(**_SEEN, venue_order_id=40_018, generation=1, price_usd=Decimal("157.47")),
    OrderCanceled(**_SEEN, reason=CancelReason.KILL_SWITCH, unfilled_base=Decimal("12.11")),
    StopTriggered(**_STOP, clock=_CLOCK, trigger_price_usd=Decimal("156.9")),
    OrderFilled(
        **_SEEN,
        fill_id="paper-1234567890-0",
        side=Side.LONG,
        liquidity=Liquidity.MAKER,
        price_usd=Decimal("157.42"),
        quantity_base=Decimal(60),
        remaining_base=Decimal("12.11"),
        fee_usd=Decimal("-0.18890"),
        realized_pnl_usd=Decimal(0),
        position_after_base=Decimal(60),
    ),
    CancelDenied(**_HOLDER, client_order_id=_ORDER, reason="already-canceling"),
    SetupClosed(
        **_HOLDER,
        setup=_SETUP,
        outcome="took-profit",
        realized_pnl_usd=Decimal("62.4"),
        fees_usd=Decimal("1.0394"),
        funding_usd=Decimal("-0.0271"),
        transaction_fees_lamports=61_200,
    ),
    TransactionPlanned(
        **_HOLDER,
        setup=_SETUP,
        intents=(derive_id(_ROOT, "order_intended", 0), derive_id(_ROOT, "order_intended", 1)),
        retry_class=RetryClass.EXPOSURE,
        urgency=Urgency.NORMAL,
        attempt=1,
        priority_fee_lamports=4_200,
    ),
    TransactionSigned(
        **_SIGNED,
        message=base64.b64encode(_MESSAGE).decode(),
        message_sha256=hashlib.sha256(_MESSAGE).hexdigest(),
        blockhash="J7rBdM6AecPDEZp8aPq5iPSNKVkU5Q76F3oAV4eW5wsW",
        last_valid_block_height=289_114_602,
        clock=_CLOCK,
    ),
    SigningRefused(
        **_HOLDER,
        transaction=_SIGNED["transaction"],
        code="price-band",
        expected="at most 151500000",
        found="163000000",
        message_sha256=hashlib.sha256(_MESSAGE).hexdigest(),
        clock=_CLOCK,
    ),
    TransactionLanded(
        **_SIGNED,
        slot=311_204_421,
        code=6057,
        reason="would-cross",
        fee_lamports=9_200,
        clock=_CLOCK,
    ),
    TransactionDied(**_SIGNED, block_height=289_114_603, clock=_CLOCK),
    VenueObserved(
        **_HOLDER,
        clock=_CLOCK,
        block_height=289_114_471,
        heard=4,
        position_base=Decimal(60),
        cash_usd=Decimal("554.8"),
        break_even_usd=Decimal("157.433"),
        liquidation_usd=None,
        orders=(
            ObservedOrder(
                venue_order_id=40_019,
                user_order_id=48,
                side=Side.SHORT,
                kind=OrderKind.TRIGGER_MARKET,
                price_usd=Decimal("156.9"),
                quantity_base=None,
                filled_base=Decimal(0),
                is_reduce_only=True,
                is_triggered=False,
                expires_at=None,
                slot=311_204_390,
            ),
        ),
        market_seen=ObservedMarket(
            status=MarketStatus.ACTIVE,
            oracle_usd=Decimal("157.431"),
            oracle_age_slots=1,
            trigger_usd=Decimal("157.431"),
            bid_usd=Decimal("157.42"),
            ask_usd=Decimal("157.44"),
        ),
        delegate=DelegateSeen.OURS,
        is_liquidating=False,
        is_reduce_only=False,
        fee_payer_lamports=48_900_000,
        fee_per_unit_microlamports=14_000,
    ),
    FundingSettled(
        **_HOLDER,
        amount_usd=Decimal("-0.1133"),
        rate=Decimal("0.000012"),
        position_base=Decimal(60),
        hour=_AT.replace(minute=0, second=0, microsecond=0),
        clock=_CLOCK,
    ),
    VenueFeeCharged(
        **_HOLDER,
        key="fee-311204417-0",
        venue_order_id=40_019,
        reason="trigger",
        fee_usd=Decimal("0.01"),
        clock=_CLOCK,
    ),
    AccountFunded(**_HOLDER, cash_usd=Decimal("1234.56"), quote=_QUOTE, clock=_CLOCK),
    CapitalMoved(**_HOLDER, key="deposit-1", amount_usd=Decimal("-250.5"), clock=_CLOCK),
    InterestSettled(**_HOLDER, amount_usd=Decimal("0.123457"), quote=_QUOTE, clock=_CLOCK),
    PositionLiquidated(
        **_OTHER_FILL,
        fill_id="paper-liquidation-1",
        fee_usd=Decimal("45.872325"),
        realized_pnl_usd=Decimal("-259.2"),
    ),
    ForeignOrderFilled(
        **_OTHER_FILL,
        fill_id="paper-1234567891-0",
        venue_order_id=40_020,
        fee_usd=Decimal("6.11631"),
        realized_pnl_usd=Decimal(0),
    ),
    VenueAdvanced(
        venue="paper",
        market="sol-perp",
        minute=_MINUTE,
        closed_at=_AT,
        last_trade_id=1_234_567_889,
    ),
    VenueTimePassed(venue="paper", market="sol-perp", clock=_CLOCK),
    ModeChanged(**_HOLDER, before=Mode.RUN, mode=Mode.DEGRADED, reason="oracle-stale"),
    ReconciliationBroke(**_HOLDER, what="position", expected=Decimal(60), found=Decimal("-12.5")),
    ReconciliationPassed(**_HOLDER, what="position"),
    ForeignOrderSeen(
        **_HOLDER,
        venue_order_id=40_020,
        user_order_id=0,
        side=Side.SHORT,
        price_usd=Decimal("158.2"),
    ),
    PositionAdopted(
        **_HOLDER,
        position_base=Decimal("-12.5"),
        oracle_usd=Decimal("157.431"),
        stop_price_usd=Decimal("161.3"),
    ),
    CircuitOpened(**_HOLDER, setup=_SETUP, lane="stop", code=6003, refusals=3),
    AccountOpened(
        account="local",
        venue="localnet",
        equity_usd=None,
        priority_fee_microlamports=10_000,
        settings=_SETTINGS,
    ),
    SettingsChanged(
        account="local",
        before=_SETTINGS,
        settings=_SETTINGS.model_copy(update={"strategy_enabled": False}),
        by="local",
    ),
    NotificationsChanged(
        account="local",
        number=2,
        channels=("phone", "desk"),
        retargeted=("desk",),
        has_other_heartbeat=False,
        by="local",
    ),
    KillSwitchEngaged(
        account=None, level=KillLevel.FLATTEN, reason="news – “stand down”", by="local"
    ),
    TradingResumed(account="local", reason="", by="local"),
    ManualOrderRequested(
        **_HOLDER,
        **_PRICES,
        quantity_base=Decimal("0.01"),
        leverage=Decimal(2),
        venue="paper",
        notes="a try",
        by="local",
    ),
    CancelRequested(**_HOLDER, client_order_id=_ORDER, by="local"),
    SignedIn(
        **_SESSION,
        domain="desk.example.com",
        address="192.0.2.7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        expires_at=_AT + timedelta(hours=8),
    ),
    SignedOut(**_SESSION, cause=SignOutCause.REVOKED),
    ActivityExported(
        account="local",
        by="local",
        form="jsonl",
        first=1,
        last=4_000,
        wanted=ExportFilter(types=("kill_switch",), severities=("bad",), text="“news”"),
        count=17,
        chain_sha256="c4" * 32,
        is_complete=True,
    ),
    OwnerNamed(**_OWNED, by="local"),
    ConsentGiven(
        **_SESSION,
        text=_CONSENT,
        text_sha256=hashlib.sha256(_CONSENT.encode()).hexdigest(),
        limits=DelegationLimits(
            leverage_max=Decimal(5),
            risk_per_trade_bps=Decimal("37.5"),
            daily_drawdown_limit_pct=Decimal(3),
            key_hours=24,
        ),
        by=_WALLET,
    ),
    DelegationAsked(**_OWNED, consent=derive_id(_ROOT, "consent_given"), by=_WALLET),
    RevokeAsked(**_OWNED, by=_WALLET),
    OwnerTransactionReturned(
        **_OWNED,
        offer=derive_id(_ROOT, "owner_transaction_offered"),
        signature=_SIGNATURE,
        message=base64.b64encode(_MESSAGE).decode(),
        by=_WALLET,
    ),
    AccountHandedOver(
        **_HOLDER,
        wallet=_WALLET,
        sub_account="4nKvJGuCsxkXvzpMFpzmCfbmqDMx8LTUPV7Kx3G7gvDp",
        clock=_CLOCK,
    ),
    DelegateKeyBorn(
        **_OWNED,
        delegate=_DELEGATE,
        request=derive_id(_ROOT, "delegation_asked"),
        born_at=_AT,
        expires_at=_AT + timedelta(hours=24),
    ),
    DelegateKeyDestroyed(
        account="local",
        delegate=_DELEGATE,
        key=derive_id(_ROOT, "delegate_key_born"),
        reason=KeyEnd.EXPIRY,
        clock=_CLOCK,
    ),
    OwnerTransactionOffered(
        **_HOLDER,
        **_OWNERS_BYTES,
        kind=OwnerTransactionKind.REVOKE,
        wallet=_WALLET,
        request=derive_id(_ROOT, "revoke_asked"),
        delegate=None,
        cancels=CanceledOrders.ENTRIES,
        opens_account=False,
        leverage_max=None,
        deposit_usd=None,
        delegate_lamports=0,
        expires_at=_AT + timedelta(seconds=60),
        clock=_CLOCK,
    ),
    OwnerTransactionRefused(
        account="local",
        about=derive_id(_ROOT, "owner_transaction_returned"),
        code="tx-altered",
        reason="expected 1 instruction of ours, found 2",
    ),
    OwnerTransactionSent(**_OWNERS, **_OWNERS_BYTES),
    OwnerTransactionLanded(**_OWNERS, slot=311_204_421, code=2003, fee_lamports=5_000),
    OwnerTransactionDied(**_OWNERS, block_height=290_117_212),
    DelegationChanged(
        **_HOLDER,
        before=DelegationState.AWAITING,
        state=DelegationState.ACTIVE,
        delegate=_DELEGATE,
        clock=_CLOCK,
    ),
    SigningModeChanged(
        account="local",
        before=SigningMode.DELEGATE,
        mode=SigningMode.MANUAL,
        wallet=_WALLET,
        by=_WALLET,
    ),
    TransactionReturned(
        **_OWNED,
        offer=_OFFER,
        signature=_SIGNATURE,
        message=base64.b64encode(_MESSAGE).decode(),
        by=_WALLET,
    ),
    OfferDeclined(**_OWNED, offer=_OFFER, by=_WALLET),
    SignatureAsked(
        **_HOLDER,
        setup=_SETUP,
        wallet=_WALLET,
        intents=(
            SideCancelIntended(
                **_HOLDER, setup=_SETUP, side=Side.LONG, reason=CancelReason.KILL_SWITCH
            ),
            TriggerIntended(**_STOP, venue_order_id=40_019),
        ),
        retry_class=RetryClass.WIDE,
        urgency=Urgency.KILL,
        priority_fee_lamports=3_000,
    ),
    TransactionOffered(
        **_HOLDER,
        **_OWNERS_BYTES,
        offer=_OFFER,
        wallet=_WALLET,
        expires_at=_AT + timedelta(seconds=60),
        simulated=SimulatedEffect(
            code=None,
            position_base=Decimal("72.11"),
            position_after_base=Decimal(0),
            orders=3,
            orders_after=1,
            equity_usd=Decimal("10012.37"),
            margin_usd=Decimal("1135.11"),
            margin_after_usd=Decimal("0.01"),
            fee_lamports=8_000,
        ),
        rehearsed=Rehearsed(code=6003, reason="InsufficientCollateral", units=61_204, silence=None),
        clock=_CLOCK,
    ),
    OfferClosed(
        **_HOLDER,
        offer=_OFFER,
        outcome=OfferOutcome.SIGNED,
        about=derive_id(_ROOT, "transaction_returned"),
        transaction=derive_id(_ROOT, "transaction_planned"),
    ),
    ReturnRefused(
        **_HOLDER,
        about=derive_id(_ROOT, "transaction_returned"),
        offer=_OFFER,
        code="tx-altered",
        reason="expected the 2 calls offered, found 3 others",
    ),
    ServiceStarted(
        service="risk",
        instance="risk-0",
        revision="unknown",
        python="3.11.9",
        packages_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        policy="risk-3",
    ),
    ServiceStopped(service="risk", instance="risk-0"),
)


def name_of(event: type[Event], version: int) -> str:
    """Name the file of one version of an event."""
    return f"{event.event_type}.v{version}.json"


def content_of(event: Event) -> str:
    """Give the file of an event: its subject, its headers, and its body as the wire has it."""
    draft = _draft_of(event)
    source = "risk" if event.owner == "*" else event.owner
    headers, body = codec.encode(draft, source=source)
    message = {"subject": draft.subject, "headers": headers, "body": json.loads(body)}
    return json.dumps(message, indent=2, ensure_ascii=False) + "\n"


def body_bytes(message: Json) -> bytes:
    """Give the bytes of a stored body: the same JSON without white space."""
    return json.dumps(message["body"], ensure_ascii=False, separators=(",", ":")).encode()


def expected_names() -> set[str]:
    """Name the files that there must be: one per version of every event."""
    return {
        name_of(event, version) for event in EVENTS for version in range(1, event.event_version + 1)
    }


def write_missing(folder: Path = FOLDER) -> list[Path]:
    """Write the newest version of each event that has no file yet; leave all others alone."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for event in EXAMPLES:
        path = folder / name_of(type(event), event.event_version)
        if not path.exists():
            path.write_text(content_of(event), encoding="utf-8", newline="\n")
            written.append(path)
    return written


def _draft_of(event: Event) -> Draft:
    """Give roots no cause, and what follows a proposal its correlation."""
    is_root = event.owner in ("*", "ingest", "gateway")
    event_id = derive_id(_ROOT, event.event_type)
    return Draft(
        event=event,
        id=event_id,
        subject=subject_of(event),
        occurred_at=_AT,
        correlation_id=event_id if is_root else _PROPOSAL,
        causation_id=None if is_root else _SETUP,
    )


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in write_missing())
