"""What people ask for becomes events: draft, append, answer.

The kill is never refused: it takes any reason, waits for nothing, and when the log does not
answer in time it goes on trying after the answer. Every other command that the log does not take
in time is given up, and its outcome is said to be unknown.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import uuid4, uuid5

import structlog

from chassis.appends import Appended, LogFull, VersionConflict
from contracts import control
from contracts.control import KillLevel
from contracts.event import Draft, Event, Recorded
from contracts.ids import AccountId, EventId, MarketId, derive_root_id
from contracts.markets import MarketSpec, UnknownMarket, market_spec
from contracts.routes import subject_of
from contracts.values import Leg, Side
from gateway.domain.actor import Actor, raised
from gateway.domain.desk import AccountState, Verdict
from gateway.domain.kills import Scope
from gateway.limits import invalid, require_increments, require_limits
from gateway.live import Live
from gateway.problems import Code, FieldError, Problem
from gateway.requests import OrderRequest, SettingsBody

LOG_WAIT_S = 4.0
"""Longest wait for the log before a person gets an answer."""
VERDICT_WAIT_S = 2.0
FOLD_WAIT_S = 2.0
"""Longest wait until the state shows what was recorded."""
KILL_FOLD_WAIT_S = 0.5
CONFLICTS_MAX = 5

_log = structlog.get_logger()


class CommandLog(Protocol):
    """What commands need of the log."""

    async def append(
        self, drafts: Sequence[Draft], *, expected_last: Mapping[str, int] | None = None
    ) -> list[Appended]:
        """Record all drafts or none; wait out every outage."""
        ...

    def read(
        self, *, after: int = 0, until: int | None = None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Recorded]:
        """Give the events after `after` until `until`."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """A command that the log holds, at `position`; None when it is still being recorded."""

    command: EventId
    position: int | None
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Killed:
    """A kill that the log holds, or will hold."""

    done: Done
    asked: KillLevel
    level: KillLevel
    """The level that stands, never lower than what was asked for."""
    scope: Scope
    """Whom it stops."""


def _random_id() -> EventId:
    return EventId(uuid4())


@dataclass
class Commands:
    """The use cases of people."""

    log: CommandLog
    live: Live
    clock: Callable[[], datetime]
    new_id: Callable[[], EventId] = _random_id
    log_wait_s: float = LOG_WAIT_S
    verdict_wait_s: float = VERDICT_WAIT_S
    _kills: set[asyncio.Task[Appended]] = field(default_factory=set[asyncio.Task[Appended]])

    async def request_order(
        self, order: OrderRequest, key: str | None, *, actor: Actor
    ) -> tuple[Done, Verdict | None]:
        """Ask risk for a setup, and give its verdict when it comes in time."""
        account, spec = self._account(), self._market()
        require_increments(order, spec)
        if order.venue != account.opened.venue:
            message = f"expected {account.opened.venue}, found {order.venue}"
            raise invalid([FieldError("/venue", message)])
        event = control.ManualOrderRequested(
            account=self.live.account_id,
            market=spec.market,
            side=Side(order.side),
            entry_price_usd=Decimal(order.px),
            quantity_base=Decimal(order.size),
            stop_price_usd=Decimal(order.sl),
            tp_prices_usd=(Decimal(order.tp1), Decimal(order.tp2), Decimal(order.tp3)),
            leverage=Decimal(order.leverage),
            venue=order.venue,
            notes=order.notes,
            by=actor.by,
        )
        done = await self.record(event, self.identity("orders", key, actor))
        said = await self.live.verdict_on(done.command, timeout_s=self.verdict_wait_s)
        return done, said

    async def cancel(self, order_id: str, key: str | None, *, actor: Actor) -> Done:
        """Ask execution to take back one of our orders."""
        known = {order.client_order_id: order for order in self.live.state.book.orders}
        order = known.get(order_id)
        if order is None:
            raise Problem(Code.ORDER_UNKNOWN, f"expected an order of ours, found {order_id}")
        identity = self.identity("cancel", key, actor)
        if self.live.position_of(identity) is None:
            if order.status.is_over:
                raise Problem(
                    Code.ORDER_NOT_OPEN, f"expected a resting order, found it {order.status}"
                )
            if order.leg in (Leg.STOP, Leg.CLOSE):
                raise Problem(
                    Code.ORDER_IS_PROTECTION,
                    f"expected an entry or a take-profit, found the {order.leg} of a setup",
                )
        event = control.CancelRequested(
            account=self.live.account_id,
            market=self._market().market,
            client_order_id=order_id,
            by=actor.by,
        )
        return await self.record(event, identity)

    async def kill(
        self,
        reason: str,
        level: KillLevel,
        *,
        actor: Actor,
        scope: Scope = Scope.ACCOUNT,
    ) -> Killed:
        """Stop automation. Never refused while the log can take an event at all: who may not stop
        all accounts stops this one.

        It is recorded even while a higher level stands: a resume that is on its way may lift that.
        """
        if scope is Scope.GLOBAL and not actor.is_operator:
            scope = Scope.ACCOUNT
        event = control.KillSwitchEngaged(
            account=self._account_of(scope), level=level, reason=reason, by=actor.by
        )
        draft = self._draft(event, self.new_id())
        task = asyncio.create_task(self._append(draft))
        self._kills.add(task)
        task.add_done_callback(self._forget)
        _log.warning(
            "kill_requested",
            reason=reason,
            level=level.name.lower(),
            scope=scope,
            event_id=str(draft.id),
        )
        await asyncio.wait({task}, timeout=self.log_wait_s)
        if not task.done():
            _log.error("kill_not_recorded_yet", event_id=str(draft.id))
            return self._killed(Done(draft.id, None), level, scope)
        position = task.result().position
        await self.live.folded(position, timeout_s=KILL_FOLD_WAIT_S)
        return self._killed(Done(draft.id, position), level, scope)

    def _killed(self, done: Done, asked: KillLevel, scope: Scope) -> Killed:
        """Give the level that stands where the kill is for: all have the global one at least."""
        state = self.live.state
        halt = state.global_halt
        standing = state.kill_level if scope is Scope.ACCOUNT else halt and halt.level
        return Killed(done, asked, asked if standing is None else max(asked, standing), scope)

    async def resume(
        self,
        reason: str,
        key: str | None,
        *,
        actor: Actor,
        scope: Scope = Scope.ACCOUNT,
        knows: int | None = None,
    ) -> Done:
        """Lift the account's kill, or the global one: the other stands on.

        `knows` is the position of the newest kill that the person saw; a newer one refuses this.
        """
        if scope is Scope.GLOBAL and not actor.is_operator:
            detail = "expected an operator's wallet to resume all accounts, found another one"
            raise Problem(Code.OPERATOR_WALLET_REQUIRED, detail)
        require_fresh(actor, "to resume")
        event = control.TradingResumed(account=self._account_of(scope), reason=reason, by=actor.by)
        route = "resume" if scope is Scope.ACCOUNT else "resume-all"
        identity = self.identity(route, key, actor)
        for _ in range(CONFLICTS_MAX):
            state = self.live.state
            halt = state.halt if scope is Scope.ACCOUNT else state.global_halt
            if knows is None or halt is None:
                return await self.record(event, identity)
            if halt.newest != knows:
                detail = f"expected {knows} to be the newest stop, found {halt.newest}"
                raise Problem(Code.STOP_CHANGED, f"{detail} by {halt.by}: {halt.reason}")
            last = state.control_position if scope is Scope.ACCOUNT else halt.newest
            try:
                return await self.record(event, identity, expected_last={subject_of(event): last})
            except VersionConflict as conflict:
                await self.live.folded(conflict.found, timeout_s=FOLD_WAIT_S)
        raise _never_alone()

    def _account_of(self, scope: Scope) -> AccountId | None:
        return self.live.account_id if scope is Scope.ACCOUNT else None

    async def change_settings(
        self, body: SettingsBody, *, if_match: int | None, key: str | None, actor: Actor
    ) -> AccountState:
        """Replace the settings; give them as they stand. Equal settings change nothing.

        `if_match` is the revision that the person saw; another one refuses the change. To raise a
        limit, or turn a switch on, the sign-in must be fresh.
        """
        require_limits(body)
        wanted, identity = body.settings(), self.identity("settings", key, actor)
        for _ in range(CONFLICTS_MAX):
            account = self._account()
            if await self._is_replay(identity, wanted):
                return account
            if if_match is not None and if_match != account.revision:
                detail = f"expected revision {if_match}, found {account.revision}"
                raise Problem(
                    Code.SETTINGS_CHANGED,
                    detail,
                    headers={"ETag": f'"{account.revision}"'},
                    current_revision=str(account.revision),
                )
            if wanted == account.settings:
                return account
            if names := raised(account.settings, wanted):
                require_fresh(actor, f"to raise {', '.join(names)}")
            event = control.SettingsChanged(
                account=self.live.account_id,
                before=account.settings,
                settings=wanted,
                by=actor.by,
            )
            expected = {subject_of(event): self.live.state.control_position}
            try:
                await self.record(event, identity, expected_last=expected)
            except VersionConflict as conflict:
                await self.live.folded(conflict.found, timeout_s=FOLD_WAIT_S)
                continue
            return self._account()
        raise _never_alone()

    async def settle(self, *, timeout_s: float) -> None:
        """Wait for kills that the log has not taken yet."""
        if self._kills:
            await asyncio.wait(set(self._kills), timeout=timeout_s)

    async def record(
        self,
        event: Event,
        identity: EventId,
        *,
        expected_last: Mapping[str, int] | None = None,
    ) -> Done:
        """Append one event, wait until the state holds it, and refuse a key that was reused."""
        draft = self._draft(event, identity)
        try:
            async with asyncio.timeout(self.log_wait_s):
                appended = await self._append(draft, expected_last=expected_last)
                if appended.is_duplicate:
                    await self._require_same(draft, appended.position)
        except TimeoutError:
            raise Problem(
                Code.LOG_UNAVAILABLE,
                f"expected the log's answer within {self.log_wait_s:g} s, found none; whether the "
                "command was recorded is unknown: send it again with the same Idempotency-Key",
                retry_after=5,
            ) from None
        await self.live.folded(appended.position, timeout_s=FOLD_WAIT_S)
        return Done(draft.id, appended.position, is_replay=appended.is_duplicate)

    async def _append(
        self, draft: Draft, *, expected_last: Mapping[str, int] | None = None
    ) -> Appended:
        try:
            return (await self.log.append([draft], expected_last=expected_last))[0]
        except LogFull as full:
            raise Problem(Code.LOG_FULL, str(full)) from full

    async def _is_replay(self, identity: EventId, wanted: control.Settings) -> bool:
        """Say whether this very change is in the log already; refuse a key that was reused."""
        position = self.live.position_of(identity)
        if position is None:
            return False
        recorded = await self._recorded_at(position)
        event = None if recorded is None else recorded.event
        if isinstance(event, control.SettingsChanged) and event.settings != wanted:
            raise _key_reused(position)
        return True

    async def _recorded_at(self, position: int) -> Recorded | None:
        async for recorded in self.log.read(after=position - 1, until=position):
            return recorded
        return None

    async def _require_same(self, draft: Draft, position: int) -> None:
        recorded = await self._recorded_at(position)
        if recorded is not None and recorded.event != draft.event:
            raise _key_reused(position)

    def _draft(self, event: Event, identity: EventId) -> Draft:
        return Draft(
            event=event,
            id=identity,
            subject=subject_of(event),
            occurred_at=self.live.moment(self.clock()),
            correlation_id=identity,
        )

    def identity(self, route: str, key: str | None, actor: Actor) -> EventId:
        """Give a command's id: the same for the same key of the same person."""
        if key is None:
            return self.new_id()
        space = derive_root_id("gateway_command", self.live.account_id, actor.by, route)
        return EventId(uuid5(space, key))

    def _account(self) -> AccountState:
        account = self.live.state.account
        if account is None:
            detail = "expected an open account, found none: no feed has opened yet"
            raise Problem(Code.STARTING, detail, retry_after=2)
        return account

    def _market(self) -> MarketSpec:
        feed = self.live.state.feed
        if feed is None:
            raise Problem(Code.NO_MARKET, "expected a feed in the log, found none")
        try:
            return market_spec(MarketId(feed.opened.market))
        except UnknownMarket as unknown:
            raise Problem(Code.NO_MARKET, str(unknown)) from unknown

    def _forget(self, task: asyncio.Task[Appended]) -> None:
        self._kills.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("kill_failed", error=str(task.exception()))


def require_fresh(actor: Actor, what: str) -> None:
    """Refuse what is dangerous when the sign-in is not young."""
    if not actor.is_fresh:
        detail = f"expected a fresh sign-in {what}, found an older one: sign in again"
        raise Problem(Code.STEP_UP_REQUIRED, detail)


def _never_alone() -> Problem:
    detail = "expected to write alone, found others in between"
    return Problem(Code.LOG_UNAVAILABLE, detail, retry_after=1)


def _key_reused(position: int) -> Problem:
    detail = f"expected the request that is at position {position}, found another one"
    return Problem(Code.IDEMPOTENCY_KEY_REUSED, detail)
