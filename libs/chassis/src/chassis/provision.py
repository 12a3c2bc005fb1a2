"""Makes the server agree with contracts.subjects: creates what is missing, stops on drift.

Any number of services may do it at the same time.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from chassis import jetstream
from chassis.connection import Connection
from chassis.jetstream import JetStreamError, JsonObject
from chassis.settings import ConfigurationError
from contracts.subjects import BUCKETS, STREAMS, BucketSpec, StreamSpec

_NO_STORAGE = (10047, 10028, 10023)
"""Codes for storage, memory or account limits that a stream does not fit into."""

_log = structlog.get_logger()


class StreamDrift(ConfigurationError):
    """A stream on the server is not what the contracts say."""

    def __init__(self, *, stream: str, field: str, expected: object, found: object) -> None:
        super().__init__(f"expected {field} of stream {stream} to be {expected!r}, found {found!r}")
        self.stream = stream
        self.field = field
        self.expected = expected
        self.found = found


async def provision(connection: Connection) -> None:
    """Create the missing streams and buckets; raise StreamDrift where one differs.

    Raises ConfigurationError when the server has no room for them.
    """
    for spec in STREAMS:
        await _agree(connection, stream_config(spec))
    for bucket in BUCKETS:
        await _agree(connection, bucket_config(bucket))


def stream_config(spec: StreamSpec) -> JsonObject:
    """Give what JetStream must say about a stream of ours."""
    config = _base(str(spec.name), spec.subjects, spec.description)
    config |= {
        "discard": "new" if spec.discard_new else "old",
        "max_bytes": spec.bytes_max or -1,
        "max_age": jetstream.nanoseconds(spec.age_s_max),
        "max_msg_size": spec.message_bytes_max or -1,
        "duplicate_window": jetstream.nanoseconds(spec.duplicate_window_s),
        "deny_delete": spec.is_permanent,
        "deny_purge": spec.is_permanent,
        "allow_direct": True,
        "allow_atomic": spec.allow_atomic,
    }
    if spec.is_async_persisted:
        config["persist_mode"] = "async"
    return config


def bucket_config(spec: BucketSpec) -> JsonObject:
    """Give what JetStream must say about the stream under a KV bucket: the newest value only."""
    config = _base(f"KV_{spec.name}", (f"$KV.{spec.name}.>",), spec.description)
    config |= {
        "discard": "new",
        "max_bytes": spec.bytes_max,
        "max_age": jetstream.nanoseconds(spec.age_s_max),
        "max_msg_size": spec.value_bytes_max,
        "max_msgs_per_subject": 1,
        "duplicate_window": jetstream.nanoseconds(120),
        "deny_delete": True,
        "allow_rollup_hdrs": True,
        "allow_direct": True,
    }
    return config


def _base(name: str, subjects: tuple[str, ...], description: str) -> JsonObject:
    return {
        "name": name,
        "subjects": list(subjects),
        "description": description,
        "retention": "limits",
        "storage": "file",
        "max_msgs": -1,
        "max_consumers": -1,
        "max_msgs_per_subject": -1,
        "num_replicas": 1,
        "deny_purge": False,
        "allow_rollup_hdrs": False,
        "sealed": False,
        "allow_atomic": False,
        "persist_mode": "default",
    }


async def _agree(connection: Connection, wanted: JsonObject) -> None:
    name = wanted["name"]
    found = await _found(connection, name)
    if found is None:
        found = await _create(connection, wanted)
    _compare(wanted, found)


async def _found(connection: Connection, name: str) -> JsonObject | None:
    try:
        return (await jetstream.insist_call(connection, f"STREAM.INFO.{name}"))["config"]
    except JetStreamError as error:
        if error.err_code == jetstream.STREAM_NOT_FOUND:
            return None
        raise


async def _create(connection: Connection, wanted: JsonObject) -> JsonObject:
    """Create the stream, or give the one that another service created meanwhile."""
    name = wanted["name"]
    # The server understands an absent mode, and refuses one that it does not know.
    request = {k: v for k, v in wanted.items() if (k, v) != ("persist_mode", "default")}
    try:
        answer = await jetstream.insist_call(connection, f"STREAM.CREATE.{name}", request)
    except JetStreamError as error:
        if error.err_code == jetstream.STREAM_NAME_IN_USE:
            found = await _found(connection, name)
            if found is not None:
                return found
        if error.err_code in _NO_STORAGE:
            raise ConfigurationError(
                f"expected JetStream to have room for stream {name} ({wanted['max_bytes']} bytes), "
                f"found: {error.description}; raise max_file of the server"
            ) from None
        raise ConfigurationError(f"expected to create stream {name}, found {error}") from None
    if answer.get("did_create"):
        _log.info("stream_created", stream=name)
    return answer["config"]


def _compare(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raise StreamDrift at the first field that matters; replicas and wording do not."""
    absent = {"deny_delete": False, "deny_purge": False, "allow_atomic": False, "sealed": False}
    absent |= {"allow_rollup_hdrs": False, "allow_direct": False}
    for field, expected in wanted.items():
        if field in ("name", "description", "num_replicas"):
            continue
        value = found.get(field, absent.get(field, "default" if field == "persist_mode" else None))
        is_equal = (
            sorted(value or ()) == sorted(expected) if field == "subjects" else value == expected
        )
        if not is_equal:
            raise StreamDrift(stream=wanted["name"], field=field, expected=expected, found=value)
