"""What the service shows of itself: market, clock, positions, open orders and setups."""

from decimal import Decimal

from contracts.values import from_millis, plain
from execution.domain.ledger import Ledger
from execution.domain.setup import Setup
from execution.standing import Standing


def status_of(standing: Standing) -> dict[str, object]:
    """Give the status as JSON values."""
    progress, venue, state = standing.progress, standing.venue, standing.planner.state
    feed = progress.feed
    return {
        "market": None if feed is None else feed.market,
        "is_replayable": None if feed is None else feed.is_replayable,
        "clock": {
            "at": from_millis(venue.now_ms).isoformat() if venue.now_ms else None,
            "trade_id": venue.last_trade_id,
        },
        "is_halted": state.is_halted,
        "accounts": {account: _account(standing, account) for account in state.accounts},
        "waiting_for_verdicts": len(progress.unanswered),
        "is_tape_ended": progress.is_ended,
    }


def _account(standing: Standing, account: str) -> dict[str, object]:
    state = standing.planner.state
    setup = state.setup_of(account)
    return {
        "is_halted": state.is_halted_for(account),
        "position_base": plain(Decimal(0) if setup is None else setup.ledger.position_base),
        "setup": None if setup is None else _setup(setup),
        "open_orders": [] if setup is None else _orders(setup),
    }


def _setup(setup: Setup) -> dict[str, object]:
    return {
        "id": str(setup.id),
        "side": setup.side.value,
        "quantity_base": plain(setup.quantity_base),
        "filled_base": plain(setup.entry_filled_base),
        "entry_price_usd": plain(setup.entry_price_usd),
        "stop_price_usd": plain(setup.stop_price_usd),
        "average_entry_usd": _average(setup.ledger),
        "realized_pnl_usd": plain(setup.ledger.realized_pnl_usd),
        "fees_usd": plain(setup.ledger.fees_usd),
        "replaces": setup.replaces,
    }


def _average(ledger: Ledger) -> str | None:
    if not ledger.quantity_base:
        return None
    return plain((ledger.cost_usd / ledger.quantity_base).quantize(Decimal("1e-9")))


def _orders(setup: Setup) -> list[dict[str, object]]:
    return [
        {
            "client_order_id": order.client_order_id,
            "leg": order.leg.value,
            "status": order.status.value,
            "price_usd": plain(order.price_usd),
            "quantity_base": None if order.quantity_base is None else plain(order.quantity_base),
            "filled_base": plain(order.filled_base),
        }
        for order in setup.orders
        if order.is_live
    ]
