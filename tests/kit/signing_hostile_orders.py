"""Orders, moves and cancels that must not be signed: legal ones with one thing made false."""

from collections.abc import Mapping
from dataclasses import replace

from execution.signing.refusals import Code
from kit.drift_bytes import (
    cancel_order,
    cancel_order_by_user_id,
    cancel_orders,
    cancel_orders_by_ids,
    modify_order,
    place_and_take,
    place_orders,
    place_perp_order,
    trigger_order,
)
from kit.signing_asks import close, entry, move, profit, stop
from kit.signing_scene import (
    A_CLOSE,
    A_MOVE,
    A_PROFIT,
    A_PROFIT_MOVE,
    A_STOP,
    A_STOP_MOVE,
    AN_ENTRY,
    FIRING,
    FLAT,
    FOREIGN,
    LONG,
    NOW_S,
    PLAIN,
    SOL,
    STOP,
    TAKING,
    USD,
    WORKING,
    Asked,
    asked,
    bracket,
    call,
)

Case = tuple[Asked, Code]

ENTRIES: Mapping[str, Case] = {
    "without-stop": (asked(FLAT, call(place_perp_order(AN_ENTRY))), Code.ENTRY_WITHOUT_STOP),
    "two-entries": (
        asked(FLAT, call(place_orders(AN_ENTRY, replace(AN_ENTRY, number=17), A_STOP))),
        Code.ENTRY_MIXED,
    ),
    "nested-second-entry": (
        asked(FLAT, bracket(), call(place_perp_order(replace(AN_ENTRY, number=17)))),
        Code.ENTRY_MIXED,
    ),
    "entry-with-cancel": (
        asked(
            replace(FLAT, orders=(replace(WORKING.orders[0], is_reduce_only=True),)),
            bracket(replace(AN_ENTRY, number=17)),
            call(cancel_order(5)),
        ),
        Code.ENTRY_MIXED,
    ),
    "move-with-cancel": (
        asked(WORKING, call(modify_order(5, A_MOVE)), call(cancel_order(5))),
        Code.ENTRY_MIXED,
    ),
    "market-order": (entry(order_type=0), Code.ORDER_KIND),
    "oracle-order": (entry(order_type=4), Code.ORDER_KIND),
    "trigger-limit": (entry(order_type=3), Code.ORDER_KIND),
    "opening-trigger": (
        asked(FLAT, bracket(stop=replace(A_STOP, reduce_only=0))),
        Code.NOT_REDUCE_ONLY,
    ),
    "spot-order": (entry(market_type=0), Code.MARKET),
    "other-market": (entry(market=1), Code.MARKET),
    "stop-elsewhere": (asked(FLAT, bracket(stop=replace(A_STOP, market=2))), Code.MARKET),
    "without-number": (entry(number=0), Code.NUMBER_MISSING),
    "number-in-use": (asked(LONG, bracket(replace(AN_ENTRY, number=48))), Code.NUMBER_IN_USE),
    "number-twice": (entry(number=49), Code.NUMBER_IN_USE),
    "may-take": (entry(post_only=0), Code.FIELD_FORBIDDEN),
    "may-vanish": (entry(post_only=2), Code.FIELD_FORBIDDEN),
    "slides": (entry(post_only=3), Code.FIELD_FORBIDDEN),
    "high-leverage": (entry(flags=2), Code.FIELD_FORBIDDEN),
    "oracle-offset": (entry(offset=-5), Code.FIELD_FORBIDDEN),
    "auction": (
        asked(
            FLAT, bracket(replace(AN_ENTRY, auction_duration=200, auction_start=1, auction_end=2))
        ),
        Code.FIELD_FORBIDDEN,
    ),
    "trigger-on-a-limit": (entry(trigger_price=USD), Code.FIELD_FORBIDDEN),
    "no-size": (entry(base=0), Code.SIZE),
    "all-that-margin-allows": (entry(base=2**64 - 1), Code.SIZE),
    "no-price": (entry(price=0), Code.PRICE),
    "no-fence": (entry(max_ts=None), Code.MAX_TS_MISSING),
    "fence-never": (entry(max_ts=0), Code.MAX_TS_MISSING),
    "fence-negative": (entry(max_ts=-1), Code.MAX_TS_PAST),
    "no-verdict": (asked(replace(FLAT, approval=None), bracket()), Code.NOT_APPROVED),
    "verdict-is-spent": (
        asked(WORKING, bracket(replace(AN_ENTRY, number=17))),
        Code.SIZE_NOT_APPROVED,
    ),
    "other-side": (
        asked(
            FLAT,
            bracket(
                replace(AN_ENTRY, direction=1, price=150_100_000),
                replace(A_STOP, direction=0, condition=0, trigger_price=152 * USD),
            ),
        ),
        Code.SIDE_NOT_APPROVED,
    ),
    "against-the-position": (
        asked(
            replace(FLAT, position=-SOL),
            bracket(stop=replace(A_STOP, direction=0, condition=0, trigger_price=152 * USD)),
        ),
        Code.DIRECTION,
    ),
    "owner-lets-it-shrink": (
        asked(replace(FLAT, is_shrink_only=True), bracket()),
        Code.OWNER_REDUCE_ONLY,
    ),
    "stop-before-the-entry": (
        asked(FLAT, bracket(stop=replace(A_STOP, trigger_price=149_950_000))),
        Code.PRICE,
    ),
    "move-by-no-id": (asked(WORKING, call(modify_order(None, A_MOVE))), Code.ORDER_UNKNOWN),
    "move-of-unknown": (asked(WORKING, call(modify_order(99, A_MOVE))), Code.ORDER_UNKNOWN),
    "move-may-miss": (move(5, A_MOVE, WORKING, policy=None), Code.NOT_MUST_MODIFY),
    "move-resizes": (move(5, A_MOVE, WORKING, base=SOL), Code.SIZE),
    "move-turns": (move(5, A_MOVE, WORKING, direction=1), Code.DIRECTION),
    "move-inherits-its-fence": (move(5, A_MOVE, WORKING, max_ts=None), Code.MAX_TS_MISSING),
    "move-without-price": (move(5, A_MOVE, WORKING, price=None), Code.PRICE),
    "move-slides": (move(5, A_MOVE, WORKING, post_only=3), Code.FIELD_FORBIDDEN),
    "move-by-auction": (move(5, A_MOVE, WORKING, auction_end=200 * USD), Code.FIELD_FORBIDDEN),
    "move-with-flag": (move(5, A_MOVE, WORKING, flags=2), Code.FIELD_FORBIDDEN),
}

