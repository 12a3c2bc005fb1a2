"""Our adapter on the real program: a desk whose intents become bytes, are judged, and land."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from contracts.order import (
    CancelIntended,
    CancelReason,
    OrderIntended,
    ReplaceIntended,
    SideCancelIntended,
    TriggerIntended,
)
from contracts.values import Leg, OrderKind, Side, from_millis
from contracts.venue import ObservedOrder, VenueObserved
from execution.signing.facts import (
    AccountFacts,
    Approval,
    ChainFacts,
    Facts,
    MarketFacts,
    OpenOrder,
    Session,
    SignerFacts,
    Standing,
)
from execution.signing.lately import SignedLately
from execution.signing.policy import Permit, judge
from execution.signing.refusals import Refusal
from execution.venues.drift.config import DriftVenue
from execution.venues.drift.encoder import encode, venue_accounts
from execution.venues.drift.snapshot import observe
from execution.venues.drift.view import ChainView, RawAccount, addresses, first_addresses
from execution.venues.port import Intent
from execution.venues.units import base_units, price_units
from kit.localnet_rig import Desk, a_desk
from localnet.drift.addresses import PROGRAM
from localnet.drift.markets import MARKETS
from localnet.errors import error_code
from localnet.journal import Landed

SETUP = UUID(int=7)
ENTRY_NUMBER, STOP_NUMBER, PROFIT_NUMBER, CLOSE_NUMBER = 16, 48, 112, 208
WHOLE = frozenset({STOP_NUMBER})
_STANDING = Standing(kill_level=0, is_revoked=False, control_position=1, orders_position=1)
_HOUR_MS = 3_600_000


@dataclass
class Rig:
    """A desk on the program, seen and moved through the adapter alone."""

    desk: Desk
    venue: DriftVenue
    attempts: int = 0
    makers: tuple[tuple[Pubkey, Pubkey], ...] = ()
    """Whom a close may take from."""
    side: Side = Side.LONG
    """Which the approval is for."""

    @property
    def delegate(self) -> Pubkey:
        """Give who signs."""
        return self.desk.delegate.pubkey()

    @property
    def now_s(self) -> int:
        """Give chain time."""
        return self.desk.world.chain.tip.at_s

    def at(self, seconds: int) -> datetime:
        """Give chain time so many seconds from now."""
        return from_millis((self.now_s + seconds) * 1_000)

    def raw(self, keys: Sequence[Pubkey]) -> dict[Pubkey, RawAccount]:
        """Give accounts as a node shows them."""
        found = ((key, self.desk.world.chain.account(key)) for key in keys)
        return {key: RawAccount(bytes(it.data), it.owner, it.lamports) for key, it in found if it}

    def view(self) -> ChainView:
        """Read everything."""
        height = self.desk.world.chain.tip.height
        first = ChainView(self.venue, self.raw(first_addresses(self.venue)), height, 0)
        keys = addresses(first, payer=self.delegate)
        return ChainView(self.venue, self.raw(keys), height, 0)

    def seen(self) -> VenueObserved:
        """Observe the account."""
        return observe(self.view(), account="local", delegate=self.delegate, whole=WHOLE)

    def order(self, number: int) -> ObservedOrder:
        """Give an open order by its number."""
        return next(it for it in self.seen().orders if it.user_order_id == number)

    def message(self, *intents: Intent) -> bytes:
        """Write intents; a second time in one slot they are another transaction."""
        self.attempts += 1
        return encode(
            self.view(),
            intents,
            authority=self.delegate,
            blockhash=str(self.desk.world.chain.tip.hash),
            priority_fee_lamports=1_000 + self.attempts,
            makers=self.makers,
        )

    def judged(self, message: bytes) -> Permit | Refusal:
        """Ask the policy signer's judgment."""
        return judge(message, Facts(self.facts(), self._signer()))

    def facts(self) -> AccountFacts:
        """Give what the policy knows, with an approval of 10 up to 1 USD beyond 150."""
        seen, tip = self.seen(), self.desk.world.chain.tip
        position = base_units(seen.position_base)
        is_entered = bool(position) or any(not it.is_reduce_only for it in seen.orders)
        size = 0 if is_entered else 10 * 10**9
        return AccountFacts(
            account="local",
            venue=venue_accounts(self.view(), self.makers),
            market=MarketFacts(0, 1_000, 10**7, price_units(seen.market_seen.oracle_usd)),
            chain=ChainFacts(self.now_s, tip.height, {tip.hash: tip.height + 150}),
            position=position,
            orders=tuple(map(_open, seen.orders)),
            approval=Approval(
                SETUP, self.side, size, (150 + self.side.sign) * 10**6, self.now_s + 60
            ),
            stop_price=None,
            notional_max=5_000 * 10**6,
            is_shrink_only=False,
            standing=_STANDING,
            tables={},
        )

    def send(self, *intents: Intent) -> Landed:
        """Let the policy permit the bytes, sign and land them; give what came of them."""
        message = self.message(*intents)
        answer = self.judged(message)
        assert isinstance(answer, Permit), answer
        return self.land(message)

    def land(self, message: bytes) -> Landed:
        """Sign and land bytes without asking."""
        chain = self.desk.world.chain
        transaction = VersionedTransaction(from_bytes_versioned(message), [self.desk.delegate])
        assert chain.refusal(transaction) is None
        chain.send(transaction)
        for _ in range(5):
            landed = chain.landed(transaction.signatures[0])
            if landed is not None:
                return landed
            chain.advance(at_s=self.now_s + 1)
        raise AssertionError("expected the transaction to land, found it nowhere")

    def code(self, *intents: Intent) -> int | None:
        """Send intents; give the program's error."""
        return error_code(self.send(*intents).error)

    def quote(self, bid: str, ask: str) -> None:
        """Let the maker rest, where a close finds it."""
        maker = self.desk.world.maker.trader
        self.desk.actors.quote(
            MARKETS[0], bid_usd=Decimal(bid), ask_usd=Decimal(ask), quantity_base=Decimal(100)
        )
        self.makers = ((maker.user, maker.stats),)
        self.desk.open_slots(1)

    def open_slots_until(self, is_so: Callable[[], bool]) -> None:
        """Let slots pass until something is so."""
        for _ in range(400):
            if is_so():
                return
            self.desk.open_slots(1)
        raise AssertionError("expected it to come within 400 slots, found that it did not")

    def _signer(self) -> SignerFacts:
        now_ms = self.now_s * 1_000
        session = Session(self.delegate, now_ms - _HOUR_MS, now_ms + _HOUR_MS)
        return SignerFacts(session, _STANDING, now_ms, SignedLately())


