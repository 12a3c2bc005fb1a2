"""Connections to PostgreSQL: bounded in time, in UTC, writing with the least rights there are."""

import psycopg
from psycopg import conninfo
from sqlalchemy import Engine, create_engine

from chassis.settings import ConfigurationError

_CONNECT_S_MAX = 5
_SILENCE_MS_MAX = 10_000
"""Longest time that sent data may stay unacknowledged before a connection counts as dead."""
WRITER = "perp_desk_audit_writer"
UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a database that is away raises; trying again later may help."""


def open_engine(
    dsn: str, *, statement_s_max: int, pool_size: int = 1, as_writer: bool = True
) -> Engine:
    """Give an engine that connects on first use.

    `as_writer` gives up all rights but those of the archive, where the migration made such a
    role. Raises ConfigurationError when `dsn` is not a connection string.
    """
    try:
        given = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # The message would repeat the string, and with it the password.
        raise ConfigurationError(
            "expected a PostgreSQL connection string in POSTGRES_DSN, found another text"
        ) from None
    options = {
        "connect_timeout": _CONNECT_S_MAX,
        "tcp_user_timeout": _SILENCE_MS_MAX,
        "application_name": "audit",
        **given,
        "client_encoding": "utf8",
        "options": f"{given.get('options', '')} -c timezone=UTC -c synchronous_commit=on"
        f" -c statement_timeout={statement_s_max}s",
    }

    def connect() -> psycopg.Connection:
        connection = psycopg.connect(conninfo.make_conninfo("", **options))
        if as_writer:
            _become_writer(connection)
        return connection

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_CONNECT_S_MAX,
    )


def describe(dsn: str) -> str:
    """Name the database of a connection string without its password."""
    given = conninfo.conninfo_to_dict(dsn)
    place = given.get("host") or given.get("hostaddr") or "the default host"
    return f"{given.get('dbname', 'the default database')} at {place}"


def _become_writer(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "select from pg_roles where rolname = %s and pg_has_role(oid, 'set')", [WRITER]
    ).fetchone()
    if row is not None:
        connection.execute(f"set role {WRITER}")
    connection.commit()
