"""One supervised process: started, watched, started again with backoff, stopped in order.

It ends with its supervisor, also when that is killed: at once where the system can do that (Linux),
else when the next supervisor starts.
"""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from supervisor.leftovers import TOKEN, Mark, ends_with_us, new_token
from supervisor.log_file import LogFile
from supervisor.refusal import EXIT_CONFIGURATION, EXIT_DATA
from supervisor.status import say

_BACKOFF_S_MIN = 0.5
_BACKOFF_S_MAX = 10.0
_STEADY_S = 20.0
"""A process that lived this long starts its backoff anew."""
_LINE_BYTES_MAX = 1 << 20


class Spawn(TypedDict, total=False):
    """What a process is started with beside its command; what is left out is ours."""

    cwd: Path
    user: int
    group: int
    extra_groups: list[int]


class Child:
    """A process that is kept running.

    `ended` says how it last ended by itself; `refusal` is set when it ended for a reason that a
    restart does not mend.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        spawn: Spawn | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        is_restarted: bool = True,
        hear: Callable[[str], None] | None = None,
    ) -> None:
        """Name a process; one that is not restarted refuses once it ends by itself.

        `hear` gets each line that it writes.
        """
        self.name = name
        self.restarts = 0
        self.refusal: str | None = None
        self.state = "starting"
        self.ended = ""
        self.command = tuple(command)
        self._mark = Mark.beside(log, new_token(), stop_signal)
        self._environment = {**os.environ, **environment, TOKEN: self._mark.token}
        self._log = LogFile(log)
        self._spawn = spawn or Spawn()
        self._stop_signal = stop_signal
        self._is_restarted = is_restarted
        self._hear = hear
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._killed_for = ""
        self._is_over = asyncio.Event()
        self._is_over.set()
        self._tail: deque[str] = deque(maxlen=20)

    @property
    def pid(self) -> int | None:
        """Give the process id while it runs."""
        return None if self._process is None else self._process.pid

    async def keep_running(self) -> None:
        """Run the process, again and again, until `stop` or a refusal."""
        backoff_s = _BACKOFF_S_MIN
        while not self._stopping.is_set():
            started = time.monotonic()
            code, words = 0, ""
            try:
                code = await self._run_once()
            except OSError as error:  # no memory, no process number, no program
                self.ended = f"could not start: {error.strerror}"
            else:
                self.ended = self._end(code)
                words = "" if code < 0 else f": {self.last_words()}"
            if self._stopping.is_set():
                return
            if code == EXIT_CONFIGURATION:
                self.refusal = f"{self.name}: {self._complaint() or 'refused its configuration'}"
                return
            if not self._is_restarted:
                self.refusal = f"{self.name}: {self.ended}{words}"
                return
            if time.monotonic() - started > _STEADY_S:
                backoff_s = _BACKOFF_S_MIN
            if code == EXIT_DATA:
                backoff_s = _BACKOFF_S_MAX
            self.restarts += 1
            self.state = f"{self.ended}, again in {backoff_s:g} s{words}"[:200]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), backoff_s)
            backoff_s = min(backoff_s * 2, _BACKOFF_S_MAX)

    async def stop(self, *, grace_s: float) -> None:
        """Ask the process to drain; kill it, and say so, when the grace is over."""
        self._stopping.set()
        self._tell(self._stop_signal)
        try:
            await asyncio.wait_for(self._is_over.wait(), grace_s)
        except TimeoutError:
            say(f"{self.name:12} did not stop within {grace_s:g} s, killed")
            self._tell(signal.SIGKILL)
            await self._is_over.wait()

    def renew(self) -> None:
        """Let the process end in order; it is started again."""
        self._tell(self._stop_signal)

    def kill(self, reason: str) -> None:
        """End a process that hangs at once; it is started again, and `ended` gives the reason."""
        if not self._killed_for:
            self._log.write(f"supervisor: {reason}\n".encode())
        self._killed_for = reason
        self._tell(signal.SIGKILL)

    def _end(self, code: int) -> str:
        reason, self._killed_for = self._killed_for, ""
        if reason and code == -signal.SIGKILL:
            return reason
        return f"killed by signal {-code}" if code < 0 else f"ended with {code}"

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def last_words(self) -> str:
        """Give the last line that the process wrote, as text for a person."""
        for line in reversed(self._tail):
            with contextlib.suppress(ValueError, AttributeError):
                record = json.loads(line)
                return str(record.get("error") or record.get("reason") or record.get("event"))
            if line:
                return line
        return ""

    def _complaint(self) -> str:
        words = self.last_words()
        return words.removeprefix("configuration_error: ").removeprefix(f"{self.name}: ")

    async def _run_once(self) -> int:
        self.state = "starting"
        self._is_over.clear()
        try:
            return await self._live()
        finally:
            self._is_over.set()

    async def _live(self) -> int:
        self._process = process = await self._started()
        self._mark.set(process.pid)
        if self._stopping.is_set():  # since the start was begun
            self._tell(self._stop_signal)
        if process.stdout is not None:
            await self._copy_output(process.stdout)
        code = await process.wait()
        self._process = None
        self._mark.clear()
        return code

    async def _started(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # A Ctrl-C in the terminal reaches the supervisor alone; it stops the rest in order.
            start_new_session=True,
            preexec_fn=ends_with_us(self._stop_signal),
            limit=_LINE_BYTES_MAX,
            **self._spawn,
        )

    async def _copy_output(self, output: asyncio.StreamReader) -> None:
        with self._log as log:
            while True:
                try:
                    line = await output.readline()
                except ValueError:  # one line beyond the limit: keep what fits of the next ones
                    continue
                if not line:
                    return
                log.write(line)
                words = line.decode("utf-8", "replace").strip()
                self._tail.append(words)
                if self._hear is not None:
                    self._hear(words)
