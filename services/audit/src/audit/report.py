"""What the commands print: a few lines for a person."""

from collections.abc import Sequence

from audit.domain.comparison import CoreComparison, Span
from audit.domain.verification import printable
from audit.replay import Replayed
from audit.verify import Verified

_DIFFERENCES_SHOWN_MAX = 20


def show_verified(found: Verified, *, with_stream: bool) -> str:
    """Give the report of `verify`."""
    lines = [
        f"events       {found.rows}, positions {found.first} to {found.last}",
        f"chain head   {found.last}:{found.head_hash.hex()}",
        _stream_line(found) if with_stream else "stream       not compared (--no-stream)",
        "projections  " + ", ".join(f"{name} {n}" for name, n in sorted(found.projected.items())),
    ]
    if found.irregular:
        irregular = _counted(found.irregular, "message")
        lines.append(f"note         {irregular} archived as no regular event")
    if found.unreadable:
        lines.append(
            f"note         {_counted(found.unreadable, 'message')} that this build cannot read;"
            f" the first: {found.first_unreadable}"
        )
    if not found.differences:
        last = (
            f"not judged: {_counted(found.unreadable, 'message')}" if found.unreadable else "clean"
        )
        return _text([*lines, last])
    lines.append(_counted(found.differences_found, "difference"))
    lines += [f"  {difference}" for difference in found.differences[:_DIFFERENCES_SHOWN_MAX]]
    if found.differences_found > _DIFFERENCES_SHOWN_MAX:
        lines.append(f"  and {found.differences_found - _DIFFERENCES_SHOWN_MAX} more")
    return _text(lines)


def show_replayed(found: Replayed, *, source: str, revision: str) -> str:
    """Give the report of `replay`; `revision` is that of the build that derived here."""
    rate = found.events / found.seconds if found.seconds else 0.0
    events = f"{_counted(found.events, 'event')} of {source}"
    lines = [
        f"replayed     {events}, positions {found.first} to {found.last}",
        f"             in {found.seconds:.1f} s, {rate:.0f} events/s",
    ]
    lines += [
        f"{each.name:12} {_counted(each.derived, 'decision')} derived, {each.matched} as recorded"
        for each in found.comparisons
    ]
    if found.unreadable:
        lines.append(
            f"note         {_counted(found.unreadable, 'message')} that this build cannot read;"
            f" the first: {found.first_unreadable}"
        )
    for name, pending in found.pending[:_DIFFERENCES_SHOWN_MAX]:
        age = "" if found.head_at is None else f", {found.head_at - pending.cause_recorded_at} old"
        lines.append(
            f"pending      {name}: {pending.event_type} on position {pending.cause_position}"
            f" is not recorded yet{age}"
        )
    if len(found.pending) > _DIFFERENCES_SHOWN_MAX:
        lines.append(f"pending      and {len(found.pending) - _DIFFERENCES_SHOWN_MAX} more")
    lines += [_unjudged_line(core, span) for core, span in found.unjudged]
    if found.difference is not None:
        lines += [
            f"note         {each.name} ran build {each.revision:.12} there; this is {revision:.12}"
            for each in found.comparisons
            if each.difference and each.revision not in (None, revision)
        ]
        return _text([*lines, f"first difference: {found.difference}"])
    return _text([*lines, "clean" if found.is_judged else _not_judged(found)])


def _text(lines: Sequence[str]) -> str:
    return "\n".join(map(printable, lines))


def _unjudged_line(core: CoreComparison, span: Span) -> str:
    by = "a policy that it did not name" if span.policy is None else f"policy {span.policy}"
    where = f"at positions {span.first} to {span.last}"
    return (
        f"not judged   {core.name}: {_counted(span.decisions, 'decision')} {where}, made by {by} of"
        f" build {span.revision:.12}, started at {span.started}; installed is {core.core.policy}"
    )


def _not_judged(found: Replayed) -> str:
    """Say in one line how much of the record is not proved."""
    counts = (
        (sum(span.decisions for _, span in found.unjudged), "decision", " of other policies"),
        (len(found.overdue), "decision", " overdue"),
        (found.unreadable, "message", " unread"),
    )
    said = [_counted(number, noun) + what for number, noun, what in counts if number]
    return f"not judged: {', '.join(said)}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _stream_line(found: Verified) -> str:
    if not found.stream_compared:
        line = "stream       holds none of these positions"
    else:
        line = f"stream       {found.stream_compared} compared, from position {found.stream_first}"
    return line + (f"; {found.not_archived} not archived yet" if found.not_archived else "")
