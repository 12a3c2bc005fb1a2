"""`audit`: run the auditor's command on a data folder, started for it or already up."""

import asyncio
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

from supervisor.data_folder import LOCK, MARKER, DataFolder, read_marker_feed, read_runtime
from supervisor.leftovers import end_leftovers, ends_with_us
from supervisor.nats_server import nats_child, wait_until_listening
from supervisor.ports import free_ports
from supervisor.postgres import cluster_of, postgres_child, wait_until_ready
from supervisor.refusal import Refusal

COULD_NOT_RUN = 2
_COMMANDS = ("verify", "replay", "trades", "rebuild", "migrate")


def run(options: Namespace) -> int:
    """Give the exit code of `audit`: 0 clean, 1 a difference, 2 it could not run, 3 not judged.

    Raises Refusal where it could not begin.
    """
    data_dir, arguments = split(options)
    if not arguments or arguments[0] not in _COMMANDS:
        found = repr(arguments[0]) if arguments else "nothing"
        raise Refusal(f"expected verify, replay or trades after `audit`, found {found}")
    path = (data_dir or _used_last()).resolve()
    if not (path / MARKER).exists():
        raise Refusal(f"expected a data folder that `up` made at {path}, found none")
    runtime = read_runtime(path)
    if runtime is not None:
        return asyncio.run(_audit(arguments, runtime))
    folder = DataFolder(path, feed=read_marker_feed(path))
    try:
        return asyncio.run(_with_servers(folder, arguments))
    finally:
        folder.close()


def split(options: Namespace) -> tuple[Path | None, list[str]]:
    """Give the data folder, named before or after the auditor's command, and that command."""
    after = ArgumentParser(prog="justw audit", add_help=False, allow_abbrev=False)
    after.add_argument("--data-dir", type=Path, default=options.data_dir)
    found, arguments = after.parse_known_args(options.arguments)
    return found.data_dir, [argument for argument in arguments if argument != "--"]


async def _with_servers(folder: DataFolder, arguments: list[str]) -> int:
    (port,), logs = free_ports(1), folder.logs
    end_leftovers(logs)
    nats, nats_url = nats_child(folder.path, port=port, logs=logs)
    cluster = cluster_of(folder.path)
    postgres = await postgres_child(cluster, logs=logs)
    running = [asyncio.create_task(child.keep_running()) for child in (nats, postgres)]
    try:
        await wait_until_listening(nats, port)
        await wait_until_ready(postgres, cluster)
        runtime = {"nats_url": nats_url, "postgres_dsn": cluster.dsn()}
        return await _audit(arguments, runtime)
    finally:
        for child in (nats, postgres):
            await child.stop(grace_s=10)
        await asyncio.gather(*running)
        cluster.close()


async def _audit(arguments: list[str], runtime: dict[str, str]) -> int:
    """Run the auditor; a Ctrl-C in the terminal reaches us alone, and we end it."""
    told = {"NATS_URL": runtime["nats_url"], "POSTGRES_DSN": runtime["postgres_dsn"]}
    auditor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "audit", *arguments),
        env={**os.environ, **told},
        start_new_session=True,
        preexec_fn=ends_with_us(signal.SIGTERM),
    )
    try:
        code = await auditor.wait()
    finally:
        with suppress(ProcessLookupError):
            auditor.terminate()
    if code < 0:
        raise Refusal(f"expected the auditor to end by itself, found it killed by signal {-code}")
    return code


def _used_last() -> Path:
    folders = [marker.parent for marker in Path(".data").glob(f"*/{MARKER}")]
    if not folders:
        raise Refusal("expected a data folder under .data, found none; run `up` first")
    return max(folders, key=lambda folder: (folder / LOCK).stat().st_mtime)
