"""Values on the wire: one way to write each, and no way to write what is not one."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from contracts.values import (
    DecimalString,
    NotNegative,
    Positive,
    Side,
    Token,
    UtcTime,
    from_millis,
    plain,
    to_millis,
)

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (DecimalString, "1e3", "expected a plain decimal string such as '1.5', found '1e3'"),
        (DecimalString, Decimal("NaN"), "expected a finite decimal, found NaN"),
        (UtcTime, "noon", "expected a time such as '2026-01-31T12:00:00Z', found 'noon'"),
        (UtcTime, "2026-13-01T", "expected a time such as '2026-01-31T12:00:00Z', found '2026-13"),
        (UtcTime, "2026-01-31T12:00:00+01:00", "expected a UTC time, found 2026-01-31T12:00:00"),
    ],
)
def test_a_refusal_is_said_in_our_own_words(kind: Any, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(value)

    [problem] = refusal.value.errors()
    assert problem["msg"].startswith(said)


class Amount(BaseModel):
    model_config = STRICT
    value: DecimalString


class Price(BaseModel):
    model_config = STRICT
    value: Positive


class Fee(BaseModel):
    model_config = STRICT
    value: NotNegative


class Moment(BaseModel):
    model_config = STRICT
    at: UtcTime


class Name(BaseModel):
    model_config = STRICT
    token: Token


def _decimal(digits: int, places: int) -> Decimal:
    return Decimal(digits).scaleb(-places)


wire_decimals = st.builds(_decimal, st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 18))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+2", "100"),
        ("0.000", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0E+5", "0"),
        ("1E-18", "0.000000000000000001"),
        ("-0.0010", "-0.001"),
        ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"),
    ],
)
def test_a_decimal_is_written_in_one_way(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
    assert Amount(value=Decimal(value)).model_dump_json() == f'{{"value":"{text}"}}'


@given(wire_decimals)
def test_what_is_written_is_read_again_with_the_same_bytes(value: Decimal) -> None:
    body = Amount(value=value).model_dump_json()

    assert Amount.model_validate_json(body).value == value
    assert Amount.model_validate_json(body).model_dump_json() == body


@given(wire_decimals, st.integers(0, 5))
def test_equal_values_have_equal_bytes(value: Decimal, zeros: int) -> None:
    longer = Decimal(f"{value:f}" + ("" if "." in f"{value:f}" else ".") + "0" * zeros + "0")

    assert plain(longer) == plain(value)


@pytest.mark.parametrize(
    "body",
    [
        "1.5",
        "1",
        "null",
        "true",
        "NaN",
        "Infinity",
        '"NaN"',
        '"Infinity"',
        '"-inf"',
        '"1e5"',
        '"1E-3"',
        '"+1"',
        '".5"',
        '"1."',
        '""',
        '" 1"',
        '"1 "',
        '"1\\n"',
        '"1_000"',
        '"\u0661"',
        '"--1"',
        '"0x10"',
        f'"{"9" * 19}"',
        f'"0.{"1" * 19}"',
        "[]",
        "{}",
    ],
)
def test_what_is_not_a_plain_decimal_string_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        Amount.model_validate_json(f'{{"value":{body}}}')


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+18", "1E-19", "1E+999999", "1E-999999"]
)
def test_a_decimal_that_could_not_be_read_again_is_not_written(value: str) -> None:
    with pytest.raises(ValidationError, match="expected"):
        Amount(value=Decimal(value))


def test_a_decimal_with_too_many_places_is_refused_not_rounded() -> None:
    with pytest.raises(ValidationError, match="at most 18 digits"):
        Amount(value=Decimal(1) / Decimal(3))


@pytest.mark.parametrize("value", ["0", "-0.000000000000000001", "-1"])
def test_a_positive_value_is_greater_than_zero(value: str) -> None:
    with pytest.raises(ValidationError):
        Price.model_validate_json(f'{{"value":"{value}"}}')


def test_a_value_that_is_not_negative_may_be_zero() -> None:
    assert Fee.model_validate_json('{"value":"0"}').value == 0
    with pytest.raises(ValidationError):
        Fee.model_validate_json('{"value":"-0.1"}')


@pytest.mark.parametrize(
    "body",
    [
        '"2024-07-18T14:03:00"',
        '"2024-07-18T14:03:00+02:00"',
        "1721311380",
        '"1721311380"',
        '"2024-07-18"',
        '"today"',
        "null",
    ],
)
def test_a_time_that_is_not_utc_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        Moment.model_validate_json(f'{{"at":{body}}}')


def test_a_time_given_as_a_value_must_be_utc_too() -> None:
    at = datetime(2024, 7, 18, 14, 3, tzinfo=UTC)

    assert Moment(at=at).model_dump_json() == '{"at":"2024-07-18T14:03:00Z"}'
    with pytest.raises(ValidationError, match="UTC"):
        Moment(at=at.astimezone(timezone(timedelta(hours=2))))
    with pytest.raises(ValidationError, match="UTC"):
        Moment(at=at.replace(tzinfo=None))


@given(st.integers(-(2**41), 2**43))
def test_milliseconds_become_a_time_and_back_exactly(milliseconds: int) -> None:
    assert to_millis(from_millis(milliseconds)) == milliseconds


@pytest.mark.parametrize("token", ["", "a.b", "*", ">", "a b", "A", "a\n", "ä", "x" * 65, "a_b"])
def test_a_token_is_one_part_of_a_subject(token: str) -> None:
    with pytest.raises(ValidationError):
        Name(token=token)


def test_sides_are_opposite() -> None:
    assert [side.opposite for side in Side] == [Side.SHORT, Side.LONG]
    assert [side.sign for side in Side] == [1, -1]
