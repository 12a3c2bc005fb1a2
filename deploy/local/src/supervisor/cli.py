"""The command line: say in one line what is wrong, and give an exit code."""

import sys

from supervisor import audit_command, up
from supervisor.options import parser
from supervisor.page import build_page, sources, write_types
from supervisor.refusal import EXIT_CONFIGURATION, Refusal


def main(arguments: list[str]) -> int:
    """Run a command; 0 is well, 78 something that a person can put right, 2 wrong usage."""
    options = parser().parse_args(arguments)
    try:
        match options.command:
            case "up":
                build_page(sources())
                return up.run(options)
            case "page" if options.types:
                write_types(sources())
                return 0
            case "page":
                built = build_page(sources())
                print("built" if built else "the page is as its sources say")
                return 0
            case _:
                return audit_command.run(options)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return EXIT_CONFIGURATION
