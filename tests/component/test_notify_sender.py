"""The process that sends: it reaches each service, and nothing that is not public."""

import asyncio
import subprocess
import sys
from pathlib import Path

from gateway.notify.delivery import ProcessSender
from kit.gateway_notify import TELEGRAM
from kit.notify_receiver import HOST, receiving

HOOK = "jsons://hooks.example.com/secret-path"
PING = "https://ping.example.com/secret-uuid?rid=1"

SERVICES = {
    TELEGRAM: "POST /bot123456789:abcdefg_hijklmnop-qrstuvwxyz0123456/sendMessage",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js": "POST /api/webhooks/4174216298/JHMHI8qBe7",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ": "POST /services/T1JJ3T3L2/A1BRTD4JD",
    "ntfys://ntfy.sh/a-long-topic": "POST /",
    f"pover://{'u' * 30}@{'t' * 30}": "POST /1/messages.json",
    HOOK: "POST /secret-path",
}


async def test_a_message_reaches_every_service(tmp_path: Path) -> None:
    async with receiving(tmp_path) as receiver:
        sender = receiver.sender()
        for target, request in SERVICES.items():
            error = await sender.deliver(target, title="[paper] Stop hit", body="at 142.5 & more")
            assert error == "", target
            (line, body) = receiver.got.pop()
            assert line.startswith(request)
            assert "Stop hit" in body.replace("+", " ")
            assert "142.5" in body
            assert receiver.got == []
        mail = "mailtos://user:pass@example.com?smtp=smtp.example.com&mode=ssl&to=me@example.org"
        assert await sender.deliver(mail, title="Stop hit", body="at 142.5") == ""
        assert "at 142.5" in receiver.mails[0]
        assert await sender.ping(PING) == ""
        assert receiver.got == [("GET /secret-uuid?rid=1 HTTP/1.1", "")]


async def test_a_name_that_leads_inside_is_not_connected_to(tmp_path: Path) -> None:
    async with receiving(tmp_path) as receiver:
        inside = (HOST, "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "fd00:ec2::254")
        senders = [receiver.sender(names={"ping.example.com": [one]}, allow=()) for one in inside]
        errors = await asyncio.gather(*(sender.ping(PING) for sender in senders))
        assert errors == ["address_not_public"] * len(inside)
        sender = receiver.sender(allow=())
        assert await sender.deliver(HOOK, title="x", body="x") == "address_not_public"
        mail = "mailtos://user:pass@example.com?smtp=smtp.example.com&mode=ssl"
        assert await sender.deliver(mail, title="x", body="x") == "address_not_public"
        assert receiver.connections == 0


async def test_a_name_that_changes_its_answer_gains_nothing(tmp_path: Path) -> None:
    async with receiving(tmp_path) as receiver:
        # Public when somebody looks first, and inside when it is connected to.
        names = {"hooks.example.com": ["10.0.0.1", HOST], "ping.example.com": ["10.0.0.1", HOST]}
        sender = receiver.sender(names=names, allow=())
        assert await sender.deliver(HOOK, title="x", body="x") == "address_not_public"
        assert await sender.ping(PING) == "address_not_public"
        assert receiver.connections == 0


async def test_no_redirect_is_followed(tmp_path: Path) -> None:
    async with receiving(tmp_path) as receiver:
        receiver.status, receiver.location = 307, "https://hooks.example.com/other"
        sender = receiver.sender()
        assert await sender.deliver(HOOK, title="x", body="x") == "redirected"
        assert await sender.ping(PING) == "redirected"
        assert [line.split()[1] for line, _ in receiver.got] == [
            "/secret-path",
            "/secret-uuid?rid=1",
        ]


async def test_what_fails_is_named_and_tells_nothing_of_the_target(tmp_path: Path) -> None:
    async with receiving(tmp_path / "here") as receiver, receiving(tmp_path / "other") as other:
        receiver.status = 500
        sender = receiver.sender()
        assert await sender.deliver(HOOK, title="x", body="x") == "http_500"
        assert await sender.ping(PING) == "http_500"
        wrong = receiver.sender(bundle=other.bundle)
        assert await wrong.ping(PING) == "certificate_refused"
        lost = receiver.sender(names={})
        assert await lost.ping(PING) == "name_unresolved"
        assert await sender.deliver("discord://x", title="x", body="x") == "target_unusable"
        receiver.answers.clear()
        slow = receiver.sender(wait_s=2.5)
        assert await slow.deliver(HOOK, title="x", body="x") == "timeout"


async def test_a_sender_that_breaks_is_a_failure() -> None:
    assert await ProcessSender(("/nonexistent/program",)).ping(PING) == "failed"
    for script in ("print('no')", "print('{\"error\": 1}')", 'print(\'{"error": "tgram://x"}\')'):
        sender = ProcessSender((sys.executable, "-c", script))
        assert await sender.ping(PING) == "failed"


GUARDED = """
import os, socket, subprocess
from gateway.notify.addresses import is_public
from gateway.notify.sender import Guard
Guard(is_public).install()
tries = [
    lambda: socket.create_connection(("127.0.0.1", 9), 1),
    lambda: socket.socket().connect(("2130706433", 9)),
    lambda: socket.socket(socket.AF_UNIX).connect("/run/docker.sock"),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.0.0.1", 53)),
    lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, ("::1", 53)),
    lambda: socket.socket().connect_ex(("127.0.0.1", 9)),
    lambda: subprocess.run(["true"]),
    lambda: os.system("true"),
    lambda: os.posix_spawn("/bin/true", ["true"], {}),
    lambda: os.execv("/bin/true", ["true"]),
    lambda: os.fork(),
]
for at, act in enumerate(tries):
    try:
        act()
    except (OSError, PermissionError) as error:
        print(at, type(error).__name__)
    else:
        print(at, "passed")
"""


def test_the_guard_stands_before_every_way_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED], capture_output=True, text=True, check=True
    )
    said = done.stdout.split("\n")
    assert said[:6] == [f"{at} AddressNotPublic" for at in range(6)]
    assert said[6:11] == [f"{at} PermissionError" for at in range(6, 11)]
