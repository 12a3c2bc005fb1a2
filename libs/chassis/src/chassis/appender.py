"""Appending to the log: nothing is lost and nothing is doubled, whatever happens in between.

The server checks the expected sequence before it looks for a duplicate, so a repeated append whose
first attempt did arrive is answered with a conflict. Every refusal is therefore compared with what
the log holds before it counts.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

import nats.errors
import pydantic_core
import structlog

from chassis import jetstream, reading
from chassis.appends import Appended, AppendRefused, LogFull, VersionConflict
from chassis.connection import Connection, OutcomeUnknown
from chassis.jetstream import JsonObject
from chassis.metrics import Metrics
from chassis.telemetry import append_span
from chassis.wire import encode_headers, extend_headers
from contracts import codec
from contracts.event import Draft
from contracts.subjects import STREAMS, StreamName

BATCH_MAX = 1000
"""Most messages of one atomic append (nats-server)."""
_BATCHES_IN_FLIGHT_MAX = 8
"""Of this process; the server takes 50 per stream from all."""
_EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"
_EXPECTED_ON = "Nats-Expected-Last-Subject-Sequence-Subject"
_FULL = ("maximum bytes", "maximum messages", "no space left", "insufficient")
_PASSING = (
    jetstream.DUPLICATE_IN_PROCESS,
    jetstream.BATCH_INCOMPLETE,
    jetstream.BATCHES_TOO_MANY,
)

_LOG = next(spec for spec in STREAMS if spec.name is StreamName.LOG)
_SUBJECTS = tuple(subject.removesuffix(">") for subject in _LOG.subjects)
_BATCH_HEADERS_BYTES = 256
"""Room for the headers that a batch adds."""

_log = structlog.get_logger()


class _Message(NamedTuple):
    subject: str
    id: str
    head: bytes
    body: bytes


class Appender:
    """Appends as one service."""

    def __init__(self, connection: Connection, *, service: str, metrics: Metrics) -> None:
        self._connection = connection
        self._service = service
        self._metrics = metrics
        self._batches = asyncio.Semaphore(_BATCHES_IN_FLIGHT_MAX)
        self._waiting: dict[int, float] = {}

    @property
    def waits_s(self) -> float:
        """Give how long the oldest append in flight has been waiting for its answer."""
        begin = next(iter(self._waiting.values()), None)
        return 0.0 if begin is None else time.perf_counter() - begin

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        expected_last: Mapping[str, int] | None = None,
        guards: Mapping[str, int] | None = None,
    ) -> list[Appended]:
        """Do as Log.append."""
        expected = dict(expected_last or {})
        check_drafts(drafts, expected, guards or {})
        begin = time.perf_counter()
        with append_span(drafts) as trace:
            messages = self._messages(drafts, trace, expected, guards or {})
            expected |= guards or {}
            self._waiting[id(messages)] = begin
            try:
                answers = await self._until_known(messages, expected)
            finally:
                del self._waiting[id(messages)]
        self._metrics.appended(drafts, time.perf_counter() - begin)
        return answers

    def _messages(
        self,
        drafts: Sequence[Draft],
        trace: Mapping[str, str],
        expected: Mapping[str, int],
        guards: Mapping[str, int],
    ) -> list[_Message]:
        """Encode; expectations stand on the first message of a subject, guards on a free one."""
        messages: list[_Message] = []
        open_subjects, open_guards = dict(expected), list(guards.items())
        for draft in drafts:
            headers, body = codec.encode(draft, source=self._service)
            headers.update(trace)
            if draft.subject in open_subjects:
                headers[_EXPECTED_LAST] = str(open_subjects.pop(draft.subject))
            elif open_guards:
                headers[_EXPECTED_ON], position = open_guards.pop(0)
                headers[_EXPECTED_LAST] = str(position)
            message = _Message(
                draft.subject, headers[codec.MESSAGE_ID], encode_headers(headers), body
            )
            _require_fit(message)
            messages.append(message)
        return messages

    async def _until_known(
        self, messages: Sequence[_Message], expected: Mapping[str, int]
    ) -> list[Appended]:
        """Send until the outcome is known; `known` are the positions of what already stands."""
        known: dict[str, int] = {}
        missing = messages
        pause = jetstream.RETRY_S_MIN
        while True:
            await self._connection.wait_up()
            try:
                answer = await self._send(missing)
            except OutcomeUnknown as unknown:
                _log.warning(
                    "append_outcome_unknown", reason=str(unknown), subject=missing[0].subject
                )
            else:
                if "error" not in answer:
                    return _answers(messages, known, answer)
                known |= await self._judge(
                    missing,
                    expected,
                    answer["error"],
                    is_last_try=pause >= jetstream.RETRY_S_MAX,
                )
                if len(known) == len(messages):
                    return [Appended(known[m.id], is_duplicate=True) for m in messages]
                missing = [message for message in messages if message.id not in known]
            await asyncio.sleep(pause)
            pause = min(2 * pause, jetstream.RETRY_S_MAX)

    async def _send(self, messages: Sequence[_Message]) -> JsonObject:
        if len(messages) == 1:
            only = messages[0]
            reply = await self._connection.request(only.subject, only.body, head=only.head)
            return pydantic_core.from_json(reply.data)
        async with self._batches:
            return pydantic_core.from_json(await self._send_batch(messages))

    async def _send_batch(self, messages: Sequence[_Message]) -> bytes:
        wire, batch = self._connection.wire, uuid4().hex
        for number, message in enumerate(messages, start=1):
            place = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            if number == len(messages):
                head = extend_headers(message.head, place | {"Nats-Batch-Commit": "1"})
                answer = await self._connection.request(message.subject, message.body, head=head)
                return answer.data
            head = extend_headers(message.head, place)
            try:
                wire.send(message.subject, message.body, head=head)
                if wire.is_full:
                    await wire.flush()
            except nats.errors.Error as error:
                raise OutcomeUnknown(f"expected to send a batch, found {error}") from None
        raise AssertionError("unreachable: a batch has a last message")

    async def _judge(
        self,
        messages: Sequence[_Message],
        expected: Mapping[str, int],
        error: Mapping[str, object],
        *,
        is_last_try: bool,
    ) -> dict[str, int]:
        """Tell what a refusal means: give what stands in the log already, or raise, or neither."""
        refusal = jetstream.JetStreamError(subject=messages[0].subject, error=error)
        match refusal.err_code:
            case jetstream.WRONG_LAST_SEQUENCE:
                found = await self._find(messages, after=max(expected.values(), default=0))
                if len(found) < len(messages):
                    raise await self._conflict(expected, refusal)
                return found
            case jetstream.BATCH_HAS_DUPLICATE:
                found = await self._find(messages, after=max(expected.values(), default=0))
                if not found and is_last_try:
                    raise AppendRefused(
                        f"expected to find what is said to be there, found none: {refusal}"
                    )
                return found
            case jetstream.STORE_FAILED if any(sign in refusal.description for sign in _FULL):
                raise LogFull(f"expected room in the log, found {refusal.description}")
            case code if code in _PASSING or refusal.code in (429, 500, jetstream.UNAVAILABLE):
                _log.warning("append_retried", reason=refusal.description)
                return {}
            case _:
                raise AppendRefused(f"expected the log to take {messages[0].id}, found {refusal}")

    async def _find(self, messages: Sequence[_Message], *, after: int) -> dict[str, int]:
        """Give the positions of those messages that the log holds, by id.

        Looks where they most likely stand first: at the end of their subject, in one piece; after
        what was expected; anywhere.
        """
        wanted = {message.id for message in messages}
        subjects = sorted({message.subject for message in messages})
        places: list[tuple[int, int | None]] = [(after, None), (0, None)]
        last = await reading.stored(self._connection, {"last_by_subj": messages[-1].subject})
        if last is not None and last.headers.get(codec.MESSAGE_ID) == messages[-1].id:
            places.insert(0, (last.position - len(messages), last.position))
        found: dict[str, int] = {}
        for begin, end in places:
            found = await self._scan(wanted, subjects, after=begin, until=end)
            if len(found) == len(wanted):
                break
        return found

    async def _scan(
        self, wanted: set[str], subjects: Sequence[str], *, after: int, until: int | None
    ) -> dict[str, int]:
        found: dict[str, int] = {}
        async for message in reading.read_raw(
            self._connection, after=after, until=until, subjects=subjects
        ):
            message_id = message.headers.get(codec.MESSAGE_ID, "")
            if message_id in wanted:
                found[message_id] = message.position
        return found

    async def _conflict(
        self, expected: Mapping[str, int], refusal: jetstream.JetStreamError
    ) -> VersionConflict:
        for subject, position in expected.items():
            last = await reading.stored(self._connection, {"last_by_subj": subject})
            found = 0 if last is None else last.position
            if found != position:
                return VersionConflict(subject=subject, expected=position, found=found)
        subject, position = next(iter(expected.items()))
        found = int(refusal.description.rpartition(" ")[2])
        return VersionConflict(subject=subject, expected=position, found=found)


def _answers(
    messages: Sequence[_Message], known: Mapping[str, int], answer: JsonObject
) -> list[Appended]:
    """Give each message its place; what was sent stands in one piece and ends at `seq`."""
    last, is_duplicate = int(answer["seq"]), bool(answer.get("duplicate"))
    places = iter(range(last - len(messages) + len(known) + 1, last + 1))
    return [
        Appended(known[message.id], is_duplicate=True)
        if message.id in known
        else Appended(next(places), is_duplicate=is_duplicate)
        for message in messages
    ]


def _require_fit(message: _Message) -> None:
    """Raise AppendRefused before sending: inside a batch the server's refusal would be lost."""
    if not message.subject.startswith(_SUBJECTS):
        raise AppendRefused(f"expected a subject of LOG, found {message.subject}")
    size = len(message.head) + len(message.body) + _BATCH_HEADERS_BYTES
    if size > _LOG.message_bytes_max:
        raise AppendRefused(f"expected at most {_LOG.message_bytes_max} bytes, found {size}")


def check_drafts(
    drafts: Sequence[Draft], expected: Mapping[str, int], guards: Mapping[str, int]
) -> None:
    """Raise ValueError when an append cannot mean anything."""
    if not 1 <= len(drafts) <= BATCH_MAX:
        raise ValueError(f"expected 1 to {BATCH_MAX} drafts, found {len(drafts)}")
    if len(drafts) > 1 and len({draft.id for draft in drafts}) != len(drafts):
        raise ValueError("expected drafts with different ids, found the same id twice")
    if len(guards) > len(drafts) - len(expected):
        raise ValueError(
            f"expected a draft without an expectation for each guard, found {len(guards)} guards, "
            f"{len(drafts)} drafts and {len(expected)} expectations"
        )
    if expected and (strangers := expected.keys() - {draft.subject for draft in drafts}):
        raise ValueError(f"expected subjects among the drafts, found {sorted(strangers)}")
