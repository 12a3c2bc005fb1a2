"""The database's schema: brought up to date under a lock, by whoever comes first."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from audit.store.tables import SCHEMA
from chassis.settings import ConfigurationError

_LOCK = 0x61756469  # any number that no one else of this database locks on

_VERSION_MIN = 160_000  # pg_input_is_valid, and grants that allow SET ROLE


def migrate(engine: Engine) -> str:
    """Bring the schema to the newest revision, in one transaction; give the revision.

    Raises ConfigurationError for a database of a newer build, of an old server, or not in UTF-8.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.begin() as connection:
        _require_server(connection)
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _revision(connection)
        if found == newest:
            return found or ""
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise ConfigurationError(
                f"expected an event store of revision {newest} or older, found {found}: {error}"
            ) from None
    return newest or ""


def _folder() -> Path:
    return Path(__file__).parent / "migrations"


def _revision(connection: Connection) -> str | None:
    options = {"version_table_schema": SCHEMA}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _require_server(connection: Connection) -> None:
    version = int(connection.execute(text("show server_version_num")).scalar_one())
    if version < _VERSION_MIN:
        raise ConfigurationError(
            f"expected PostgreSQL {_VERSION_MIN // 10_000} or newer, found {version // 10_000}"
        )
    found = connection.execute(text("show server_encoding")).scalar_one()
    if found != "UTF8":
        raise ConfigurationError(f"expected a database in UTF8, found {found}")
