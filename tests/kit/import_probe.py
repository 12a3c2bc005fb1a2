"""Import every module of the package named on the command line and fail at the first side effect.

Runs as a program in a process of its own, because an audit hook stays for the life of a process.
"""

import importlib
import logging
import os
import pkgutil
import sys
import threading

SIDE_EFFECTS = frozenset(
    {
        "os.fork",
        "os.mkdir",
        "os.posix_spawn",
        "os.putenv",
        "os.remove",
        "os.rename",
        "os.system",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "subprocess.Popen",
    }
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Modules that need an extra are looked at where the extra is installed.
OPTIONAL = frozenset({"anchorpy", "driftpy", "opentelemetry", "solana", "spl"})


def refuse_side_effects(event: str, arguments: tuple[object, ...]) -> None:
    writes = (
        event == "open"
        and isinstance(arguments[2], int)
        and arguments[2] & WRITING
        and arguments[0] != os.devnull
    )
    if event in SIDE_EFFECTS or writes:
        raise RuntimeError(f"importing did this: {event} {arguments}")


def import_all(package: str) -> None:
    module = importlib.import_module(package)
    for found in pkgutil.iter_modules(module.__path__, f"{package}."):
        if found.name.endswith(".__main__"):
            continue
        try:
            if found.ispkg:
                import_all(found.name)
            else:
                importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in OPTIONAL:
                raise


if __name__ == "__main__":
    sys.addaudithook(refuse_side_effects)
    import_all(sys.argv[1])
    if threading.active_count() > 1:
        raise RuntimeError(f"importing started threads: {threading.enumerate()}")
    if logging.root.handlers:
        raise RuntimeError(f"importing configured logging: {logging.root.handlers}")
