"""The command line: say in one line what is wrong, and give an exit code."""

import errno
import os
import sys
from argparse import Namespace

from supervisor import audit_command, up
from supervisor.options import parser
from supervisor.page import build_page, check_page, sources, write_types
from supervisor.refusal import EXIT_CONFIGURATION, Refusal
from supervisor.signals import Stopped, raising_stopped


def main(arguments: list[str]) -> int:
    """Run a command.

    0 is well, 78 something that a person can put right, 2 wrong usage; 128 and the number of the
    signal is a stop before the desk was up.
    """
    options = parser().parse_args(arguments)
    try:
        with raising_stopped():
            return _run(options)
    except Refusal as refusal:
        words = str(refusal)
    except Stopped as stopped:
        print(f"stopped by {stopped.name}", file=sys.stderr)
        return stopped.exit_code
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise  # no file of ours: a person cannot put it right
        words = _told(error)
    print(f"error: {words}", file=sys.stderr)
    return EXIT_CONFIGURATION


def _told(error: OSError) -> str:
    """Say what a full or read-only disk, or a folder of another user, refused."""
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
