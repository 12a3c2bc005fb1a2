"""Why a transaction is not signed: a stable code, what was expected and what was found."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """The reasons. One test transaction at least stands for each."""

    # The message itself.
    UNREADABLE = "unreadable"
    NOT_CANONICAL = "not_canonical"
    """Other bytes say the same, or bytes follow that say nothing."""
    TOO_LONG = "too_long"
    VERSION = "version"
    SIGNERS = "signers"
    """Not exactly one signature is required."""
    HEADER = "header"
    ACCOUNT_REPEATED = "account_repeated"
    ACCOUNT_UNUSED = "account_unused"
    ACCOUNT_INDEX = "account_index"
    LOOKUP_TABLE_UNKNOWN = "lookup_table_unknown"
    LOOKUP_TABLE_INDEX = "lookup_table_index"
    PROGRAM_PLACE = "program_place"
    """A program that is writable, signs, pays or comes out of a lookup table."""
    BLOCKHASH_EMPTY = "blockhash_empty"
    NO_INSTRUCTIONS = "no_instructions"
    TOO_MANY_INSTRUCTIONS = "too_many_instructions"
    INSTRUCTION_REPEATED = "instruction_repeated"

    # What it runs.
    DURABLE_NONCE = "durable_nonce"
    PROGRAM_UNKNOWN = "program_unknown"
    INSTRUCTION_FORBIDDEN = "instruction_forbidden"
    ARGUMENTS = "arguments"
    """The arguments are not exactly those of the layout."""
    BUDGET_FORBIDDEN = "budget_forbidden"
    BUDGET_REPEATED = "budget_repeated"
    BUDGET_MISSING = "budget_missing"
    COMPUTE_UNITS = "compute_units"
    PRIORITY_FEE = "priority_fee"
    FEES_SPENT = "fees_spent"
    """The fee is within its own cap, but with those signed before it over an hour's or a day's."""

    # Who and when.
    NO_KEY = "no_key"
    REVOKED = "revoked"
    STANDING_CHANGED = "standing_changed"
    """The log holds words of people, or orders, that the facts do not know."""
    SESSION_NOT_OPEN = "session_not_open"
    SESSION_EXPIRED = "session_expired"
    SESSION_TOO_LONG = "session_too_long"
    SESSION_ENDING = "session_ending"
    """Too little is left of the key's life to look after what would be opened."""
    RATE = "rate"
    BLOCKHASH_UNKNOWN = "blockhash_unknown"
    BLOCKHASH_EXPIRED = "blockhash_expired"
    BLOCKHASH_TOO_FAR = "blockhash_too_far"
    FEE_PAYER = "fee_payer"
    ACCOUNT_MISSING = "account_missing"
    ACCOUNT_STRANGE = "account_strange"
    """Not the account of ours that belongs in this place."""
    ACCOUNT_FLAGS = "account_flags"

    # The orders.
    MARKET = "market"
    ORDER_KIND = "order_kind"
    NOT_REDUCE_ONLY = "not_reduce_only"
    FIELD_FORBIDDEN = "field_forbidden"
    SIZE = "size"
    SIZE_GRID = "size_grid"
    PRICE = "price"
    PRICE_GRID = "price_grid"
    PRICE_BAND = "price_band"
    NOTIONAL = "notional"
    DIRECTION = "direction"
    TRIGGER_CONDITION = "trigger_condition"
    MAX_TS_MISSING = "max_ts_missing"
    MAX_TS_PAST = "max_ts_past"
    MAX_TS_TOO_LATE = "max_ts_too_late"
    MAX_TS_ON_STOP = "max_ts_on_stop"
    NUMBER_MISSING = "number_missing"
    NUMBER_IN_USE = "number_in_use"
    ORDER_UNKNOWN = "order_unknown"
    ORDER_FOREIGN = "order_foreign"
    ORDER_TRIGGERED = "order_triggered"
    NOT_MUST_MODIFY = "not_must_modify"
    STOP_LOOSENED = "stop_loosened"
    STOP_PROTECTS = "stop_protects"
    NOTHING_TO_REDUCE = "nothing_to_reduce"

    # New risk.
    KILLED = "killed"
    OWNER_REDUCE_ONLY = "owner_reduce_only"
    NOT_APPROVED = "not_approved"
    SIZE_NOT_APPROVED = "size_not_approved"
    SIDE_NOT_APPROVED = "side_not_approved"
    PRICE_NOT_APPROVED = "price_not_approved"
    ENTRY_WITHOUT_STOP = "entry_without_stop"
    ENTRY_MIXED = "entry_mixed"
    """An entry goes with its stop and with nothing else, a moved entry goes alone."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was signed, and why."""

    code: Code
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.code}: expected {self.expected}, found {self.found}"


class Refused(Exception):
    """Carries a refusal out of a rule; `policy.judge` turns it into its answer."""

    def __init__(self, code: Code, expected: object, found: object) -> None:
        self.refusal = Refusal(code, str(expected), f"{found!s:.200}")
        super().__init__(str(self.refusal))


def require(condition: object, code: Code, expected: object, found: object) -> None:
    """Raise Refused unless a condition holds."""
    if not condition:
        raise Refused(code, expected, found)
