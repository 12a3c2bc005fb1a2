"""One turn for one account: read the venue, decide, and give what one append records.

What a turn gives is recorded first, then folded, then sent: so a crash at any moment leaves either
nothing or everything of it.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import localcontext
from uuid import UUID

from contracts.delegation import OwnerTransactionSent
from contracts.event import Draft
from contracts.ids import EventId, derive_id
from contracts.manual import SignatureAsked, TransactionOffered
from contracts.order import OrderIntended, ReplaceIntended
from contracts.routes import subject_of
from contracts.transaction import SigningRefused, TransactionPlanned, TransactionSigned
from contracts.values import Leg, OrderKind, VenueClock, from_millis, to_millis
from contracts.venue import QuoteBalance, VenueObserved
from execution import fates, money, records
from execution.domain.account import AccountState
from execution.domain.account_fold import apply
from execution.domain.deliberation import ByHand
from execution.domain.drafting import snapshot_id
from execution.domain.planner import PlannerCore
from execution.domain.policy import ARITHMETIC
from execution.domain.transactions import Intent
from execution.seen import Seen
from execution.signing.hand import Hand, Prepared
from execution.signing.port import Asked, Signer
from execution.signing.refusals import Code, Refusal
from execution.venues.port import AnyRecord, Blockhash, SignedTransaction, Venue

_NOTE_MAX = 500
SLOT_MS = 400
"""So long a block probably takes: only to say when an offer ends."""


class UnsafeIntent(Exception):
    """An intent that may leave a position without protection: it is never signed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be recorded, all or nothing, and then to be sent."""

    account: str
    drafts: tuple[Draft, ...]
    transactions: tuple[SignedTransaction, ...]
    cursor: int
    """How far the venue's records were read."""


@dataclass(frozen=True, slots=True)
class Considered:
    """What a turn found and decided, before anything of it is signed."""

    drafts: tuple[Draft, ...]
    asked: Asked
    cursor: int
    """How far the venue's records were read."""

    by_hand: Mapping[UUID, ByHand]
    """Planned transactions that the owner's wallet signed already."""

    @property
    def sends(self) -> bool:
        """Say whether there is something to be signed, or to be offered."""
        return any(isinstance(it.event, TransactionPlanned | SignatureAsked) for it in self.drafts)


