"""Verdicts for an account on a localnet, one after another, each as if it were the first."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

from contracts.control import AccountOpened
from contracts.event import Event, Recorded
from contracts.feed import FeedKind, FeedOpened
from contracts.ids import MarketId, derive_root_id
from contracts.order import OrderIntended
from contracts.routes import subject_of
from contracts.values import Side
from contracts.verdict import OrderApproved
from execution.domain.planner import PlannerCore
from execution.engine import Engine
from execution.signing.refusals import Refusal
from execution.venues.port import SignedTransaction
from kit.chain_signer import JudgingSigner
from kit.drift_chain import ACCOUNT, OnChain
from kit.execution_events import SETTINGS

_ENTRY_USD, _RISK_USD, _TICK_USD = Decimal("149.9"), Decimal(1), Decimal("0.001")
_PRICES = 500
_QUANTITY = Decimal(10)


class Verdicts:
    """Makes a fresh fold for each verdict; what it signs differs in its price."""

    def __init__(self, on: OnChain) -> None:
        self._on = on
        self._count = 0
        self.refusals: list[Refusal] = []
        self.intents: Sequence[OrderIntended] = ()
        """What was decided on the last verdict."""

    def ready(self) -> Callable[[], SignedTransaction]:
        """Give the way from a verdict to its signed transaction; all before it is done."""
        self._count += 1
        core = PlannerCore()
        opened = AccountOpened(
            account=ACCOUNT,
            venue="paper",
            equity_usd=Decimal(10_000),
            priority_fee_microlamports=10_000,
            settings=SETTINGS,
        )
        feed = FeedOpened(
            venue="binance-usdm",
            symbol="solusdt",
            market=MarketId("sol-perp"),
            kind=FeedKind.SYNTHETIC,
            identity="verdicts",
            is_replayable=True,
            description="",
        )
        core.step(self._recorded(feed, 1))
        core.step(self._recorded(opened, 2))
        signer = JudgingSigner(self._on.rig.desk.delegate, self._on.chain, self.refusals)
        engine = Engine(core, self._on.chain, signer)
        verdict = self._recorded(self._approval(), 3)

        def sign() -> SignedTransaction:
            core.step(verdict)
            turn = engine.turn(ACCOUNT)
            if turn is None or not turn.transactions:
                raise AssertionError(f"expected a signature, found {turn} and {self.refusals}")
            decided = (draft.event for draft in turn.drafts)
            self.intents = [it for it in decided if isinstance(it, OrderIntended)]
            return turn.transactions[0]

        return sign

    def build(self) -> None:
        """Write and sign the last verdict's orders once more, without deciding or judging."""
        blockhash = self._on.chain.blockhash()
        message = self._on.chain.message(
            ACCOUNT, self.intents, blockhash=blockhash, priority_fee_lamports=1, serial=1
        )
        self._on.rig.desk.delegate.sign_message(message)

    def forget(self) -> None:
        """Let what was sent never have been: the account is flat for the next one."""
        lander = self._on.chain._lander  # pyright: ignore[reportPrivateUsage]  Nothing else forgets.
        lander._flying.clear()  # pyright: ignore[reportPrivateUsage]
        lander._known.clear()  # pyright: ignore[reportPrivateUsage]  Prices come again.

    def _approval(self) -> OrderApproved:
        entry = _ENTRY_USD - self._count % _PRICES * _TICK_USD
        return OrderApproved(
            account=ACCOUNT,
            market="sol-perp",
            proposal=derive_root_id("proposal", self._count),
            side=Side.LONG,
            quantity_base=_QUANTITY,
            entry_price_usd=entry,
            stop_price_usd=entry - _RISK_USD,
            tp_prices_usd=(entry + _RISK_USD, entry + 2 * _RISK_USD, entry + 3 * _RISK_USD),
            notional_usd=entry * _QUANTITY,
            risk_usd=_RISK_USD * _QUANTITY,
            equity_usd=Decimal(10_000),
            leverage_after=Decimal(1),
            policy="risk-2",
            findings=(),
            expires_at=self._on.rig.at(0) + timedelta(seconds=120),
            priority_fee_microlamports=10_000,
        )

    def _recorded(self, event: Event, position: int) -> Recorded:
        name = derive_root_id(event.event_type, self._count, position)
        now = self._on.rig.at(0)
        return Recorded(
            event=event,
            id=name,
            subject=subject_of(event),
            occurred_at=now,
            correlation_id=name,
            causation_id=name,
            source=event.owner,
            version=event.event_version,
            position=position,
            recorded_at=now,
            body=b"",
        )
