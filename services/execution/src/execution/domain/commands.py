"""What the plan wants sent, before it is an event."""

from dataclasses import dataclass

from contracts.event import Event
from contracts.transaction import RetryClass, Urgency
from execution.domain.transactions import Intent, Transaction


@dataclass(frozen=True, slots=True)
class Send:
    """One transaction: the intents that it carries out, all or none, in order."""

    intents: tuple[Intent, ...]
    retry_class: RetryClass
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class SendAgain:
    """The same intents in a new transaction, because the first has no fate yet."""

    transaction: Transaction


Command = Send | SendAgain


def carried(transaction: Transaction, kind: type[Event]) -> bool:
    """Say whether a transaction carries out an intent of a kind."""
    return any(it.event_type == kind.event_type for it in transaction.intents)
