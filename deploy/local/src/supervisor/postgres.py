"""The embedded PostgreSQL: the cluster of a data folder as a supervised process."""

import asyncio
from pathlib import Path

from supervisor.answers import SILENT, STARTING, TIMEOUT_S, Answer
from supervisor.child import Child
from supervisor.cluster import Cluster
from supervisor.starting import wait_for
from supervisor.status import READY


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


async def ask(server: Child, cluster: Cluster) -> Answer:
    """Ask whether it answers who connects, and look whether it says that it is ready."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            is_heard = await cluster.answers()
    except TimeoutError:
        return SILENT
    except OSError:
        return STARTING
    is_ready = is_heard and cluster.is_ready(server.pid)
    return Answer(READY if is_ready else STARTING.state, is_heard)
