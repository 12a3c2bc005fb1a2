"""What is wanted of the activity, how it is written as a file, and how such a file is checked."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.event import Event
from gateway.activity.check import BadExport, check
from gateway.activity.sheet import COLUMNS, Chain, Csv, JsonLines, Sheet
from gateway.activity.slots import Slots
from gateway.activity.wanted import Wanted
from gateway.domain import words
from gateway.domain.words import Level
from gateway.stream.protocol import Activity
from kit.golden import EXAMPLES

SETUP = "0b5d6f0a-52fb-5a77-9c1c-3a9a4f6f0c01"
END: dict[str, Any] = {"from": "1", "to": "9", "next": None, "filter": "{}", "auditHead": None}


def item(**changes: Any) -> Activity:
    known: dict[str, Any] = {
        "kind": "ev",
        "pos": "7",
        "ts": "2026-03-02T12:00:00.000Z",
        "recorded_at": "2026-03-02T12:00:00.010Z",
        "type": "tp_hit",
        "event": "order_filled",
        "level": Level.GOOD,
        "summary": "tp1 filled: sell 5 at 151",
        "id": "0b5d6f0a-52fb-5a77-9c1c-3a9a4f6f0c99",
        "subject": "fills.p16.local.sol-perp",
        "source": "execution",
        "version": 1,
        "correlation_id": None,
        "causation_id": None,
        "data": {"market": "sol-perp", "setup": SETUP, "client_order_id": "a" * 26},
    }
    return Activity(**{**known, **changes})


@pytest.mark.parametrize(
    ("wanted", "is_taken"),
    [
        (Wanted(), True),
        (Wanted(types=frozenset({"tp_hit"})), True),
        (Wanted(types=frozenset({"sl_hit", "order_filled"})), True),
        (Wanted(types=frozenset({"filled"})), False),
        (Wanted(levels=frozenset({Level.GOOD, Level.BAD})), True),
        (Wanted(levels=frozenset({Level.BAD})), False),
        (Wanted(market="sol-perp"), True),
        (Wanted(market="btc-perp"), False),
        (Wanted(order="a" * 26), True),
        (Wanted(order=SETUP), True),
        (Wanted(order="0b5d6f0a-52fb-5a77-9c1c-3a9a4f6f0c99"), True),
        (Wanted(order="b" * 26), False),
        (Wanted(text="SELL 5"), True),
        (Wanted(text="client_order_id"), True),
        (Wanted(text="elsewhere"), False),
        (Wanted(text="sell", levels=frozenset({Level.BAD})), False),
    ],
)
def test_an_event_is_wanted_when_all_filters_hold(wanted: Wanted, is_taken: bool) -> None:
    assert wanted.takes(item()) is is_taken


def test_what_cannot_be_read_has_no_market_and_no_order() -> None:
    unreadable = item(data=None, type="error", event="unreadable", id="")
    assert not Wanted(market="sol-perp").takes(unreadable)
    assert not Wanted(order="a" * 26).takes(unreadable)
    assert Wanted(types=frozenset({"error"})).takes(unreadable)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_the_types_asked_of_the_archive_leave_out_nothing_that_is_wanted(event: Event) -> None:
    for name in (words.api_type(event), event.event_type):
        asked = Wanted(types=frozenset({name})).log_types
        assert not asked or event.event_type in asked


def test_what_may_be_of_any_type_is_asked_of_all() -> None:
    assert Wanted(types=frozenset({"error", "filled"})).log_types == ()
    assert Wanted(types=frozenset({"sl_hit", "minute_closed"})).log_types == (
        "minute_closed",
        "order_filled",
    )


def written(sheet: Sheet, *items: Activity, **said: Any) -> list[bytes]:
    chain = Chain()
    opening = sheet.opening()
    lines = [chain.add(line) for line in [opening, *map(sheet.line, items)] if line]
    return [*lines, sheet.end({"count": len(items), **END, **said}, chain)]


@pytest.mark.parametrize("sheet", [Csv(), JsonLines()], ids=["csv", "jsonl"])
def test_a_file_that_is_whole_checks_and_says_what_it_holds(sheet: Sheet) -> None:
    said = check(written(sheet, item(), item(pos="8"), next="9"))
    assert (said["count"], said["from"], said["next"]) == ("2", "1", "9")


Damage = Callable[[list[bytes]], list[bytes]]
DAMAGES: Mapping[str, Damage] = {
    "broken off": lambda lines: lines[:-1],
    "one missing": lambda lines: lines[:-2] + lines[-1:],
    "swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
    "changed": lambda lines: [lines[0].replace(b"e", b"f", 1), *lines[1:]],
    "no count": lambda lines: [*lines[:-1], lines[-1].replace(b"count", b"amount")],
    "no first position": lambda lines: [*lines[:-1], lines[-1].replace(b"from", b"since")],
    "empty": lambda _: [],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("sheet", [Csv(), JsonLines()], ids=["csv", "jsonl"])
def test_a_file_that_was_changed_does_not_check(sheet: Sheet, damage: Damage) -> None:
    lines = written(sheet, item(pos="11"), item(pos="12"), item(pos="13"))
    with pytest.raises(BadExport):
        check(damage(lines))


def rows(*lines: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(lines).decode(), newline="")))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_becomes_a_formula_a_row_or_a_column(text: str) -> None:
    sheet = Csv()
    lines = written(sheet, item(summary=text, source=text, data={"note": text}))
    found = rows(*lines)
    assert [len(row) for row in found] == [len(COLUMNS)] * 3
    assert b"".join(lines).count(b"\n") == 3
    for cell in found[1]:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    shown = found[1][COLUMNS.index("summary")]
    assert shown in {text, f"'{text}"} or "\r" in text or "\n" in text


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"], ids=repr
)
def test_a_cell_that_a_spreadsheet_would_compute_is_guarded(text: str) -> None:
    cell = rows(Csv().line(item(summary=text)))[0][COLUMNS.index("summary")]
    assert cell.startswith("'")


def test_a_place_is_free_when_it_is_left_or_held_too_long() -> None:
    at = [0.0]
    slots = Slots(2, seconds=60, now=lambda: at[0])
    first, second = slots.take(), slots.take()
    assert first is not None
    assert second is not None
    assert slots.take() is None
    slots.give_back(first)
    third = slots.take()
    assert third is not None
    assert slots.holds(third)
    assert not slots.holds(first)
    at[0] = 60.0
    assert not slots.holds(second)
    assert slots.take() is not None
