"""The plan: what is to be sent now, from state and snapshot alone (execution.md 8.5).

The rules are level-triggered: they ask where the account stands, not what happened last, so a lost
or late event changes when something is sent and never what. Planning again with the commands on
their way gives nothing.
"""

from contracts.engine import Mode
from contracts.order import CancelReason, TriggerIntended
from contracts.transaction import Urgency
from contracts.values import Leg
from execution.domain import entry, exits, ladder, protection
from execution.domain.commands import Command, carried
from execution.domain.gates import is_hopeless
from execution.domain.modes import is_killed
from execution.domain.setup import Setup
from execution.domain.view import View


def plan(view: View, mode: Mode) -> list[Command]:
    """Give what is to be sent, in order; nothing when the account stands as it should."""
    if mode is Mode.REVOKED or view.setup is None:
        return []
    if is_killed(mode):
        return _killed(view, view.setup, mode)
    leaving = [*exits.trim(view), *protection.protect(view)]
    working = entry.work(view, mode) if view.entries else entry.begin(view, mode)
    if view.base:
        is_staying = not leaving and _is_staying(view)
        return [*leaving, *working, *(_harvest(view) if is_staying else [])]
    if view.setup.is_sent and view.is_entry_over and not working:
        reason = CancelReason.FLAT if view.setup.filled_base else CancelReason.ENTRY_ENDED
        return [*exits.sweep(view, reason)]
    return working


def why_over(view: View, mode: Mode) -> str | None:
    """Name how the setup ended; None while it lives.

    It is over when the position is flat, nothing of it rests, nothing can land any more, and the
    log holds all that the venue did with it.
    """
    setup = view.setup
    if setup is None or view.base or view.resting or view.flights or not view.is_explained:
        return None
    if not all(it.is_over for it in setup.orders):
        return None
    if setup.is_sent:
        return _outcome(setup)
    if mode in (Mode.PAUSED, Mode.KILL_CANCEL, Mode.KILL_FLATTEN, Mode.REVOKED):
        return "not-started-halted"
    why = is_hopeless(view)
    return None if why is None else f"not-started-{why}"


def _killed(view: View, setup: Setup, mode: Mode) -> list[Command]:
    """Entries go first, by side; stops go last, when the position is flat for certain."""
    commands: list[Command] = []
    if view.entries or view.has_exposure_flight:
        reason, urgency = CancelReason.KILL_SWITCH, Urgency.KILL
        commands += exits.cancel_side(view, setup.side, reason, urgency)
    elif not view.base:
        return [*exits.sweep(view, CancelReason.KILL_SWITCH)]
    if not view.base:
        return commands
    commands += exits.trim(view)
    if mode is Mode.KILL_FLATTEN and not view.state.is_tripped(Leg.CLOSE.value, view.slot):
        return [*commands, *exits.close(view, Urgency.KILL)]
    return [*commands, *protection.protect(view)]


def _is_staying(view: View) -> bool:
    """Say whether the position is protected, and nothing is on its way that leaves it."""
    is_guarded = view.stop is not None and not view.stop.is_triggered
    is_fired = any(carried(it, TriggerIntended) for it in view.flights)
    return is_guarded and not is_fired and not view.flying(Leg.CLOSE)


def _harvest(view: View) -> list[Command]:
    return [
        *ladder.place(view),
        *protection.resend_ladder(view),
        *protection.break_even(view),
    ]


def _outcome(setup: Setup) -> str:
    if not setup.filled_base:
        return "not-filled" if setup.refused_code is None else "refused"
    exits_by = {leg for leg in Leg if leg is not Leg.ENTRY and setup.exited_base(leg)}
    if not exits_by:
        return "closed-elsewhere"
    if Leg.CLOSE in exits_by:
        return "closed"
    if Leg.STOP not in exits_by:
        return "took-profit"
    return "stopped" if exits_by == {Leg.STOP} else "stopped-after-profit"
