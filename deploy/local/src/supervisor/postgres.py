"""The embedded PostgreSQL: the cluster of a data folder as a supervised process."""

import asyncio
from pathlib import Path

from supervisor.child import Child
from supervisor.cluster import Cluster
from supervisor.refusal import Refusal

_LOOK_EVERY_S = 0.05


def cluster_of(data: Path) -> Cluster:
    """Give the cluster of a data folder, made or not; raise Refusal."""
    return Cluster(data / "postgres")


async def postgres_child(cluster: Cluster, *, logs: Path) -> Child:
    """Make the cluster if need be, and give its server, not started yet; raise Refusal."""
    await asyncio.to_thread(cluster.make)
    return Child(
        "postgresql",
        cluster.command(),
        environment={},
        log=logs / "postgresql.log",
        spawn=cluster.spawn,
        stop_signal=cluster.stop_signal,
    )


async def wait_until_ready(child: Child, cluster: Cluster, *, timeout_s: float) -> None:
    """Return when it takes connections; raise Refusal after the timeout."""
    try:
        async with asyncio.timeout(timeout_s):
            while not cluster.is_ready(child.pid):  # noqa: ASYNC110 -- a server's file
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise Refusal(f"PostgreSQL did not start: {child.last_words()}") from None
