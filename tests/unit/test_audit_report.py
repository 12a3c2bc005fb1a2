from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from audit.domain.chain import GENESIS, link
from audit.domain.entry import entry_of
from audit.domain.verification import Difference, Linked, differences_of_row
from audit.replay import Replayed
from audit.report import show_replayed, show_verified
from audit.verify import Verified
from kit.audit_history import history, messages


def verified(differences: int, *, found: int = 0) -> Verified:
    """Give what a verification found; `found` counts beside those that are kept."""
    result = Verified(rows=2, first=1, last=2, projected={"orders": 1, "fills": 0})
    result.add([Difference(n, "row", "a row", "none") for n in range(1, differences + 1)])
    result.differences_found += found
    return result


@pytest.mark.parametrize(
    ("differences", "line"), [(0, "clean"), (1, "1 difference"), (2, "2 differences")]
)
def test_the_number_of_differences_is_said_in_words(differences: int, line: str) -> None:
    assert line in show_verified(verified(differences), with_stream=False).splitlines()


def test_what_is_counted_beside_differences_reads_well_for_one() -> None:
    result = verified(0)
    result.irregular = result.unreadable = 1
    result.first_unreadable = "position 2: expected JSON, found tea"

    said = show_verified(result, with_stream=False)

    assert "projections  fills 0, orders 1" in said
    assert "note         1 message archived as no regular event" in said
    assert "note         1 message that this build cannot read; the first: position 2: " in said
    assert said.splitlines()[-1] == "not judged: 1 message"
    replayed = show_replayed(
        Replayed([], events=1, first=1, last=1), source="PostgreSQL", revision="unknown"
    )
    assert "replayed     1 event of PostgreSQL, positions 1 to 1" in replayed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"occurred_at": datetime(2026, 1, 2, tzinfo=UTC)},
            "occurred_at: expected 2026-03-02T12:01:00+00:00, found 2026-01-02T00:00:00+00:00",
        ),
        (
            {"causation_id": UUID(int=7)},
            "causation_id: expected none, found 00000000-0000-0000-0000-000000000007",
        ),
        ({"source": "risk"}, "source: expected 'signals', found 'risk'"),
    ],
)
def test_a_column_is_shown_as_a_person_writes_it(change: dict[str, Any], said: str) -> None:
    entry = entry_of(messages(history(1))[0])[0]._replace(**change)
    row = Linked(entry, GENESIS, link(GENESIS, entry))

    assert [str(it) for it in differences_of_row(row, before=None)] == [f"position 1: {said}"]


def test_what_is_recorded_cannot_write_the_report() -> None:
    result = verified(0)
    lie = "1\nclean\x1b[2J\u202e"
    result.add([Difference(2, "order_filled", f"fill {lie} once", "it again")])
    result.unreadable = 1
    result.first_unreadable = f"position 1: {lie}"

    said = show_verified(result, with_stream=False)

    assert "clean" not in said.splitlines()
    assert said.replace("\n", "").isprintable()
    assert r"fill 1\nclean\x1b[2J\u202e once" in said
