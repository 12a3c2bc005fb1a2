"""What is signed outside of a delegate key's life is named by its position."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from solders.keypair import Keypair

from audit.domain.key_life import KeyLife
from audit.domain.verification import Difference
from contracts.delegation import (
    ConsentGiven,
    DelegateKeyBorn,
    DelegateKeyDestroyed,
    DelegationAsked,
    DelegationChanged,
    DelegationState,
    OwnerTransactionKind,
    OwnerTransactionSent,
)
from contracts.event import Event, Recorded
from contracts.transaction import TransactionSigned
from contracts.venue import DelegateSeen, VenueObserved
from kit.execution_events import an_approval
from kit.owner_desk import an_owner_desk

THIEF = Keypair.from_seed(b"thief".ljust(32))
Log = list[Recorded]


@pytest.fixture
async def life(tmp_path: Path) -> Log:
    """Give the log of a delegation, an entry that the key signed, a revoke, and a second key."""
    desk = await an_owner_desk(tmp_path)
    await desk.delegate()
    await desk.append(an_approval("first", entry="99.9", milliseconds=desk.now_ms), source="risk")
    await desk.settle(8)
    await desk.revoke()
    await desk.delegate()
    assert len(desk.events(TransactionSigned)) == 1
    assert len(desk.events(DelegateKeyBorn)) == 2
    return list(desk.log.recorded)


def found(log: Sequence[Recorded]) -> list[Difference]:
    keys = KeyLife()
    return [each for it in log for each in keys.fold(it)]


def only(log: Sequence[Recorded]) -> Difference:
    (difference,) = found(log)
    return difference


def at(log: Sequence[Recorded], kind: type[Event], number: int = 0) -> int:
    return [place for place, it in enumerate(log) if isinstance(it.event, kind)][number]


def without(log: Log, where: int) -> Log:
    return [*log[:where], *log[where + 1 :]]


def changed(log: Log, where: int, **changes: object) -> Log:
    """Give the log with other fields in one of its events."""
    forged = replace(log[where], event=log[where].event.model_copy(update=changes))
    return [*log[:where], forged, *log[where + 1 :]]


def moved(log: Log, where: int, *, behind: int) -> Log:
    """Give the log with an event behind a later one."""
    return [*log[:where], *log[where + 1 : behind + 1], log[where], *log[behind + 1 :]]


def test_a_life_as_execution_records_it_is_clean(life: Log) -> None:
    assert found(life) == []


def test_a_signature_of_another_key_is_named(life: Log) -> None:
    where = at(life, TransactionSigned)
    event = life[where].event
    assert isinstance(event, TransactionSigned)
    forged = str(THIEF.sign_message(base64.b64decode(event.message)))
    difference = only(changed(life, where, signature=forged))
    born = life[at(life, DelegateKeyBorn)].event
    assert isinstance(born, DelegateKeyBorn)
    assert difference == Difference(
        life[where].position,
        "transaction_signed",
        f"a signature of the delegate {born.delegate}",
        forged,
    )


def test_other_bytes_under_a_good_signature_are_named(life: Log) -> None:
    where = at(life, TransactionSigned)
    difference = only(changed(life, where, message=base64.b64encode(b"other").decode()))
    assert difference.expected.startswith("a signature of the delegate")


def test_a_signature_after_the_keys_end_is_named(life: Log) -> None:
    where, end = at(life, TransactionSigned), at(life, DelegateKeyDestroyed)
    difference = only(moved(life, where, behind=end))
    assert difference.what == "transaction_signed"
    assert difference.expected == "a living key of local"
    assert f"destroyed at position {life[end].position}" in difference.found


def test_a_signature_before_the_keys_birth_is_named(life: Log) -> None:
    keyless = without(without(life, at(life, DelegateKeyBorn)), at(life, DelegateKeyDestroyed) - 1)
    differences = [it for it in found(keyless) if it.what == "transaction_signed"]
    assert [it.found for it in differences] == ["none"]


def test_a_signature_of_a_key_that_nobody_named_is_named(life: Log) -> None:
    forged = [
        replace(it, event=it.event.model_copy(update={"delegate": DelegateSeen.FOREIGN}))
        if isinstance(it.event, VenueObserved)
        else it
        for it in life
    ]
    assert only(forged).expected == "a snapshot that shows our delegate"
    assert only(forged).found == "foreign"


def test_a_signature_past_the_keys_day_is_named(life: Log) -> None:
    where = at(life, TransactionSigned)
    event = life[where].event
    assert isinstance(event, TransactionSigned)
    late = event.clock.model_copy(update={"at": event.clock.at + timedelta(days=1)})
    assert only(changed(life, where, clock=late)).expected.startswith("a time before its end")


def test_a_second_key_beside_a_living_one_is_named(life: Log) -> None:
    expected = only(without(life, at(life, DelegateKeyDestroyed))).expected
    assert expected.startswith("the end of key")


def test_a_birth_that_nobody_asked_for_or_that_lasts_longer_is_named(life: Log) -> None:
    where = at(life, DelegateKeyBorn, 1)
    born = life[where].event
    assert isinstance(born, DelegateKeyBorn)
    second = timedelta(seconds=1)
    for changes, words in (
        ({"request": UUID(int=1)}, "delegation_asked"),
        ({"expires_at": born.expires_at + second}, "a life of at most"),
        ({"expires_at": born.born_at}, "a life of at most"),
    ):
        assert words in only(changed(life, where, **changes)).expected


def test_a_birth_without_the_consent_of_the_owner_is_named(life: Log) -> None:
    consent, asked, born = (at(life, it) for it in (ConsentGiven, DelegationAsked, DelegateKeyBorn))
    owner = life[born].event.model_dump()["wallet"]
    thief = str(THIEF.pubkey())
    silent = found(without(life, consent))
    assert (silent[0].position, silent[0].found) == (life[born].position, "none")
    assert silent[0].expected.startswith("consent_given ")
    assert only(changed(life, consent, wallet=thief)).found == thief
    assert only(changed(life, born, wallet=thief)).expected == f"a key of the owner {owner}"
    stranger = found(changed(life, asked, wallet=thief))
    assert stranger[0].expected == f"a request of the owner {owner}"


def test_a_key_that_comes_back_is_named(life: Log) -> None:
    first = life[at(life, DelegateKeyBorn)].event
    assert isinstance(first, DelegateKeyBorn)
    again = changed(life, at(life, DelegateKeyBorn, 1), delegate=first.delegate)
    assert "a new key" in [it.expected for it in found(again)]


def test_an_end_that_is_not_the_keys_is_named(life: Log) -> None:
    where = at(life, DelegateKeyDestroyed)
    assert "a living key" in only(changed(life, where, key=UUID(int=1))).expected


def test_a_chain_that_shows_another_delegate_as_ours_is_named(life: Log) -> None:
    where = next(
        place
        for place, it in enumerate(life)
        if isinstance(it.event, DelegationChanged) and it.event.state is DelegationState.ACTIVE
    )
    other = str(THIEF.pubkey())
    assert only(changed(life, where, delegate=other)).expected == f"a living key {other}"


def test_an_owners_transaction_that_the_owner_did_not_sign_is_named(life: Log) -> None:
    where = at(life, OwnerTransactionSent)
    event = life[where].event
    assert isinstance(event, OwnerTransactionSent)
    forged = str(THIEF.sign_message(base64.b64decode(event.message)))
    assert only(changed(life, where, signature=forged)).expected.startswith(
        "a signature of the own"
    )
    kind = OwnerTransactionKind.REVOKE
    assert only(changed(life, where, kind=kind)).found == "a revoke of local"
    assert "owner_transaction_offered" in only(changed(life, where, offer=UUID(int=1))).expected
