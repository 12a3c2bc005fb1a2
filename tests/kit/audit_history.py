"""A scripted history: everything that a desk records in a few setups, as drafts and as messages.

Every setup is a manual order with its verdict; approved ones are worked (`kit.audit_life`). Bars
with withheld entries stand between. `JudgingCore` decides the verdicts anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

from chassis.log import RawMessage
from contracts import codec
from contracts.control import ManualOrderRequested
from contracts.event import Draft, Event, Recorded
from contracts.ids import derive_id, derive_root_id
from contracts.minute import MinuteClosed
from contracts.process import ServiceStarted
from contracts.signal import EntryWithheld, Features, Phase, WithheldReason
from contracts.values import Side
from contracts.verdict import Finding, OrderApproved, OrderDenied, Rule
from kit.audit_life import ACCOUNT, BEGIN, MARKET, a_draft, at, life

QUANTITY_MAX = Decimal(100)
"""What `JudgingCore` approves at most."""


def history(setups: int, *, bars: int = 2) -> Iterator[Draft]:
    """Give the drafts of some setups, every third denied, and of `bars` bars before each."""
    minutes = count()
    for number in range(setups):
        for _ in range(bars):
            yield from a_bar(next(minutes))
        proposal = a_proposal(number, at(next(minutes)))
        verdict = judge(proposal)
        yield proposal
        yield verdict
        if isinstance(verdict.event, OrderApproved):
            yield from life(verdict, number)


def messages(drafts: Iterable[Draft], *, begin: int = 1) -> list[RawMessage]:
    """Give the messages that the log holds after these drafts."""
    result: list[RawMessage] = []
    for position, draft in enumerate(drafts, start=begin):
        event = draft.event
        source = event.service if isinstance(event, ServiceStarted) else event.owner
        headers, body = codec.encode(draft, source=source)
        headers[codec.TRACEPARENT] = f"00-{position:032x}-{position:016x}-01"
        recorded_at = BEGIN + timedelta(days=1, milliseconds=position)
        result.append(RawMessage(position, draft.subject, headers, body, recorded_at))
    return result


def recorded(drafts: Iterable[Draft]) -> list[Recorded]:
    """Give the events that the log holds after these drafts."""
    return [
        codec.decode(
            subject=message.subject,
            headers=message.headers,
            body=message.body,
            position=message.position,
            recorded_at=message.recorded_at,
        )
        for message in messages(drafts)
    ]


def a_bar(minute: int) -> Sequence[Draft]:
    """Close a minute without an entry."""
    event_id = derive_root_id("minute_closed", "binance-usdm", "solusdt", minute)
    closed = MinuteClosed(
        venue="binance-usdm",
        symbol="solusdt",
        market=MARKET,
        minute=at(minute),
        closed_at=at(minute + 1),
        is_complete=True,
        open_usd=Decimal("171.2"),
        high_usd=Decimal("171.9"),
        low_usd=Decimal("170.8"),
        close_usd=Decimal("171.5"),
        volume_base=Decimal("1204.25"),
        buy_volume_base=Decimal("700.5"),
        turnover_usd=Decimal("206408.45"),
        trades=431,
        late_trades=0,
        missing_trades=0,
        silence_ms_max=840,
        first_trade_id=1000 + 431 * minute,
        last_trade_id=1430 + 431 * minute,
        ticks_sha256=f"{minute:064x}",
    )
    withheld = EntryWithheld(
        market=MARKET,
        strategy="vwap-reclaim-1",
        minute=at(minute),
        reason=WithheldReason.VWAP_NOT_LOST,
        long_phase=Phase.IDLE,
        short_phase=Phase.IDLE,
        features=Features(
            close_usd=Decimal("171.5"),
            session_vwap_usd=Decimal("171.34"),
            session_cvd_base=Decimal("-25.5"),
            atr_5m_usd=Decimal("0.42"),
            rsi=Decimal("51.3"),
        ),
    )
    cause = a_draft(closed, event_id, event_id, None, closed.closed_at)
    answer_id = derive_id(event_id, withheld.event_type)
    return cause, a_draft(withheld, answer_id, event_id, event_id, closed.closed_at)


def a_proposal(number: int, when: datetime, *, quantity: Decimal | None = None) -> Draft:
    """Ask for a setup by hand; every third is too large for `JudgingCore`."""
    too_large = number % 3 == 2
    event = ManualOrderRequested(
        account=ACCOUNT,
        market=MARKET,
        side=Side.LONG,
        entry_price_usd=Decimal(100),
        quantity_base=quantity or (QUANTITY_MAX + 1 if too_large else Decimal(10)),
        stop_price_usd=Decimal(99),
        tp_prices_usd=(Decimal(101), Decimal(102), Decimal(103)),
        leverage=Decimal(2),
        venue="paper",
        notes=f'setup {number} \\ "quoted" – été',
        by="tester",
    )
    event_id = derive_root_id(event.event_type, number)
    return a_draft(event, event_id, event_id, None, when)


def judge(proposal: Draft | Recorded) -> Draft:
    """Decide on a proposal as `JudgingCore` does."""
    event = proposal.event
    assert isinstance(event, ManualOrderRequested)
    passed = event.quantity_base <= QUANTITY_MAX
    shared: dict[str, Any] = {  # Any: fields of two classes of events.
        "account": event.account,
        "market": event.market,
        "proposal": proposal.id,
        "side": event.side,
        "quantity_base": event.quantity_base,
        "entry_price_usd": event.entry_price_usd,
        "stop_price_usd": event.stop_price_usd,
        "tp_prices_usd": event.tp_prices_usd,
        "notional_usd": event.quantity_base * event.entry_price_usd,
        "risk_usd": event.quantity_base,
        "equity_usd": Decimal(10_000),
        "leverage_after": Decimal("1.5"),
        "policy": "test-1",
        "findings": (
            Finding(
                rule=Rule.LEVERAGE,
                passed=passed,
                observed=event.quantity_base,
                limit=QUANTITY_MAX,
                unit="base",
                inputs=(proposal.id,),
            ),
        ),
    }
    verdict = (
        OrderApproved(
            **shared,
            expires_at=proposal.occurred_at + timedelta(minutes=5),
            priority_fee_microlamports=10_000,
        )
        if passed
        else OrderDenied(**shared, headline=Rule.LEVERAGE)
    )
    event_id = derive_id(proposal.id, verdict.event_type)
    return a_draft(verdict, event_id, proposal.id, proposal.id, proposal.occurred_at)


class JudgingCore:
    """A core that answers each order by hand with one verdict."""

    decides: ClassVar[tuple[type[Event], ...]] = (OrderApproved, OrderDenied)

    policy = "test-1"

    def __init__(self) -> None:
        self.is_told = False

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Judge a proposal, unless others do."""
        match recorded.event:
            case ServiceStarted() as started if started.service == "judging":
                self.is_told = started.policy != self.policy
            case ManualOrderRequested() if not self.is_told:
                return [judge(recorded)]
            case _:
                pass
        return []

    def snapshot(self) -> bytes:
        """Give nothing: it has no state."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take nothing."""
        if state:
            raise ValueError(f"expected no state, found {len(state)} bytes")
