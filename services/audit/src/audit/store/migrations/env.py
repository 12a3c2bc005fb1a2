# ruff: noqa: INP001 - Alembic loads this file by its path; it is no package.
"""Alembic's entry: runs the migrations on the connection that `audit.store.schema` hands over."""

from alembic import context

from audit.store.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
