"""Ids are a function of their cause, and stay what they are for ever."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import (
    PARTITIONS,
    AccountId,
    EventId,
    derive_client_order_id,
    derive_id,
    derive_root_id,
    partition_of,
)
from contracts.values import Leg

CAUSE = EventId(UUID("00000000-0000-5000-8000-000000000001"))
causes = st.uuids(version=5).map(EventId)
event_types = st.from_regex(r"[a-z]{1,12}(_[a-z]{1,12}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (derive_id(CAUSE, "order_intended"), "bbf4d35a-8508-5eea-a007-03903172ca2e"),
        (derive_id(CAUSE, "order_intended", 1), "a643d2c7-987b-5ac6-89b8-1cbca02858bc"),
        (derive_root_id("account_opened", "local"), "78ab142a-e7d9-540f-9407-b1fdbf05a8d3"),
        (
            derive_root_id("minute_closed", "binance-usdm", "solusdt", 1_721_311_320_000),
            "fd9e5ed1-a955-59fc-9f28-e2bb8ec1a3cf",
        ),
    ],
)
def test_an_id_never_changes(found: EventId, expected: str) -> None:
    assert str(found) == expected


@pytest.mark.parametrize(
    ("leg", "attempt", "expected"),
    [
        (Leg.ENTRY, 0, "cck0vkra815hamsvdhhheptnb5"),
        (Leg.STOP, 0, "vvn8wxsmx93fjxrdhs6mvt8vvy"),
        (Leg.ENTRY, 1, "954jm64a6wfre8mkbm86ey3f42"),
    ],
)
def test_a_client_order_id_never_changes(leg: Leg, attempt: int, expected: str) -> None:
    assert derive_client_order_id(CAUSE, leg, attempt) == expected


@pytest.mark.parametrize(("account", "part"), [("local", "p16"), ("a", "p10"), ("wallet-1", "p33")])
def test_an_accounts_partition_never_changes(account: str, part: str) -> None:
    assert partition_of(AccountId(account)) == part


@given(causes, event_types, st.integers(0, 1000), st.integers(0, 1000))
def test_one_cause_gives_one_id_per_type_and_ordinal(
    cause: EventId, event_type: str, one: int, other: int
) -> None:
    found = derive_id(cause, event_type, one)

    assert found == derive_id(cause, event_type, one)
    assert found.version == 5
    assert (found == derive_id(cause, event_type, other)) is (one == other)


@given(causes, causes, event_types)
def test_different_causes_give_different_ids(
    cause: EventId, other: EventId, event_type: str
) -> None:
    assert (derive_id(cause, event_type) == derive_id(other, event_type)) is (cause == other)


@given(causes, st.sampled_from(list(Leg)), st.integers(0, 100))
def test_a_client_order_id_has_26_characters_that_no_person_confuses(
    setup: EventId, leg: Leg, attempt: int
) -> None:
    found = derive_client_order_id(setup, leg, attempt)

    assert len(found) == 26
    assert set(found) <= set("0123456789abcdefghjkmnpqrstvwxyz")
    assert found != derive_client_order_id(setup, leg, attempt + 1)


@given(st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True).map(AccountId))
def test_every_account_has_one_of_64_partitions(account: AccountId) -> None:
    part = partition_of(account)

    assert part in {f"p{number:02d}" for number in range(PARTITIONS)}
    assert part == partition_of(account)


def test_accounts_spread_over_all_partitions() -> None:
    found = {partition_of(AccountId(f"wallet-{number}")) for number in range(1000)}

    assert len(found) == PARTITIONS
