"""What a transaction offers the block's leader, read from its compute budget instructions.

Source: the ComputeBudget program's borsh enum; 2 is the unit limit, 3 the price of a unit.
"""

from dataclasses import dataclass

from solders.pubkey import Pubkey

from execution.signing import message
from execution.signing.message import Instruction
from execution.signing.refusals import Code, Refused, require

PROGRAM = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
_UNIT_LIMIT = 2
_UNIT_PRICE = 3
_LENGTHS = {_UNIT_LIMIT: 5, _UNIT_PRICE: 9}
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Budget:
    """The limit of compute units and the price of each."""

    units: int
    unit_microlamports: int

    @property
    def priority_fee_lamports(self) -> int:
        """Give the fee beside that of the signature: the price counts for the whole limit."""
        return -(-self.units * self.unit_microlamports // _MICRO)


def decode(instructions: tuple[Instruction, ...]) -> Budget:
    """Read the budget: one limit, and at most one price; raise Refused for anything else."""
    values: dict[int, int] = {}
    for it in instructions:
        kind = it.data[0] if it.data else None
        if kind not in _LENGTHS:
            raise Refused(Code.BUDGET_FORBIDDEN, "a unit limit or price", it.data.hex())
        fits = len(it.data) == _LENGTHS[kind] and not it.accounts
        require(fits, Code.ARGUMENTS, f"{_LENGTHS[kind]} bytes, no account", it.data.hex())
        require(kind not in values, Code.BUDGET_REPEATED, "each once", it.data.hex())
        values[kind] = int.from_bytes(it.data[1:], "little")
    require(_UNIT_LIMIT in values, Code.BUDGET_MISSING, "a unit limit", "none")
    return Budget(values[_UNIT_LIMIT], values.get(_UNIT_PRICE, 0))


def paid(data: bytes) -> tuple[Pubkey, int] | None:
    """Give who pays for a signed message, and the priority fee; None for bytes that our signer
    would not have read, as those of a wallet or of the paper chain may be.
    """
    try:
        read = message.decode(data, {})
        budget = decode(tuple(it for it in read.instructions if it.program == PROGRAM))
    except Refused:
        return None
    return read.fee_payer, budget.priority_fee_lamports
