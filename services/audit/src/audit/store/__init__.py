"""The event store in PostgreSQL."""
