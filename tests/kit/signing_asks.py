"""Asks for one order, move or exit to be signed, a legal one with some fields changed."""

from dataclasses import replace

from execution.signing.facts import AccountFacts
from kit.drift_bytes import Change, modify_order, place_and_take, place_perp_order
from kit.signing_scene import (
    A_CLOSE,
    A_PROFIT,
    A_STOP,
    AN_ENTRY,
    FLAT,
    LONG,
    TAKING,
    Asked,
    asked,
    bracket,
    call,
)


def entry(account: AccountFacts = FLAT, **changes: int | None) -> Asked:
    return asked(account, bracket(replace(AN_ENTRY, **changes)))


def stop(account: AccountFacts = LONG, **changes: int | None) -> Asked:
    return asked(account, call(place_perp_order(replace(A_STOP, **changes))))


def profit(account: AccountFacts = LONG, **changes: int | None) -> Asked:
    return asked(account, call(place_perp_order(replace(A_PROFIT, **changes))))


def close(account: AccountFacts = LONG, **changes: int | None) -> Asked:
    return asked(account, call(place_and_take(replace(A_CLOSE, **changes)), TAKING))


def move(order_id: int, change: Change, account: AccountFacts, **changes: int | None) -> Asked:
    return asked(account, call(modify_order(order_id, replace(change, **changes))))
