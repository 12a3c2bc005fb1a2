"""What a person is told of the processes."""

import asyncio
import io
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from rich.console import Console

from supervisor import answers
from supervisor.answers import Answer, ask_service
from supervisor.status import Changes, Row, table


def a_row(state: str, *, restarts: int = 0, ended: str = "") -> Row:
    return Row("signals", state, 7, restarts, ended)


def test_a_state_is_told_once() -> None:
    changes = Changes()

    told = [changes.lines([a_row(state)]) for state in ("starting", "ready", "ready")]

    assert told == [["signals      starting"], ["signals      ready"], []]


def test_an_end_is_told_once_though_nobody_looked_before_the_next_start() -> None:
    changes = Changes()
    changes.lines([a_row("ready")])
    again = a_row("ready", restarts=1, ended="killed by signal 9")

    assert changes.lines([again]) == ["signals      killed by signal 9", "signals      ready"]
    assert changes.lines([again]) == []


def test_an_end_that_is_still_the_state_is_told_once() -> None:
    changes = Changes()
    changes.lines([a_row("ready")])
    state = "killed by signal 9, again in 0.5 s"
    rows = [a_row(it, restarts=1, ended="killed by signal 9") for it in (state, "ready")]

    assert [changes.lines([row]) for row in rows] == [
        [f"signals      {state}"],
        ["signals      ready"],
    ]


def test_an_outage_that_goes_on_is_told_twice_a_minute() -> None:
    now_s = [0.0]
    changes = Changes(clock=lambda: now_s[0])

    told: list[str] = []
    for now_s[0] in range(6, 70):
        told += changes.lines([a_row(f"no answer for {now_s[0]:g} s")])
    told += changes.lines([a_row("ready")])

    begun = "signals      no answer for"
    assert told == [f"{begun} 6 s", f"{begun} 36 s", f"{begun} 66 s", "signals      ready"]


def test_what_a_ready_process_says_of_itself_leaves_it_ready() -> None:
    said = ("ready", "ready: Drift 2.82 on http://127.0.0.1:1", "readying", "starting")

    assert [a_row(state).is_ready for state in said] == [True, True, False, False]


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


@contextmanager
def a_ready_service() -> Generator[int]:
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            serving.join()


async def test_a_service_is_asked_past_a_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with a_ready_service() as port:
        assert await ask_service(port) == Answer("ready", is_heard=True)


async def test_a_service_that_is_silent_is_not_said_to_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port: int = silent.getsockname()[1]
        assert await ask_service(port) == answers.SILENT
    assert await ask_service(port) == answers.STARTING


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"HTTP/1.1 503 -\r\nContent-Length: 9\r\n\r\n{", Answer("not ready", is_heard=True)),
        (b"HTTP/1.1 503 -\r\n\r\n[]", Answer("not ready", is_heard=True)),
        (b"hello\r\n", answers.STARTING),
        (b"", answers.STARTING),
    ],
)
async def test_a_service_that_ends_while_it_answers_ends_nobody_else(
    said: bytes, answer: Answer
) -> None:
    async with saying(said) as port:
        assert await ask_service(port) == answer


async def test_a_service_that_hangs_in_the_midst_of_an_answer_ends_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "TIMEOUT_S", 0.05)
    heads = b"HTTP/1.1 503 -\r\nContent-Length: 9\r\n\r\n{"
    async with saying(heads, is_closing=False) as port:
        assert await ask_service(port) == Answer("not ready", is_heard=True)


@asynccontextmanager
async def saying(said: bytes, *, is_closing: bool = True) -> AsyncGenerator[int]:
    """Serve somebody who says this to all who ask."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        if not is_closing:
            await reader.read()
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def test_how_a_process_ended_last_is_shown_beside_its_restarts() -> None:
    shown = io.StringIO()
    row = a_row("ready", restarts=2, ended="no answer for 30 s, killed")
    Console(file=shown, width=80).print(table("data: /srv", [row]))
    assert "2: no answer for 30 s, killed" in shown.getvalue()


def test_a_title_is_shown_as_it_is() -> None:
    shown = io.StringIO()
    Console(file=shown, width=80).print(table("data: /srv/[/desk]/[7]", []))
    assert "data: /srv/[/desk]/[7]" in shown.getvalue()
