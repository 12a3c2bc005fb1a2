"""The generated documents say what the code does, and say it in a shape that others can read."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

from contracts import ticks
from contracts.catalogue.__main__ import main
from contracts.catalogue.asyncapi import document
from contracts.catalogue.markdown import catalogue
from contracts.catalogue.traffic import everything_said, services
from contracts.registry import EVENTS
from contracts.subjects import CONSUMERS
from contracts.ticks import encode_tick
from kit import golden

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SCHEMA = json.loads((Path(__file__).parent / "asyncapi_3_0.schema.json").read_text("utf-8"))
ASYNCAPI: dict[str, Any] = json.loads(document())
DRAFT_7: Any = jsonschema.Draft7Validator  # Any: the package tells no types.

Json = Any  # Any: a node of the document.


def references(node: Json) -> Iterator[str]:
    """Give the target of every reference inside a node."""
    inside: list[Json] = []
    if isinstance(node, dict):
        inside = list(cast("dict[str, Json]", node).values())
    elif isinstance(node, list):
        inside = cast("list[Json]", node)
    for one in inside:
        yield from references(one)
    if isinstance(node, dict) and "$ref" in node:
        yield cast("dict[str, str]", node)["$ref"]


def resolved(target: str) -> Json:
    node: Json = ASYNCAPI
    for part in target.removeprefix("#/").split("/"):
        node = node[part]
    return node


def validate(instance: Json, schema: Json) -> None:
    """Raise jsonschema.ValidationError unless the instance fits a schema of the document."""
    whole = {**schema, "components": ASYNCAPI["components"]}
    DRAFT_7(whole).validate(instance)


def test_the_documents_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "--docs", str(DOCS)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", ["events.md", "asyncapi.json"])
def test_a_document_that_is_out_of_date_is_named(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--docs", str(tmp_path)]) == 0
    assert main(["--check", "--docs", str(tmp_path)]) == 0
    path = tmp_path / name
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")

    assert main(["--check", "--docs", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"expected {path} to be what `python -m contracts.catalogue` writes, found it out of date"
    ]
    path.unlink()
    assert main(["--check", "--docs", str(tmp_path)]) == 1


def test_the_documents_come_out_the_same_every_time() -> None:
    assert document() == document()
    assert catalogue() == catalogue()


def test_the_catalogue_tells_of_every_event_with_its_subject() -> None:
    text = catalogue()

    for said in everything_said():
        if not said.message.startswith("tick_"):
            assert f"### {said.message}\n" in text
        assert f"`{said.pattern}`" in text
    for consumer in CONSUMERS:
        assert f"`{consumer.name}`" in text


def test_the_catalogues_links_lead_somewhere() -> None:
    text = catalogue()
    anchors = {found.lower() for found in re.findall(r"^### (\w+)", text, re.MULTILINE)}
    links = set(re.findall(r"\]\(#(\w+)\)", text))

    assert links <= anchors
    assert len(links) > 5


def test_every_field_in_the_catalogue_has_a_type() -> None:
    rows = re.findall(r"^\| `\w+` \|([^|\n]*)\|[^|\n]*\|.*\|$", catalogue(), re.MULTILINE)

    assert len(rows) > 150
    assert all(row.strip() for row in rows)


def test_a_limit_says_what_it_counts() -> None:
    text = catalogue()

    assert "| `intents` | list of event id of at most 32 |" in text
    assert "| `key` | text of at most 100 characters |" in text
    assert "| `user_order_id` | integer ≥ 1 and ≤ 255 |" in text


def test_a_number_of_an_enumeration_stands_with_its_name() -> None:
    assert "| `3` flatten | Entries are canceled, positions are closed" in catalogue()


def test_the_asyncapi_document_has_the_shape_of_one() -> None:
    DRAFT_7.check_schema(SCHEMA)
    DRAFT_7(SCHEMA).validate(ASYNCAPI)


def test_every_reference_leads_somewhere() -> None:
    found = list(references(ASYNCAPI))

    assert len(found) > 100
    for target in found:
        assert resolved(target)


def test_a_channel_names_the_parameters_of_its_address() -> None:
    for channel in ASYNCAPI["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])


def test_an_operations_messages_are_its_channels() -> None:
    for name, operation in ASYNCAPI["operations"].items():
        channel = operation["channel"]["$ref"]
        assert all(
            message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"]
        )
        assert name.split(".")[0] in services()


def test_every_service_says_what_it_owns_and_only_that() -> None:
    for said in everything_said():
        senders = {
            name.split(".")[0]
            for name, operation in ASYNCAPI["operations"].items()
            if operation["action"] == "send"
            and any(ref["$ref"].endswith(f"/{said.message}") for ref in operation["messages"])
        }
        assert senders == set(said.by)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
def test_a_stored_event_fits_its_schema(event: type[golden.Event]) -> None:
    path = golden.FOLDER / golden.name_of(event, event.event_version)
    message = json.loads(path.read_text("utf-8"))
    described = ASYNCAPI["components"]["messages"][event.event_type]

    validate(message["body"], described["payload"])
    validate(message["headers"], resolved(described["traits"][0]["$ref"])["headers"])
    with pytest.raises(jsonschema.ValidationError):
        validate({**message["body"], "unheard_of": 1}, described["payload"])
    for name in message["body"]:
        part = {key: value for key, value in message["body"].items() if key != name}
        if name in resolved(described["payload"]["$ref"])["required"]:
            with pytest.raises(jsonschema.ValidationError):
                validate(part, described["payload"])


def test_a_tick_fits_its_schema() -> None:
    body = json.loads(encode_tick(ticks.Trade(i=1, t=2, p="157.42", q="1", m=False)))
    payload = ASYNCAPI["components"]["messages"]["tick_trade"]["payload"]

    validate(body, payload)
    with pytest.raises(jsonschema.ValidationError):
        validate({**body, "p": 157.42}, payload)
