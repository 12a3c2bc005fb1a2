"""What the commands print: a few lines for a person."""

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
        return "\n".join([*lines, "clean"])
    lines.append(_counted(found.differences_found, "difference"))
    lines += [f"  {difference}" for difference in found.differences[:_DIFFERENCES_SHOWN_MAX]]
    if found.differences_found > _DIFFERENCES_SHOWN_MAX:
        lines.append(f"  and {found.differences_found - _DIFFERENCES_SHOWN_MAX} more")
    return "\n".join(lines)


def show_replayed(found: Replayed, *, source: str) -> str:
    """Give the report of `replay`."""
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
    for name, difference, started in found.unjudged:
        lines.append(
            f"not judged   {name} from position {difference.position} on: build {started.build}"
            f" decided there, since {started.position}; this is build {found.ours}"
        )
        lines.append(f"             and decides otherwise: {difference}")
    if found.difference is not None:
        return "\n".join([*lines, f"first difference: {found.difference}"])
    if found.unjudged:
        return "\n".join([*lines, "not judged to the end: replay with the builds that decided"])
    return "\n".join([*lines, "clean"])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _stream_line(found: Verified) -> str:
    if not found.stream_compared:
        line = "stream       holds none of these positions"
    else:
        line = f"stream       {found.stream_compared} compared, from position {found.stream_first}"
    return line + (f"; {found.not_archived} not archived yet" if found.not_archived else "")
