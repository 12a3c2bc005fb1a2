"""Wrong variants of the plan (execution.md 8.9): each was tempting, and each loses money.

They are put in the place of the right functions, so that a test can show that the invariants see
the difference.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest import mock

from msgspec import structs

from contracts.engine import Mode
from contracts.event import Event
from contracts.order import CancelIntended, CancelReason, OrderIntended, ReplaceIntended
from contracts.transaction import RetryClass, Urgency
from contracts.values import Leg, OrderKind, Side
from execution.domain import entry, protection
from execution.domain import setup as setups
from execution.domain.commands import Command, Send
from execution.domain.setup import Setup
from execution.domain.uids import next_user_order_id
from execution.domain.view import Mine, View

_begin = entry.begin
_why_end = entry._why_end  # pyright: ignore[reportPrivateUsage]
_break_even = protection.break_even
_stop_order = protection.stop_order
_intended = setups.intended


def cancel_and_place(
    view: View, setup: Setup, mine: Mine, *, kind: OrderKind, price_usd: Decimal, **more: object
) -> Send:
    """B: cancel and place in one transaction, with the rest as the snapshot showed it."""
    left = (mine.seen.quantity_base or Decimal(0)) - mine.seen.filled_base
    cancel = CancelIntended(
        account=view.state.account,
        market=view.state.market,
        setup=setup.id,
        client_order_id=mine.order.client_order_id,
        leg=Leg.ENTRY,
        venue_order_id=mine.seen.venue_order_id,
        reason=CancelReason.STALE,
    )
    place = OrderIntended(
        account=view.state.account,
        market=view.state.market,
        setup=setup.id,
        client_order_id=setup.next_client_id(Leg.ENTRY),
        leg=Leg.ENTRY,
        user_order_id=next_user_order_id(view.state.rings, Leg.ENTRY, taken=view.numbers_taken),
        side=setup.side,
        kind=kind,
        price_usd=price_usd,
        quantity_base=left,
        is_reduce_only=False,
        expires_at=setup.fence_at,
    )
    return Send((cancel, place), RetryClass.SWAP, Urgency.NORMAL)


def _counting(setup: Setup, event: OrderIntended) -> Setup:
    """Count a placed second entry as a replace, as B's plan would."""
    was_there = event.leg is Leg.ENTRY and setup.newest(Leg.ENTRY) is not None
    after = _intended(setup, event)
    return structs.replace(after, replaces=after.replaces + 1) if was_there else after


def _entry_alone(view: View, mode: Mode) -> list[Command]:
    """C: the entry without its stop."""
    sends = _begin(view, mode)
    return [replace(it, intents=it.intents[:1]) if isinstance(it, Send) else it for it in sends]


def _unguarded_is_fine(view: View, setup: Setup, mode: Mode) -> CancelReason | None:
    reason = _why_end(view, setup, mode)
    return None if reason is CancelReason.FLAT else reason


def _never_resent(view: View, flight: object) -> list[Command]:
    return []


def _stop_move_with_end(view: View) -> list[Command]:
    """D: the stop's move gets two seconds to live."""
    return [_with_end(it, view.at + timedelta(seconds=2)) for it in _break_even(view)]


def _stop_move_inherits(view: View) -> list[Command]:
    """E: the stop's move inherits the end that the stop was born with."""
    fence = None if view.setup is None else view.setup.fence_at
    return [_with_end(it, fence) for it in _break_even(view)]


def _stop_with_end(view: View, setup: Setup, side: Side) -> OrderIntended:
    """E: the stop is born with the entry's end."""
    return _stop_order(view, setup, side).model_copy(update={"expires_at": setup.fence_at})


def _with_end(command: Command, end: object) -> Command:
    if not isinstance(command, Send):
        return command
    intents = tuple(
        it.model_copy(update={"expires_at": end}) if isinstance(it, ReplaceIntended) else it
        for it in command.intents
    )
    return replace(command, intents=intents)


def _anything_goes(intents: tuple[Event, ...]) -> None:
    """Leave out the check that would refuse a stop with an end."""


Wrong = dict[str, Callable[..., object]]
VARIANTS: dict[str, Wrong] = {
    "B": {
        "execution.domain.entry._move": cancel_and_place,
        "execution.domain.setup.intended": _counting,
    },
    "C": {
        "execution.domain.entry.begin": _entry_alone,
        "execution.domain.entry._why_end": _unguarded_is_fine,
        "execution.domain.protection._resent": _never_resent,
    },
    "D": {
        "execution.domain.protection.break_even": _stop_move_with_end,
        "execution.engine.require_safe": _anything_goes,
    },
    "E": {
        "execution.domain.protection.stop_order": _stop_with_end,
        "execution.domain.entry.stop_order": _stop_with_end,
        "execution.domain.protection.break_even": _stop_move_inherits,
        "execution.engine.require_safe": _anything_goes,
    },
}


@contextmanager
def wrong(variant: str) -> Generator[None]:
    """Put a wrong variant in the place of the plan."""
    with patched(VARIANTS[variant]):
        yield


@contextmanager
def patched(places: Mapping[str, Callable[..., object]]) -> Generator[None]:
    """Put functions in the places of others."""
    with ExitStack() as stack:
        for where, what in places.items():
            stack.enter_context(mock.patch(where, what))
        yield
