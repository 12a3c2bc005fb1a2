"""The command line: say in one line what is wrong, and give an exit code."""

import errno
import os
import sys
import traceback
from argparse import Namespace

from supervisor import audit_command, up
from supervisor.audit_command import COULD_NOT_RUN
from supervisor.options import parser
from supervisor.page import build_page, check_page, sources, write_types
from supervisor.refusal import EXIT_CONFIGURATION, Refusal


def main(arguments: list[str]) -> int:
    """Run a command.

    0 is well, 78 something that a person can put right, 2 wrong usage. `audit` has codes of its
    own.
    """
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except Exception as error:
        is_audit = options.command == "audit"
        words = _told(error)
        if not words and not is_audit:
            raise
        print(f"error: {words}" if words else traceback.format_exc(), file=sys.stderr)
        return COULD_NOT_RUN if is_audit else EXIT_CONFIGURATION


def _told(error: Exception) -> str:
    """Say what a person can put right; nothing of what they cannot."""
    if isinstance(error, Refusal):
        return str(error)
    if not isinstance(error, OSError) or (error.filename is None and error.errno != errno.ENOSPC):
        return ""
    # A full or read-only disk, or a folder of another user.
    place = "" if error.filename is None else f" at {os.fsdecode(error.filename)}"
    return f"expected to read and write what is needed, found{place}: {error.strerror}"


def _run(options: Namespace) -> int:
    match options.command:
        case "up":
            return up.run(options)
        case "page" if options.types:
            write_types(sources())
            return 0
        case "page" if options.check:
            checked = check_page(sources())
            print(
                "the page passes" if checked else "not checked: `just page` installs what it takes"
            )
            return 0
        case "page":
            built = build_page(sources())
            print("built" if built else "the page is as its sources say")
            return 0
        case _:
            return audit_command.run(options)
