"""What the gateway knows right now, and who is told when it changes.

The log's messages come in by `apply`, in position order. Whoever waits for a position or for a
verdict is woken from here.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from chassis.log import RawMessage
from contracts import codec, subjects
from contracts.delegation import (
    OwnerTransactionOffered,
    OwnerTransactionRefused,
    OwnerTransactionSent,
)
from contracts.event import Event, Recorded
from contracts.feed import FeedOpened
from contracts.ids import AccountId
from contracts.manual import OfferClosed, ReturnRefused
from contracts.verdict import OrderApproved, OrderDenied
from gateway.domain import desk
from gateway.domain.desk import DeskState, Verdict
from gateway.domain.gauges import Forced, ForcedTrade, Mark
from gateway.domain.manual import Signed, Status
from gateway.domain.ticker import Flow, Price
from gateway.stream import protocol
from gateway.stream.hub import Hub
from gateway.stream.ring import Entry

T = TypeVar("T")

SOURCE = "gateway"
RECENT_MAX = 1_000
"""Verdicts and commands remembered by id, for replayed requests."""


@dataclass(frozen=True, slots=True)
class Market:
    """The newest price and flow, with the time at which this process heard of them."""

    price: Price | None = None
    price_heard_at: datetime | None = None
    flow: Flow | None = None
    flow_heard_at: datetime | None = None
    refused_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Gauged:
    """The newest mark price, and what was liquidated; None while it is not fed."""

    mark: Mark | None = None
    mark_heard_at: datetime | None = None
    """A liquidation that comes in says nothing about the age of the mark price."""
    forced: Forced | None = None
    kept: tuple[ForcedTrade, ...] = ()
    """Liquidations of the last hours, for their map."""
    is_kept_cut: bool = False
    """Whether there were more than are kept."""
    at: datetime | None = None
    """How far they are in the market's time."""
    heard_at: datetime | None = None
    """When either came in."""
    refused: int = 0


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What a service said of itself; `details` are what it shows, as text."""

    name: str
    is_up: bool
    asked_at: datetime
    answered_at: datetime | None
    is_ready: bool
    reason: str
    details: Mapping[str, str]


@dataclass
class Live:
    """The folded desk, the newest market, the services, and the hub that tells of them."""

    state: DeskState
    hub: Hub = field(default_factory=Hub)
    market: Market = field(default_factory=Market)
    gauges: Gauged = field(default_factory=Gauged)
    services: tuple[ServiceStatus, ...] = ()
    _verdicts: OrderedDict[UUID, Verdict] = field(default_factory=OrderedDict[UUID, Verdict])
    _answers: OrderedDict[UUID, Event] = field(default_factory=OrderedDict[UUID, Event])
    _commands: OrderedDict[UUID, int] = field(default_factory=OrderedDict[UUID, int])

    @property
    def account_id(self) -> AccountId:
        """Give the account that this gateway serves."""
        return self.state.account_id

    def moment(self, now: datetime) -> datetime:
        """Give the time on the desk's clock: on a tape the market's, else the world's, `now`."""
        feed = self.state.feed
        if feed is not None and feed.opened.is_replayable:
            return self.state.market_at or feed.opened_at
        return now

    def apply(self, message: RawMessage) -> None:
        """Take the next message of the log; one that the state already holds is only shown."""
        if message.position == 1:
            self.hub.epoch = epoch_of(message)
        try:
            recorded = _decode(message)
        except codec.UndecodableMessage as error:
            self._pass_over(message)
            text = _unreadable(message, error)
        else:
            self._fold(recorded)
            text = protocol.event_text(recorded)
        self.hub.publish(Entry(message.position, text if self.shows(message.subject) else ""))

    def shows(self, subject: str) -> bool:
        """Say whether what stands on a subject concerns our account, or all."""
        return subjects.account_of(subject) in (None, self.account_id)

    def _fold(self, recorded: Recorded) -> None:
        if recorded.position > self.state.position:
            self.state = desk.evolve(self.state, recorded)
        if recorded.source == SOURCE:
            _remember(self._commands, recorded.id, recorded.position)
        event = recorded.event
        asked = _answered(recorded)
        if asked is not None:
            _remember(self._answers, asked, event)
        if isinstance(event, OrderApproved | OrderDenied) and event.account == self.account_id:
            said = Verdict(
                event=event,
                id=recorded.id,
                position=recorded.position,
                occurred_at=recorded.occurred_at,
            )
            _remember(self._verdicts, event.proposal, said)

    def _pass_over(self, message: RawMessage) -> None:
        if message.position > self.state.position:
            self.state = desk.pass_over(
                self.state,
                position=message.position,
                subject=message.subject,
                recorded_at=message.recorded_at,
            )

    def position_of(self, command: UUID) -> int | None:
        """Give where a recent command of ours stands in the log."""
        return self._commands.get(command)

    async def feed_opened(self) -> FeedOpened:
        """Wait until a feed has opened; give what it said."""
        with self.hub.bell() as bell:
            while self.state.feed is None:
                bell.clear()
                await bell.wait()
        return self.state.feed.opened

    async def folded(self, position: int, *, timeout_s: float) -> bool:
        """Wait until the state holds a position; say whether it does."""
        return await self._until(lambda: self.state.position >= position, timeout_s)

    async def verdict_on(self, proposal: UUID, *, timeout_s: float) -> Verdict | None:
        """Wait for risk's answer to a proposal; None when it does not come in time."""
        await self._until(lambda: proposal in self._verdicts, timeout_s)
        return self._verdicts.get(proposal)

    async def answer_to(self, command: UUID, *, timeout_s: float) -> Event | None:
        """Wait for execution's answer to the owner; None when it does not come in time."""
        await self._until(lambda: command in self._answers, timeout_s)
        return self._answers.get(command)

    async def signed_by_hand(self, transaction: UUID, *, timeout_s: float) -> Signed | None:
        """Wait until more than its signature is known of what the owner signed."""

        def found() -> Signed | None:
            return self.state.signing.of_transaction(transaction)

        def is_known() -> bool:
            it = found()
            return it is not None and it.status is not Status.SIGNED

        await self._until(is_known, timeout_s)
        return found()

    async def _until(self, is_true: Callable[[], bool], timeout_s: float) -> bool:
        with self.hub.bell() as bell:
            try:
                async with asyncio.timeout(timeout_s):
                    while not is_true():
                        bell.clear()
                        await bell.wait()
            except TimeoutError:
                return is_true()
        return True


