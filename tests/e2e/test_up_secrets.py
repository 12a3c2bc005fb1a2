"""Nothing of a delegate key stands anywhere but sealed in its file: a desk is searched whole.

The key is the one that execution made, opened here with what seals it. A control is a secret that
the test itself puts into a place, and that has to be found there by the same search.
"""

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import httpx
import msgspec
import psutil
import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql
from solders.keypair import Keypair
from websockets.sync.client import connect
from websockets.typing import Origin

from execution.signing.keys import SealedKey
from kit.desk_process import pid_of
from kit.localnet_rig import drift_program
from kit.owner_wallet import OwnerWallet
from kit.secret_forms import Search
from kit.servers import free_port
from supervisor.staging import MEMORY

LOG, ENVIRONMENT, COMMAND, CRASH = "log", "environment", "command", "crash"
CONTROLS = {
    name: hashlib.sha256(f"control {name}".encode()).digest()
    for name in (LOG, ENVIRONMENT, COMMAND, CRASH)
}
SERVICES = ("audit", "execution", "gateway", "ingest", "risk", "signals")
_TRIES_MAX = 200
API = Path(__file__).parents[2] / "services" / "gateway" / "openapi.json"
CORES = Path("/proc/sys/kernel/core_pattern")
_WITH_CORES = ("/bin/sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$0" "$@"')
_DIES = "import os, sys; held = bytes.fromhex(sys.stdin.read()); os.abort()"


@dataclass
class Desk:
    """A desk that runs, and what its gateway answers."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    answers: list[bytes] = field(default_factory=list[bytes])

    def ask(self, path: str, body: object = None, *, key: str | None = None) -> Any:
        """Ask the gateway; give None for a refusal, which is kept with the answers."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data,
            {} if data is None else {"Content-Type": "application/json"},
        )
        if key is not None:
            asked.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
                told = answer.read()
        except HTTPError as error:
            self.answers.append(error.read())
            return None
        except URLError:
            return None  # It does not listen yet.
        self.answers.append(told)
        try:
            return json.loads(told)
        except ValueError:
            return told

    def until(self, path: str, is_so: Callable[[Any], bool]) -> Any:
        """Ask until the answer is so; the test's own timeout ends what never comes."""
        while True:
            assert self.process.poll() is None, "expected the desk to run, found it ended"
            found = self.ask(path)
            if found is not None and is_so(found):
                return found
            time.sleep(0.3)

    def delegate(self, owner: OwnerWallet) -> None:
        """Let the owner agree, and sign what names a key until one is named.

        While a market catches up its blocks pass faster than words, the text may change, and an
        answer may come too late for its request; so the state alone says whether to go on.
        """
        for _ in range(_TRIES_MAX):
            now = self.until("/api/delegation", lambda it: it["state"] in ("none", "active"))
            if now["state"] == "active":
                return
            text = self.until("/api/delegation/consent", bool)
            self.ask("/api/delegation/consent", {"textSha256": text["textSha256"]})
            self._signed(owner)
        raise AssertionError(f"expected a key to be named, found {self.answers[-4:]}")

    def _signed(self, owner: OwnerWallet) -> None:
        """Let the owner sign an offer, first with another message than was offered."""
        offer = self.ask("/api/delegation/delegate", {})
        if offer is None:
            return
        unsigned = base64.b64decode(offer["base64"])
        message, altered = unsigned[65:], unsigned[65:][::-1]
        for it in (altered, message):
            signed = b"\x01" + bytes(owner.key.sign_message(message)) + it
            told = {"txId": offer["txId"], "base64": base64.b64encode(signed).decode()}
            answer = self.ask(offer["submitTo"], told)
            assert it is message or answer is None

    def trade(self) -> None:
        """Let the key sign an order, whose notes hold the control of the log."""
        for number in count():
            state = self.until("/api/state", lambda it: it["price"] is not None)
            price = Decimal(state["price"]["lastUsd"])
            order = {
                "side": "long",
                "type": "post_only_limit",
                "px": str(price - Decimal("0.5")),
                "size": "1",
                "sl": str(price - 3),
                "tp1": str(price + 1),
                "tp2": str(price + 2),
                "tp3": str(price + 3),
                "leverage": "2",
                "venue": state["account"]["venue"],
                "notes": CONTROLS[LOG].hex(),
            }
            answer: Any = self.ask(
                "/api/engine/orders", order, key=f"an-order-of-the-search-{number}"
            )
            assert answer is not None, self.answers[-1]
            if answer["status"] == "approved":
                break
        self.until("/api/state", lambda it: any(one["signature"] for one in it["transactions"]))

    def answer_all(self) -> None:
        """Ask for all that can be read, and follow the stream until it has caught up."""
        for path, methods in json.loads(API.read_text())["paths"].items():
            if "get" in methods and "{" not in path:
                self.ask(path)
        for position in range(1, int(self.ask("/api/state")["pos"]) + 1):
            self.ask(f"/api/events/{position}")
        here = f"127.0.0.1:{self.port}"
        address = f"ws://{here}/api/ws/engine.events?v=1&after=0&topics=activity"
        with connect(address, origin=Origin(f"http://{here}")) as stream:
            frame = ""
            while '"hb"' not in frame:
                frame = str(stream.recv(timeout=60))
                self.answers.append(frame.encode())


