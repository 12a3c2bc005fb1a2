"""What a stored event looks like stays what it was, byte for byte."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts import codec
from contracts.event import Draft, Recorded
from contracts.registry import BY_TYPE, EVENTS
from kit import golden

FILES = sorted(golden.FOLDER.glob("*.json"))


def read(message: golden.Json) -> Recorded:
    return codec.decode(
        subject=message["subject"],
        headers=message["headers"],
        body=golden.body_bytes(message),
        position=1,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_every_version_of_every_event_has_its_file_and_no_other_file_is_there() -> None:
    assert {path.name for path in golden.FOLDER.iterdir()} == golden.expected_names()


def test_there_is_one_example_of_every_event() -> None:
    assert [type(example) for example in golden.EXAMPLES] == list(EVENTS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stored_event_is_read_and_written_again_with_the_same_bytes(path: Path) -> None:
    message = json.loads(path.read_text("utf-8"))
    recorded = read(message)
    draft = Draft(
        event=recorded.event,
        id=recorded.id,
        subject=recorded.subject,
        occurred_at=recorded.occurred_at,
        correlation_id=recorded.correlation_id,
        causation_id=recorded.causation_id,
    )
    headers, body = codec.encode(draft, source=recorded.source)

    assert path.name == golden.name_of(BY_TYPE[recorded.event.event_type], recorded.version)
    assert recorded.body == golden.body_bytes(message)
    if recorded.version == recorded.event.event_version:
        assert body == golden.body_bytes(message)
        assert headers == message["headers"]
    else:
        assert headers[codec.EVENT_VERSION] == str(recorded.event.event_version)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_unknown_field_is_refused(path: Path) -> None:
    message = json.loads(path.read_text("utf-8"))
    message["body"]["unheard_of"] = 1

    with pytest.raises(codec.MalformedBody, match="unheard_of"):
        read(message)


def test_only_files_that_are_missing_are_written(tmp_path: Path) -> None:
    kept = tmp_path / "order_filled.v1.json"
    kept.write_text("as it was")

    written = golden.write_missing(tmp_path)

    assert kept.read_text() == "as it was"
    assert len(written) == len(EVENTS) - 1
    assert golden.write_missing(tmp_path) == []
