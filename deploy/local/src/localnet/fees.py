"""What a transaction costs: 5,000 lamports a signature, and the priority fee on its LIMIT.

Source: the compute-budget program of Agave. Without a limit it is 200,000 units per instruction
that is not the compute-budget program's own, 1,400,000 at most.
"""

from dataclasses import dataclass

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.message import Message, MessageV0

LAMPORTS_PER_SIGNATURE = 5_000
UNITS_PER_INSTRUCTION = 200_000
UNITS_MAX = 1_400_000
_MICRO = 1_000_000
_SET_LIMIT, _SET_PRICE = 2, 3


@dataclass(frozen=True, slots=True)
class Fee:
    """A transaction's price in lamports, and the unit price that it bids."""

    base_lamports: int
    priority_lamports: int
    micro_lamports_per_unit: int

    @property
    def lamports(self) -> int:
        """Give all that the payer is charged."""
        return self.base_lamports + self.priority_lamports


def fee_of(message: Message | MessageV0) -> Fee:
    """Give what a message costs as a transaction, whatever becomes of it in a block."""
    limit, price = _budget(message)
    return Fee(
        base_lamports=LAMPORTS_PER_SIGNATURE * message.header.num_required_signatures,
        priority_lamports=-(-limit * price // _MICRO),
        micro_lamports_per_unit=price,
    )


def _budget(message: Message | MessageV0) -> tuple[int, int]:
    keys = message.account_keys
    limit, price, others = None, 0, 0
    for instruction in message.instructions:
        data = bytes(instruction.data)
        if keys[instruction.program_id_index] != COMPUTE_BUDGET:
            others += 1
        elif data[:1] == bytes([_SET_LIMIT]) and len(data) >= 5:
            limit = int.from_bytes(data[1:5], "little")
        elif data[:1] == bytes([_SET_PRICE]) and len(data) >= 9:
            price = int.from_bytes(data[1:9], "little")
    if limit is None:
        limit = others * UNITS_PER_INSTRUCTION
    return min(limit, UNITS_MAX), price
