"""`audit rebuild`: fold all events into the projections anew, in one transaction."""

from sqlalchemy import Engine, func, select

from audit.domain.entry import Entry, message_of, recorded_of
from audit.domain.projections import PROJECTED, Projections
from audit.store import projections
from audit.store.events import WRITER_LOCK, driver_of, read, transaction
from contracts.event import Recorded

_CHUNK_ROWS = 2000
_NAMES = frozenset(event.event_type for event in PROJECTED)


def rebuild(engine: Engine) -> dict[str, int]:
    """Replace the projections; give the rows of each. The archiver waits meanwhile."""
    counts = {table.name: 0 for table, _ in projections.TABLES}
    state, after = Projections(), 0
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(WRITER_LOCK)))
        projections.clear(connection)
        while rows := read(connection, after=after, limit=_CHUNK_ROWS):
            after = rows[-1].entry.position
            for row in rows:
                if (recorded := _projected(row.entry)) is not None:
                    state.fold(recorded)
            changes = state.take()
            counts["fills"] += len(changes.fills)
            counts["verdicts"] += len(changes.verdicts)
            projections.write(driver_of(connection), changes)
        counts["orders"], counts["positions"] = len(state.orders), len(state.positions)
        counts["transactions"] = len(state.transactions)
    return counts


def _projected(entry: Entry) -> Recorded | None:
    """Give the event of a row if it is projected, one that an older build could not read included.

    Raises ValueError for a regular event that cannot be read any more.
    """
    if entry.type not in _NAMES or entry.is_repeat:
        return None
    try:
        return recorded_of(message_of(entry))
    except ValueError:
        if entry.defect is None:
            raise
        return None
