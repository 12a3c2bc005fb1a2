"""What happened to an account's delegation, in one sentence for a person."""

from contracts import delegation
from contracts.delegation import DelegationState, KeyEnd, OwnerTransactionKind
from contracts.event import Event
from gateway.domain.actor import acting

_KINDS = {
    OwnerTransactionKind.DELEGATE: "delegation",
    OwnerTransactionKind.REVOKE: "revoke",
}
_STATES = {
    DelegationState.NONE: "nobody may sign beside the owner",
    DelegationState.AWAITING: "the owner's signature is awaited",
    DelegationState.ACTIVE: "our key may sign",
    DelegationState.FOREIGN: "a key that is not ours may sign; nothing is sent",
    DelegationState.REVOKING: "a revoke is on its way",
    DelegationState.REVOKED: "the owner took the right to sign back; nothing is sent",
}
_ENDS = {
    KeyEnd.EXPIRY: "its day is over",
    KeyEnd.REVOKE: "the chain does not name it any more",
    KeyEnd.KILL: "the kill switch",
    KeyEnd.REPLACED: "the account has another owner",
    KeyEnd.LOST: "it could not be read",
}


def summary(event: Event) -> str:
    """Say it in one sentence; nothing for any other event."""
    match event:
        case delegation.OwnerNamed():
            whose = "nobody" if event.wallet is None else event.wallet
            return f"{whose} owns account {event.account}, by {event.by}"
        case delegation.ConsentGiven():
            who, text = acting(event.by, event.wallet), event.text_sha256[:8]
            return f"{who} agreed to what a delegate can do ({text}…)"
        case delegation.DelegationAsked():
            return f"{acting(event.by, event.wallet)} asks for a delegate key"
        case delegation.RevokeAsked():
            return f"{acting(event.by, event.wallet)} asks to take the right to sign back"
        case delegation.DelegateKeyBorn():
            return f"Key {event.delegate} was made, until {event.expires_at:%d %b %H:%M} UTC"
        case delegation.DelegateKeyDestroyed():
            return f"Key {event.delegate} was destroyed: {_ENDS[event.reason]}"
        case delegation.AccountHandedOver():
            whose = "the desk itself" if event.wallet is None else event.wallet
            return f"The venue holds the account for {whose}"
        case delegation.DelegationChanged():
            return f"Delegation {event.state}: {_STATES[event.state]}"
        case _:
            return _transaction(event)


def _transaction(event: Event) -> str:
    match event:
        case delegation.OwnerTransactionOffered():
            return f"A {_KINDS[event.kind]} waits for {event.wallet} to sign it"
        case delegation.OwnerTransactionReturned():
            return f"{event.wallet} signed transaction {event.signature[:8]}…"
        case delegation.OwnerTransactionRefused():
            return f"What the owner sent was not taken, {event.code}: {event.reason}"
        case delegation.OwnerTransactionSent():
            return f"The {_KINDS[event.kind]} {event.signature[:8]}… is on its way"
        case delegation.OwnerTransactionLanded():
            went = "failed" if event.code is not None else "landed"
            why = "" if event.code is None else f": code {event.code}"
            return (
                f"The {_KINDS[event.kind]} {event.signature[:8]}… {went} in slot {event.slot}{why}"
            )
        case delegation.OwnerTransactionDied():
            return f"The {_KINDS[event.kind]} {event.signature[:8]}… never landed"
        case _:
            return ""
