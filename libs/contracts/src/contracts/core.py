"""The shape of a decision core: a fold over the log that answers with events.

A core gets every recorded event in position order and nothing else: no clock, no randomness, no
lookup. So the audit can feed it the recorded log and must get the recorded decisions.

Its rules are a version, and each start of its service names the one that decides from there on.
Where that is another one, a core answers nothing and takes what was decided from the record (ADR
26).
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from contracts.event import Draft, Event, Recorded


class Core(Protocol):
    """One service's decisions."""

    decides: ClassVar[tuple[type[Event], ...]]
    """Every event type that `step` may answer with: what a replay compares with the record."""

    @property
    def policy(self) -> str:
        """Name the version of its rules, as `service_started` does."""
        ...

    @property
    def is_told(self) -> bool:
        """Say whether, after what it folded, other rules than its own decide."""
        ...

    def step(self, recorded: Recorded) -> Sequence[Draft]:
        """Fold one recorded event and give the events that it leads to, in order.

        The core applies what it answers at once and passes over its own events when they come
        back, so that its state is a function of its inputs alone.
        """
        ...

    def snapshot(self) -> bytes:
        """Give the whole state as bytes that `restore` understands."""
        ...

    def restore(self, state: bytes) -> None:
        """Take a state that `snapshot` gave; raise ValueError when it is not one."""
        ...


CORES_GROUP = "perp_desk.cores"
"""Entry-point group under which a service offers its core to the audit: name -> `CoreFactory`."""
CoreFactory = Callable[[], Core]
