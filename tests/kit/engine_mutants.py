"""One small fault for each invariant that no wrong variant of `engine_wrong` breaks.

Each is put in the place of the right function, so that a test can show that the invariant sees it.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from msgspec import structs

from contracts.engine import Mode
from contracts.event import Draft
from contracts.order import CancelReason, OrderIntended, ReplaceIntended, SideCancelIntended
from contracts.transaction import RetryClass, TransactionSigned, Urgency
from contracts.values import Side
from execution import engine
from execution.domain import exits, pricing, setup
from execution.domain.account import AccountState
from execution.domain.commands import Command, Send
from execution.domain.planner import PlannerCore
from execution.domain.pricing import passive_limit
from execution.domain.setup import Setup
from execution.domain.view import View
from kit import engine_wrong
from kit.engine_world import EngineWorld

_close = exits.close
_parts = pricing.ladder
_signed = engine._signed  # pyright: ignore[reportPrivateUsage]
_account = PlannerCore.account
_move_intended = setup.move_intended
_restart = EngineWorld.restart


def _closing_too_much(view: View, urgency: Urgency) -> list[Send]:
    """Leave with twice the position, and not reduce-only."""
    return [
        replace(
            send,
            intents=tuple(
                it.model_copy(
                    update={"is_reduce_only": False, "quantity_base": it.quantity_base * 2}
                )
                for it in send.intents
                if isinstance(it, OrderIntended) and it.quantity_base is not None
            ),
        )
        for send in _close(view, urgency)
    ]


def _placing_beside(*arguments: object, **more: object) -> Send:
    """Move an entry by placing another one."""
    send = engine_wrong.cancel_and_place(*arguments, **more)  # pyright: ignore[reportArgumentType]
    return replace(send, intents=send.intents[1:])


def _nothing(*_arguments: object) -> list[Command]:
    return []


def _never(*_arguments: object) -> None:
    return None


def _no(*_arguments: object) -> bool:
    return False


def _yes(*_arguments: object) -> bool:
    return True


def _ladder_of_two(quantity: Decimal, step: Decimal, weights: Sequence[int]) -> list[Decimal]:
    return [it * 2 for it in _parts(quantity, step, weights)]


def _move_uncounted(before: Setup, event: ReplaceIntended) -> Setup:
    after = _move_intended(before, event)
    return structs.replace(after, replaces=0)


def _signed_otherwise(*arguments: object) -> Draft:
    """Record another signature than that of what is sent."""
    draft = _signed(*arguments)  # pyright: ignore[reportArgumentType]
    assert isinstance(draft.event, TransactionSigned)
    other = draft.event.signature[::-1]
    return replace(draft, event=draft.event.model_copy(update={"signature": other}))


def _over_at_once(view: View, _mode: Mode) -> str | None:
    """End a setup while something of it may still land."""
    is_sent = view.setup is not None and view.setup.is_sent
    return "closed" if is_sent and not view.base and not view.resting else None


def _uncharged(ledger: object, _fee_usd: Decimal) -> object:
    return ledger


def _without_slot(core: PlannerCore, account: str) -> AccountState:
    """Forget how new the newest snapshot was."""
    return structs.replace(_account(core, account), slot=0)


def _uncapped(*_arguments: object, market_microlamports: int, **_more: object) -> int:
    return market_microlamports * 300_000 // 1_000_000


def _later_trigger(side: Side, price_usd: Decimal, tick_usd: Decimal) -> Decimal:
    return passive_limit(side, price_usd, tick_usd)


def _end_by_side(view: View, reason: CancelReason, urgency: Urgency = Urgency.NORMAL) -> list[Send]:
    """Take back the whole side, whoever's orders are there."""
    side = Side.LONG if view.setup is None else view.setup.side
    return exits.cancel_side(view, side, reason, urgency)


def _side_again(view: View, side: Side, reason: CancelReason, urgency: Urgency) -> list[Send]:
    """Take back a side at every look."""
    setup_id: UUID | None = None if view.setup is None else view.setup.id
    intent = SideCancelIntended(
        account=view.state.account,
        market=view.state.market,
        setup=setup_id,
        side=side,
        reason=reason,
    )
    return [Send((intent,), RetryClass.WIDE, urgency)]


def _restart_without_signatures(world: EngineWorld) -> None:
    """Start again from a log in which no signature stands."""
    log = world.log
    world.log = [it for it in log if not isinstance(it.event, TransactionSigned)]
    _restart(world)
    world.log = log


Mutant = Mapping[str, Callable[..., object]]
MUTANTS: Mapping[str, Mutant] = {
    "I2": {"execution.domain.exits.close": _closing_too_much},
    "I3": {"execution.domain.entry._move": _placing_beside},
    "I4": {
        **engine_wrong.VARIANTS["C"],
        "execution.domain.protection.protect": _nothing,
    },
    "I5": {"execution.domain.ladder.ladder": _ladder_of_two},
    "I6": {"execution.domain.setup.move_intended": _move_uncounted},
    "I7": {"execution.engine._signed": _signed_otherwise},
    "I8": {"execution.domain.plan.is_killed": _no},
    "I9": {"execution.domain.modes._limits": _nothing},
    "I11": {"execution.domain.plan._is_staying": _yes},
    "I12": {"execution.domain.deciding.why_over": _over_at_once},
    "I13": {"execution.domain.ledger.Ledger.charged": _uncharged},
    "I14": {"execution.domain.planner.PlannerCore.account": _without_slot},
    "I15": {"execution.domain.deciding.priority_fee_lamports": _uncapped},
    "I16": {"execution.domain.setup.stop_trigger": _later_trigger},
    "I17": {"execution.domain.exits.end_entry": _end_by_side},
    "I18": {"execution.domain.exits.cancel_side": _side_again},
    "I19": {"kit.engine_world.EngineWorld.restart": _restart_without_signatures},
    "I20": {"execution.domain.deciding.why_over": _never},
}
"""By the invariant that must see it."""


@contextmanager
def mutant(invariant: str) -> Generator[None]:
    """Put a fault in the place of what holds an invariant."""
    with engine_wrong.patched(MUTANTS[invariant]):
        yield
