"""The life of an embedded PostgreSQL: made, killed, started again, stopped.

As a program it gives up root first, where it has it, so that it runs as a user would run it.
"""

import asyncio
import concurrent.futures.thread  # asyncio asks for it late, when root's Python is out of reach
import contextlib
import json
import os
import pwd
import signal
import sys
from pathlib import Path

import psutil
import psycopg

from supervisor.postgres import cluster_of, postgres_child, wait_until_ready


async def live(data: Path) -> dict[str, object]:
    """Run the PostgreSQL of a data folder through a crash; give what was seen."""
    cluster = cluster_of(data)
    postgres = await postgres_child(cluster, logs=data)
    running = asyncio.create_task(postgres.keep_running())
    await wait_until_ready(postgres, cluster)
    first = postgres.pid
    assert first is not None
    user = psutil.Process(first).username()
    with psycopg.connect(cluster.dsn()) as connection:
        connection.execute("create table if not exists kept as select 7 as what")
    os.kill(first, signal.SIGKILL)
    while postgres.pid in (None, first):  # noqa: ASYNC110 -- another process's end
        await asyncio.sleep(0.05)
    await wait_until_ready(postgres, cluster)
    with contextlib.closing(psycopg.connect(cluster.dsn(), autocommit=True)) as connection:
        rows = connection.execute("select what from kept").fetchall()
        # A client that is still there is cut off.
        await postgres.stop(grace_s=20)
    await running
    cluster.close()
    log = (data / "postgresql.log").read_text()
    return {"user": user, "rows": rows, "restarts": postgres.restarts, "last": log.splitlines()[-1]}


if __name__ == "__main__":
    assert concurrent.futures.thread
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    sys.stdout.write(json.dumps(asyncio.run(live(Path(sys.argv[1])))))
