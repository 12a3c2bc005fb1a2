"""What the service shows of itself: market, clock, and for each account mode, position, orders."""

from decimal import Decimal

from contracts.values import from_millis, plain
from execution.domain.account import AccountState
from execution.domain.ledger import Ledger
from execution.domain.setup import Setup
from execution.standing import Standing


def status_of(standing: Standing, *, parked: int) -> dict[str, object]:
    """Give the status as JSON values; `parked` counts the messages that could not be worked."""
    progress, venue, state = standing.progress, standing.venue, standing.planner.state
    feed = progress.feed
    return {
        "policy": state.policy,
        "market": None if feed is None else feed.market,
        "is_replayable": None if feed is None else feed.is_replayable,
        "clock": None
        if venue is None or venue.last_trade_id is None
        else {
            "at": from_millis(venue.now_ms).isoformat(),
            "slot": venue.slot,
            "trade_id": venue.last_trade_id,
        },
        "is_reworking": standing.is_reworking,
        "kill_level": state.global_kill,
        **_delegations(standing),
        "accounts": {name: account_status(it) for name, it in sorted(state.accounts.items())},
        "waiting_for_verdicts": len(progress.unanswered),
        "is_tape_ended": progress.is_ended,
        "parked_ticks": parked,
    }


def _delegations(standing: Standing) -> dict[str, object]:
    """Give what was read from the chain of each account, for its owner."""
    venue = standing.venue
    if venue is None or venue.last_trade_id is None:
        return {}
    shown: dict[str, object] = {}
    for account in sorted(standing.delegations):
        seen = venue.sub_account(account)
        shown[f"delegation.{account}"] = {
            "at": from_millis(venue.now_ms).isoformat(),
            "owner_lamports": seen.owner_lamports,
            "fee_payer_lamports": seen.fee_payer_lamports,
            "has_key_store": standing.has_key_store,
            "block_height": seen.block_height,
        }
    return shown


def account_status(state: AccountState) -> dict[str, object]:
    """Give an account's mode, position and setup."""
    return {
        "mode": state.mode.value,
        "signed_by_hand": state.wallet is not None,
        "unsigned": [it.lane for it in state.offers],
        "kill_level": state.kill_level,
        "position_base": plain(state.ledger.position_base),
        "broken": list(state.broken),
        "net_usd": plain(state.ledger.net_usd),
        "open_transactions": [
            {
                "signature": it.signature,
                "retry_class": it.retry_class.value,
                "urgency": it.urgency.value,
                "attempt": it.attempt,
            }
            for it in state.transactions
            if it.landed_slot is None
        ],
        "setup": None if state.setup is None else _setup(state.setup),
    }


def _setup(setup: Setup) -> dict[str, object]:
    return {
        "id": str(setup.id),
        "side": setup.side.value,
        "quantity_base": plain(setup.quantity_base),
        "filled_base": plain(setup.filled_base),
        "entry_price_usd": plain(setup.entry_price_usd),
        "stop_price_usd": plain(setup.stop_price_usd),
        "average_entry_usd": _average(setup.costs),
        "realized_pnl_usd": plain(setup.costs.realized_pnl_usd),
        "fees_usd": plain(setup.costs.fees_usd + setup.costs.venue_fees_usd),
        "funding_usd": plain(setup.costs.funding_usd),
        "replaces": setup.replaces,
        "orders": [
            {
                "client_order_id": order.client_order_id,
                "leg": order.leg.value,
                "status": order.status.value,
                "price_usd": plain(order.price_usd),
                "quantity_base": None
                if order.quantity_base is None
                else plain(order.quantity_base),
                "filled_base": plain(order.filled_base),
            }
            for order in setup.orders
            if not order.is_over
        ],
    }


def _average(ledger: Ledger) -> str | None:
    if not ledger.quantity_base:
        return None
    return plain((ledger.cost_usd / ledger.quantity_base).quantize(Decimal("1e-9")))
