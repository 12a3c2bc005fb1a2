"""A supervised process: started again when it dies, left alone when a restart cannot help."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.child import Child


def child(folder: Path, code: str) -> Child:
    """Give a supervised Python program."""
    return Child("tiny", [sys.executable, "-c", code], environment={}, log=folder / "tiny.log")


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_killed_process_is_started_again_with_a_new_id(tmp_path: Path) -> None:
    tiny = child(tmp_path, "import time; time.sleep(60)")
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: tiny.pid)
    first = tiny.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: tiny.pid not in (None, first))
    assert tiny.restarts == 1
    await tiny.stop(grace_s=5)
    await running
    assert tiny.pid is None


async def test_a_refused_configuration_is_not_tried_again_and_its_reason_is_kept(
    tmp_path: Path,
) -> None:
    code = 'import sys; print(\'{"error": "expected a port, found none"}\'); sys.exit(78)'
    tiny = child(tmp_path, code)
    await asyncio.wait_for(tiny.keep_running(), 60)
    assert tiny.refusal == "expected a port, found none"
    assert tiny.restarts == 0


async def test_backoff_grows_while_a_process_keeps_dying(tmp_path: Path) -> None:
    tiny = child(tmp_path, "import sys; print('boom'); sys.exit(1)")
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: "again in 1 s: boom" in tiny.state)
    assert tiny.restarts == 2
    await tiny.stop(grace_s=1)
    await running


async def test_a_process_that_does_not_drain_is_killed_after_the_grace(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " print('up', flush=True); time.sleep(60)"
    )
    tiny = child(tmp_path, code)
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: (tmp_path / "tiny.log").exists() and tiny.last_words() == "up")
    began = time.monotonic()
    await tiny.stop(grace_s=0.3)
    await running
    assert 0.3 <= time.monotonic() - began < 50


async def test_output_is_kept_and_an_endless_line_does_no_harm(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('x' * 3_000_000 + chr(10) + 'last words' + chr(10))"
    tiny = child(tmp_path, code + "; sys.exit(78)")
    await asyncio.wait_for(tiny.keep_running(), 60)
    assert tiny.refusal == "last words"
