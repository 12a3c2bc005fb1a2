"""`python -m localnet` as a process: what it says, and how it ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx

from kit.localnet_rig import drift_program


async def _start(**environment: str) -> asyncio.subprocess.Process:
    inherited = {name: value for name, value in os.environ.items() if name != "DRIFT_SO"}
    options = ("--port", "0", "--clock", "step", "--price", "sol-perp=231.5")
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "localnet", *options),
        env=inherited | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_without_a_program_it_says_how_to_get_one() -> None:
    process = await _start()
    _, said = await process.communicate()
    assert process.returncode == 78
    assert "expected DRIFT_SO to be the path of a Drift program, found none" in said.decode()
    assert "080423d7c91f826994124873a62d5e752da51d06159ed010002f8f2f20d4e2a7" in said.decode()


async def test_another_file_is_refused_by_its_digest(tmp_path: Path) -> None:
    other = tmp_path / "other.so"
    other.write_bytes(b"another program")
    process = await _start(DRIFT_SO=str(other))
    _, said = await process.communicate()
    assert process.returncode == 78
    assert "expected a known Drift program" in said.decode()


async def test_it_runs_until_it_is_told_to_stop() -> None:
    drift_program()
    process = await _start(DRIFT_SO=os.environ["DRIFT_SO"])
    assert process.stdout is not None
    said = [(await process.stdout.readline()).decode() for _ in range(3)]
    assert said[0].startswith("Drift 2.")
    url = said[2].split()[1]
    async with httpx.AsyncClient() as http:
        shown = (await http.get(url)).json()
    assert [each["market"] for each in shown["markets"]] == ["sol-perp", "btc-perp", "eth-perp"]
    assert shown["markets"][0]["oracle_price_usd"] == "231.50000000"
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
