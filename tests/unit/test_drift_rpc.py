"""Which nodes of the chain count as silent."""

import httpx

from execution.venues.drift.rpc import Rpc, RpcSilent


class Clock:
    """Set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_node_is_silent_after_three_failures_in_a_row_while_it_is_asked() -> None:
    answers: dict[str, int] = {"a": 503, "b": 200}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(answers[request.url.host], json={"result": 1})

    clock = Clock()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        rpc = Rpc(["http://a", "http://b"], client=client, clock=clock)
        counts: list[int] = []
        for _ in range(4):
            counts.append(rpc.silent)
            assert await rpc.call("getSlot") == 1
            clock.now += 8  # Its rest is over, so that it is asked again.
        assert counts == [0, 0, 0, 1]
        answers["b"] = 503
        for _ in range(3):
            try:
                await rpc.call("getSlot")
            except RpcSilent:
                clock.now += 8
        assert rpc.silent == 2
        answers["a"] = 200
        await rpc.call("getSlot")
        assert rpc.silent == 1
        clock.now += 30  # Nobody asks the other one any more.
        assert rpc.silent == 0
