"""What hangs without ending is replaced; what takes long to start is left alone."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path

from supervisor import nats_server, postgres
from supervisor.answers import Answer, ask_service
from supervisor.child import Child
from supervisor.nats_server import nats_child
from supervisor.ports import free_ports
from supervisor.postgres import cluster_of, postgres_child
from supervisor.status import Row
from supervisor.watch import Watch

SEEN_S_MAX = 120
SILENT_S_MAX = 1.0
_SERVICE = """
import sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b'{"reason": "catching up"}')

server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers)
print("listens", flush=True)
while not Path(sys.argv[2]).exists():
    time.sleep(0.01)
server.serve_forever()
"""


@asynccontextmanager
async def kept(child: Child) -> AsyncGenerator[None]:
    """Keep a process running meanwhile."""
    running = asyncio.create_task(child.keep_running())
    try:
        yield
    finally:
        await child.stop(grace_s=10)
        await running


async def seen(watch: Watch, is_so: Callable[[Row], bool]) -> Row:
    """Look until a row is as it is awaited; give it."""
    async with asyncio.timeout(SEEN_S_MAX):
        row = await watch.look()
        while not is_so(row):
            await asyncio.sleep(0.02)
            row = await watch.look()
    return row


async def is_replaced(child: Child, ask: Callable[[], Awaitable[Answer]], state: str) -> None:
    """Stop a process as no signal but SIGKILL can undo, and see it come again."""
    watch = Watch(child, ask, silent_s_max=SILENT_S_MAX)
    first = await seen(watch, lambda row: row.state == state)
    assert first.pid is not None

    os.kill(first.pid, signal.SIGSTOP)
    again = await seen(watch, lambda row: row.restarts == 1 and row.state == state)

    assert again.pid not in (None, first.pid)
    assert again.ended.startswith("no answer for ")
    assert again.ended.endswith(" s, killed")


def service(folder: Path, begins: Path) -> tuple[Child, int]:
    """Give a service that listens at once, and answers when a file is there."""
    (port,) = free_ports(1)
    command = [sys.executable, "-c", _SERVICE, str(port), str(begins)]
    return Child("tiny", command, environment={}, log=folder / "tiny.log"), port


async def test_a_service_that_hangs_is_replaced_and_the_reason_is_told(tmp_path: Path) -> None:
    tiny, port = service(tmp_path, begins=tmp_path)
    async with kept(tiny):
        await is_replaced(tiny, partial(ask_service, port), "catching up")

    assert "no answer for " in (tmp_path / "tiny.log").read_text()


async def test_a_start_that_answers_nobody_for_long_is_left_alone(tmp_path: Path) -> None:
    tiny, port = service(tmp_path, begins=tmp_path / "caught-up")
    hours = count(step=3600.0)
    ask = partial(ask_service, port)
    watch = Watch(tiny, ask, silent_s_max=SILENT_S_MAX, clock=lambda: next(hours))
    async with kept(tiny):
        first = await seen(watch, lambda row: row.state == "does not answer within 1 s")
        await watch.look()
        (tmp_path / "caught-up").touch()
        last = await seen(watch, lambda row: row.state == "catching up")

    assert (last.pid, last.restarts) == (first.pid, 0)


async def test_a_log_that_hangs_is_replaced(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    nats, _ = nats_child(tmp_path, port=port, logs=tmp_path)
    async with kept(nats):
        await is_replaced(nats, partial(nats_server.ask, port), "ready")


async def test_an_archive_that_hangs_is_replaced(tmp_path: Path) -> None:
    cluster = cluster_of(tmp_path)
    server = await postgres_child(cluster, logs=tmp_path)
    async with kept(server):
        await is_replaced(server, partial(postgres.ask, server, cluster), "ready")
