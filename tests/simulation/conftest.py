"""What the simulations share: one PostgreSQL per test process."""

from kit.postgres import postgres

__all__ = ["postgres"]
