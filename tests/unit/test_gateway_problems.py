"""The catalogue of problems is complete, and every problem is RFC 9457."""

import ast
import json
from pathlib import Path

import pytest

import gateway
from gateway.problems import CATALOGUE, Code, FieldError, Problem, catalogue_text

SOURCE = Path(gateway.__file__).parent


@pytest.mark.parametrize("code", Code)
def test_every_code_is_catalogued_and_rendered(code: Code) -> None:
    kind = CATALOGUE[code]
    body = json.loads(Problem(code, "the case").body(request_id="r-1"))
    assert body == {
        "type": f"urn:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "the case",
        "code": str(code),
        "instance": "r-1",
    }
    assert f"| {kind.status} | `{code}` | {kind.title} |" in catalogue_text()


def test_every_code_is_raised_somewhere() -> None:
    raised = {
        node.attr
        for path in SOURCE.rglob("*.py")
        if path.name != "problems.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Code"
    }
    assert raised == {code.name for code in Code}


def test_details_come_along_when_there_are_any() -> None:
    problem = Problem(
        Code.INVALID_REQUEST, "no", errors=[FieldError("/px", "expected more")], retry_after=3
    )
    body = json.loads(problem.body(request_id="r-1"))
    assert body["errors"] == [{"pointer": "/px", "message": "expected more"}]
    assert body["retryAfter"] == 3
    assert problem.all_headers() == {"Retry-After": "3"}
