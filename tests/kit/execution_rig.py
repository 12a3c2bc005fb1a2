"""Planner and paper venue over a log in a list: no IO, no clock, one call at a time.

What `Desk` does with a real log, this does with a list: every decision is recorded, comes back
and is answered before the next print.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from execution.venues.paper.book import Book, HeldOrder

from contracts import codec
from contracts.event import Draft, Event, Recorded
from contracts.order import OrderFilled
from contracts.values import Leg
from execution.domain.setup import Setup
from execution.standing import Standing
from execution.venues.paper.rules import PaperRules
from kit.execution_events import ACCOUNT, a_feed, a_print, an_account

_RECORDED = datetime(2026, 4, 1, tzinfo=UTC)
E = TypeVar("E", bound=Event)


class Rig:
    """One log, one planner, one venue."""

    def __init__(
        self, *, rules: PaperRules | None = None, accounts: Sequence[str] = (ACCOUNT,)
    ) -> None:
        self.rules = rules or PaperRules()
        self.standing = Standing(self.rules)
        self.log: list[Recorded] = []
        self.trade_id = 0
        self.now_ms = 0
        self.record(a_feed())
        for account in accounts:
            self.record(an_account(account))

    def record(self, *drafts: Draft) -> list[Recorded]:
        """Record drafts and all that follows from them; give the new part of the log."""
        begin = len(self.log)
        waiting = [self.append(draft) for draft in drafts]
        while waiting:
            recorded = waiting.pop(0)
            waiting += [self.append(draft) for draft in self.standing.fold(recorded)]
        return self.log[begin:]

    def print(
        self,
        price: str,
        *,
        quantity: str = "100",
        after_ms: int = 1_000,
        seller: bool = True,
    ) -> list[Recorded]:
        """Work a print some time after the one before; give the new part of the log."""
        self.trade_id += 1
        self.now_ms += after_ms
        trade = a_print(
            self.trade_id, price, milliseconds=self.now_ms, quantity=quantity, seller=seller
        )
        drafts = self.standing.venue.on_print(trade)
        self.standing.unreturned.update(draft.id for draft in drafts)
        return self.record(*drafts)

    def prints(self, *prices: str, after_ms: int = 1_000) -> list[Recorded]:
        """Work several prints."""
        begin = len(self.log)
        for price in prices:
            self.print(price, after_ms=after_ms)
        return self.log[begin:]

    def events(self, kind: type[E]) -> list[E]:
        """Give the events of one class, in order."""
        return [it.event for it in self.log if isinstance(it.event, kind)]

    def setup(self, account: str = ACCOUNT) -> Setup | None:
        """Give the live setup as the planner knows it."""
        return self.standing.planner.state.setup_of(account)

    def book(self, account: str = ACCOUNT) -> Book:
        """Give what the venue holds."""
        return self.standing.venue.book(account) or Book(account, "")

    def held(self, leg: Leg, account: str = ACCOUNT) -> HeldOrder | None:
        """Give the venue's order of a leg."""
        return self.book(account).held_leg(leg)

    def position(self, account: str = ACCOUNT) -> Decimal:
        """Give the signed position as the venue knows it."""
        return self.book(account).ledger.position_base

    def filled(self, leg: Leg) -> list[OrderFilled]:
        """Give the fills of a leg."""
        return [it for it in self.events(OrderFilled) if it.leg is leg]

    def append(self, draft: Draft) -> Recorded:
        """Record a draft and nothing that follows from it."""
        headers, body = codec.encode(draft, source=_source(draft.event))
        recorded = codec.decode(
            subject=draft.subject,
            headers=headers,
            body=body,
            position=len(self.log) + 1,
            recorded_at=_RECORDED + timedelta(milliseconds=len(self.log)),
        )
        self.log.append(recorded)
        return recorded


def types(log: Sequence[Recorded]) -> list[str]:
    """Name the events of a part of the log."""
    return [it.event.event_type for it in log]


def _source(event: Event) -> str:
    return "execution" if event.owner == "*" else event.owner
