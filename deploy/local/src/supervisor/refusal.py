"""One clear line instead of a traceback, for what a person can put right."""

EXIT_CONFIGURATION = 78
"""A service that ends with this is not started again (sysexits EX_CONFIG)."""
EXIT_DATA = 65
"""A service found data that it cannot read; it is started again, slowly (EX_DATAERR)."""


class Refusal(Exception):
    """The supervisor cannot go on; the message says what was expected and what was found."""