class Engine:
    """Takes turns on a venue, for the accounts of a planner."""

    def __init__(
        self, core: PlannerCore, venue: Venue, signer: Signer, hand: Hand | None = None
    ) -> None:
        """Take turns; without a `hand` nothing is offered to owners who sign by hand."""
        self.core = core
        self._hand = hand
        self._venue = venue
        self._signer = signer
        self.cursors: dict[str, int] = {}
        """How far each account's records are in the log."""
        self.already: Set[UUID] = frozenset()
        """Observations that the log holds, after a restart that makes the venue tell them again."""

    def turn(self, account: str) -> Turn | None:
        """Give what has to be recorded now; None when nothing has."""
        considered = self.consider(account)
        return None if considered is None else self.sign(considered)

    def consider(self, account: str) -> Considered | None:
        """Decide on what the venue shows now; None when nothing is to be recorded."""
        state = self.core.account(account)
        seen = self._venue.observe(account)
        if seen.clock.slot < state.slot:
            return None  # Older than what we know: it shows nothing that may be decided on.
        seen = seen.model_copy(update={"heard": state.heard_count})
        cursor = self.cursors.get(account, 0)
        with localcontext(ARITHMETIC):
            reading = _Reading(self, state, seen)
            reading.judge(self._venue)
            cursor = reading.take(self._venue.records(account, after=cursor), cursor)
            quote = self._venue.balance(account)
            if quote is not None:
                reading.take_money(quote)
            reading.take_vanished()
        decision = self.core.consider(seen, reading.state)
        if not (reading.is_noteworthy or decision.is_noteworthy):
            self.cursors[account] = cursor
            return None
        drafts = [*reading.drafts, _observed(decision.state, seen, state), *decision.drafts]
        asked = Asked(reading.state, decision.state, seen)
        return Considered(tuple(drafts), asked, cursor, decision.by_hand)

    def sign(self, considered: Considered) -> Turn:
        """Sign what was planned, as far as the signer permits."""
        asked = considered.asked
        signed, transactions = self._sign(considered, asked)
        drafts = (*considered.drafts, *signed, *self._offer(considered.drafts, asked))
        return Turn(asked.account, drafts, transactions, considered.cursor)

    def pass_told(self) -> None:
        """Read on over the records that the log holds, while the venue tells them again.

        It keeps them for a while only, so they have to be read as they come.
        """
        for account, state in self.core.state.accounts.items():
            for at, record in self._venue.records(account, after=self.cursors.get(account, 0)):
                if records.id_of(state, record) in self.already:
                    self.cursors[account] = at

    def _offer(self, drafts: Sequence[Draft], asked: Asked) -> list[Draft]:
        """Write what the owner's wallet is asked to sign; give what is recorded of that."""
        offered: list[Draft] = []
        for draft in drafts:
            wish = draft.event
            if not isinstance(wish, SignatureAsked):
                continue
            if self._hand is None:
                answer = Refusal(Code.NO_KEY, "a venue that writes for wallets", "none")
                offered.append(_refused(draft, wish, answer, b"", asked.seen.clock))
                continue
            blockhash = self._venue.blockhash()
            answer = self._hand.prepare(wish, asked, blockhash)
            if isinstance(answer, Refusal):
                offered.append(_refused(draft, wish, answer, b"", asked.seen.clock))
            else:
                offered.append(_offered(draft, wish, answer, blockhash, asked.seen))
        return offered

    def _given(self, by_hand: ByHand, asked: Asked) -> SignedTransaction | Refusal:
        """Give what the wallet signed, if what was offered may still be sent."""
        offer, wallet = by_hand.offer, by_hand.offer.asked().wallet
        blockhash = Blockhash(offer.blockhash, offer.last_valid_block_height)
        if self._hand is None:
            return Refusal(Code.NO_KEY, "a venue that writes for wallets", "none")
        refusal = self._hand.judge(base64.b64decode(offer.message), wallet, asked, blockhash)
        if refusal is not None:
            return refusal
        message = base64.b64decode(by_hand.message)
        return SignedTransaction(asked.account, by_hand.signature, message, blockhash)

    def _sign(
        self, considered: Considered, asked: Asked
    ) -> tuple[list[Draft], tuple[SignedTransaction, ...]]:
        """Sign what is planned; give what is recorded of that, and what may be sent."""
        drafts = considered.drafts
        intents: dict[UUID, Intent] = {
            it.id: it.event for it in drafts if isinstance(it.event, Intent)
        }
        if any(map(_is_again, drafts)):
            flying = asked.before.transactions
            kept = (it for transaction in flying for it in transaction.intents)
            intents |= {it.id: it.event() for it in kept}
        after, clock = asked.after, asked.seen.clock
        signed: list[Draft] = []
        transactions: list[SignedTransaction] = []
        for draft in drafts:
            planned = draft.event
            if not isinstance(planned, TransactionPlanned):
                continue
            carried = [intents[it] for it in planned.intents]
            require_safe(carried)
            by_hand = considered.by_hand.get(draft.id)
            if by_hand is None:
                answer, message = self._by_key(planned, carried, asked)
            else:
                answer, message = self._given(by_hand, asked), base64.b64decode(by_hand.message)
            if isinstance(answer, Refusal):
                refused = _refused(draft, planned, answer, message, clock)
                signed.append(refused)
                after = apply(after, refused.event, event_id=refused.id)
                for gone in fates.unsigned(asked.after, after, draft.id, asked.seen):
                    signed.append(gone.draft(asked.after, clock))
                    after = apply(after, gone.event, event_id=gone.id)
                continue
            transactions.append(answer)
            signed.append(_signed(draft, planned, transactions[-1], clock))
        return signed, tuple(transactions)

    def _by_key(
        self, planned: TransactionPlanned, carried: Sequence[Intent], asked: Asked
    ) -> tuple[SignedTransaction | Refusal, bytes]:
        """Sign intents with the account's key; give the answer, and what it is about."""
        blockhash = self._venue.blockhash()
        message = self._venue.message(
            planned.account,
            carried,
            blockhash=blockhash,
            priority_fee_lamports=planned.priority_fee_lamports,
            serial=asked.after.snapshots,
        )
        answer = self._signer.sign(message, asked)
        if isinstance(answer, Refusal):
            return answer, message
        return SignedTransaction(planned.account, answer.signature, message, blockhash), message


class _Reading:
    """The venue's news, folded one by one into the state that is decided on."""

    def __init__(self, engine: Engine, state: AccountState, seen: VenueObserved) -> None:
        self._engine = engine
        self.state = state
        self.seen = seen
        self.drafts: list[Draft] = []
        self.is_noteworthy = False
        """Whether any of it has to be recorded, whatever is decided."""

    def take(self, told: Iterable[tuple[int, AnyRecord]], cursor: int) -> int:
        """Take the records that are news; give how far they reach."""
        for at, record in told:
            seen = records.recorded(self.state, record)
            if seen is not None:
                self._take(seen)
            cursor = max(cursor, at)
        return cursor

    def judge(self, venue: Venue) -> None:
        """Take the fates that have become known."""
        for transaction in self.state.transactions:
            if transaction.landed_slot is not None or not transaction.signature:
                continue
            fate = venue.fate(transaction.signature)
            if fate is not None:
                for seen in fates.landed(self.state, transaction, fate, self.seen.clock):
                    self._take(seen)
            elif self.seen.block_height > transaction.last_valid_block_height:
                for seen in fates.ran_out(self.state, transaction, self.seen):
                    self._take(seen)

    def take_money(self, quote: QuoteBalance) -> None:
        """Take what the account begins with, or its interest, which alone is seldom recorded."""
        funded = money.funded(self.state, self.seen, quote)
        if funded is not None:
            self._take(funded)
        interest = money.interest(self.state, self.seen, quote)
        if interest is not None:
            is_worth_it = money.is_worth_it(self.state, self.seen, quote)
            self._take(interest, is_noteworthy=is_worth_it)

    def take_vanished(self) -> None:
        """Take the orders that are gone without a word."""
        for seen in fates.vanished(self.state, self.seen):
            self._take(seen)

    def _take(self, seen: Seen, *, is_noteworthy: bool = True) -> None:
        if self.state.has_counted(seen.id) or seen.id in self._engine.already:
            return
        self.is_noteworthy |= is_noteworthy
        self.drafts.append(seen.draft(self.state, self.seen.clock))
        self.state = apply(self.state, seen.event, event_id=seen.id)


