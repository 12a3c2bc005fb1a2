"""Replay: what a core derives from the record, compared with what the record says it decided.

A core's drafts are matched with the recorded events of its types, subject by subject and in
order. The first difference ends the comparison of that core, because after it the core decides on
a state that the recorded one did not have.

Rules judge only what the same rules decided. Each start of a service names its rules; what others
decided is counted and not judged, and the core takes it as it stands.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from audit.domain.verification import Difference, shorten
from contracts import codec
from contracts.core import Core
from contracts.event import Draft, Recorded
from contracts.process import ServiceStarted


@dataclass(frozen=True, slots=True)
class _Derived:
    """A draft, the event that it answers, and its place among all drafts of its core."""

    draft: Draft
    cause: Recorded
    ordinal: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A decision that is derived and not recorded yet: its service has not come that far."""

    event_type: str
    id: UUID
    subject: str
    cause_position: int
    cause_recorded_at: datetime


@dataclass(slots=True)
class Span:
    """Decisions in a row of other rules than ours."""

    policy: str | None
    """None where the start of the service did not say."""
    revision: str
    started: int
    """Position of that start."""
    decisions: int = 0
    first: int = 0
    last: int = 0

    def take(self, position: int) -> None:
        """Count a decision."""
        self.decisions += 1
        self.first = self.first or position
        self.last = position


@dataclass(slots=True)
class CoreComparison:
    """Feeds one core and compares its answers."""

    name: str
    """Of the service that decides with the core."""
    core: Core
    derived: int = 0
    matched: int = 0
    difference: Difference | None = None
    spans: list[Span] = field(default_factory=list[Span])
    """What is not judged."""
    revision: str | None = None
    """Of the build that the service runs since its last start; None when the log does not say."""
    _told: Span | None = None
    _types: frozenset[str] = field(init=False)
    _open: dict[str, deque[_Derived]] = field(init=False)
    _matched_ordinal_max: int = -1

    def __post_init__(self) -> None:
        self._types = frozenset(event.event_type for event in self.core.decides)
        self._open = defaultdict(deque)

    def step(self, recorded: Recorded) -> None:
        """Take the next recorded event: compare it if the core decides its type, then feed it."""
        if self.difference is not None:
            return
        event = recorded.event
        if isinstance(event, ServiceStarted) and event.service == self.name:
            self._take_over(event, recorded.position)
        elif event.event_type in self._types:
            if self._told is None:
                self.difference = self._compare(recorded)
            else:
                self._told.take(recorded.position)
        if self.difference is not None:
            return
        try:
            drafts = self.core.step(recorded)
        except Exception as error:  # noqa: BLE001 - whatever a core raises is what was found
            self.difference = Difference(
                recorded.position,
                f"{self.name}: {recorded.event.event_type}",
                "a core that folds it",
                shorten(f"{type(error).__name__}: {error}"),
            )
            return
        for draft in drafts:
            self._open[draft.subject].append(_Derived(draft, recorded, self.derived))
            self.derived += 1

    def finish(self) -> list[Pending]:
        """After the last event: give what is pending at the head; the rest is missing."""
        leftover = self._require_order()
        return [
            Pending(
                derived.draft.event.event_type,
                derived.draft.id,
                derived.draft.subject,
                derived.cause.position,
                derived.cause.recorded_at,
            )
            for derived in leftover
            if derived.ordinal > self._matched_ordinal_max
        ]

    def _take_over(self, event: ServiceStarted, position: int) -> None:
        """Know whose rules decide from here on."""
        self.revision = event.revision
        if event.policy == self.core.policy:
            self._told = None
            return
        self._require_order()
        self._open.clear()  # What was not decided by then, others decide.
        self._told = Span(event.policy, event.revision, position)
        self.spans.append(self._told)

    def _require_order(self) -> list[_Derived]:
        """Give what is derived and not recorded; it is missing where later decisions stand."""
        leftover = sorted(
            (derived for waiting in self._open.values() for derived in waiting),
            key=lambda derived: derived.ordinal,
        )
        if self.difference is None and leftover:
            first = leftover[0]
            if first.ordinal < self._matched_ordinal_max:
                self.difference = self._missing(first, found="later decisions without it")
        return leftover

    def _compare(self, recorded: Recorded) -> Difference | None:
        waiting = self._open[recorded.subject]
        if not waiting:
            return self._extra(recorded)
        first = waiting[0]
        if first.draft.id != recorded.id:
            return self._other(recorded, waiting)
        fields = list(_differing(first.draft, recorded))
        if fields:
            names, expected, found = zip(*fields, strict=True)
            return Difference(
                recorded.position,
                f"{self.name}: {recorded.event.event_type} differs in {', '.join(names)}",
                shorten("; ".join(expected)),
                shorten("; ".join(found)),
            )
        waiting.popleft()
        self.matched += 1
        self._matched_ordinal_max = max(self._matched_ordinal_max, first.ordinal)
        return None

    def _other(self, recorded: Recorded, waiting: deque[_Derived]) -> Difference:
        """Name what it means that another decision stands where the first open one belongs."""
        first = waiting[0]
        found = f"{recorded.event.event_type} {recorded.id}"
        if any(derived.draft.id == recorded.id for derived in waiting):
            return self._missing(first, found=f"{found} before it", position=recorded.position)
        if first.draft.causation_id == recorded.causation_id:
            return Difference(
                recorded.position,
                f"{self.name}: another decision on {first.cause.position}",
                f"{first.draft.event.event_type} {first.draft.id}",
                found,
            )
        return self._extra(recorded)

    def _extra(self, recorded: Recorded) -> Difference:
        return Difference(
            recorded.position,
            f"{self.name}: extra",
            f"no {recorded.event.event_type} here",
            f"{recorded.event.event_type} {recorded.id}",
        )

    def _missing(self, derived: _Derived, *, found: str, position: int | None = None) -> Difference:
        draft = derived.draft
        return Difference(
            derived.cause.position if position is None else position,
            f"{self.name}: missing",
            f"{draft.event.event_type} {draft.id} on position {derived.cause.position}",
            found,
        )


def _differing(draft: Draft, recorded: Recorded) -> Iterator[tuple[str, str, str]]:
    """Give name, expected and found of each field that is not the same."""
    event = draft.event
    pairs: dict[str, tuple[object, object]] = {
        "type": (event.event_type, recorded.event.event_type),
        "version": (event.event_version, recorded.version),
        "source": (event.owner, recorded.source),
        "occurred_at": (draft.occurred_at, recorded.occurred_at),
        "correlation_id": (draft.correlation_id, recorded.correlation_id),
        "causation_id": (draft.causation_id, recorded.causation_id),
    }
    for name, (expected, found) in pairs.items():
        if expected != found:
            yield name, f"{name} {expected}", f"{name} {found}"
    body = codec.body_of(event)
    if body != recorded.body:
        yield from _differing_body(draft, recorded, body)


def _differing_body(
    draft: Draft, recorded: Recorded, body: bytes
) -> Iterator[tuple[str, str, str]]:
    expected, found = draft.event.model_dump(mode="json"), recorded.event.model_dump(mode="json")
    names = [name for name in expected | found if expected.get(name) != found.get(name)]
    for name in names:
        yield name, f"{name} {expected.get(name)!r}", f"{name} {found.get(name)!r}"
    if not names:
        yield "bytes", f"bytes {body!r}", f"bytes {recorded.body!r}"
