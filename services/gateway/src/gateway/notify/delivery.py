"""Handing an order to the sender, a process of its own that lives for one delivery."""

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

DELIVERY_S_MAX = 20.0
AT_ONCE_MAX = 4
"""Senders that run at the same time."""
_CODE = re.compile(r"[a-z0-9_]{0,40}")
_ANSWER_BYTES_MAX = 1_000
_KEPT = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""What a sender needs of the environment; no proxy, which would connect in its stead."""

_log = structlog.get_logger()


class Sender(Protocol):
    """Reaches people. Each answer is "" or a code that tells nothing of the target."""

    async def deliver(self, target: str, *, title: str, body: str) -> str:
        """Send a message to a channel."""
        ...

    async def ping(self, target: str) -> str:
        """Ask for an address."""
        ...


class ProcessSender:
    """Starts one process for every order; the target goes in by a pipe."""

    def __init__(
        self,
        command: Sequence[str] = (sys.executable, "-I", "-m", "gateway.notify.sender"),
        *,
        environment: Mapping[str, str] | None = None,
        wait_s: float = DELIVERY_S_MAX,
    ) -> None:
        given = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._command = tuple(command)
        self._environment = {
            **given,
            "HOME": "/nonexistent",
            "NO_PROXY": "*",
            **(environment or {}),
        }
        self._wait_s = wait_s
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)

    async def deliver(self, target: str, *, title: str, body: str) -> str:
        """Do as Sender.deliver."""
        order = {"what": "deliver", "target": target, "title": title, "body": body}
        return await self._run(order)

    async def ping(self, target: str) -> str:
        """Do as Sender.ping."""
        return await self._run({"what": "ping", "target": target})

    async def _run(self, order: Mapping[str, str]) -> str:
        async with self._slots:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    env=self._environment,
                    start_new_session=True,
                )
            except OSError as error:
                _log.error("sender_not_started", error=str(error))
                return "failed"
            try:
                async with asyncio.timeout(self._wait_s):
                    said, _ = await process.communicate(json.dumps(order).encode())
            except TimeoutError:
                return "timeout"
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return _code_in(said, process.returncode)


def _code_in(said: bytes, exit_code: int | None) -> str:
    try:
        code = json.loads(said[:_ANSWER_BYTES_MAX])["error"]
    except (ValueError, KeyError, TypeError):
        _log.error("sender_failed", exit_code=exit_code)
        return "failed"
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "failed"
