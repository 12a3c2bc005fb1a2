"""The calls of one transaction, judged together: what they place, move, cancel and fire.

What leaves a position without its stop is refused here, whoever asks for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.values import Side
from execution.signing import entries, exits
from execution.signing.bounds import require_no_extras, resting_side, side_of
from execution.signing.drift_ix import (
    MUST_MODIFY,
    Call,
    Cancel,
    CancelNumber,
    CancelSide,
    Changes,
    Fire,
    MarketType,
    Modify,
    OrderParams,
    OrderType,
    Place,
    Take,
)
from execution.signing.facts import AccountFacts, Facts, OpenOrder
from execution.signing.refusals import Code, Refused, require


@dataclass(frozen=True, slots=True)
class Effect:
    """What a transaction does at most."""

    verdict: UUID | None
    """The approved verdict behind it; None when it adds no risk."""
    takes_profit: bool

    @property
    def adds_risk(self) -> bool:
        """Say whether it may open or grow a position."""
        return self.verdict is not None


def judge_calls(calls: Sequence[Call], facts: Facts) -> Effect:
    """Give what calls do, when all of it may be done; raise Refused otherwise."""
    account = facts.account
    placed = tuple(it for call in calls if isinstance(call, Place) for it in call.orders)
    taken = tuple(call.order for call in calls if isinstance(call, Take))
    _require_ours(placed + taken, account)
    verdict = _judge_placed(calls, placed, facts)
    profits = False
    canceled: list[OpenOrder] = []
    for call in calls:
        match call:
            case Place():
                profits = profits or any(_takes_profit(it, account) for it in call.orders)
            case Take():
                exits.require_close(call, account)
            case Modify():
                order = _ours(call.order_id, account)
                verdict = _judge_moved(call.changes, order, facts) or verdict
                profits = profits or not order.is_trigger
                is_alone = order.is_reduce_only or len(calls) == 1
                require(is_alone, Code.ENTRY_MIXED, "a moved entry alone", len(calls))
            case Cancel():
                canceled += [_cancelable(it, facts) for it in call.order_ids]
            case CancelNumber():
                canceled.append(_numbered(call.user_order_id, facts))
            case CancelSide():
                canceled += _side(call, account)
            case Fire():
                _require_fireable(_ours(call.order_id, account))
    _require_protected(canceled, placed, account)
    return Effect(verdict, profits)


def _require_ours(orders: Iterable[OrderParams], facts: AccountFacts) -> None:
    numbers: set[int] = set()
    open_numbers = {it.user_order_id for it in facts.orders}
    for order in orders:
        is_here = order.market_type is MarketType.PERP and order.market_index == facts.market.index
        found = f"{order.market_type.name} {order.market_index}"
        require(is_here, Code.MARKET, f"PERP {facts.market.index}", found)
        number = order.user_order_id
        require(number, Code.NUMBER_MISSING, "a number of ours", number)
        # An exit is signed anew under its number while the fate of the first is not known; of the
        # two the program takes one.
        taken = numbers if order.reduce_only else numbers | open_numbers
        require(number not in taken, Code.NUMBER_IN_USE, "a free number", number)
        numbers.add(number)


def _judge_placed(
    calls: Sequence[Call], orders: Sequence[OrderParams], facts: Facts
) -> UUID | None:
    """Give the verdict behind the entry among orders; None when there is no entry."""
    opening = [it for it in orders if it.order_type is OrderType.LIMIT and not it.reduce_only]
    entry = opening[0] if opening else None
    stops: list[OrderParams] = []
    profits: list[OrderParams] = []
    for order in orders:
        match order.order_type:
            case OrderType.TRIGGER_MARKET:
                stops.append(order)
                exits.require_stop(order, facts.account, entry=entry)
            case OrderType.LIMIT if order.reduce_only:
                profits.append(order)
            case OrderType.LIMIT:
                pass
            case OrderType.MARKET | OrderType.TRIGGER_LIMIT | OrderType.ORACLE:
                raise Refused(Code.ORDER_KIND, "a limit or a market stop", order.order_type.name)
    if entry is None:
        _judge_profits(profits, facts.account)
        return None
    require(stops, Code.ENTRY_WITHOUT_STOP, "an entry with its stop", "none")
    is_pure = len(orders) == 2 and all(isinstance(it, Place) for it in calls)
    require(is_pure, Code.ENTRY_MIXED, "an entry and its stop alone", f"{len(orders)} orders")
    return entries.require_entry(entry, facts).verdict


def _judge_profits(orders: Sequence[OrderParams], facts: AccountFacts) -> None:
    for order in orders:
        exits.require_profit(order, facts)
    total, held = sum(it.base_asset_amount for it in orders), abs(facts.position)
    require(total <= held, Code.SIZE, f"together at most the position, {held}", total)


def _takes_profit(order: OrderParams, facts: AccountFacts) -> bool:
    """Say whether an order waits for a better price than the oracle's; an exit does not."""
    side = side_of(order.direction)
    is_waiting = side.sign * (facts.market.oracle - order.price) >= 0
    return order.order_type is OrderType.LIMIT and is_waiting


