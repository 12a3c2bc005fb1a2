"""JSON-RPC over one or more endpoints: whoever answers serves, and nobody's address is ever told.

Whoever answers of another time than the chain's is asked last (`heads`).
An endpoint's URL may hold a key. It is in no error, log line or repr: endpoints are called by their
place in the list.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import structlog

from execution.venues.drift.answers import require_shape
from execution.venues.drift.heads import Heads

TIMEOUT_S = 5.0
_BACKOFF_FIRST_S, _BACKOFF_MAX_S = 0.25, 8.0
_SILENT_FAILURES = 3
_LATELY_S = 30.0
_OK = 200
_WITHIN = {"timeout": httpx.Timeout(TIMEOUT_S).as_dict()}
_MESSAGE_MAX = 200
_CONFIRMED = {"commitment": "confirmed"}

logging.getLogger("httpx").setLevel(logging.WARNING)  # It logs every address that it calls.
_log = structlog.get_logger()


class RpcSilent(Exception):
    """No endpoint answered."""


class RpcRefused(Exception):
    """An endpoint answered with an error."""

    def __init__(self, method: str, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{method} was refused with {code}: {message[:_MESSAGE_MAX]}")
        self.code = code
        self.data = data


@dataclass
class _Endpoint:
    """One node. Its address stays out of every text."""

    place: int
    url: httpx.URL = field(repr=False)
    silent_until: float = 0.0
    failures: int = 0
    """In a row."""
    failed_at: float = 0.0

    @property
    def name(self) -> str:
        return f"rpc-{self.place}"


class Rpc:
    """Calls the endpoints; the first that is well serves, the others stand by.

    One that did not answer is not waited for again: it stands by until it answers with the others.
    `heads` is where they say that the chain is.
    """

    def __init__(
        self, urls: Sequence[str], *, client: httpx.AsyncClient, clock: Callable[[], float]
    ) -> None:
        """Call these URLs; `clock` counts seconds and never goes back."""
        if not urls:
            raise ValueError("expected at least one RPC endpoint, found none")
        self._endpoints = [
            _Endpoint(place, httpx.URL(url)) for place, url in enumerate(urls, start=1)
        ]
        self._client = client
        self._headers = httpx.Headers({**client.headers, "Content-Type": "application/json"})
        self._clock = clock
        self.heads = Heads(len(urls), clock=clock)
        self._calls = itertools.count(1)
        self._trouble = ""

    @property
    def count(self) -> int:
        """Give how many endpoints there are."""
        return len(self._endpoints)

    @property
    def silent(self) -> int:
        """Give how many were asked lately and have not answered several times in a row."""
        now = self._clock()
        return sum(
            it.failures >= _SILENT_FAILURES and now - it.failed_at < _LATELY_S
            for it in self._endpoints
        )

    async def call(
        self, method: str, *params: object, judge: Callable[[Any], None] | None = None
    ) -> Any:
        """Give a result from whoever answers first in order.

        What `judge` raises ValueError for is no answer.
        Who refuses may have a reason of its own, as a limit of calls, so the next one is asked.
        Raises RpcRefused when somebody refused and nobody answers, and else RpcSilent.
        """
        return (await self._first(method, params, judge))[1]

    async def call_beside(self, method: str, *params: object) -> Any:
        """Do as `call`, for what not every node gives: whoever has no answer is not held silent.

        Raises RpcSilent when nobody answers, whatever the reason.
        """
        for endpoint in self._in_order():
            with suppress(httpx.HTTPError, ValueError, RpcRefused):
                return await self._exchange(endpoint, method, params)
        raise RpcSilent(f"expected an answer to {method} from one of {self.count}, found none")

    async def call_all(self, method: str, *params: object) -> dict[int, Any]:
        """Give the results of all that answer, by their place; refusals are left out."""
        return await self._each(self._endpoints, method, params)

    async def call_answering(self, method: str, *params: object) -> dict[int, Any]:
        """Do as `call_all`, but wait for nobody who did not answer the last time."""
        answering = [it for it in self._endpoints if not it.failures]
        return await self._each(answering, method, params)

    async def read_head(self) -> None:
        """Ask whoever serves where the chain is; raise as `call`."""
        endpoint, told = await self._first("getEpochInfo", (_CONFIRMED,))
        self._take_head(endpoint, told)

    async def read_heads(self) -> None:
        """Ask each that does not rest where the chain is; whoever is silent tells nothing."""
        now = self._clock()
        async with asyncio.TaskGroup() as asking:
            for it in self._endpoints:
                if it.silent_until <= now:
                    asking.create_task(self._read_head_of(it))

    async def _read_head_of(self, endpoint: _Endpoint) -> None:
        with suppress(RpcSilent, RpcRefused):
            self._take_head(endpoint, await self._ask(endpoint, "getEpochInfo", (_CONFIRMED,)))

    def _take_head(self, endpoint: _Endpoint, told: Any) -> None:
        slot, height = int(told["absoluteSlot"]), int(told["blockHeight"])
        self.heads.tell(endpoint.place, slot=slot, height=height)
        trouble = self.heads.trouble
        if bool(trouble) != bool(self._trouble):
            _log.warning("rpc_doubted", why=trouble or "nobody any more")
        self._trouble = trouble

    async def _each(
        self, endpoints: Sequence[_Endpoint], method: str, params: Sequence[object]
    ) -> dict[int, Any]:
        asked = [self._ask(it, method, params) for it in endpoints]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for it in answers:
            if isinstance(it, BaseException) and not isinstance(it, RpcSilent | RpcRefused):
                raise it
        told = zip(endpoints, answers, strict=True)
        return {each.place: it for each, it in told if not isinstance(it, BaseException)}

    async def _first(
        self, method: str, params: Sequence[object], judge: Callable[[Any], None] | None = None
    ) -> tuple[_Endpoint, Any]:
        first: RpcRefused | None = None
        for endpoint in self._in_order():
            try:
                return endpoint, await self._ask(endpoint, method, params, judge)
            except RpcSilent:
                continue
            except RpcRefused as refused:
                first = first or refused
        if first is not None:
            raise first
        raise RpcSilent(f"expected an answer to {method} from one of {self.count}, found none")

    def _in_order(self) -> list[_Endpoint]:
        def rank(it: _Endpoint) -> tuple[bool, bool, int]:
            return it.failures > 0, not self.heads.is_well(it.place), it.place

        return sorted(self._endpoints, key=rank)

    async def _ask(
        self,
        endpoint: _Endpoint,
        method: str,
        params: Sequence[object],
        judge: Callable[[Any], None] | None = None,
    ) -> Any:
        try:
            told = await self._exchange(endpoint, method, params)
            if judge is not None:
                judge(told)
        except (httpx.HTTPError, ValueError) as error:
            self._rest(endpoint, method, error)
            raise RpcSilent(f"{endpoint.name} did not answer {method}") from None
        return told

    async def _exchange(self, endpoint: _Endpoint, method: str, params: Sequence[object]) -> Any:
        """Ask one node; raise httpx.HTTPError or ValueError without an answer, or RpcRefused."""
        number = next(self._calls)
        call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        request = httpx.Request(
            "POST",
            endpoint.url,
            headers=self._headers,
            content=msgspec.json.encode(call),
            extensions=_WITHIN,
        )
        told = _told(await self._client.send(request), of=number)
        require_shape(method, params, told)
        endpoint.failures, endpoint.silent_until = 0, 0.0
        refusal = told.get("error")
        if refusal is not None:
            raise RpcRefused(
                method, refusal["code"], refusal.get("message", ""), refusal.get("data")
            )
        return told.get("result")

    def _rest(self, endpoint: _Endpoint, method: str, error: Exception) -> None:
        """Let an endpoint rest, twice as long each time."""
        rest_s = min(_BACKOFF_FIRST_S * 2.0**endpoint.failures, _BACKOFF_MAX_S)
        endpoint.failures += 1
        endpoint.failed_at = self._clock()
        endpoint.silent_until = endpoint.failed_at + rest_s
        is_told = isinstance(error, _Unwell | msgspec.ValidationError)
        why = str(error) if is_told else type(error).__name__
        _log.warning("rpc_silent", endpoint=endpoint.name, method=method, why=why, rest_s=rest_s)


class _Unwell(ValueError):
    """An endpoint answered, but not with an answer."""


def _told(answer: httpx.Response, *, of: int) -> dict[str, Any]:
    """Read the answer to a call; raise ValueError for what is none, and for another call's."""
    if answer.status_code != _OK:
        raise _Unwell(f"status {answer.status_code}")
    told = msgspec.json.decode(answer.content, type=dict[str, Any])
    if told.get("id") != of:
        raise _Unwell("the answer to another call")
    return told
