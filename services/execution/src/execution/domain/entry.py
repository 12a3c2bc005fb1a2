"""The entry: born with its stop, moved at most twice, converted at most once, then given up."""

from datetime import datetime, timedelta
from decimal import Decimal

from contracts.engine import Mode
from contracts.order import CancelReason, ReplaceIntended
from contracts.transaction import RetryClass, Urgency
from contracts.values import Leg, OrderKind, Side
from execution.domain import exits
from execution.domain.commands import Command, Send
from execution.domain.gates import may_enter
from execution.domain.intents import order_intent
from execution.domain.pricing import aggressive_limit, inside_book, passive_limit
from execution.domain.protection import stop_order
from execution.domain.setup import Setup
from execution.domain.view import Mine, View

_BPS = Decimal(10_000)


def begin(view: View, mode: Mode) -> list[Command]:
    """Send the entry and its stop in one transaction, once every gate is open."""
    setup = view.setup
    if setup is None or setup.is_sent or may_enter(view, mode) is not None:
        return []
    price = _entry_price(view, setup)
    if price is None:
        return []
    entry = order_intent(
        view,
        setup,
        Leg.ENTRY,
        side=setup.side,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=price,
        quantity_base=setup.quantity_base,
    )
    stop = stop_order(view, setup, setup.side)
    return [Send((entry, stop), RetryClass.EXPOSURE, Urgency.NORMAL)]


def work(view: View, mode: Mode) -> list[Command]:
    """Keep a resting entry where it should be, or end it."""
    setup = view.setup
    if setup is None or not view.entries:
        return []
    reason = _why_end(view, setup, mode)
    if reason is not None:
        return [*exits.end_entry(view, reason)]
    entry = view.entries[0]
    is_quiet = not view.flying(Leg.ENTRY) and not view.wide_flights
    if not is_quiet or mode is not Mode.RUN or not _is_stale(view, entry):
        return []
    if entry.order.kind is OrderKind.LIMIT or view.state.is_tripped("move", view.slot):
        return []
    move = _followed(view, setup, entry) or _converted(view, setup, entry)
    return [move] if move else [*exits.end_entry(view, CancelReason.STALE)]


def _why_end(view: View, setup: Setup, mode: Mode) -> CancelReason | None:
    if any(it.order.is_unwanted for it in view.entries):
        return CancelReason.REQUESTED
    if setup.fence_at is not None and view.at > setup.fence_at:
        return CancelReason.EXPIRED
    lasts = view.slot - view.state.mode_since_slot
    if mode is Mode.OWNER_REDUCE_ONLY:
        return CancelReason.MODE
    if mode is Mode.DEGRADED and lasts >= view.policy.degraded_cancel_slots:
        return CancelReason.MODE
    has_exit = any(setup.exited_base(leg) for leg in Leg if leg is not Leg.ENTRY)
    is_unguarded = view.stop is None or view.stop.is_triggered
    if has_exit or (is_unguarded and not view.flying(Leg.STOP)):
        return CancelReason.FLAT
    return None


def _entry_price(view: View, setup: Setup) -> Decimal | None:
    """Give the approved price, or one inside the book after a refusal; None beyond the chase."""
    wish = setup.entry_price_usd if not setup.replaces else view.price_of(setup.side)
    price = _inside_book(view, setup.side, wish)
    return price if _is_within_chase(view, setup, price) else None


def _inside_book(view: View, side: Side, wish_usd: Decimal) -> Decimal:
    market = view.seen.market_seen
    return inside_book(
        side,
        wish_usd,
        bid_usd=market.bid_usd,
        ask_usd=market.ask_usd,
        tick_usd=view.spec.tick_usd,
    )


def _followed(view: View, setup: Setup, entry: Mine) -> Send | None:
    """Move the entry behind the market, as far as the chase limit; None when it cannot move."""
    if (
        setup.replaces >= view.policy.replaces_max
        or _left_ms(view, setup) < view.policy.life_ms_min
    ):
        return None
    side = setup.side
    farthest = _farthest(view, setup)
    wish = (
        min(view.price_of(side), farthest) if side.sign > 0 else max(view.price_of(side), farthest)
    )
    price = _inside_book(view, side, wish)
    if side.sign * (price - entry.seen.price_usd) <= 0:
        return None
    return _move(
        view,
        setup,
        entry,
        kind=OrderKind.POST_ONLY_LIMIT,
        price_usd=price,
        expires_at=setup.fence_at,
        reason="stale",
    )


def _converted(view: View, setup: Setup, entry: Mine) -> Send | None:
    """Let the entry take, if what is left to win at the worst price is worth it."""
    policy, market, side = view.policy, view.seen.market_seen, setup.side
    if setup.converts >= policy.converts_max or setup.fence_at is None:
        return None
    spread_bps = (market.ask_usd - market.bid_usd) / market.oracle_usd * _BPS
    life = timedelta(milliseconds=policy.convert_life_ms)
    cap = aggressive_limit(side, view.price_of(side), view.spec.tick_usd)
    if spread_bps > policy.convert_spread_bps_max or view.at + life > setup.fence_at:
        return None
    if not _is_within_chase(view, setup, cap) or not _is_worth(view, setup, cap):
        return None
    return _move(
        view,
        setup,
        entry,
        kind=OrderKind.LIMIT,
        price_usd=cap,
        expires_at=view.at + life,
        reason="convert",
    )


def _is_worth(view: View, setup: Setup, price_usd: Decimal) -> bool:
    weights = view.policy.ladder_weights_pct
    mean = sum(
        (price * weight for price, weight in zip(setup.tp_prices_usd, weights, strict=False)),
        Decimal(0),
    ) / sum(weights[: len(setup.tp_prices_usd)])
    reward = setup.side.sign * (mean - price_usd)
    risk = setup.side.sign * (price_usd - setup.stop_price_usd)
    return risk > 0 and reward / risk >= view.policy.convert_reward_risk_min


def _move(
    view: View,
    setup: Setup,
    entry: Mine,
    *,
    kind: OrderKind,
    price_usd: Decimal,
    expires_at: datetime | None,
    reason: str,
) -> Send:
    intent = ReplaceIntended(
        account=view.state.account,
        market=view.state.market,
        setup=setup.id,
        client_order_id=entry.order.client_order_id,
        leg=Leg.ENTRY,
        venue_order_id=entry.seen.venue_order_id,
        generation=entry.order.generation + 1,
        kind=kind,
        price_usd=price_usd,
        expires_at=expires_at,
        reason=reason,
    )
    return Send((intent,), RetryClass.SWAP, Urgency.NORMAL)


def _is_stale(view: View, entry: Mine) -> bool:
    """Say whether the market has left an entry that has rested for long enough."""
    policy = view.policy
    since = entry.order.since
    if since is None or view.at - since < timedelta(milliseconds=policy.stale_after_ms):
        return False
    away = view.seen.market_seen.oracle_usd - entry.seen.price_usd
    return entry.seen.side.sign * away / entry.seen.price_usd * _BPS >= policy.stale_distance_bps


def _farthest(view: View, setup: Setup) -> Decimal:
    reach = view.policy.chase_r_max * setup.stop_distance_usd
    return passive_limit(
        setup.side, setup.entry_price_usd + setup.side.sign * reach, view.spec.tick_usd
    )


def _is_within_chase(view: View, setup: Setup, price_usd: Decimal) -> bool:
    return setup.side.sign * (_farthest(view, setup) - price_usd) >= 0


def _left_ms(view: View, setup: Setup) -> int:
    if setup.fence_at is None:
        return 0
    return int((setup.fence_at - view.at) / timedelta(milliseconds=1))
