"""Blocks: what a slot leaves behind, and how far behind the tip each commitment looks."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from solders.hash import Hash

SLOT_MS = 400
"""Length of a slot on mainnet."""
BLOCKHASH_BLOCKS = 150
"""A transaction may land in this many blocks after the one whose hash it names."""
FIRST_SLOT = 1_000
SLOTS_BEFORE_BLOCKS = 90
"""Slots without a block before ours: so that nobody takes a slot for a block height."""


class Commitment(StrEnum):
    """How sure a reader wants to be."""

    PROCESSED = "processed"
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"


DEPTH_SLOTS = {Commitment.PROCESSED: 0, Commitment.CONFIRMED: 1, Commitment.FINALIZED: 31}
"""How many slots a commitment is behind the tip: 31 votes make a root on mainnet."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the chain."""

    slot: int
    height: int
    hash: Hash
    parent_slot: int
    at_s: int
    """Chain time, in whole seconds since 1970, as the clock sysvar has it."""

    @property
    def last_valid_height(self) -> int:
        """Give the last block that takes a transaction bound to this one."""
        return self.height + BLOCKHASH_BLOCKS


def first_block(at_s: int) -> Block:
    """Give the block that a chain starts with."""
    return Block(
        slot=FIRST_SLOT,
        height=FIRST_SLOT - SLOTS_BEFORE_BLOCKS,
        hash=_hash(FIRST_SLOT),
        parent_slot=FIRST_SLOT - 1,
        at_s=at_s,
    )


def next_block(parent: Block, *, at_s: int, skipped_slots: int) -> Block:
    """Give the block after another, with slots between them that have none."""
    slot = parent.slot + 1 + skipped_slots
    return Block(
        slot=slot,
        height=parent.height + 1,
        hash=_hash(slot),
        parent_slot=parent.slot,
        at_s=max(at_s, parent.at_s),
    )


def _hash(slot: int) -> Hash:
    return Hash(hashlib.sha256(b"localnet block %d" % slot).digest())


GENESIS_HASH = _hash(0)
