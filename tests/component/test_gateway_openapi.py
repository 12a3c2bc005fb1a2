"""Whatever the description allows, and much that it does not, is answered, never with a 500."""

import asyncio
import importlib
import json
from collections import Counter
from contextlib import AsyncExitStack, suppress
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from gateway.openapi import text
from gateway.problems import CATALOGUE, Code
from kit.gateway_app import Desk, running_desk

# Any: it is typed by what it has read, which is not known here.
schemathesis: Any = importlib.import_module("schemathesis")
GenerationMode: Any = importlib.import_module("schemathesis.generation").GenerationMode
EXAMPLES = 5
"""Of each operation and mode, so that all of it takes seconds."""


async def answered(desk: Desk, case: Any) -> httpx.Response:
    """Send a generated case as a tool on this machine would."""
    path: str = case.path
    parameters: dict[str, Any] = dict(case.path_parameters or {})
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    given_headers: dict[str, Any] = dict(case.headers or {})
    headers = [
        (name.encode(), str(value).encode("latin-1", "replace"))
        for name, value in given_headers.items()
    ]
    content = None
    if isinstance(case.body, bytes):
        content = case.body
    elif type(case.body) in (type(None), dict, list, str, bool, int, float):
        content = json.dumps(case.body).encode(errors="replace")
        headers.append((b"content-type", b"application/json"))
    query: dict[str, Any] = dict(case.query or {})
    sent = {name: str(value) for name, value in query.items()}
    request = desk.http.build_request(
        str(case.method), path, params=sent, headers=headers, content=content
    )
    return await desk.http.send(request)


def test_no_request_that_the_description_knows_fails_the_gateway() -> None:
    statuses: Counter[int] = Counter()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        desk = runner.run(stack.enter_async_context(running_desk()))
        schema = schemathesis.openapi.from_dict(json.loads(text()))
        operations: list[Any] = [found.ok() for found in schema.get_all_operations()]
        for mode in GenerationMode:
            for operation in operations:

                @given(case=operation.as_strategy(generation_mode=mode))
                @settings(
                    max_examples=EXAMPLES,
                    deadline=None,
                    database=None,
                    derandomize=True,
                    phases=[Phase.generate],
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                )
                def it_answers(case: Any) -> None:
                    answer = runner.run(answered(desk, case))
                    statuses[answer.status_code] += 1
                    assert answer.status_code != 500, (case.method, case.path, answer.text)
                    if answer.status_code >= 400:
                        code = Code(answer.json()["code"])
                        assert CATALOGUE[code].status == answer.status_code

                # Of an address without parameters nothing wrong can be made.
                with suppress(Unsatisfiable):
                    it_answers()
        runner.run(stack.aclose())
    assert len(operations) >= 25
    # The cases are neither all refused nor all taken.
    assert statuses[200] + statuses[202] > EXAMPLES * 5
    assert statuses[422] + statuses[400] > EXAMPLES * 5
