"""What a process says when it is asked how it is."""

import asyncio
import json
import urllib.error
from dataclasses import dataclass

from supervisor import direct
from supervisor.ports import LOOPBACK
from supervisor.status import READY

TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The state as a person is told it, and whether the process itself gave it."""

    state: str
    is_heard: bool


STARTING = Answer("starting", is_heard=False)
"""Nobody listens yet."""
SILENT = Answer(f"does not answer within {TIMEOUT_S:g} s", is_heard=False)


async def ask_service(port: int) -> Answer:
    """Ask a service whether it is ready; it answers as long as its event loop runs."""
    return await asyncio.to_thread(_ask_service, port)


def _ask_service(port: int) -> Answer:
    try:
        with direct.ask(f"http://{LOOPBACK}:{port}/ready", timeout_s=TIMEOUT_S):
            return Answer(READY, is_heard=True)
    except urllib.error.HTTPError as error:
        try:
            reason = str(json.loads(error.read()).get("reason") or "not ready")[:160]
        except (ValueError, AttributeError):
            reason = "not ready"
        return Answer(reason, is_heard=True)
    except TimeoutError:
        return SILENT
    except OSError:
        return STARTING
