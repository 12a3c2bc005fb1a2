"""The command line: say in one line what is wrong, and give an exit code."""

import sys

from supervisor import audit_command, up
from supervisor.options import parser
from supervisor.refusal import EXIT_CONFIGURATION, Refusal


def main(arguments: list[str]) -> int:
    """Run a command; 0 is well, 78 something that a person can put right, 2 wrong usage."""
    options = parser().parse_args(arguments)
    try:
        return up.run(options) if options.command == "up" else audit_command.run(options)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return EXIT_CONFIGURATION
