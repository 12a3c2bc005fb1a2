"""Which nodes of the chain count as silent, and what counts as an answer."""

from typing import Any

import httpx
import pytest

from execution.venues.drift.rpc import Rpc, RpcRefused, RpcSilent
from kit.nodes import called

HEIGHT = {"absoluteSlot": 9, "blockHeight": 7}
KEY = "So11111111111111111111111111111111111111112"
ACCOUNT = {"data": ["AAAA", "base64"], "owner": KEY, "lamports": 1, "executable": False}


class Clock:
    """Set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_node_is_silent_after_three_failures_in_a_row_while_it_is_asked() -> None:
    answers: dict[str, int] = {"a": 503, "b": 200}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(answers[request.url.host], json=called(request, result=HEIGHT))

    clock = Clock()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        rpc = Rpc(["http://a", "http://b"], client=client, clock=clock)
        counts: list[int] = []
        for _ in range(4):
            counts.append(rpc.silent)
            await rpc.read_heads()
            clock.now += 8  # Its rest is over, so that it is asked again.
        assert counts == [0, 0, 0, 1]
        answers["b"] = 503
        for _ in range(3):
            await rpc.read_heads()
            clock.now += 8
        assert rpc.silent == 2
        answers["a"] = 200
        await rpc.read_heads()
        assert rpc.silent == 1
        clock.now += 30  # Nobody asks the other one any more.
        assert rpc.silent == 0


async def test_a_node_that_did_not_answer_is_not_waited_for_again_until_it_does() -> None:
    answers: dict[str, int] = {"a": 503, "b": 200}
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(answers[request.url.host], json=called(request, result=HEIGHT))

    clock = Clock()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        rpc = Rpc(["http://a", "http://b"], client=client, clock=clock)
        for _ in range(3):
            assert await rpc.call("getEpochInfo") == HEIGHT
            clock.now += 60
        assert asked == ["a", "b", "b", "b"]
        answers["a"] = 200
        await rpc.read_heads()
        asked.clear()
        await rpc.call("getEpochInfo")
        assert asked == ["a"]


async def asked(method: str, params: list[Any], *answers: Any) -> Any:
    """Give what a desk with so many nodes hears, where each answers this."""
    told = dict(zip("abc", answers, strict=False))

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=called(request, **told[request.url.host]))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        rpc = Rpc([f"http://{it}" for it in told], client=client, clock=Clock())
        return await rpc.call(method, *params)


def found(value: Any) -> dict[str, Any]:
    return {"result": {"context": {"slot": 9}, "value": value}}


MALFORMED: list[tuple[str, list[Any], Any]] = [
    ("getEpochInfo", [], {}),
    ("getEpochInfo", [], {"error": "Too many requests"}),
    ("getEpochInfo", [], {"error": {"message": "no code"}}),
    ("getEpochInfo", [], {"result": {"blockHeight": 7}}),
    ("getEpochInfo", [], {"result": HEIGHT | {"blockHeight": "7"}}),
    ("getEpochInfo", [], {"result": HEIGHT | {"blockHeight": -1}}),
    ("getLatestBlockhash", [], found({"blockhash": "0OIl", "lastValidBlockHeight": 1})),
    ("getMultipleAccounts", [[KEY]], {"result": {"value": [ACCOUNT]}}),
    ("getMultipleAccounts", [[KEY]], found([ACCOUNT, ACCOUNT])),
    ("getMultipleAccounts", [[KEY]], found([ACCOUNT | {"data": ["AAA", "base64"]}])),
    ("getMultipleAccounts", [[KEY]], found([ACCOUNT | {"owner": "nobody"}])),
    ("getSignatureStatuses", [["s"]], found([])),
    ("getTransaction", ["s"], {"result": {"slot": 1, "blockTime": 1, "meta": None}}),
    ("getSignaturesForAddress", [KEY], {"result": [{"signature": "s", "slot": 1}]}),
    ("getProgramAccounts", [KEY], {"result": [{"pubkey": KEY, "account": None}]}),
    ("getRecentPrioritizationFees", [[KEY]], {"result": None}),
    ("simulateTransaction", ["w"], found(None)),
    ("sendTransaction", ["w"], {"result": None}),
]


@pytest.mark.parametrize(("method", "params", "answer"), MALFORMED)
async def test_an_answer_of_another_shape_is_none_and_the_next_node_is_asked(
    method: str, params: list[Any], answer: Any
) -> None:
    with pytest.raises(RpcSilent):
        await asked(method, params, answer)
    refusal = {"error": {"code": -32602, "message": "no"}}
    with pytest.raises(RpcRefused, match="-32602: no"):
        await asked(method, params, answer, refusal)


async def test_what_nobody_reads_may_be_anything() -> None:
    told = found([None, ACCOUNT | {"rentEpoch": "never", "space": None}])
    result = await asked("getMultipleAccounts", [[KEY, KEY]], told)
    assert result == told["result"]


@pytest.mark.parametrize("number", [None, 0, 2, "1"])
async def test_the_answer_to_another_call_is_none(number: object) -> None:
    with pytest.raises(RpcSilent):
        await asked("getEpochInfo", [], {"result": HEIGHT, "id": number})
    assert await asked("getEpochInfo", [], {"result": HEIGHT, "id": 1}) == HEIGHT
