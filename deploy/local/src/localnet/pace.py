"""The pace of the chain: slots of 400 ms by the wall clock, or one after another when told."""

import asyncio
import time
from enum import StrEnum

from localnet.block import SLOT_MS
from localnet.node import Node


class ClockMode(StrEnum):
    """Who opens the next slot."""

    WALL = "wall"
    STEP = "step"


class PastTime(ValueError):
    """Chain time would go backwards."""


class Pace:
    """Opens slots."""

    def __init__(self, node: Node, mode: ClockMode) -> None:
        self.mode = mode
        self._node = node
        self._at_ms = node.chain.tip.at_s * 1_000

    def step(self, *, slots: int, at_ms: int | None = None) -> None:
        """Open so many slots, the last of them at a time; 400 ms each when none is given.

        Raises PastTime.
        """
        start = self._at_ms
        end = start + slots * SLOT_MS if at_ms is None else at_ms
        if end < start:
            raise PastTime(f"expected a time of at least {start} ms, found {end}")
        for number in range(1, slots + 1):
            self._at_ms = start + (end - start) * number // slots
            self._node.advance(at_s=self._at_ms // 1_000)

    def skip(self, *, slots: int) -> None:
        """Let slots pass without a block, and open the next one."""
        self._at_ms += (slots + 1) * SLOT_MS
        self._node.advance(at_s=self._at_ms // 1_000, skipped_slots=slots)

    async def run(self) -> None:
        """Open slots by the wall clock while that is the mode; never ends by itself."""
        due = time.monotonic()
        while True:
            due += SLOT_MS / 1_000
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self.mode is not ClockMode.WALL:
                continue
            # A machine that was away for some slots made no blocks in them.
            missed = int((time.monotonic() - due) * 1_000 / SLOT_MS)
            due += missed * SLOT_MS / 1_000
            self._at_ms = max(self._at_ms, time.time_ns() // 1_000_000)
            self._node.advance(at_s=self._at_ms // 1_000, skipped_slots=missed)