EXITS: Mapping[str, Case] = {
    "sized-stop": (stop(base=SOL), Code.SIZE),
    "stop-with-end": (stop(max_ts=NOW_S + 99), Code.MAX_TS_ON_STOP),
    "stop-without-a-word": (stop(max_ts=None), Code.MAX_TS_MISSING),
    "stop-with-limit": (stop(price=USD), Code.PRICE),
    "stop-without-trigger": (stop(trigger_price=None), Code.PRICE),
    "stop-fires-upward": (stop(condition=0), Code.TRIGGER_CONDITION),
    "stop-already-fired": (stop(condition=3), Code.TRIGGER_CONDITION),
    "stop-posts": (stop(post_only=1), Code.FIELD_FORBIDDEN),
    "stop-of-the-other-side": (stop(direction=0, condition=0), Code.DIRECTION),
    "stop-of-nothing": (asked(FLAT, call(place_perp_order(A_STOP))), Code.NOTHING_TO_REDUCE),
    "profit-of-nothing": (asked(FLAT, call(place_perp_order(A_PROFIT))), Code.NOTHING_TO_REDUCE),
    "profit-grows": (profit(direction=0, price=149 * USD), Code.DIRECTION),
    "profit-takes-at-once": (profit(flags=1), Code.FIELD_FORBIDDEN),
    "profit-without-a-word": (profit(max_ts=None), Code.MAX_TS_MISSING),
    "close-opens": (close(reduce_only=0), Code.NOT_REDUCE_ONLY),
    "close-at-any-price": (close(order_type=0), Code.ORDER_KIND),
    "close-rests": (close(flags=0), Code.FIELD_FORBIDDEN),
    "close-of-nothing": (
        asked(FLAT, call(place_and_take(A_CLOSE), TAKING)),
        Code.NOTHING_TO_REDUCE,
    ),
    "close-grows": (close(direction=0), Code.DIRECTION),
    "close-by-auction": (
        asked(LONG, call(place_and_take(A_CLOSE, 0x3201), TAKING)),
        Code.ARGUMENTS,
    ),
    "move-of-a-strangers-order": (
        asked(replace(LONG, orders=(STOP, FOREIGN)), call(modify_order(9, A_PROFIT_MOVE))),
        Code.ORDER_FOREIGN,
    ),
    "cancel-of-a-strangers-order": (
        asked(replace(LONG, orders=(STOP, FOREIGN)), call(cancel_order(9))),
        Code.ORDER_FOREIGN,
    ),
    "stop-move-inherits-an-end": (move(7, A_STOP_MOVE, LONG, max_ts=None), Code.MAX_TS_MISSING),
    "stop-move-ends": (move(7, A_STOP_MOVE, LONG, max_ts=NOW_S + 2), Code.MAX_TS_ON_STOP),
    "stop-move-of-a-fired-one": (
        asked(
            replace(LONG, orders=(replace(STOP, is_triggered=True),)),
            call(modify_order(7, A_STOP_MOVE)),
        ),
        Code.ORDER_TRIGGERED,
    ),
    "stop-may-open": (move(7, A_STOP_MOVE, LONG, reduce_only=0), Code.NOT_REDUCE_ONLY),
    "stop-turned-upward": (move(7, A_STOP_MOVE, LONG, condition=0), Code.TRIGGER_CONDITION),
    "stop-becomes-a-limit": (move(7, A_STOP_MOVE, LONG, price=USD), Code.FIELD_FORBIDDEN),
    "move-of-an-opening-trigger": (
        asked(
            replace(LONG, orders=(STOP, replace(STOP, order_id=3, is_reduce_only=False))),
            call(modify_order(3, A_STOP_MOVE)),
        ),
        Code.ORDER_KIND,
    ),
    "profit-gets-a-trigger": (
        asked(LONG, call(modify_order(8, replace(A_PROFIT_MOVE, trigger_price=USD)))),
        Code.FIELD_FORBIDDEN,
    ),
    "cancel-of-the-last": (asked(WORKING, call(cancel_order(None))), Code.ORDER_UNKNOWN),
    "cancel-of-unknown": (asked(WORKING, call(cancel_orders_by_ids(5, 6))), Code.ORDER_UNKNOWN),
    "cancel-of-no-number": (asked(WORKING, call(cancel_order_by_user_id(0))), Code.ORDER_UNKNOWN),
    "cancel-of-the-stop": (asked(LONG, call(cancel_order(7))), Code.STOP_PROTECTS),
    "cancel-of-the-stop-beside-a-stranger's": (
        asked(
            replace(LONG, orders=(*LONG.orders, replace(STOP, order_id=9, is_ours=False))),
            call(cancel_order(7)),
        ),
        Code.STOP_PROTECTS,
    ),
    "cancel-of-the-stop-beside-one-of-a-part": (
        asked(
            replace(LONG, orders=(*LONG.orders, replace(STOP, order_id=9, left=SOL))),
            call(cancel_order(7)),
        ),
        Code.STOP_PROTECTS,
    ),
    "cancel-of-the-stop-by-number": (
        asked(LONG, call(cancel_order_by_user_id(48))),
        Code.STOP_PROTECTS,
    ),
    "cancel-of-the-stop-behind-an-entry": (
        asked(WORKING, call(cancel_orders_by_ids(5, 7))),
        Code.STOP_PROTECTS,
    ),
    "cancel-of-the-stop-with-a-close": (
        asked(LONG, call(place_and_take(A_CLOSE), TAKING), call(cancel_order(7), PLAIN)),
        Code.STOP_PROTECTS,
    ),
    "cancel-of-the-stops-side": (asked(LONG, call(cancel_orders(1, 0, 1))), Code.STOP_PROTECTS),
    "cancel-of-everything": (asked(FLAT, call(cancel_orders(None, None, None))), Code.MARKET),
    "cancel-elsewhere": (asked(FLAT, call(cancel_orders(1, 3, 0))), Code.MARKET),
    "cancel-of-spot": (asked(FLAT, call(cancel_orders(0, 0, 0))), Code.MARKET),
    "cancel-without-index": (asked(FLAT, call(cancel_orders(1, None, 0))), Code.MARKET),
    "cancel-of-both-sides": (asked(FLAT, call(cancel_orders(1, 0, None))), Code.DIRECTION),
    "fire-of-a-limit": (asked(LONG, call(trigger_order(8), FIRING)), Code.ORDER_KIND),
    "fire-again": (
        asked(
            replace(LONG, orders=(replace(STOP, is_triggered=True),)),
            call(trigger_order(7), FIRING),
        ),
        Code.ORDER_TRIGGERED,
    ),
    "fire-of-unknown": (asked(LONG, call(trigger_order(77), FIRING)), Code.ORDER_UNKNOWN),
}
