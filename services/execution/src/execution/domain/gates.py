"""The gates of a new entry (execution.md 8.6): all must be open; the first shut one is named."""

from collections.abc import Callable
from datetime import timedelta

from contracts.engine import Mode
from contracts.values import Leg
from execution.domain.fees import may_spend
from execution.domain.setup import Setup
from execution.domain.view import View

Gate = Callable[[View, Setup], bool]
"""Says whether a gate is open."""


def may_enter(view: View, mode: Mode) -> str | None:
    """Give the name of the first shut gate; None when an entry may be sent."""
    setup = view.setup
    if setup is None:
        return "no-setup"
    if mode is not Mode.RUN:
        return f"mode-{mode.value.replace('_', '-')}"
    return next((name for name, gate in _GATES if not gate(view, setup)), None)


def is_hopeless(view: View) -> str | None:
    """Give why an entry that was never taken will not be sent any more; None while it may be."""
    setup = view.setup
    if setup is None or setup.is_sent:
        return None
    if setup.refused_code is not None:
        return "entry-refused"
    if setup.is_declined:
        return "entry-declined"
    if setup.replaces > view.policy.replaces_max:
        return "entry-crossed"
    if setup.attempts >= view.policy.attempts_max:
        return "entry-never-landed"
    return None if _has_time(view, setup) else "entry-too-late"


def _is_flat(view: View, _: Setup) -> bool:
    return not view.base


def _is_alone(view: View, _: Setup) -> bool:
    return not view.seen.orders


def _is_quiet(view: View, _: Setup) -> bool:
    return not view.flights


def _is_alone_on_its_way(view: View, _: Setup) -> bool:
    """Say whether no block can take an entry that was offered and not shown to us signed."""
    return view.seen.block_height > view.state.loose_height


def _is_money_known(view: View, _: Setup) -> bool:
    return view.state.deposit_usd is not None


def _is_reconciled(view: View, _: Setup) -> bool:
    return not view.state.timers.mismatch and view.state.agrees_with(view.seen)


def _has_time(view: View, setup: Setup) -> bool:
    life = timedelta(milliseconds=view.policy.life_ms_min)
    return setup.fence_at is not None and view.at + life <= setup.fence_at


def _is_funded(view: View, _: Setup) -> bool:
    fees = view.policy.fees
    is_by_hand = view.state.wallet is not None  # The wallet pays, and looks after itself.
    has_balance = is_by_hand or view.seen.fee_payer_lamports >= fees.balance_lamports_min
    return has_balance and may_spend(fees, view.state.spending, at_ms=view.now_ms)


def _is_stop_ahead(view: View, setup: Setup) -> bool:
    """Say whether the stop stands on the losing side of the trigger price, by some ticks."""
    room = setup.side.sign * (view.seen.market_seen.trigger_usd - setup.stop_price_usd)
    return room >= view.policy.trigger_band_ticks * view.spec.tick_usd


def _is_within_tries(view: View, _: Setup) -> bool:
    return is_hopeless(view) is None


def _is_let_in(view: View, _: Setup) -> bool:
    return not view.state.is_tripped(Leg.ENTRY.value, view.slot)


_GATES: tuple[tuple[str, Gate], ...] = (
    ("not-flat", _is_flat),
    ("orders-resting", _is_alone),
    ("transactions-open", _is_quiet),
    ("offer-open", _is_alone_on_its_way),
    ("money-unknown", _is_money_known),
    ("not-reconciled", _is_reconciled),
    ("too-late", _has_time),
    ("fees", _is_funded),
    ("stop-beyond-market", _is_stop_ahead),
    ("no-tries-left", _is_within_tries),
    ("circuit-open", _is_let_in),
)
