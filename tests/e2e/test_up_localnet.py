"""`up --venue localnet`: its test wallet delegates and revokes; the audit proves the key's life."""

import base64
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.localnet_rig import drift_program
from kit.recordings import FRAMES, recording
from kit.servers import free_port
from localnet.drift.world import keypair
from supervisor.chain_process import OWNER

_WAIT_S_MAX = 240
"""The first start builds the page, if nobody did."""


def ask(url: str, path: str, body: object = None, *, method: str = "POST") -> Any:
    """Ask the gateway."""
    answer = httpx.request(method, f"{url}{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def until(url: str, is_so: Callable[[Any], bool]) -> Any:
    """Give the delegation once it is so."""
    deadline = time.monotonic() + _WAIT_S_MAX
    view: Any = None
    while time.monotonic() < deadline:
        try:
            view = ask(url, "/api/delegation", method="GET")
        except httpx.HTTPError:
            time.sleep(0.5)
            continue
        if is_so(view):
            return view
        time.sleep(0.3)
    raise AssertionError(f"expected it within {_WAIT_S_MAX} s, found {view}")


@pytest.mark.timeout(600)
def test_a_localnet_delegates_by_itself_is_revoked_and_proves_its_keys_life(
    tmp_path: Path,
) -> None:
    drift_program()
    pytest.importorskip("driftpy", reason="driftpy is not installed: `just sync --extra drift`")
    port, data = free_port(), tmp_path / "data"
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "supervisor", "up", "--venue", "localnet"]
    command += ["--feed", "synthetic", "--speed", "10", "--data-dir", str(data)]
    with subprocess.Popen(
        [*command, "--port", str(port)], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            active = until(url, lambda it: it["state"] == "active")
            assert active["key"]["address"] == active["onChain"]
            assert active["venue"]["cluster"] == "localnet"
            until(url, lambda it: all(check["isOk"] for check in it["preflight"]))
            sealed = [it.name for it in (data / "delegates").iterdir()]
            assert len(sealed) == 1

            offer = ask(url, "/api/delegation/revoke")
            unsigned = base64.b64decode(offer["base64"])
            signature = keypair(OWNER).sign_message(unsigned[65:])
            signed = base64.b64encode(b"\x01" + bytes(signature) + unsigned[65:]).decode()
            ask(url, offer["submitTo"], {"txId": offer["txId"], "base64": signed})
            revoked = until(url, lambda it: it["state"] == "revoked")
            assert (revoked["onChain"], revoked["key"]) == (None, None)
            assert revoked["destroyed"]["reason"] == "revoke"
            assert list((data / "delegates").iterdir()) == []
            time.sleep(3)  # The test wallet would delegate again within a second.
            assert until(url, lambda it: True)["state"] == "revoked"
        finally:
            running.send_signal(signal.SIGINT)
            said = running.stdout.read() if running.stdout else ""
        assert running.wait(60) == 0, said
    assert "its test wallet delegates by itself" in said
    require_clean(data, "verify")


@pytest.mark.timeout(400)
def test_a_recording_plays_on_the_real_program_to_its_end(tmp_path: Path) -> None:
    drift_program()
    pytest.importorskip("driftpy", reason="driftpy is not installed: `just sync --extra drift`")
    tape = recording(FRAMES) / "ethusdt_20240719.gz"
    data = tmp_path / "data"
    command = [sys.executable, "-m", "supervisor", "up", "--venue", "localnet"]
    command += ["--tape", str(tape), "--speed", "10", "--exit-at-end"]
    command += ["--data-dir", str(data), "--port", str(free_port())]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    require_clean(data, "verify")
    assert "signals      6 decisions" in require_clean(data, "replay")


def require_clean(data: Path, command: str) -> str:
    """Let the auditor look; give what it says."""
    found = subprocess.run(
        [sys.executable, "-m", "supervisor", "audit", "--data-dir", str(data), command],
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert found.stdout.splitlines()[-1] == "clean", found.stdout + found.stderr
    return found.stdout
