"""The chain: a virtual machine, and the slots, blocks, fees and history that it does not keep.

A transaction that is sent waits for the next slot, lands in it or is lost, and never lands twice.
The blockhash window, the fees and the lookup of an old account are done here; the machine executes.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence

from solders.account import Account
from solders.clock import Clock
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, SimulateResult
from solders.transaction_status import TransactionErrorFieldless, TransactionErrorType

from localnet.accounts import Accounts
from localnet.block import (
    BLOCKHASH_BLOCKS,
    DEPTH_SLOTS,
    Block,
    Commitment,
    first_block,
    next_block,
)
from localnet.fees import UNITS_MAX, Fee, fee_of
from localnet.journal import AccountWritten, Journal, Landed, SlotOpened
from localnet.lookup import Keys, UnknownTable, keys_of, writes_of

LANDING_SLOTS = 1
"""A transaction lands in the slot after the one in which it came."""
_BLOCKS_KEPT = 512
_HISTORY_MAX = 50_000
_OWN_UNITS_SPREAD = 100_000
_SYSTEM = Pubkey.default()
UPGRADEABLE = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
"""What loads a program that may be replaced: the program's account names one with its code."""
_PROGRAM, _CODE = (2).to_bytes(4, "little"), (3).to_bytes(4, "little")
_CODE_AT = 45
"""Behind the slot of its deployment and who may replace it."""
CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
"""Where the chain tells its slot and its time."""


class Refused(Exception):
    """A transaction that had to go well did not: a mistake of ours, not of a client."""