def a_desk(folder: Path, venue: str, owner: OwnerWallet) -> Desk:
    """Start `up`, where cores may be written; a control is in its environment and its command."""
    port, data = free_port(), folder / f"data-{CONTROLS[COMMAND].hex()}"
    command = [sys.executable, "-m", "supervisor", "up", "--feed", "synthetic", "--speed", "10"]
    command += ["--venue", venue, "--port", str(port), "--data-dir", str(data)]
    named = {} if venue == "localnet" else {"OWNER_WALLET": owner.address}
    with (folder / "up.log").open("wb") as said:
        process = subprocess.Popen(
            [*_WITH_CORES, *command],
            cwd=folder,
            env={**os.environ, **named, "A_CONTROL": CONTROLS[ENVIRONMENT].hex()},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    return Desk(process, port, data)


def opened(data: Path) -> Mapping[str, bytes]:
    """Open the sealed key with what seals it; give both secrets."""
    sealing = bytes.fromhex((data / "keys" / "delegates.key").read_text().strip())
    (path,) = (data / "delegates").iterdir()
    it = SealedKey.load(path.read_bytes())
    bound = msgspec.json.encode(
        [it.version, it.wallet, it.account, it.delegate, it.opened_ms, it.expires_ms]
    )
    secret = AESGCM(sealing).decrypt(it.nonce, it.ciphertext, bound)
    assert str(Keypair.from_seed(secret).pubkey()) == it.delegate
    return {"delegate": secret, "sealing": sealing}


def dumped(data: Path) -> bytes:
    """Give each row of each table of PostgreSQL as text."""
    dsn = json.loads((data / "runtime.json").read_text())["postgres_dsn"]
    with psycopg.connect(dsn) as database:
        tables = database.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 5, tables
        rows: list[bytes] = []
        for name in tables:
            copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*name))
            with database.cursor().copy(copy) as out:
                rows += [bytes(it) for it in out]
    return b"".join(rows)


def look_at_processes(search: Search, pid: int) -> None:
    """Search command lines, environments, and what each service tells of its health."""
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            command, told = process.cmdline(), process.environ()
        except psutil.NoSuchProcess:
            continue
        search.look("command", " ".join(command).encode())
        search.look("environment", "\n".join(f"{it}={told[it]}" for it in told).encode())
        if command[1:2] == ["-m"] and command[2] in SERVICES:
            for path in ("live", "ready", "metrics"):
                url = f"http://127.0.0.1:{told['HEALTH_PORT']}/{path}"
                body = httpx.get(url, timeout=60).content  # Busy, it says that it is not ready.
                assert path != "metrics" or b"# TYPE" in body
                search.look(f"health of {command[2]}", body)


def crash(desk: Desk, folder: Path) -> bool:
    """Abort execution, and a process that holds a control; say whether cores come into folders."""
    before = psutil.Process(pid_of(desk.process.pid, "execution"))
    before.send_signal(signal.SIGABRT)
    psutil.wait_procs([before], timeout=60)
    place = folder / "crash"
    place.mkdir()
    subprocess.run(
        [*_WITH_CORES, sys.executable, "-c", _DIES],
        cwd=place,
        input=CONTROLS[CRASH].hex().encode(),
        check=False,
    )
    desk.until("/api/delegation", lambda it: it["state"] == "active")
    return not CORES.read_text().startswith(("|", "/"))


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("venue", ["paper", "localnet"])
def test_a_delegate_key_is_nowhere_but_sealed_in_its_file(tmp_path: Path, venue: str) -> None:
    if venue == "localnet":
        drift_program()
        pytest.importorskip("driftpy", reason="driftpy is not installed: `just sync --extra drift`")
    owner = OwnerWallet()
    desk = a_desk(tmp_path, venue, owner)
    try:
        if venue == "paper":
            desk.delegate(owner)
        desk.until("/api/delegation", lambda it: it["state"] == "active")
        secrets = opened(desk.data)
        search = Search({**secrets, **CONTROLS})
        desk.trade()
        look_at_processes(search, desk.process.pid)
        are_cores_here = crash(desk, tmp_path)
        desk.answer_all()
        for number, answer in enumerate(desk.answers):
            search.look(f"answer {number}", answer)
        search.look("table", dumped(desk.data))
        for folder in MEMORY.glob("perp-desk-*"):
            search.look_below(folder)
    finally:
        desk.process.send_signal(signal.SIGINT)
        code = desk.process.wait(120)
    assert code == 0, (tmp_path / "up.log").read_text()
    search.look_below(tmp_path)
    require_where(search, secrets, data=desk.data.name)
    assert (CRASH in search.secrets_in("crash/")) is are_cores_here


def require_where(
    search: Search, secrets: Sequence[str] | Mapping[str, bytes], *, data: str
) -> None:
    """Require each control where it was put, and each secret where it belongs."""
    assert LOG in search.secrets_in("answer")
    assert LOG in search.secrets_in("table")
    assert LOG in search.secrets_in(f"{data}/nats/")
    assert LOG in search.secrets_in(f"{data}/postgres/")
    assert COMMAND in search.secrets_in("command")
    assert COMMAND in search.secrets_in("up.log")
    assert ENVIRONMENT in search.secrets_in("environment")
    stood = {(place, name) for place, name, _ in search.found if name in secrets}
    assert stood == {(f"{data}/keys/delegates.key", "sealing")}
