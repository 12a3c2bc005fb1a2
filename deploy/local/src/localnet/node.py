"""A node: the chain as it is seen through the faults, and what lives with it at every slot."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams
from solders.system_program import transfer as system_transfer
from solders.transaction import VersionedTransaction

from localnet.block import Block, Commitment
from localnet.chain import Chain
from localnet.faults import StatusLie, Switchboard
from localnet.journal import Landed

_FAUCET_LAMPORTS = 10**17


class Node:
    """What the RPC and the sockets answer from."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.switchboard = Switchboard()
        self._faucet = Keypair.from_seed(hashlib.sha256(b"localnet faucet").digest())
        chain.airdrop(self._faucet.pubkey(), _FAUCET_LAMPORTS)
        self.on_slot: Callable[[], None] = lambda: None
        """Called in each new slot, after what waited for it landed."""
        self._frozen: dict[Commitment, Block] | None = None
        """The blocks that it stands at."""

    def advance(self, *, at_s: int, skipped_slots: int = 0) -> None:
        """Open the next slot."""
        self.chain.advance(at_s=at_s, skipped_slots=skipped_slots)
        self.on_slot()

    def block(self, commitment: Commitment) -> Block:
        """Give the block that a read of this commitment is answered from."""
        self._freeze_or_thaw()
        block = self.chain.block(commitment) if self._frozen is None else self._frozen[commitment]
        for _ in range(self.switchboard.lag_slots()):
            block = self.chain.block_at(block.parent_slot) or block
        leap = self.switchboard.faults.leap_slots
        return replace(block, slot=block.slot + leap, height=block.height + leap)

    def send(self, transaction: VersionedTransaction) -> None:
        """Take a transaction, if the faults let it through."""
        if not (self.switchboard.faults.is_frozen or self.switchboard.drops_send()):
            extra_slots = self.switchboard.faults.delay_sends_slots
            self.chain.send(transaction, extra_slots=extra_slots)

    def _freeze_or_thaw(self) -> None:
        """Stand still, or go on, as the fault is switched; the past is kept for whoever stands."""
        is_frozen, stands_at = self.switchboard.faults.is_frozen, self._frozen
        if is_frozen and stands_at is None:
            self._frozen = {it: self.chain.block(it) for it in Commitment}
            self.chain.keep_past(self._frozen[Commitment.FINALIZED].slot)
        elif not is_frozen and stands_at is not None:
            self._frozen = None
            self.chain.release_past(stands_at[Commitment.FINALIZED].slot)

    def airdrop(self, key: Pubkey, lamports: int) -> Signature:
        """Give lamports out of the faucet in a transaction that lands now."""
        transfer = TransferParams(
            from_pubkey=self._faucet.pubkey(), to_pubkey=key, lamports=lamports
        )
        return self.chain.run([system_transfer(transfer)], self._faucet).signature

    def commitment_of(self, landed: Landed) -> Commitment:
        """Give how sure a landed transaction is by now."""
        for commitment in (Commitment.FINALIZED, Commitment.CONFIRMED):
            if landed.slot <= self.chain.block(commitment).slot:
                return commitment
        return Commitment.PROCESSED

    @property
    def hides_landed(self) -> bool:
        """Say whether a status is withheld."""
        return self.switchboard.faults.status_lie is StatusLie.HIDDEN

    @property
    def calls_all_well(self) -> bool:
        """Say whether a failed transaction is told as a good one."""
        return self.switchboard.faults.status_lie is StatusLie.SUCCESS
