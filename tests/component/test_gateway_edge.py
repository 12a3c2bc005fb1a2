"""Who may knock: hosts, origins, bodies and paths of other people's making."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.edge import Edge
from gateway.page_files import INDEX, File
from gateway.site import loopback_site
from kit.gateway_app import BASE, running_desk

PROBLEM = "application/problem+json"
COMMANDS = (
    ("POST", "/api/engine/orders"),
    ("POST", "/api/engine/cancel"),
    ("POST", "/api/engine/kill"),
    ("POST", "/api/engine/resume"),
    ("PUT", "/api/settings"),
)


async def test_made_up_methods_do_not_grow_the_metrics() -> None:
    observed: list[str] = []

    async def never(*_: Any) -> None:
        raise AssertionError("expected a refusal, found a request let through")

    def observe(method: str, _route: str, _status: int, _seconds: float) -> None:
        observed.append(method)

    edge = Edge(never, site=loopback_site(8001), observe=observe)

    async def send(_: Any) -> None: ...

    for method in ("X1", "X2", "get", "GET"):
        await edge({"type": "http", "method": method, "path": "/", "headers": []}, never, send)
    assert observed == ["other", "other", "other", "GET"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001", "LOCALHOST:8001"]
)
async def test_our_own_names_are_answered(host: str) -> None:
    async with running_desk() as desk:
        assert (await desk.http.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8001",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8001.evil",
        "localhost.:8001",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/state", "/nothing"])
async def test_another_host_name_is_misdirected(host: str, path: str) -> None:
    async with running_desk() as desk:
        answer = await desk.http.get(path, headers={"Host": host})
        assert (answer.status_code, answer.headers["content-type"]) == (421, PROBLEM)
        assert answer.json()["code"] == "host_not_allowed"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8001"},
        {"Origin": "http://localhost:8001"},  # Ours, but not the name that was asked.
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"Referer": "http://evil.example/page"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), COMMANDS)
async def test_a_command_from_another_site_is_refused_and_changes_nothing(
    headers: dict[str, str], method: str, path: str
) -> None:
    async with running_desk() as desk:
        before = await desk.log.head()
        answer = await desk.http.request(method, path, json={"reason": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert await desk.log.head() == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": BASE},
        {"Origin": BASE, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "same-origin", "Referer": f"{BASE}/"},
    ],
    ids=str,
)
async def test_our_page_and_tools_without_a_browser_may_command(headers: dict[str, str]) -> None:
    async with running_desk() as desk:
        answer = await desk.http.post("/api/engine/kill", json={"reason": "x"}, headers=headers)
        assert answer.status_code == 202


@pytest.mark.parametrize("path", ["/api/activity/export", "/api/state", "/api/nothing"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
    ],
    ids=str,
)
async def test_a_page_of_another_site_reads_nothing_and_begins_no_export(
    headers: dict[str, str], path: str
) -> None:
    async with running_desk() as desk:
        before = await desk.log.head()
        answer = await desk.http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert await desk.log.head() == before


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, "/api/state"),
        ({"Sec-Fetch-Site": "same-origin"}, "/api/state"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, "/"),
    ],
    ids=str,
)
async def test_a_person_reads_the_api_and_may_follow_a_link_to_the_page(
    headers: dict[str, str], path: str
) -> None:
    async with running_desk(page={INDEX: File(b"<p>", "text/html", None)}) as desk:
        assert (await desk.http.get(path, headers=headers)).status_code == 200


async def test_two_origins_are_none() -> None:
    async with running_desk() as desk:
        pairs = [("Origin", BASE), ("Origin", "http://evil.example")]
        answer = await desk.http.post("/api/engine/kill", headers=pairs)
        assert answer.status_code == 403


async def test_every_answer_carries_the_security_headers_and_a_request_id() -> None:
    async with running_desk() as desk:
        for path in ("/", "/assets/app.js", "/api/state", "/nothing"):
            headers = (await desk.http.get(path, headers={"X-Request-Id": "given-1234"})).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-request-id"] == "given-1234"
        answer = await desk.http.get("/healthz", headers={"X-Request-Id": "bad\tid"})
        assert len(answer.headers["x-request-id"]) == 32


async def test_the_page_is_asked_for_again_and_its_files_are_kept_for_ever() -> None:
    async with running_desk() as desk:
        for path in ("/", "/settings"):
            page = await desk.http.get(path)
            assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
        file = await desk.http.get("/assets/app.js", headers={"Accept-Encoding": "identity"})
        assert file.text == "const desk = 1;"
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await desk.http.get("/assets/none.js")).headers["cache-control"] == "no-store"
        assert (await desk.http.get("/api/state")).headers["cache-control"] == "no-store"


async def test_a_file_is_sent_squeezed_to_whom_can_read_it() -> None:
    async with running_desk() as desk:
        asked = desk.http.build_request(
            "GET", "/assets/app.js", headers={"Accept-Encoding": "gzip"}
        )
        answer = await desk.http.send(asked, stream=True)
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert await answer.aread() == b"const desk = 1;"


async def test_a_page_that_was_not_built_says_how_to_build_it() -> None:
    async with running_desk(page={"app.js": File(b"", "text/javascript", None)}) as desk:
        answer = await desk.http.get("/")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "./justw page" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../settings.py",
        "/assets/%2e%2e/settings.py",
        "/assets/..%2fsettings.py",
        "/assets/%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/assets/....//settings.py",
        "/assets//etc/passwd",
        "/assets/%00",
        "/assets/app.js%00.css",
        "/assets/",
        "/assets/index.py",
        "/assets/index.html",
    ],
)
async def test_no_path_leads_out_of_the_page(path: str) -> None:
    async with running_desk() as desk:
        answer = await desk.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
        assert answer.json()["code"] == "not_found"


BODIES: tuple[tuple[bytes, int, str], ...] = (
    (b"", 422, "invalid_request"),
    (b"null", 422, "invalid_request"),
    (b"[]", 422, "invalid_request"),
    (b'"text"', 422, "invalid_request"),
    (b"{}", 422, "invalid_request"),
    (b'{"reason": 5}', 422, "invalid_request"),
    (b'{"reason": "x", "more": 1}', 422, "invalid_request"),
    (b'{"reason": NaN}', 400, "malformed_json"),
    (b'{"reason": 1e999}', 400, "malformed_json"),
    (b'{"reason": "\\ud800"}', 400, "malformed_json"),
    (b"{", 400, "malformed_json"),
    (b"\xff\xfe", 400, "malformed_json"),
    (b"[" * 16_000, 400, "malformed_json"),
    (b'{"reason": "' + b"x" * 20_000 + b'"}', 413, "payload_too_large"),
)


@pytest.mark.parametrize(("body", "status", "code"), BODIES, ids=lambda value: repr(value)[:30])
async def test_a_bad_body_is_a_problem_of_the_catalogue(
    body: bytes, status: int, code: str
) -> None:
    async with running_desk() as desk:
        before = await desk.log.head()
        headers = {"Content-Type": "application/json"}
        answer = await desk.http.post("/api/engine/resume", content=body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        assert answer.json()["code"] == code
        assert await desk.log.head() == before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_is_not_declared_as_json_is_refused(kind: str) -> None:
    async with running_desk() as desk:
        answer = await desk.http.post(
            "/api/engine/resume", content=b'{"reason": "x"}', headers={"Content-Type": kind}
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api", 404, "not_found"),
        ("DELETE", "/api/settings", 405, "method_not_allowed"),
        ("GET", "/api/engine/kill", 405, "method_not_allowed"),
        ("GET", "/api/events/x", 422, "invalid_request"),
        ("GET", "/api/events/0", 404, "event_unknown"),
        ("GET", "/api/events/999", 404, "event_unknown"),
        ("GET", "/api/events/-1", 422, "invalid_request"),
        ("GET", "/api/activity?limit=0", 422, "invalid_request"),
        ("GET", "/api/activity?limit=501", 422, "invalid_request"),
        ("GET", "/api/activity?limit=NaN", 422, "invalid_request"),
        ("GET", "/api/activity?before=-1", 422, "invalid_request"),
        ("GET", f"/api/activity?after={2**63}", 422, "invalid_request"),
        ("GET", "/api/activity?after=1&before=3", 422, "invalid_request"),
    ],
)
async def test_every_refusal_is_a_problem(method: str, path: str, status: int, code: str) -> None:
    async with running_desk() as desk:
        answer = await desk.http.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        body: dict[str, Any] = answer.json()
        assert (body["code"], body["status"], body["type"]) == (code, status, f"urn:problem:{code}")
        assert body["instance"] == answer.headers["x-request-id"]
        if status == 405:
            assert answer.headers["allow"]


async def test_a_failure_inside_is_a_problem_that_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the inside")

    async with running_desk() as desk:
        monkeypatch.setattr("gateway.routes.reading.state_view", fail)
        with capture_logs() as logs:
            answer = await desk.http.get("/api/state")
        assert "request_failed" in [line["event"] for line in logs]
        assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
        assert "secret" not in json.dumps(answer.json())
        assert answer.json()["instance"] in answer.json()["detail"]
