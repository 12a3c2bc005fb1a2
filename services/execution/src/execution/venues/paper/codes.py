"""Codes with which the simulated program refuses (execution.md 2.12)."""

from enum import IntEnum


class Code(IntEnum):
    """The program's errors, by number; 101 and 2003 are those of its framework."""

    UNREADABLE = 101
    NOT_A_SIGNER = 2003
    """Neither the owner nor the delegate signed."""
    INSUFFICIENT_COLLATERAL = 6003
    EXCHANGE_PAUSED = 6024
    INVALID_ORACLE = 6035
    INVALID_ORDER = 6042
    IMMEDIATE_OR_CANCEL_IN_PLACE = 6050
    BELOW_MINIMUM_SIZE = 6056
    POST_ONLY_WOULD_CROSS = 6057
    BELOW_STEP_SIZE = 6059
    TOO_MANY_ORDERS = 6060
    ORDER_DOES_NOT_EXIST = 6061
    ORDER_NOT_OPEN = 6062
    USER_ORDER_ID_IN_USE = 6071
    NOT_TRIGGERABLE = 6111
    TRIGGER_CONDITION_UNMET = 6112
    BEING_LIQUIDATED = 6117
    BANKRUPT = 6125
    PLACING_PAUSED = 6147
    FILLING_PAUSED = 6148
    MAX_OPEN_INTEREST = 6154
    IMPOSSIBLE_FILL = 6252
    """An exit that takes at once has nobody to take from."""
    ACCOUNT_REDUCE_ONLY = 6254


class Refused(Exception):
    """The program refuses: nothing of the transaction takes effect."""

    def __init__(self, code: Code) -> None:
        super().__init__(f"{code.name.lower()} ({code.value})")
        self.code = code
