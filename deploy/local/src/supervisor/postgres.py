"""The embedded PostgreSQL: the cluster of a data folder as a supervised process."""

import asyncio
from pathlib import Path

from supervisor.child import Child
from supervisor.cluster import Cluster
from supervisor.starting import wait_for


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


async def wait_until_ready(server: Child, cluster: Cluster) -> None:
    """Return when it takes connections; raise Refusal when it does not stay up."""

    async def is_ready() -> bool:
        return cluster.is_ready(server.pid)

    await wait_for(server, is_ready)