def a_rig() -> Rig:
    """Build a desk on the real program; skip without one, or without driftpy."""
    desk = a_desk()
    pytest.importorskip(
        "driftpy", reason="driftpy is not installed: `just sync --extra drift` runs the adapter"
    )
    return Rig(desk, DriftVenue("localnet", PROGRAM, "USDC", "sol-perp", 0, desk.trader.authority))


def an_entry(rig: Rig, price: str = "149.9", *, life_s: int = 30) -> OrderIntended:
    """Want a long of 10."""
    return _intended(
        Leg.ENTRY,
        OrderKind.POST_ONLY_LIMIT,
        price,
        "10",
        number=ENTRY_NUMBER,
        side=Side.LONG,
        expires_at=rig.at(life_s),
    )


def a_stop(price: str = "148") -> OrderIntended:
    """Want the stop of whatever the position is."""
    return _intended(
        Leg.STOP, OrderKind.TRIGGER_MARKET, price, None, number=STOP_NUMBER, reduces=True
    )


def a_profit(price: str = "151", quantity: str = "5") -> OrderIntended:
    """Want a take-profit."""
    kind = OrderKind.REDUCE_ONLY_LIMIT
    return _intended(Leg.TP1, kind, price, quantity, number=PROFIT_NUMBER, reduces=True)


def a_close(rig: Rig, price: str = "149", quantity: str = "10") -> OrderIntended:
    """Want out at the market."""
    end = rig.at(8)
    kind = OrderKind.IMMEDIATE_OR_CANCEL
    made = _intended(Leg.CLOSE, kind, price, quantity, number=CLOSE_NUMBER, reduces=True)
    return made.model_copy(update={"expires_at": end})


def a_move(
    rig: Rig, order_id: int, price: str, kind: OrderKind = OrderKind.POST_ONLY_LIMIT
) -> ReplaceIntended:
    """Want an order at another price; an entry keeps its end."""
    is_entry = kind in {OrderKind.POST_ONLY_LIMIT, OrderKind.LIMIT}
    return ReplaceIntended(
        **_about(Leg.ENTRY if is_entry else Leg.STOP),
        venue_order_id=order_id,
        generation=1,
        kind=kind,
        price_usd=Decimal(price),
        expires_at=rig.at(30) if is_entry else None,
        reason="stale",
    )


def a_cancel(order_id: int) -> CancelIntended:
    """Want an order back."""
    return CancelIntended(
        **_about(Leg.ENTRY), venue_order_id=order_id, reason=CancelReason.REQUESTED
    )


def a_side_cancel(side: Side) -> SideCancelIntended:
    """Want a side back."""
    return SideCancelIntended(
        account="local",
        market="sol-perp",
        setup=SETUP,
        side=side,
        reason=CancelReason.KILL_SWITCH,
    )


def a_trigger(order_id: int) -> TriggerIntended:
    """Want our stop fired."""
    return TriggerIntended(**_about(Leg.STOP), venue_order_id=order_id)


def _about(leg: Leg) -> dict[str, Any]:
    number = str(leg.value).replace("_", "")
    return {
        "account": "local",
        "market": "sol-perp",
        "setup": SETUP,
        "client_order_id": number.ljust(26, "0"),
        "leg": leg,
    }


def _intended(
    leg: Leg,
    kind: OrderKind,
    price: str,
    quantity: str | None,
    *,
    number: int,
    side: Side = Side.SHORT,
    reduces: bool = False,
    expires_at: datetime | None = None,
) -> OrderIntended:
    return OrderIntended(
        **_about(leg),
        user_order_id=number,
        side=side,
        kind=kind,
        price_usd=Decimal(price),
        quantity_base=None if quantity is None else Decimal(quantity),
        is_reduce_only=reduces,
        expires_at=expires_at,
    )


def _open(order: ObservedOrder) -> OpenOrder:
    left = None
    if order.quantity_base is not None:
        left = base_units(order.quantity_base - order.filled_base)
    return OpenOrder(
        order_id=order.venue_order_id,
        user_order_id=order.user_order_id,
        side=order.side,
        price=price_units(order.price_usd),
        left=left,
        is_reduce_only=order.is_reduce_only,
        is_trigger=order.kind is OrderKind.TRIGGER_MARKET,
        is_triggered=order.is_triggered,
        is_ours=True,
    )
