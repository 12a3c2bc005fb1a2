"""A supervised process: started again when it dies, left alone when a restart cannot help."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from supervisor.child import Child
from supervisor.leftovers import TOKEN, Mark, end_leftovers
from supervisor.refusal import Refusal
from supervisor.starting import wait_for


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
    assert tiny.refusal == "tiny: expected a port, found none"
    assert tiny.restarts == 0


async def test_a_process_that_cannot_come_again_tells_how_it_ended(tmp_path: Path) -> None:
    code = "import time; print('last words', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code]
    log = tmp_path / "tiny.log"
    tiny = Child("tiny", command, environment={}, log=log, is_restarted=False)
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: tiny.last_words() == "last words")
    assert tiny.pid is not None
    os.kill(tiny.pid, signal.SIGKILL)
    await asyncio.wait_for(running, 60)
    assert tiny.refusal == "tiny: killed by signal 9"


async def test_backoff_grows_while_a_process_keeps_dying(tmp_path: Path) -> None:
    tiny = child(tmp_path, "import sys; print('boom'); sys.exit(1)")
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: "again in 1 s: boom" in tiny.state)
    assert tiny.restarts == 2
    await tiny.stop(grace_s=1)
    await running


async def test_a_process_that_does_not_drain_is_killed_after_the_grace_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    assert capsys.readouterr().out == "tiny         did not stop within 0.3 s, killed\n"


async def test_output_is_kept_and_an_endless_line_does_no_harm(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('x' * 3_000_000 + chr(10) + 'last words' + chr(10))"
    tiny = child(tmp_path, code + "; sys.exit(78)")
    await asyncio.wait_for(tiny.keep_running(), 60)
    assert tiny.refusal == "tiny: last words"


async def test_a_full_disk_costs_lines_of_the_log_and_no_process(tmp_path: Path) -> None:
    (tmp_path / "tiny.log").symlink_to("/dev/full")
    tiny = child(tmp_path, "import time; print('one', flush=True); time.sleep(60)")
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: tiny.last_words() == "one")
    (tmp_path / "tiny.log").unlink()
    assert tiny.pid is not None
    os.kill(tiny.pid, signal.SIGKILL)
    await until(lambda: (tmp_path / "tiny.log").exists() and tiny.restarts == 1)
    await until(lambda: b"one\n" in (tmp_path / "tiny.log").read_bytes())

    said = (tmp_path / "tiny.log").read_text()
    assert said == "1 lines lost: No space left on device\none\n"
    await tiny.stop(grace_s=5)
    await running


async def test_a_program_that_cannot_start_is_tried_again_and_told(tmp_path: Path) -> None:
    log = tmp_path / "tiny.log"
    tiny = Child("tiny", [str(tmp_path / "none")], environment={}, log=log)
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: tiny.restarts == 1)
    assert tiny.state == "could not start: No such file or directory, again in 0.5 s"
    await tiny.stop(grace_s=1)
    await running


async def test_a_stop_while_a_process_is_being_started_ends_that_process(tmp_path: Path) -> None:
    tiny = child(tmp_path, "import time; time.sleep(600)")
    running = asyncio.create_task(tiny.keep_running())
    await asyncio.sleep(0)  # It is started within this step, and known to us in a later one.
    assert tiny.pid is None
    await tiny.stop(grace_s=60)
    await asyncio.wait_for(running, 60)
    assert (tiny.pid, tiny.restarts) == (None, 0)
    assert tiny.ended == "killed by signal 15"


async def never() -> bool:
    return False


async def test_a_server_that_ends_again_and_again_is_given_up(tmp_path: Path) -> None:
    tiny = child(tmp_path, "import sys; print('no store', flush=True); sys.exit(1)")
    running = asyncio.create_task(tiny.keep_running())
    with pytest.raises(Refusal, match="tiny did not start: ended with 1: no store"):
        await wait_for(tiny, never)
    await tiny.stop(grace_s=60)
    await running


async def test_a_server_that_reads_a_long_store_is_waited_for_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = child(tmp_path, "import time; print('Starting restore', flush=True); time.sleep(600)")
    running = asyncio.create_task(tiny.keep_running())
    await until(lambda: tiny.last_words() == "Starting restore")
    asked = 0

    async def is_there() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    await wait_for(tiny, is_there, remind_s=0)
    assert capsys.readouterr().out == "tiny         starting for 0 s: Starting restore\n" * 2
    await tiny.stop(grace_s=60)
    await running


_SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from supervisor.child import Child
log = Path(sys.argv[1]) / "tiny.log"
code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
asyncio.run(Child("tiny", [sys.executable, "-c", code], environment={}, log=log).keep_running())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next supervisor ends it")
async def test_a_killed_supervisor_takes_its_processes_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SUPERVISOR, str(tmp_path)]
    supervisor = subprocess.Popen(command)  # noqa: ASYNC220 -- it returns at once
    log = tmp_path / "tiny.log"
    await until(lambda: log.exists() and log.read_text().endswith("\n"))
    left = psutil.Process(int(log.read_text()))

    supervisor.kill()
    supervisor.wait()
    await until(lambda: not left.is_running() or left.status() == psutil.STATUS_ZOMBIE)


def left_behind(token: str) -> subprocess.Popen[bytes]:
    """Start a process as a supervisor would that is gone since; it runs when this returns."""
    code = "import time; print('up', flush=True); time.sleep(600)"
    environment = {**os.environ, TOKEN: token}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_what_an_earlier_supervisor_left_is_ended_and_nothing_else(tmp_path: Path) -> None:
    ours, others = left_behind("ours"), left_behind("another")
    try:
        Mark.beside(tmp_path / "ours.log", "ours", signal.SIGTERM).set(ours.pid)
        # The number of a process that ended, and that another one has by now.
        Mark.beside(tmp_path / "reused.log", "gone", signal.SIGTERM).set(others.pid)
        (tmp_path / "torn.pid").write_text('{"pid": ', encoding="utf-8")

        assert end_leftovers(tmp_path) == ["ours"]

        assert not psutil.pid_exists(ours.pid)
        assert others.poll() is None
        assert list(tmp_path.glob("*.pid")) == []
    finally:
        for process in (ours, others):
            process.kill()
            process.communicate()


async def test_a_process_is_marked_while_it_runs(tmp_path: Path) -> None:
    tiny = child(tmp_path, "import time; time.sleep(60)")
    running = asyncio.create_task(tiny.keep_running())
    await until((tmp_path / "tiny.pid").exists)
    await tiny.stop(grace_s=5)
    await running
    assert not (tmp_path / "tiny.pid").exists()
