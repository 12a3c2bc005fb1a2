"""What the venue shows of an account's money and tells nobody: what it begins with, and interest.

Ids derive from the account and from the snapshot, so what is found twice is the same event.
"""

from decimal import Decimal

from contracts.ids import derive_id, derive_root_id
from contracts.venue import AccountFunded, InterestSettled, QuoteBalance, VenueObserved
from execution.domain.account import AccountState
from execution.domain.drafting import snapshot_id
from execution.domain.holdings import shown_by
from execution.seen import Seen

_WORTH_PARTS = 10_000
"""Interest of such a part of the balance is recorded though nothing is decided on it."""


def funded(state: AccountState, seen: VenueObserved, quote: QuoteBalance) -> Seen | None:
    """Say what an account begins with: while it is flat, and nothing of ours is on its way."""
    is_clean = not seen.position_base and not state.open_transactions(seen.clock.slot)
    if state.deposit_usd is not None or seen.cash_usd <= 0 or not is_clean:
        return None
    event = AccountFunded(
        account=state.account,
        market=state.market,
        cash_usd=seen.cash_usd,
        quote=quote,
        clock=seen.clock,
    )
    return Seen(event, derive_root_id(event.event_type, state.venue, state.account, state.market))


def interest(state: AccountState, seen: VenueObserved, quote: QuoteBalance) -> Seen | None:
    """Say that what the venue shows beside what the log says is interest, if it can be."""
    amount, accrual = _unexplained(state, seen), state.accrual
    if accrual is None or not amount:
        return None
    least, most = accrual.bounds_usd(quote)
    if not least <= amount <= most:
        return None
    event = InterestSettled(
        account=state.account,
        market=state.market,
        amount_usd=amount,
        quote=quote,
        clock=seen.clock,
    )
    snapshot = snapshot_id(state.account, state.market, state.snapshots + 1)
    return Seen(event, derive_id(snapshot, event.event_type))


def is_worth_it(state: AccountState, seen: VenueObserved, quote: QuoteBalance) -> bool:
    """Say whether interest is recorded for itself, so that what risk knows stays true enough."""
    return abs(_unexplained(state, seen)) * _WORTH_PARTS >= abs(quote.balance_usd)


def _unexplained(state: AccountState, seen: VenueObserved) -> Decimal:
    """Give the cash that the log does not explain, while it explains the position."""
    expected, found = state.expected, shown_by(seen)
    if expected["position"] != found["position"] or "cash" not in expected:
        return Decimal(0)
    return found["cash"] - expected["cash"]
