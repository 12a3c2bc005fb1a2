"""The next step of a delegation, from values alone."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from contracts.delegation import DelegationState, KeyEnd, OwnerTransactionKind
from execution.domain.delegating import (
    KILL_MS_MAX,
    Bear,
    Chain,
    Change,
    Destroy,
    HandOver,
    Propose,
    Refuse,
    Send,
    next_step,
    state_of,
    to_follow,
)
from execution.domain.delegation import Delegation, Key, Naming, Offer, Sent, Wish

OWNER, OURS, OTHER = "owner", "ours", "other"
KEY = Key(UUID(int=1), UUID(int=2), OWNER, OURS, expires_ms=1_000_000)
OFFER = Offer(UUID(int=3), UUID(int=2), OwnerTransactionKind.DELEGATE, OWNER, OURS, "", "hash", 100)
SENT = Sent(
    UUID(int=4), UUID(int=2), OFFER.id, OwnerTransactionKind.DELEGATE, OURS, "signature", 100
)
REVOKE = replace(SENT, kind=OwnerTransactionKind.REVOKE, delegate=None)
ASK = Wish(UUID(int=2), UUID(int=2), OWNER, OwnerTransactionKind.DELEGATE)
LEAVE = replace(ASK, kind=OwnerTransactionKind.REVOKE)
RETURNED = Wish(UUID(int=5), UUID(int=2), OWNER, None, offer=OFFER.id, signature="signature")
OWNED = Delegation("local", owner=OWNER, consent=UUID(int=6))
ACTIVE = replace(
    OWNED, key=replace(KEY, has_acted=True), state=DelegationState.ACTIVE, seen=OURS, was_named=True
)
CHAIN = Chain(
    delegate=None, block_height=50, now_ms=500_000, position_base=Decimal(0), is_empty=True
)
NAMED = replace(CHAIN, delegate=OURS)


def step(it: Delegation, chain: Chain = CHAIN, *, has_store: bool = True) -> object:
    return next_step(it, chain, has_store=has_store)


@pytest.mark.parametrize(
    ("it", "chain", "state"),
    [
        (Delegation("local"), CHAIN, DelegationState.NONE),
        (OWNED, CHAIN, DelegationState.NONE),
        (replace(OWNED, key=KEY), CHAIN, DelegationState.NONE),
        (replace(OWNED, key=KEY, offers=(OFFER,)), CHAIN, DelegationState.AWAITING),
        (
            replace(OWNED, key=KEY, offers=(OFFER,), answered=(OFFER.id,)),
            CHAIN,
            DelegationState.NONE,
        ),
        (replace(OWNED, key=KEY, sent=(SENT,)), CHAIN, DelegationState.AWAITING),
        (
            replace(OWNED, key=KEY, offers=(OFFER,)),
            replace(CHAIN, block_height=101),
            DelegationState.NONE,
        ),
        (ACTIVE, NAMED, DelegationState.ACTIVE),
        (replace(ACTIVE, sent=(REVOKE,)), NAMED, DelegationState.REVOKING),
        (OWNED, replace(CHAIN, delegate=OTHER), DelegationState.FOREIGN),
        (OWNED, NAMED, DelegationState.FOREIGN),
        (replace(OWNED, was_named=True), CHAIN, DelegationState.REVOKED),
        (replace(OWNED, key=KEY, offers=(OFFER,), was_named=True), CHAIN, DelegationState.AWAITING),
    ],
)
def test_the_state_is_what_the_chain_shows_and_what_is_on_its_way(
    it: Delegation, chain: Chain, state: DelegationState
) -> None:
    assert state_of(it, chain) is state


@pytest.mark.parametrize(
    ("it", "chain", "reason"),
    [
        (ACTIVE, replace(NAMED, now_ms=1_000_000), KeyEnd.EXPIRY),
        (ACTIVE, CHAIN, KeyEnd.REVOKE),
        (ACTIVE, replace(CHAIN, delegate=OTHER), KeyEnd.REVOKE),
        (replace(ACTIVE, owner=OTHER), NAMED, KeyEnd.REPLACED),
        (replace(ACTIVE, own_kill_ms=400_000), NAMED, KeyEnd.KILL),
        (replace(ACTIVE, global_kill_ms=400_000), NAMED, KeyEnd.KILL),
        (
            replace(ACTIVE, own_kill_ms=500_000 - KILL_MS_MAX),
            replace(NAMED, is_empty=False),
            KeyEnd.KILL,
        ),
    ],
)
def test_a_key_ends_for_a_reason(it: Delegation, chain: Chain, reason: KeyEnd) -> None:
    assert step(replace(it, wishes=(ASK,)), chain) == Destroy(reason)


def test_a_key_that_nobody_named_yet_waits_until_its_end() -> None:
    assert step(replace(OWNED, key=KEY)) is None
    assert step(replace(OWNED, key=KEY), replace(CHAIN, now_ms=999_999)) is None


def test_a_kill_lets_what_flattens_be_signed_first() -> None:
    killed = replace(ACTIVE, own_kill_ms=500_001 - KILL_MS_MAX)
    assert step(killed, replace(NAMED, is_empty=False)) is None


def test_a_new_owner_comes_first() -> None:
    naming = Naming(UUID(int=9), OTHER)
    assert step(replace(ACTIVE, naming=naming), NAMED) == HandOver(naming)


def test_a_change_is_said_once() -> None:
    changed = replace(OWNED, key=KEY, state=DelegationState.AWAITING)
    assert step(changed, NAMED) == Change(DelegationState.ACTIVE)
    assert step(ACTIVE, NAMED) is None


def test_a_request_makes_one_key_and_then_the_offer() -> None:
    asked = replace(OWNED, wishes=(ASK,))
    assert step(asked) == Bear(ASK)
    assert step(replace(asked, key=KEY)) == Propose(ASK, OwnerTransactionKind.DELEGATE)


def refusal(it: Delegation, chain: Chain = CHAIN, *, has_store: bool = True) -> str:
    found = step(it, chain, has_store=has_store)
    assert isinstance(found, Refuse)
    return found.code


def test_a_request_is_refused_for_a_reason() -> None:
    asked = replace(OWNED, wishes=(ASK,))
    assert refusal(replace(asked, wishes=(replace(ASK, wallet=OTHER),))) == "wrong-wallet"
    assert refusal(Delegation("local", wishes=(ASK,))) == "wrong-wallet"
    assert refusal(replace(asked, consent=None)) == "no-consent"
    assert refusal(replace(asked, own_kill_ms=1)) == "halted"
    assert refusal(asked, has_store=False) == "no-key-store"
    assert refusal(replace(ACTIVE, wishes=(ASK,)), NAMED) == "already-active"


def test_a_revoke_is_offered_whatever_stands() -> None:
    offered = Propose(LEAVE, OwnerTransactionKind.REVOKE)
    assert step(replace(OWNED, wishes=(LEAVE,)), has_store=False) == offered
    killed = replace(OWNED, wishes=(LEAVE,), own_kill_ms=1, consent=None)
    assert step(killed, has_store=False) == offered
    foreign = replace(OWNED, wishes=(LEAVE,), state=DelegationState.FOREIGN, seen=OTHER)
    assert step(foreign, replace(CHAIN, delegate=OTHER)) == offered


def test_what_is_signed_is_sent_once_and_in_time() -> None:
    awaited = replace(
        OWNED, key=KEY, offers=(OFFER,), wishes=(RETURNED,), state=DelegationState.AWAITING
    )
    assert step(awaited) == Send(RETURNED, OFFER)
    assert refusal(replace(awaited, offers=(), state=DelegationState.NONE)) == "tx-unknown"
    twice = replace(awaited, answered=(OFFER.id,), sent=(SENT,))
    assert refusal(twice) == "tx-repeated"
    late = replace(awaited, state=DelegationState.NONE)
    assert refusal(late, replace(CHAIN, block_height=101)) == "tx-expired"
    other = replace(awaited, key=replace(KEY, delegate=OTHER), state=DelegationState.NONE)
    assert refusal(other) == "key-gone"
    assert (
        refusal(replace(awaited, own_kill_ms=499_999), replace(CHAIN, is_empty=False)) == "halted"
    )


def test_what_was_sent_is_followed_until_no_block_can_take_it() -> None:
    (follow,) = to_follow(replace(OWNED, sent=(SENT,)), replace(CHAIN, block_height=100))
    (over,) = to_follow(replace(OWNED, sent=(SENT,)), replace(CHAIN, block_height=101))
    assert (follow.is_over, over.is_over) == (False, True)
