"""A stream and its consumers in memory: what the log and the market stream share."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chassis.log import FollowerReplaced
from contracts.subjects import ConsumerSpec

BATCH_MAX = 256
"""Most messages that one `next` hands out."""

T = TypeVar("T")


def matches(pattern: str, subject: str) -> bool:
    """Say whether a subject fits a NATS filter."""
    wanted, found = pattern.split("."), subject.split(".")
    for index, token in enumerate(wanted):
        if token == ">":
            return len(found) > index
        if index >= len(found) or token not in ("*", found[index]):
            return False
    return len(wanted) == len(found)


def fits(filters: Sequence[str], subject: str) -> bool:
    return not filters or any(matches(pattern, subject) for pattern in filters)


class Cursor(Generic[T]):
    """One consumer: where it stands in a list that grows."""

    def __init__(self, *, after: int) -> None:
        self.delivered = after
        self.acknowledged = after
        self.is_replaced = False


@dataclass
class Stream(Generic[T]):
    """Messages from sequence 1 on, and who follows them."""

    messages: list[T] = field(default_factory=list[T])
    cursors: dict[str, Cursor[T]] = field(default_factory=dict[str, Cursor[T]])
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def announce(self) -> None:
        async with self.grown:
            self.grown.notify_all()

    async def open(self, spec: ConsumerSpec, *, after: int) -> Cursor[T]:
        name = f"{spec.name}-{len(self.cursors)}" if spec.is_for_each else spec.name
        before = self.cursors.get(name)
        if before is not None:
            before.is_replaced = True
        cursor = self.cursors[name] = Cursor[T](after=after)
        await self.announce()
        return cursor

    async def take(
        self,
        cursor: Cursor[T],
        fits: Callable[[T], bool],
        timeout_s: float | None,
    ) -> list[T]:
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if cursor.is_replaced:
                        raise FollowerReplaced("expected to follow alone, found another follower")
                    found = self._found(cursor, fits)
                    if found:
                        break
                    async with self.grown:
                        await self.grown.wait()
        except TimeoutError:
            return []
        # Outside of the timeout: what is taken must be handed out.
        await asyncio.sleep(0)
        return found

    def _found(self, cursor: Cursor[T], fits: Callable[[T], bool]) -> list[T]:
        found: list[T] = []
        while cursor.delivered < len(self.messages) and len(found) < BATCH_MAX:
            message = self.messages[cursor.delivered]
            cursor.delivered += 1
            if fits(message):
                found.append(message)
        return found
