"""The embedded PostgreSQL: the cluster of a data folder as a supervised process."""

import asyncio
from pathlib import Path

from supervisor.child import Child
from supervisor.cluster import Cluster
from supervisor.refusal import Refusal

_LOOK_EVERY_S = 0.05


async def postgres_child(data: Path, *, logs: Path) -> tuple[Child, Cluster]:
    """Give the PostgreSQL of a data folder, not started yet, and its cluster; raise Refusal."""
    cluster = Cluster(data / "postgres")
    await asyncio.to_thread(cluster.make)
    child = Child(
        "postgresql",
        cluster.command(),
        environment={},
        log=logs / "postgresql.log",
        spawn=cluster.spawn,
        stop_signal=cluster.stop_signal,
    )
    return child, cluster


async def wait_until_ready(child: Child, cluster: Cluster, *, timeout_s: float) -> None:
    """Return when it takes connections; raise Refusal after the timeout."""
    try:
        async with asyncio.timeout(timeout_s):
            while not cluster.is_ready(child.pid):  # noqa: ASYNC110 -- a server's file
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise Refusal(f"PostgreSQL did not start: {child.last_words()}") from None
