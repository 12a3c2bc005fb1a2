"""What simulations share in a test process: a PostgreSQL, a tape, a run that nobody disturbs."""

import asyncio
from pathlib import Path

import pytest

from kit.cuts import cut_ticks
from kit.postgres import PostgresServer, postgres
from kit.runs import Run, run_tape
from kit.zygote import Zygote

__all__ = ["postgres"]

# 2025-06-22 00:00 to 02:50 UTC: a short is approved and filled, takes its first profit, has its
# stop moved and is stopped out. About 550 events.
FROM_MS = 1_750_550_400_000
UNTIL_MS = 1_750_560_600_000


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut the tape once."""
    folder = tmp_path_factory.mktemp("tape")
    return cut_ticks(folder / "LTCUSDT_cut.csv", from_ms=FROM_MS, until_ms=UNTIL_MS)


@pytest.fixture(scope="session")
def undisturbed(
    tape: Path,
    tmp_path_factory: pytest.TempPathFactory,
    zygote: Zygote,
    postgres: PostgresServer,
) -> Run:
    """Run the tape once without any harm."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return asyncio.run(run_tape(folder, str(tape), zygote=zygote, postgres=postgres))
