"""What a process that holds keys leaves behind when it crashes: nothing of its memory (ADR 13)."""

import resource


def forbid_core_dumps() -> None:
    """Let the system write no core of this process.

    The limit is one byte: with none, a handler that cores are piped to would still get them
    (core(5)).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 1 if hard == resource.RLIM_INFINITY else min(1, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
