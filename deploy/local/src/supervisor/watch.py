"""A watch over a process that may hang: it is asked, and ended when it stays silent.

A start takes as long as it takes: only who has answered once can fall silent. A process that is
ended is started again like any that ended by itself.
"""

import time
from collections.abc import Awaitable, Callable

from supervisor.answers import Answer
from supervisor.child import Child
from supervisor.status import Row

SILENT_S_MAX = 30.0
_LOOK_S_MAX = 2.0


class Silence:
    """How long a process has not answered, counted only while we asked.

    A look counts two seconds at most: while we stood still ourselves, stopped or on a laptop that
    slept, nobody was silent.
    """

    def __init__(self) -> None:
        self._pid: int | None = None
        self._looked_at = 0.0
        self._has_answered = False
        self._silent_s = 0.0

    def after(self, pid: int, *, is_heard: bool, now: float) -> float:
        """Take the outcome of a look at a process; give the seconds of its silence."""
        if pid != self._pid:
            self._pid, self._has_answered = pid, False
        if is_heard or not self._has_answered:
            self._has_answered = self._has_answered or is_heard
            self._silent_s = 0.0
        else:
            self._silent_s += min(now - self._looked_at, _LOOK_S_MAX)
        self._looked_at = now
        return self._silent_s


class Watch:
    """Looks at one process now and then."""

    def __init__(
        self,
        child: Child,
        ask: Callable[[], Awaitable[Answer]],
        *,
        silent_s_max: float = SILENT_S_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._child = child
        self._ask = ask
        self._silent_s_max = silent_s_max
        self._clock = clock
        self._silence = Silence()

    async def look(self) -> Row:
        """Ask how the process is, and end it when it has been silent for too long."""
        child = self._child
        pid = child.pid
        if pid is not None:
            answer = await self._ask()
            if child.pid == pid:
                child.state = answer.state
                silent_s = self._silence.after(pid, is_heard=answer.is_heard, now=self._clock())
                if silent_s >= self._silent_s_max:
                    child.kill(f"no answer for {silent_s:.0f} s, killed")
        return Row(child.name, child.state, child.pid, child.restarts, child.ended)
