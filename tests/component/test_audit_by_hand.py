"""What counts as signed by hand without what permits it is named by its position."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from solders.keypair import Keypair

from audit.domain.key_life import KeyLife
from audit.domain.permission import Permissions
from audit.domain.verification import Difference
from contracts.event import Event, Recorded
from contracts.manual import OfferClosed, SignatureAsked, TransactionOffered, TransactionReturned
from contracts.transaction import SigningRefused, TransactionSigned
from kit.manual_desk import a_manual_desk

THIEF = Keypair.from_seed(b"thief".ljust(32))
Log = list[Recorded]


@pytest.fixture
async def life(tmp_path: Path) -> Log:
    """Give the log of an entry and a ladder that the owner signed by hand."""
    desk = await a_manual_desk(tmp_path)
    await desk.approve()
    await desk.sign()
    await desk.settle(6)
    await desk.print("99.8")
    await desk.settle(5)
    await desk.sign()
    await desk.settle(6)
    assert len(desk.events(TransactionSigned)) == 2
    return list(desk.log.recorded)


def found(log: Sequence[Recorded]) -> list[Difference]:
    keys = KeyLife()
    return [each for it in log for each in keys.fold(it)]


def only(log: Sequence[Recorded]) -> Difference:
    (difference,) = found(log)
    return difference


def at(log: Sequence[Recorded], kind: type[Event]) -> int:
    return next(place for place, it in enumerate(log) if isinstance(it.event, kind))


def without(log: Log, kind: type[Event]) -> Log:
    where = at(log, kind)
    return [*log[:where], *log[where + 1 :]]


def changed(log: Log, kind: type[Event], **changes: object) -> Log:
    where = at(log, kind)
    forged = replace(log[where], event=log[where].event.model_copy(update=changes))
    return [*log[:where], forged, *log[where + 1 :]]


def test_a_life_as_execution_records_it_is_clean(life: Log) -> None:
    assert found(life) == []


@pytest.mark.parametrize("kind", [TransactionOffered, TransactionReturned])
def test_what_was_never_offered_or_given_back_is_named(life: Log, kind: type[Event]) -> None:
    assert kind.event_type in only(without(life, kind)).expected


def test_one_offer_permits_one_signature(life: Log) -> None:
    where = at(life, OfferClosed)
    twice = [*life[: where + 1], life[where], *life[where + 1 :]]
    assert "open transaction_offered" in only(twice).expected


def test_what_is_answered_for_another_offer_is_named(life: Log) -> None:
    assert "for" in only(changed(life, TransactionReturned, offer=UUID(int=9))).expected


def test_a_longer_life_than_offered_is_named(life: Log) -> None:
    forged = changed(life, TransactionSigned, last_valid_block_height=10**12)
    assert "as offered" in only(forged).expected


def test_other_bytes_than_the_wallet_gave_back_are_named(life: Log) -> None:
    event = life[at(life, TransactionSigned)].event
    assert isinstance(event, TransactionSigned)
    signature = str(THIEF.sign_message(base64.b64decode(event.message)))
    first, second = found(changed(life, TransactionSigned, signature=signature))
    assert "gave back" in first.expected
    assert "signature of the wallet" in second.expected


def test_a_signature_of_another_wallet_is_named(life: Log) -> None:
    forged = changed(life, TransactionOffered, wallet=str(THIEF.pubkey()))
    assert str(THIEF.pubkey()) in only(forged).expected


def test_without_an_offer_the_key_is_asked_for(life: Log) -> None:
    assert "a living key" in only(without(life, OfferClosed)).expected


def test_what_is_refused_before_it_is_offered_needs_what_was_asked(life: Log) -> None:
    asked = life[at(life, SignatureAsked)]
    signed = life[at(life, TransactionSigned)].event
    assert isinstance(signed, TransactionSigned)
    refused = SigningRefused(
        account=signed.account,
        market=signed.market,
        transaction=asked.id,
        code="notional",
        expected="",
        found="",
        message_sha256=signed.message_sha256,
        clock=signed.clock,
    )
    permissions = Permissions()
    event = replace(asked, event=refused)
    assert len(permissions.fold(event)) == 1
    permissions.fold(asked)
    assert permissions.fold(event) == []
