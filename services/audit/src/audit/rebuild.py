"""`audit rebuild`: fold all events into the projections anew, in one transaction."""

from sqlalchemy import Engine, func, select

from audit.domain.entry import message_of, recorded_of
from audit.domain.projections import PROJECTED, Projections
from audit.store import projections
from audit.store.events import WRITER_LOCK, driver_of, read, transaction

_CHUNK_ROWS = 2000


def rebuild(engine: Engine) -> dict[str, int]:
    """Replace the projections; give the rows of each. The archiver waits meanwhile."""
    names = {event.event_type for event in PROJECTED}
    counts = {table.name: 0 for table, _ in projections.TABLES}
    state, after = Projections(), 0
    with transaction(engine) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(WRITER_LOCK)))
        projections.clear(connection)
        while rows := read(connection, after=after, limit=_CHUNK_ROWS):
            after = rows[-1].entry.position
            for row in rows:
                if row.entry.defect is None and row.entry.type in names:
                    state.fold(recorded_of(message_of(row.entry)))
            changes = state.take()
            counts["fills"] += len(changes.fills)
            counts["verdicts"] += len(changes.verdicts)
            projections.write(driver_of(connection), changes)
        counts["orders"], counts["positions"] = len(state.orders), len(state.positions)
        counts["transactions"] = len(state.transactions)
    return counts
