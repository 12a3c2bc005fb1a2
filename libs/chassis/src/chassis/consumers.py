"""A consumer on the server: what it is asked to be, whose it is, and what it delivers."""

import asyncio
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

from chassis import jetstream
from chassis.connection import Connection, OutcomeUnknown
from chassis.jetstream import JetStreamError, JsonObject
from contracts.subjects import ConsumerSpec

_ACK_WAIT_S = 3600.0
_COLLISIONS_MAX = 20
_TAKEN = (jetstream.CONSUMER_EXISTS, jetstream.CONSUMER_NAME_EXISTS)


class FollowerReplaced(Exception):
    """Another process follows under this consumer's name: this one is the zombie, and stops."""


class Delivery(NamedTuple):
    """What JetStream's reply subject says about a message."""

    sequence: int
    consumer_sequence: int
    delivered: int
    """1 for the first delivery."""
    time_ns: int
    pending: int
    """Messages of the consumer after this one."""


def parse_delivery(reply: str) -> Delivery:
    """Read `$JS.ACK.…` in both its forms, with 9 tokens and with 11 or more."""
    tokens = reply.split(".")
    first = 4 if len(tokens) == 9 else 6
    return Delivery(
        delivered=int(tokens[first]),
        sequence=int(tokens[first + 1]),
        consumer_sequence=int(tokens[first + 2]),
        time_ns=int(tokens[first + 3]),
        pending=int(tokens[first + 4]),
    )


@dataclass(frozen=True, slots=True)
class PullSpec:
    """What to pull. A durable consumer is fenced by its owner; the other kind goes by itself."""

    stream: str
    consumer: str
    filters: tuple[str, ...]
    is_durable: bool
    window: int
    """Most messages that are asked for or wait to be handed out."""

    def config(self, *, after: int, owner: str) -> JsonObject:
        """Give the consumer's configuration."""
        config: JsonObject = {
            "ack_policy": "all" if self.is_durable else "none",
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1,
            "replay_policy": "instant",
            "max_deliver": -1,
            "metadata": {"owner": owner},
        }
        if self.filters:
            config["filter_subjects"] = list(self.filters)
        if self.is_durable:
            config["durable_name"] = self.consumer
            config["ack_wait"] = jetstream.nanoseconds(_ACK_WAIT_S)
            # A slow handler is bounded by the window; the server must not stop for want of acks.
            config["max_ack_pending"] = -1
        else:
            config["name"] = self.consumer
            config["mem_storage"] = True
            config["inactive_threshold"] = jetstream.nanoseconds(30)
        return config


def pull_spec(spec: ConsumerSpec, *, window: int) -> PullSpec:
    """Give what a process pulls under a name of contracts.subjects.CONSUMERS."""
    own = f"{spec.name}-{uuid4().hex}" if spec.is_for_each else spec.name
    return PullSpec(
        stream=spec.stream,
        consumer=own,
        filters=spec.filters,
        is_durable=not spec.is_for_each,
        window=window,
    )


class Consumer:
    """One consumer by name; the process that made it last owns it."""

    def __init__(self, connection: Connection, spec: PullSpec) -> None:
        self._connection = connection
        self._spec = spec
        self._owner = uuid4().hex
        self._path = f"{spec.stream}.{spec.consumer}"

    async def make(self, *, after: int, is_first: bool) -> int:
        """Put a new consumer of ours in place of the one before; give what waits for it.

        The one who opens last wins: it deletes whatever stands there, once. Who finds another's
        consumer later than that raises FollowerReplaced.
        """
        request = {
            "stream_name": self._spec.stream,
            "config": self._spec.config(after=after, owner=self._owner),
            "action": "create",
        }
        collisions = 0
        while collisions < _COLLISIONS_MAX:
            owner = await self._owner_now()
            if owner not in (None, self._owner) and not is_first:
                raise FollowerReplaced(
                    f"expected to follow alone as {self._path}, found another follower"
                )
            if owner is not None:
                await self.delete()
            try:
                await self._connection.wait_up()
                info = await jetstream.call(
                    self._connection, f"CONSUMER.CREATE.{self._path}", request
                )
                return int(info["num_pending"])
            except OutcomeUnknown:
                await asyncio.sleep(jetstream.RETRY_S_MIN)
            except JetStreamError as error:
                if error.err_code in _TAKEN:
                    collisions += 1
                elif error.code != jetstream.UNAVAILABLE:
                    raise
                await asyncio.sleep(jetstream.RETRY_S_MIN)
        raise FollowerReplaced(
            f"expected to become the follower {self._path} in {_COLLISIONS_MAX} attempts, "
            "found another follower each time"
        )

    async def delete(self) -> None:
        """Take it away, if it is there."""
        try:
            await jetstream.insist_call(self._connection, f"CONSUMER.DELETE.{self._path}")
        except JetStreamError as error:
            if error.err_code != jetstream.CONSUMER_NOT_FOUND:
                raise

    async def _owner_now(self) -> str | None:
        """Give whose consumer stands there now; None when there is none."""
        try:
            info = await jetstream.insist_call(self._connection, f"CONSUMER.INFO.{self._path}")
        except JetStreamError as error:
            if error.err_code == jetstream.CONSUMER_NOT_FOUND:
                return None
            raise
        return str(info["config"].get("metadata", {}).get("owner", ""))
