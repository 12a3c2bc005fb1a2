"""Fixtures of integration tests: a PostgreSQL per session, an event store per test."""

from kit.audit_store import database, engine, migrated, store
from kit.postgres import postgres

__all__ = ["database", "engine", "migrated", "postgres", "store"]
