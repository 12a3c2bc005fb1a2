"""What a node tells of an account's history, as late as it shows the account.

Bad weather repeats, shuffles or holds back; nothing is ever lost for good before it is told once.
"""

from collections.abc import Sequence

from execution.venues.paper.chance import Chance
from execution.venues.paper.entries import told
from execution.venues.paper.state import Account
from execution.venues.paper.weather import Weather
from execution.venues.port import AnyRecord, Landed

_REPEATED = 8
"""So many are told again."""
_PLACES = 1 << 32


class RecordsForgotten(Exception):
    """Records were asked for that are not kept any more."""


def records_of(
    account: Account, *, after: int, slot: int, market: str, chance: Chance, weather: Weather
) -> Sequence[tuple[int, AnyRecord]]:
    """Give what happened up to a slot, after a cursor; raise RecordsForgotten when it is gone."""
    entries = account.entries
    first = account.cursor - len(entries) + 1
    if after + 1 < first:
        raise RecordsForgotten(
            f"expected a cursor of at least {first - 1} for {account.name}, found {after}"
        )
    if weather.records_are_hidden:
        return ()
    begin = after + 1 - first
    if weather.records_repeat:
        begin = max(0, begin - _REPEATED)
    found = [it for it in entries[begin:] if it.slot <= slot]
    if weather.records_are_shuffled:
        found.sort(key=lambda it: chance.draw("order", account.name, it.cursor, below=_PLACES))
    return tuple((it.cursor, told(it, market=market, account=account.name)) for it in found)


def fate_of(account: Account, signature: str, *, slot: int, weather: Weather) -> Landed | None:
    """Give where a transaction landed, if it did up to a slot and is told."""
    fate = account.fates.get(signature)
    if fate is None or fate.slot > slot or weather.fates_are_hidden:
        return None
    return Landed(
        slot=fate.slot,
        code=None if weather.fates_lie else fate.code,
        fee_lamports=fate.fee_lamports,
    )