def text_of(message: RawMessage) -> str:
    """Give the stream's message of a message of the log, readable or not."""
    try:
        return protocol.event_text(_decode(message))
    except codec.UndecodableMessage as error:
        return _unreadable(message, error)


def _decode(message: RawMessage) -> Recorded:
    return codec.decode(
        subject=message.subject,
        headers=message.headers,
        body=message.body,
        position=message.position,
        recorded_at=message.recorded_at,
    )


def _unreadable(message: RawMessage, error: codec.UndecodableMessage) -> str:
    return protocol.unreadable_text(
        position=message.position,
        subject=_clean(message.subject),
        recorded_at=message.recorded_at,
        reason=_clean(str(error)),
    )


def epoch_of(first: RawMessage) -> str:
    """Name a log by its first message."""
    seed = f"{first.recorded_at.isoformat()}/{first.headers.get(codec.ID, '')}"
    return hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:16]


def _answered(recorded: Recorded) -> UUID | None:
    """Give the owner's command that an event answers; None for one that answers none."""
    match recorded.event:
        case OwnerTransactionOffered(request=request):
            return request
        case OwnerTransactionRefused(about=about):
            return about
        case OwnerTransactionSent():
            return recorded.causation_id
        case OfferClosed(about=about) | ReturnRefused(about=about):
            return about
        case _:
            return None


def _remember(known: OrderedDict[UUID, T], key: UUID, value: T) -> None:
    known[key] = value
    while len(known) > RECENT_MAX:
        known.popitem(last=False)


def _clean(text: str) -> str:
    """Make text of unknown origin valid Unicode."""
    return text.encode("utf-8", "replace").decode()
