"""One suite for every implementation of Checkpoints."""

import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from chassis.checkpoints import Checkpoint, CheckpointTooLarge
from kit.chassis_events import drafts
from kit.chassis_stage import KINDS, Kind, Stage, stage


@pytest.fixture(params=KINDS)
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Stage, None]:
    async with stage(cast("Kind", request.param), tmp_path) as opened:
        await opened.log_as("gateway").append(drafts(1, 5))
        yield opened


async def test_there_is_none_before_the_first(ports: Stage) -> None:
    assert await ports.checkpoints.load("risk", version="1") is None


async def test_the_newest_is_given_back(ports: Stage) -> None:
    await ports.checkpoints.save("risk", version="1", position=2, state=b"two")
    await ports.checkpoints.save("risk", version="1", position=5, state=b"five" * 1000)
    found = await ports.checkpoints.load("risk", version="1")
    assert found == Checkpoint(position=5, state=b"five" * 1000)


async def test_names_do_not_mix(ports: Stage) -> None:
    await ports.checkpoints.save("risk", version="1", position=2, state=b"r")
    assert await ports.checkpoints.load("signals", version="1") is None


async def test_an_empty_state_at_the_beginning_is_a_checkpoint(ports: Stage) -> None:
    await ports.checkpoints.save("risk", version="1", position=0, state=b"")
    assert await ports.checkpoints.load("risk", version="1") == Checkpoint(0, b"")


async def test_another_version_is_refused(ports: Stage) -> None:
    await ports.checkpoints.save("risk", version="1", position=2, state=b"two")
    assert await ports.checkpoints.load("risk", version="2") is None


async def test_a_state_that_does_not_fit_is_named(ports: Stage) -> None:
    noise = random.Random(7).randbytes(1_200_000)
    with pytest.raises(CheckpointTooLarge, match="bytes, found 1200"):
        await ports.checkpoints.save("risk", version="1", position=2, state=noise)
    assert await ports.checkpoints.load("risk", version="1") is None
