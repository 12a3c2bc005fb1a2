"""Characters that control how text is shown: they could make a line of the log lie."""

import re

HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Controls, line ends, halves of surrogate pairs, and what turns the direction of writing."""


def shown(text: str) -> str:
    """Give text of any origin with a blank for each such character."""
    return HIDDEN.sub(" ", text)