def _judge_moved(changes: Changes, order: OpenOrder, facts: Facts) -> UUID | None:
    """Give the verdict behind a moved entry; None when an exit moves."""
    policy, size = changes.policy, changes.base_asset_amount
    require(policy == MUST_MODIFY, Code.NOT_MUST_MODIFY, MUST_MODIFY, policy)
    require(size is None, Code.SIZE, "what is unfilled", size)
    direction = changes.direction
    is_same = direction is None or side_of(direction) is order.side
    require(is_same, Code.DIRECTION, order.side, direction)
    keeps = changes.reduce_only in {None, order.is_reduce_only}
    require(keeps, Code.NOT_REDUCE_ONLY, order.is_reduce_only, changes.reduce_only)
    flags = changes.bit_flags
    require(not flags, Code.FIELD_FORBIDDEN, "no flag", flags)
    require_no_extras(changes.extras)
    require(not order.is_triggered, Code.ORDER_TRIGGERED, "a stop that waits", order.order_id)
    if order.is_trigger:
        require(order.is_reduce_only, Code.ORDER_KIND, "a reduce-only stop", order.order_id)
        exits.require_moved_stop(changes, order, facts.account)
    elif order.is_reduce_only:
        exits.require_moved_profit(changes, order, facts.account)
    else:
        return entries.require_moved_entry(changes, order, facts).verdict
    return None


def _known(order_id: int | None, facts: AccountFacts) -> OpenOrder:
    found = next((it for it in facts.orders if it.order_id == order_id), None)
    if found is None:
        raise Refused(Code.ORDER_UNKNOWN, "an order of the snapshot", order_id)
    return found


def _ours(order_id: int | None, facts: AccountFacts) -> OpenOrder:
    order = _known(order_id, facts)
    require(order.is_ours, Code.ORDER_FOREIGN, "an order of ours", order_id)
    return order


def _cancelable(order_id: int | None, facts: Facts) -> OpenOrder:
    """Give an order that may be taken back: a stranger's only while a kill stands."""
    order = _known(order_id, facts.account)
    is_killed = facts.account.standing.kill_level or facts.signer.standing.kill_level
    require(order.is_ours or is_killed, Code.ORDER_FOREIGN, "an order of ours", order_id)
    return order


def _numbered(number: int, facts: Facts) -> OpenOrder:
    found = next((it for it in facts.account.orders if it.user_order_id == number), None)
    if found is None or not number:
        raise Refused(Code.ORDER_UNKNOWN, "a number of the snapshot", number)
    return _cancelable(found.order_id, facts)


def _side(call: CancelSide, facts: AccountFacts) -> list[OpenOrder]:
    is_here = call.market_type is MarketType.PERP and call.market_index == facts.market.index
    found = f"{call.market_type} {call.market_index}"
    require(is_here, Code.MARKET, f"PERP {facts.market.index}", found)
    if call.direction is None:
        raise Refused(Code.DIRECTION, "one side", "both")
    side = side_of(call.direction)
    protecting = _protecting_side(facts)
    require(side is not protecting, Code.STOP_PROTECTS, "the side of the entry", side)
    return [it for it in facts.orders if it.side is side]


def _require_fireable(order: OpenOrder) -> None:
    is_stop = order.is_trigger and order.is_reduce_only
    require(is_stop, Code.ORDER_KIND, "a stop", order.order_id)
    require(not order.is_triggered, Code.ORDER_TRIGGERED, "a stop that waits", order.order_id)


def _require_protected(
    canceled: Sequence[OpenOrder], placed: Sequence[OrderParams], facts: AccountFacts
) -> None:
    """Require that a stop of ours stays while a position, or an entry that can open one, does.

    A stranger's may stand anywhere, for a part of the position alone, or be a take-profit.
    """
    side = _protecting_side(facts)
    gone = {it.order_id for it in canceled}
    stops = [it for it in facts.orders if it.is_trigger and it.is_reduce_only and it.side is side]
    stays = any(it.is_ours and it.left is None and it.order_id not in gone for it in stops)
    is_left = stays or any(it.order_type is OrderType.TRIGGER_MARKET for it in placed)
    takes_one = any(it.order_id in gone for it in stops)
    require(is_left or not takes_one, Code.STOP_PROTECTS, "a stop that stays", sorted(gone))


def _protecting_side(facts: AccountFacts) -> Side | None:
    held = facts.side or resting_side(facts)
    return None if held is None else held.opposite