class Chain:
    """Slots, blocks, accounts and history around one virtual machine."""

    def __init__(self, *, at_s: int) -> None:
        self._svm = LiteSVM().with_blockhash_check(False).with_transaction_history(0)
        self._accounts = Accounts()
        self._blocks: deque[Block] = deque([first_block(at_s)], maxlen=_BLOCKS_KEPT)
        self._history: dict[Signature, Landed] = {}
        self._by_key: defaultdict[Pubkey, deque[Signature]] = defaultdict(deque)
        self._attempts = 0
        self._waiting: list[tuple[int, VersionedTransaction]] = []
        self.journal = Journal()
        self.on_news: Callable[[], None] = lambda: None
        """Called after each thing that happened."""
        self._set_clock()

    @property
    def tip(self) -> Block:
        """Give the newest block; it takes transactions until the next one opens."""
        return self._blocks[-1]

    def block(self, commitment: Commitment) -> Block:
        """Give the newest block of a commitment."""
        slot = self.tip.slot - DEPTH_SLOTS[commitment]
        return next((b for b in reversed(self._blocks) if b.slot <= slot), self._blocks[0])

    def block_at(self, slot: int) -> Block | None:
        """Give a recent block by its slot; None when it was skipped or is too old."""
        return next((b for b in reversed(self._blocks) if b.slot == slot), None)

    def block_of(self, blockhash: Hash) -> Block | None:
        """Give the block of a hash that a transaction may still be bound to."""
        found = next((b for b in reversed(self._blocks) if b.hash == blockhash), None)
        return found if found and self.tip.height - found.height <= BLOCKHASH_BLOCKS else None

    def advance(self, *, at_s: int, skipped_slots: int = 0) -> None:
        """Open the next slot; what waited for it lands."""
        self._blocks.append(next_block(self.tip, at_s=at_s, skipped_slots=skipped_slots))
        self._set_clock()
        self.journal.write(self.tip.slot, SlotOpened(self.tip.parent_slot))
        due = [sent for slot, sent in self._waiting if slot <= self.tip.slot]
        self._waiting = [each for each in self._waiting if each[0] > self.tip.slot]
        for transaction in due:
            if self.refusal(transaction) is None:
                self._execute(transaction)
        self.on_news()

    def send(self, transaction: VersionedTransaction, *, extra_slots: int = 0) -> None:
        """Take a transaction for the next slot, or for one later; a copy changes nothing."""
        if all(sent.signatures[0] != transaction.signatures[0] for _, sent in self._waiting):
            self._waiting.append((self.tip.slot + LANDING_SLOTS + extra_slots, transaction))

    def refusal(self, transaction: VersionedTransaction) -> TransactionErrorType | None:
        """Give why no block takes a transaction; None when one does, well or failed."""
        if transaction.signatures[0] in self._history:
            return TransactionErrorFieldless.AlreadyProcessed
        if self.block_of(transaction.message.recent_blockhash) is None:
            return TransactionErrorFieldless.BlockhashNotFound
        payer = self.account(transaction.message.account_keys[0])
        if payer is None:
            return TransactionErrorFieldless.AccountNotFound
        if payer.lamports < fee_of(transaction.message).lamports:
            return TransactionErrorFieldless.InsufficientFundsForFee
        try:
            keys_of(transaction, self.account)
        except UnknownTable:
            return TransactionErrorFieldless.AddressLookupTableNotFound
        return None

    def simulate(self, transaction: VersionedTransaction, *, verify: bool) -> SimulateResult:
        """Execute a transaction on the tip without keeping anything."""
        self._svm.with_sigverify(verify)
        try:
            return self._svm.simulate_transaction(transaction)
        finally:
            self._svm.with_sigverify(True)

    def run(self, instructions: Sequence[Instruction], *signers: Keypair) -> Landed:
        """Land a transaction now, paid by the first signer; raise Refused unless it goes well."""
        landed = self.attempt(instructions, *signers)
        if landed.error is not None:
            raise Refused("\n".join((str(landed.error), *landed.logs)))
        return landed

    def attempt(self, instructions: Sequence[Instruction], *signers: Keypair) -> Landed:
        """Land a transaction now, well or failed; raise Refused when no block takes it.

        Equal instructions of one slot are still two transactions: their unit limits differ.
        """
        self._attempts += 1
        limit = set_compute_unit_limit(UNITS_MAX - self._attempts % _OWN_UNITS_SPREAD)
        steps = [limit, *instructions]
        message = MessageV0.try_compile(signers[0].pubkey(), steps, [], self.tip.hash)
        transaction = VersionedTransaction(message, signers)
        refusal = self.refusal(transaction)
        landed = None if refusal is not None else self._execute(transaction)
        if landed is None:
            raise Refused(f"expected a block to take the transaction, found {refusal}")
        self.on_news()
        return landed

    def put(self, key: Pubkey, account: Account) -> None:
        """Write an account by decree."""
        self._svm.set_account(key, account)
        self._write(key)
        self.on_news()

    def add_program(self, key: Pubkey, program: bytes) -> None:
        """Deploy a program that may be replaced, as mainnet's are."""
        code = _code_of(key)
        self._svm.set_account(code, self._deployed(program))
        held = _PROGRAM + bytes(code)
        rent = self.rent_lamports(len(held))
        self._svm.set_account(key, Account(rent, held, UPGRADEABLE, executable=True))
        self._write(code)
        self._write(key)

    def redeploy(self, key: Pubkey) -> None:
        """Deploy a program's code anew in this slot; it is the same code."""
        code = _code_of(key)
        account = self.account(code)
        if account is None:
            raise KeyError(f"expected a program at {key}, found none")
        self.put(code, self._deployed(bytes(account.data)[_CODE_AT:]))

    def airdrop(self, key: Pubkey, lamports: int) -> None:
        """Give lamports out of nothing."""
        old = self.account(key)
        if old is None:
            self.put(key, Account(lamports, b"", _SYSTEM))
            return
        self.put(key, Account(old.lamports + lamports, old.data, old.owner, old.executable))

    def account(self, key: Pubkey, *, slot: int | None = None) -> Account | None:
        """Give an account as it stood at a slot, at the tip unless one is named."""
        found = self._accounts.read(key, slot=self.tip.slot if slot is None else slot)
        return found or (None if self._accounts.knows(key) else self._svm.get_account(key))

    def keep_past(self, slot: int) -> None:
        """Keep every account as it stands at a slot, until that is released."""
        self._accounts.held.append(slot)

    def release_past(self, slot: int) -> None:
        """Let a slot that was kept go."""
        self._accounts.held.remove(slot)

    def owned_by(self, owner: Pubkey, *, slot: int | None = None) -> list[tuple[Pubkey, Account]]:
        """Give a program's accounts as they stood at a slot."""
        return list(self._accounts.owned_by(owner, slot=self.tip.slot if slot is None else slot))

    def landed(self, signature: Signature) -> Landed | None:
        """Give a transaction of the past."""
        return self._history.get(signature)

    def landed_of(self, key: Pubkey) -> list[Landed]:
        """Give every transaction that named an account, newest first."""
        return [self._history[signature] for signature in reversed(self._by_key[key])]

    def recent(self, *, slots: int) -> list[Landed]:
        """Give the transactions of the last slots, newest first."""
        found: list[Landed] = []
        for landed in reversed(self._history.values()):
            if landed.slot <= self.tip.slot - slots:
                break
            found.append(landed)
        return found

    def rent_lamports(self, size: int) -> int:
        """Give the least balance of an account of this many bytes."""
        return self._svm.minimum_balance_for_rent_exemption(size)

    def _deployed(self, program: bytes) -> Account:
        head = _CODE + self.tip.slot.to_bytes(8, "little")
        data = head.ljust(_CODE_AT, b"\0") + program
        return Account(self.rent_lamports(len(data)), data, UPGRADEABLE)

    def _execute(self, transaction: VersionedTransaction) -> Landed | None:
        """Execute a transaction that a block takes; None when the machine takes it for none."""
        keys = keys_of(transaction, self.account)
        fee = fee_of(transaction.message)
        before = self._lamports(keys)
        self._charge_priority(keys.all[0], fee)
        result = self._svm.send_transaction(transaction)
        failed = isinstance(result, FailedTransactionMetadata)
        meta = result.meta() if failed else result
        if failed and not meta.logs():
            self._charge_priority(keys.all[0], Fee(0, -fee.priority_lamports, 0))
            return None
        writes = writes_of(transaction, keys)
        for key in sorted(writes, key=bytes):
            self._write(key)
        landed = Landed(
            transaction=transaction,
            slot=self.tip.slot,
            at_s=self.tip.at_s,
            error=result.err() if failed else None,
            logs=tuple(meta.logs()),
            units=meta.compute_units_consumed(),
            fee_lamports=fee.lamports,
            keys=keys.all,
            writes=writes,
            price_micro_lamports=fee.micro_lamports_per_unit,
            loaded=keys.loaded,
            before=before,
            after=self._lamports(keys),
        )
        self._remember(landed)
        self.journal.write(self.tip.slot, landed)
        return landed

    def _remember(self, landed: Landed) -> None:
        self._history[landed.signature] = landed
        for key in landed.keys:
            self._by_key[key].append(landed.signature)
        if len(self._history) > _HISTORY_MAX:
            oldest = self._history.pop(next(iter(self._history)))
            for key in oldest.keys:
                self._by_key[key].popleft()

    def _charge_priority(self, payer: Pubkey, fee: Fee) -> None:
        """Take the priority fee, which the machine does not know."""
        old = self._svm.get_account(payer)
        if old is not None and fee.priority_lamports:
            left = old.lamports - fee.priority_lamports
            self._svm.set_account(payer, Account(left, old.data, old.owner, old.executable))

    def _write(self, key: Pubkey) -> None:
        account = self._svm.get_account(key)
        if self._accounts.write(self.tip.slot, key, account):
            gone = Account(0, b"", _SYSTEM)
            self.journal.write(self.tip.slot, AccountWritten(key, account or gone))

    def _lamports(self, keys: Keys) -> tuple[int, ...]:
        return tuple(self._svm.get_balance(key) or 0 for key in keys.all)

    def _set_clock(self) -> None:
        self._svm.set_clock(
            Clock(
                slot=self.tip.slot,
                epoch_start_timestamp=self._blocks[0].at_s,
                epoch=0,
                leader_schedule_epoch=1,
                unix_timestamp=self.tip.at_s,
            )
        )
        # Whoever reads the past has to find the clock of that time beside the accounts.
        self._accounts.write(self.tip.slot, CLOCK, self._svm.get_account(CLOCK))


def _code_of(program: Pubkey) -> Pubkey:
    return Pubkey.find_program_address([bytes(program)], UPGRADEABLE)[0]
