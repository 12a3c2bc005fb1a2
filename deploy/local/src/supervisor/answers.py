"""What a process says when it is asked how it is."""

import asyncio
import json
import urllib.error
from dataclasses import dataclass
from http.client import HTTPException

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
        return Answer(_reason_in(error), is_heard=True)
    except TimeoutError:
        return SILENT
    except (OSError, HTTPException):
        return STARTING


def _reason_in(answer: urllib.error.HTTPError) -> str:
    """Give why a service is not ready; it may end, or hang, in the midst of saying so."""
    try:
        return str(json.loads(answer.read()).get("reason") or "not ready")[:160]
    except (OSError, HTTPException, ValueError, AttributeError):
        return "not ready"