def require_safe(intents: Sequence[Intent]) -> None:
    """Raise UnsafeIntent for a stop that could end by itself, or a whole-position order that
    could grow a position (execution.md 0, 3a and 3c).
    """
    for intent in intents:
        if not isinstance(intent, OrderIntended | ReplaceIntended):
            continue
        if intent.leg is Leg.STOP and intent.expires_at is not None:
            raise UnsafeIntent(f"expected a stop without an end, found {intent.expires_at}")
        if isinstance(intent, OrderIntended) and intent.quantity_base is None:
            is_stop = intent.is_reduce_only and intent.kind is OrderKind.TRIGGER_MARKET
            if not is_stop:
                raise UnsafeIntent(f"expected a size for {intent.leg}, found none")


def _is_again(draft: Draft) -> bool:
    """Say whether a planned transaction carries intents of an earlier one."""
    event = draft.event
    return isinstance(event, TransactionPlanned) and event.attempt > 1


def _observed(after: AccountState, seen: VenueObserved, before: AccountState) -> Draft:
    name = snapshot_id(seen.account, seen.market, before.snapshots + 1)
    setup = after.setup or before.setup
    return Draft(
        event=seen,
        id=name,
        subject=subject_of(seen),
        occurred_at=seen.clock.at,
        correlation_id=name if setup is None else EventId(setup.correlation_id),
    )


def _signed(
    draft: Draft, planned: TransactionPlanned, transaction: SignedTransaction, clock: VenueClock
) -> Draft:
    event = TransactionSigned(
        account=planned.account,
        market=planned.market,
        transaction=draft.id,
        signature=transaction.signature,
        message=base64.b64encode(transaction.message).decode(),
        message_sha256=hashlib.sha256(transaction.message).hexdigest(),
        blockhash=transaction.blockhash.hash,
        last_valid_block_height=transaction.blockhash.last_valid_block_height,
        clock=clock,
    )
    return _caused(draft, event)


def _offered(
    draft: Draft, wish: SignatureAsked, it: Prepared, blockhash: Blockhash, seen: VenueObserved
) -> Draft:
    last, clock = blockhash.last_valid_block_height, seen.clock
    left_ms = max(0, last - seen.block_height) * SLOT_MS
    event = TransactionOffered(
        account=wish.account,
        market=wish.market,
        offer=draft.id,
        wallet=wish.wallet,
        message=base64.b64encode(it.message).decode(),
        message_sha256=hashlib.sha256(it.message).hexdigest(),
        blockhash=blockhash.hash,
        last_valid_block_height=last,
        expires_at=from_millis(to_millis(clock.at) + left_ms),
        simulated=it.simulated,
        rehearsed=None,
        clock=clock,
    )
    return _caused(draft, event)


def _refused(
    draft: Draft,
    planned: TransactionPlanned | SignatureAsked,
    why: Refusal,
    message: bytes,
    clock: VenueClock,
) -> Draft:
    event = SigningRefused(
        account=planned.account,
        market=planned.market,
        transaction=draft.id,
        code=why.code.replace("_", "-"),
        expected=why.expected[:_NOTE_MAX],
        found=why.found[:_NOTE_MAX],
        message_sha256=hashlib.sha256(message).hexdigest(),
        clock=clock,
    )
    return _caused(draft, event)


def _caused(draft: Draft, event: TransactionSigned | SigningRefused | TransactionOffered) -> Draft:
    """Give what follows from a planned transaction, on the same subject."""
    return Draft(
        event=event,
        id=derive_id(draft.id, event.event_type),
        subject=draft.subject,
        occurred_at=draft.occurred_at,
        correlation_id=draft.correlation_id,
        causation_id=draft.id,
    )


def transaction_of(event: TransactionSigned | OwnerTransactionSent) -> SignedTransaction:
    """Give the transaction that an event says was signed, to be broadcast again."""
    return SignedTransaction(
        account=event.account,
        signature=event.signature,
        message=base64.b64decode(event.message),
        blockhash=Blockhash(event.blockhash, event.last_valid_block_height),
    )
