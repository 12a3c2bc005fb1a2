"""Settings are checked before anything starts: all that is wrong, at once.

Each installed service offers the check of its own; what holds for several is said once.
"""

import os
from collections.abc import Mapping
from importlib.metadata import entry_points

from chassis.settings import SETTINGS_GROUP, Check
from supervisor.refusal import Refusal


def require_settings(environments: Mapping[str, Mapping[str, str]]) -> None:
    """Raise Refusal unless each service can work with the environment that it would get."""
    services_of: dict[str, list[str]] = {}
    for point in entry_points(group=SETTINGS_GROUP):
        if point.name in environments:
            check: Check = point.load()
            for line in check(environments[point.name]):
                services_of.setdefault(line, []).append(point.name)
    if not services_of:
        return
    lines = [f"{', '.join(sorted(names))}: {line}" for line, names in services_of.items()]
    if len(lines) == 1:
        raise Refusal(lines[0])
    raise Refusal(f"{len(lines)} settings cannot work\n  " + "\n  ".join(sorted(lines)))


def not_heeded(environments: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Name the variables of ours that no service gets as they are set."""
    names = {name for environment in environments.values() for name in environment}
    return sorted(
        name
        for name in names & os.environ.keys()
        if all(it.get(name) != os.environ[name] for it in environments.values())
    )
