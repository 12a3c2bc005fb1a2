"""Streams, checkpoints and dead letters on a real server."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis import jetstream
from chassis.checkpoints import Checkpoint, KeyValueCheckpoints
from chassis.connection import connected
from chassis.dead_letters import DeadLetterClient
from chassis.metrics import Metrics
from chassis.provision import StreamDrift, bucket_config, provision, stream_config
from chassis.settings import ConfigurationError, ServiceSettings
from contracts.subjects import BUCKETS, STREAMS
from kit.chassis_events import drafts
from kit.chassis_stage import RealStage, real_stage
from kit.servers import nats_server

# Streams


async def test_the_server_agrees_with_the_contracts(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        wanted_configs = [*map(stream_config, STREAMS), *map(bucket_config, BUCKETS)]
        for wanted in wanted_configs:
            answer = await jetstream.call(real.connection, f"STREAM.INFO.{wanted['name']}")
            found = answer["config"]
            known = {"persist_mode": "default", "allow_atomic": False} | found
            assert {field: known.get(field) for field in wanted} == wanted
        await provision(real.connection)


@pytest.mark.parametrize(
    ("change", "field", "expected", "found"),
    [
        ({"max_bytes": 1 << 30}, "max_bytes", 16 << 30, 1 << 30),
        ({"discard": "old"}, "discard", "new", "old"),
        ({"deny_delete": False}, "deny_delete", True, False),
        ({"deny_purge": False}, "deny_purge", True, False),
        ({"allow_atomic": False}, "allow_atomic", True, False),
        ({"allow_direct": False}, "allow_direct", True, False),
        ({"storage": "memory"}, "storage", "file", "memory"),
        ({"retention": "interest"}, "retention", "limits", "interest"),
        ({"duplicate_window": 120_000_000_000}, "duplicate_window", 24 * 3600 * 10**9, 12 * 10**10),
        ({"subjects": ["feed.>"]}, "subjects", list(STREAMS[0].subjects), ["feed.>"]),
        ({"allow_atomic": False, "persist_mode": "async"}, "allow_atomic", True, False),
    ],
)
async def test_a_log_that_differs_is_named(
    tmp_path: Path, change: dict[str, Any], field: str, expected: object, found: object
) -> None:
    config = stream_config(STREAMS[0]) | change
    if config["persist_mode"] == "default":
        del config["persist_mode"]
    async with (
        nats_server(tmp_path) as server,
        connected(ServiceSettings(nats_url=server.url), "gateway") as connection,
    ):
        await jetstream.call(connection, "STREAM.CREATE.LOG", config)
        with pytest.raises(StreamDrift) as caught:
            await provision(connection)
    drift = caught.value
    assert (drift.stream, drift.field, drift.expected, drift.found) == (
        "LOG",
        field,
        expected,
        found,
    )


async def test_a_market_that_waits_for_the_disk_is_named(tmp_path: Path) -> None:
    config = stream_config(STREAMS[1])
    del config["persist_mode"]
    async with (
        nats_server(tmp_path) as server,
        connected(ServiceSettings(nats_url=server.url), "gateway") as connection,
    ):
        await jetstream.call(connection, "STREAM.CREATE.MARKET", config)
        with pytest.raises(
            StreamDrift,
            match="expected persist_mode of stream MARKET to be 'async', found 'default'",
        ):
            await provision(connection)


async def test_a_server_without_room_is_named(tmp_path: Path) -> None:
    async with (
        nats_server(tmp_path, max_file="1GB") as server,
        connected(ServiceSettings(nats_url=server.url), "gateway") as connection,
    ):
        with pytest.raises(ConfigurationError, match=r"room for stream LOG .*raise max_file"):
            await provision(connection)


# Checkpoints


async def damaged(real: RealStage, value: bytes) -> Checkpoint | None:
    await real.connection.request("$KV.checkpoints.risk", value)
    return await real.checkpoints.load("risk", version="1")


async def test_a_wrong_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        await real.log.append(drafts(1, 3))
        await real.checkpoints.save("risk", version="1", position=2, state=b"two")
        stored = await jetstream.stored(
            real.connection, "KV_checkpoints", {"last_by_subj": "$KV.checkpoints.risk"}
        )
        assert stored is not None
        head, _, packed = stored.data.partition(b"\n")
        header = json.loads(head)
        assert await real.checkpoints.load("risk", version="1") == Checkpoint(2, b"two")

        with capture_logs() as lines:
            assert await damaged(real, b"garbage") is None
            assert await damaged(real, head + b"\n" + packed[:-3]) is None
            assert await damaged(real, head + b"\n" + zlib.compress(b"2wo")) is None
            for field, value in (("position", 3), ("event_id", "x"), ("version", "0")):
                other = json.dumps(header | {field: value}).encode()
                assert await damaged(real, other + b"\n" + packed) is None
            unknown = json.dumps(header | {"more": 1}).encode()
            assert await damaged(real, unknown + b"\n" + packed) is None
    refused = [line["field"] for line in lines if line["event"] == "checkpoint_refused"]
    assert refused == ["value", "value", "sha256", "event_id", "event_id", "version", "value"]
    assert all(line["name"] == "risk" for line in lines)


async def test_a_checkpoint_of_another_log_is_refused(tmp_path: Path) -> None:
    async with real_stage(tmp_path / "one") as one, real_stage(tmp_path / "two") as two:
        await one.log.append(drafts(1, 3))
        await two.log.append(drafts(11, 13))
        await one.checkpoints.save("risk", version="1", position=3, state=b"three")
        stored = await jetstream.stored(
            one.connection, "KV_checkpoints", {"last_by_subj": "$KV.checkpoints.risk"}
        )
        assert stored is not None
        assert await damaged(two, stored.data) is None


async def test_a_checkpoint_survives_the_server(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        await real.log.append(drafts(1, 3))
        await real.checkpoints.save("risk", version="1", position=3, state=b"three" * 99)
        await real.server.restart()
        again = KeyValueCheckpoints(real.connection)
        assert await again.load("risk", version="1") == Checkpoint(3, b"three" * 99)


# Dead letters


async def test_a_dead_letter_keeps_bytes_reason_and_origin_once(tmp_path: Path) -> None:
    async with real_stage(tmp_path) as real:
        letters = DeadLetterClient(real.connection, service="ingest", metrics=Metrics())
        for _ in range(2):
            await letters.park(
                what="frame",
                reason="expected a number,\nfound é",
                body=b"\x00\xff",
                headers={"ce-id": "1", "bad name:": "x"},
                origin="tape.gz:17",
            )
        await letters.park(what="frame", reason="r", body=b"\x00\xff", origin="tape.gz:18")
        await letters.park(what="frame", reason="r", body=b"x" * 900_000)
        info = await jetstream.call(real.connection, "STREAM.INFO.DEAD_LETTERS")
        assert info["state"]["messages"] == 3
        first = await jetstream.stored(real.connection, "DEAD_LETTERS", {"seq": 1})
        cut = await jetstream.stored(real.connection, "DEAD_LETTERS", {"seq": 3})
        with pytest.raises(ValueError, match="subject token"):
            await letters.park(what="two words", reason="r", body=b"")
    assert first is not None
    assert first.headers is not None
    assert first.data == b"\x00\xff"
    assert first.headers["Nats-Subject"] == "dlq.ingest.frame"
    assert first.headers["reason"] == "expected a number, found \\xe9"
    assert first.headers["origin"] == "tape.gz:17"
    assert first.headers["original-ce-id"] == "1"
    assert cut is not None
    assert cut.headers is not None
    assert (len(cut.data), cut.headers["body-bytes"]) == (512 * 1024, "900000")
