"""The levels of the kill switch: what each does, and what it leaves open."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.control import KillLevel


class Scope(StrEnum):
    """Whom a kill or a resume is for."""

    ACCOUNT = "account"
    """The one that this gateway serves."""
    GLOBAL = "global"
    """Every account on this log, whoever serves it. It stands above all; each account's own kill
    stands beside it, and is lifted by itself."""


DEFAULT = KillLevel.CANCEL_ENTRIES
"""What a kill does that says no level, or none that is known."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One level, in a person's words."""

    does: str
    leaves_open: str


EFFECTS: Mapping[KillLevel, Effect] = {
    KillLevel.PAUSE_ENTRIES: Effect(
        does="No new entry is sent, by strategy or by hand.",
        leaves_open="What rests stays: a resting entry may still fill, and an open position keeps "
        "its stop and take-profits.",
    ),
    KillLevel.CANCEL_ENTRIES: Effect(
        does="Resting entries are canceled, and no new one is sent, by strategy or by hand.",
        leaves_open="An open position stays open, with its stop and take-profits on the venue.",
    ),
    KillLevel.FLATTEN: Effect(
        does="Entries are canceled, the position is closed at the market, then its stop and "
        "take-profits are canceled.",
        leaves_open="Nothing, once the venue has filled the close; the stop stays until then.",
    ),
    KillLevel.REVOKE_DELEGATE: Effect(
        does="As flatten; then the delegate key is destroyed, after two minutes at the latest.",
        leaves_open="What the venue did not close by then, with its stop. The chain names the dead "
        "key until the owner's wallet revokes it; entries need a new delegation then.",
    ),
}


def name_of(level: KillLevel) -> str:
    """Name a level as the API does: `pause_entries`, `flatten`, …"""
    return level.name.lower()


def level_of(name: object) -> KillLevel:
    """Read a level's name; what names none is the default, because a kill is never refused."""
    known = {name_of(level): level for level in KillLevel}
    return known.get(name.strip().lower(), DEFAULT) if isinstance(name, str) else DEFAULT


def scope_of(name: object) -> Scope:
    """Read a scope's name; what names none is the account, as for levels."""
    known = {scope.value: scope for scope in Scope}
    return (
        known.get(name.strip().lower(), Scope.ACCOUNT) if isinstance(name, str) else Scope.ACCOUNT
    )
