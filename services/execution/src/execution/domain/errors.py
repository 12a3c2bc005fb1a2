"""What a venue's refusal means for the plan (execution.md 2.12). Codes are those of the program."""

from collections.abc import Mapping
from enum import StrEnum

NOT_A_SIGNER = 2003
POST_ONLY_WOULD_CROSS = 6057
ORDER_GONE = 6061
NUMBER_IN_USE = 6071
WRONG_TRIGGER_STATE = 6110
NOBODY_TO_TAKE_FROM = 6252
"""A reduce-only taker met no maker, and the AMM does not fill at once."""
NOT_SIGNED = 0
"""Stands for the program's code where our own signer refused."""
PASSING = frozenset({"standing-changed", "rate", "blockhash-unknown", "blockhash-expired"})
"""The signer's reasons that another moment may not have."""
SHRINK_ONLY = (6046, 6254)
"""The owner lets the account only shrink."""


class Action(StrEnum):
    """What is to be done about a refusal."""

    STOP_ALL = "stop_all"
    """Terminal: the program or its layout is not the one that we know. Nothing is sent."""
    DENIED = "denied"
    """The owner named somebody else. Nothing is sent until a snapshot shows our key again."""
    GIVE_UP = "give_up"
    """The order will not be: no retry."""
    REPLAN_PRICE = "replan_price"
    """The market moved: another price, counted as a replace, never the same again."""
    REREAD = "reread"
    """The order is not what we thought: what happened to it is in the venue's own words."""
    ADOPT = "adopt"
    """An earlier copy arrived: it is ours."""
    RETRY_PROTECTION = "retry_protection"
    """Protection is tried again; an entry is dropped."""
    SWEEP = "sweep"
    """There is no room: take back what is not needed, then once more."""


_ACTIONS: Mapping[int, Action] = {
    101: Action.STOP_ALL,
    NOT_A_SIGNER: Action.DENIED,
    3002: Action.STOP_ALL,
    3003: Action.STOP_ALL,
    3007: Action.STOP_ALL,
    6024: Action.RETRY_PROTECTION,
    6035: Action.RETRY_PROTECTION,
    POST_ONLY_WOULD_CROSS: Action.REPLAN_PRICE,
    6060: Action.SWEEP,
    ORDER_GONE: Action.REREAD,
    6062: Action.REREAD,
    NUMBER_IN_USE: Action.ADOPT,
    6109: Action.RETRY_PROTECTION,
    WRONG_TRIGGER_STATE: Action.REREAD,
    6111: Action.REREAD,
    6112: Action.REREAD,
    6147: Action.RETRY_PROTECTION,
    6148: Action.RETRY_PROTECTION,
    NOBODY_TO_TAKE_FROM: Action.RETRY_PROTECTION,
    6289: Action.RETRY_PROTECTION,
}


def classify(code: int) -> Action:
    """Give what to do about a refusal; a code that we do not know is not tried again."""
    return _ACTIONS.get(code, Action.GIVE_UP)
