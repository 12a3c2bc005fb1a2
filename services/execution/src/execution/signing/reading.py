"""The facts of an account, read from the fold of the log and the venue's snapshot."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from solders.hash import Hash

from contracts.ids import MarketId
from contracts.markets import MarketSpec, market_spec
from contracts.values import OrderKind, to_millis
from contracts.venue import ObservedOrder, VenueObserved
from contracts.verdict import ENTRY_CHASE_R_MAX
from execution.domain.account import AccountState
from execution.domain.policy import ARITHMETIC
from execution.domain.pricing import passive_limit
from execution.domain.setup import Setup
from execution.signing.facts import (
    AccountFacts,
    Approval,
    ChainFacts,
    MarketFacts,
    OpenOrder,
    Standing,
    VenueAccounts,
)
from execution.signing.message import Tables

_PRICE_DIGITS = 6
_BASE_DIGITS = 9
_SECOND_MS = 1000


def account_facts(
    before: AccountState,
    after: AccountState,
    seen: VenueObserved,
    *,
    venue: VenueAccounts,
    market_index: int,
    blockhashes: Mapping[Hash, int],
    notional_usd_max: Decimal,
    control_position: int,
    orders_position: int,
    tables: Tables,
) -> AccountFacts:
    """Give what the policy may know of an account.

    `before` is the fold that a decision was made on, and `after` the one with what it heard and
    decided: a verdict may be heard and worked in one decision, and an entry that was on its way
    before is approved no more. The positions are those that the fold came to. Raises ValueError
    for a number that the program could not hold.
    """
    spec = market_spec(MarketId(seen.market))
    setups = tuple(it.setup for it in (before, after) if it.setup is not None)
    return AccountFacts(
        account=after.account,
        venue=venue,
        market=MarketFacts(
            index=market_index,
            tick=_price(spec.tick_usd),
            step=_base(spec.step_base),
            oracle=_price(seen.market_seen.oracle_usd),
        ),
        chain=ChainFacts(
            now_s=to_millis(seen.clock.at) // _SECOND_MS,
            block_height=seen.block_height,
            blockhashes=blockhashes,
        ),
        position=_base(seen.position_base),
        orders=tuple(_order(it, setups) for it in seen.orders),
        approval=_approval(before, after, seen, spec),
        stop_price=_stop_price(before, after),
        notional_max=int(notional_usd_max.scaleb(_PRICE_DIGITS, context=ARITHMETIC)),
        is_shrink_only=seen.is_reduce_only or after.is_shrink_only,
        standing=Standing(
            kill_level=after.kill_level,
            is_revoked=after.is_revoked,
            control_position=control_position,
            orders_position=orders_position,
        ),
        tables=tables,
    )


def _order(seen: ObservedOrder, setups: Sequence[Setup]) -> OpenOrder:
    left = None if seen.quantity_base is None else _base(seen.quantity_base - seen.filled_base)
    return OpenOrder(
        order_id=seen.venue_order_id,
        user_order_id=seen.user_order_id,
        side=seen.side,
        price=_price(seen.price_usd),
        left=left,
        is_reduce_only=seen.is_reduce_only,
        is_trigger=seen.kind is OrderKind.TRIGGER_MARKET,
        is_triggered=seen.is_triggered,
        is_ours=any(it.by_number(seen.user_order_id) for it in setups),
    )


def _approval(
    before: AccountState, after: AccountState, seen: VenueObserved, spec: MarketSpec
) -> Approval | None:
    """Give what the live setup's verdict lets an entry do; an adopted setup has none."""
    setup = after.setup
    if setup is None or setup.fence_at is None:
        return None
    reach = ENTRY_CHASE_R_MAX * setup.stop_distance_usd
    worst = passive_limit(
        setup.side, setup.entry_price_usd + setup.side.sign * reach, spec.tick_usd
    )
    former = before.setup
    is_sent = former is not None and former.id == setup.id and former.is_sent
    flying = before.open_transactions(seen.clock.slot)
    is_spent = is_sent or any(it.adds_exposure for it in flying)
    return Approval(
        verdict=setup.id,
        side=setup.side,
        left=0 if is_spent else _base(setup.quantity_base),
        worst_price=_price(worst),
        expires_s=to_millis(setup.fence_at) // _SECOND_MS,
    )


def _stop_price(before: AccountState, after: AccountState) -> int | None:
    """Give where the live setup's stop should stand, whatever this decision makes of it."""
    setup, former = after.setup, before.setup
    if setup is None:
        return None
    known = former if former is not None and former.id == setup.id else setup
    return _price(known.stop_price_usd)


def _price(value: Decimal) -> int:
    return _units(value, _PRICE_DIGITS)


def _base(value: Decimal) -> int:
    return _units(value, _BASE_DIGITS)


def _units(value: Decimal, digits: int) -> int:
    scaled = value.scaleb(digits, context=ARITHMETIC)
    number = int(scaled)
    if number != scaled:
        raise ValueError(f"expected at most {digits} decimals, found {value}")
    return number
