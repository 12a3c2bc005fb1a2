"""Our side of a chain over real RPC, on the real program, with nodes that lose, lag and lie."""

import asyncio
from decimal import Decimal

import httpx
import pytest
from solders.pubkey import Pubkey

from contracts.values import Side
from contracts.venue import DelegateSeen
from execution.venues.drift.chain import DriftChain
from execution.venues.drift.direct import Direct
from execution.venues.drift.rpc import Rpc
from execution.venues.port import EndedRecord, FilledRecord, PlacedRecord
from kit.drift_chain import ACCOUNT, on_chain
from kit.drift_rig import ENTRY_NUMBER, STOP_NUMBER, a_close, a_stop, an_entry
from localnet.drift.markets import MARKETS

SOL_PERP = MARKETS[0]


async def test_a_bracket_is_sent_lands_and_is_seen_and_told() -> None:
    async with on_chain() as on:
        assert on.seen().cash_usd == 10_000
        signed = on.send(an_entry(on.rig), a_stop())
        assert on.chain.fate(signed.signature) is None
        await on.settle()
        fate = on.chain.fate(signed.signature)
        assert fate is not None
        assert (fate.code, fate.fee_lamports) == (None, 6_000)
        assert sorted(it.user_order_id for it in on.seen().orders) == [ENTRY_NUMBER, STOP_NUMBER]
        placed = [it for it in on.records() if isinstance(it, PlacedRecord)]
        assert [it.user_order_id for it in placed] == [ENTRY_NUMBER, STOP_NUMBER]
        on.rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(10))
        await on.step(2)
        (fill,) = [it for it in on.records() if isinstance(it, FilledRecord)]
        assert fill.position_after_base == on.seen().position_base == 10


async def test_a_close_finds_its_makers_by_itself() -> None:
    async with on_chain() as on:
        on.send(an_entry(on.rig), a_stop())
        await on.settle()
        on.rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(10))
        on.rig.quote("149.7", "150.3")
        await on.step(4)
        assert on.seen().position_base == 10
        signed = on.send(a_close(on.rig))
        await on.settle()
        fate = on.chain.fate(signed.signature)
        assert fate is not None
        assert fate.code is None
        assert on.seen().position_base == 0


async def test_a_lost_broadcast_is_sent_again_with_the_same_bytes() -> None:
    async with on_chain() as on:
        await on.faults(drop_next_sends=3)
        signed = on.send(an_entry(on.rig), a_stop())
        for _ in range(8):
            await on.step(2)
        fate = on.chain.fate(signed.signature)
        assert fate is not None
        assert len(on.seen().orders) == 2


async def test_a_failed_transaction_is_a_failure_whatever_the_status_says() -> None:
    async with on_chain() as on:
        await on.faults(status_lie="success")
        signed = on.send(an_entry(on.rig, "150.5"), a_stop())
        for _ in range(3):
            await on.step(2)
        fate = on.chain.fate(signed.signature)
        assert fate is not None
        assert fate.code == 6057


async def test_what_a_node_hides_is_not_dead_before_its_last_block() -> None:
    async with on_chain() as on:
        await on.faults(status_lie="hidden")
        signed = on.send(an_entry(on.rig), a_stop())
        for _ in range(4):
            await on.step(2)
        assert on.chain.fate(signed.signature) is None
        assert len(on.seen().orders) == 2  # The account shows what the status hides.
        last = signed.blockhash.last_valid_block_height
        assert on.seen().block_height <= last
        await on.step(160)
        await on.step()
        assert on.chain.fate(signed.signature) is None
        assert on.seen().block_height > last  # Now the account decides (`fates.ran_out`).
        await on.faults()
        await on.step()
        fate = on.chain.fate(signed.signature)
        assert fate is not None
        assert fate.code is None


async def test_what_no_block_took_is_not_dead_while_somebody_was_not_asked() -> None:
    async with on_chain() as on:
        on.chain = on.again(urls=(on.client.net.url, "http://127.0.0.1:9/"))
        await on.step()
        await on.faults(drop_next_sends=1_000)
        signed = on.send(an_entry(on.rig), a_stop())
        last = signed.blockhash.last_valid_block_height
        await on.settle()
        on.client.net.pace.step(slots=160)
        await on.chain.step()
        await on.step()
        assert on.seen().block_height == last  # The second endpoint is silent, and waited for.
        await on.step(40)  # 20 s
        assert on.seen().block_height > last
        assert on.chain.fate(signed.signature) is None
        assert on.seen().orders == ()


async def test_a_slot_that_goes_back_is_not_believed() -> None:
    async with on_chain() as on:
        await on.faults(regress_slots=5)
        slots: list[int] = []
        for _ in range(8):
            await on.step()
            slots.append(on.seen().clock.slot)
        assert slots == sorted(slots)
        assert slots[-1] > slots[0]


async def test_what_is_submitted_is_sent_before_anything_is_read() -> None:
    async with on_chain() as on:
        asked: list[bytes] = []

        async def note(request: httpx.Request) -> None:
            asked.append(request.content)

        on.http.event_hooks = {"request": [note]}
        on.send(an_entry(on.rig), a_stop())
        await on.chain.step()
        assert b"sendTransaction" in asked[0]


async def test_an_endpoint_that_is_away_or_refuses_changes_nothing_while_another_answers() -> None:
    async with on_chain() as on:
        dead = "http://127.0.0.1:9/?api-key=SECRET"
        on.chain = on.again(urls=(dead, on.client.net.url))
        await on.step()
        signed = on.send(an_entry(on.rig), a_stop())
        await on.faults(refuse_next_requests=3)
        for _ in range(8):
            await on.step(2)
        assert on.chain.fate(signed.signature) is not None
        assert len(on.seen().orders) == 2


async def test_an_outage_is_waited_out_and_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    async with on_chain() as on:
        before = on.seen()
        on.chain = on.again(urls=("http://127.0.0.1:9/?api-key=SECRET",))
        await on.step()
        assert not on.chain.is_current
        on.chain = on.again()
        await on.step()
        assert on.chain.is_current
        assert on.seen().clock.slot > before.clock.slot
        assert "SECRET" not in "".join(capsys.readouterr())


async def test_a_restart_tells_what_it_missed_under_the_same_cursors() -> None:
    async with on_chain() as on:
        on.send(an_entry(on.rig), a_stop())
        await on.settle()
        first = on.chain.records(ACCOUNT, after=0)
        on.rig.desk.actors.trade(SOL_PERP, Side.SHORT, Decimal("149.9"), Decimal(4))
        await on.step(4)
        whole = on.chain.records(ACCOUNT, after=0)
        assert whole[: len(first)] == first
        cursor = first[-1][0]
        on.chain = on.again(after=cursor)
        await on.step()
        missed = on.chain.records(ACCOUNT, after=cursor)
        assert missed == whole[len(first) :]
        (fill,) = [it for _, it in missed if isinstance(it, FilledRecord)]
        assert fill.position_after_base == 4


class Silent(httpx.AsyncBaseTransport):
    """A node that takes requests and never answers."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if b"getSignatureStatuses" in request.content:
            self.is_asked.set()
        return await asyncio.get_running_loop().create_future()


async def test_a_node_that_never_answers_holds_up_no_reading() -> None:
    silent = Silent()
    async with on_chain() as on:
        mounts = {"all://silent": silent}
        async with httpx.AsyncClient(transport=Direct(), mounts=mounts) as on.http:
            on.chain = on.again(urls=(on.client.net.url, "http://silent/"))
            works = (on.chain.run(asyncio.Event()), on.chain.send(), on.chain.ask())
            tasks = [asyncio.create_task(it) for it in works]
            await on.anything_new()
            on.send(an_entry(on.rig), a_stop())
            await silent.is_asked.wait()
            for _ in range(3):
                await on.anything_new()
            for it in tasks:
                it.cancel()
            await asyncio.wait(tasks)
            assert len(on.seen().orders) == 2


async def test_sending_twice_changes_nothing() -> None:
    async with on_chain() as on:
        signed = on.send(an_entry(on.rig), a_stop())
        on.chain.submit(signed)
        for _ in range(3):
            await on.step(2)
        assert len(on.seen().orders) == 2
        assert not [it for it in on.records() if isinstance(it, EndedRecord)]


async def test_a_view_is_observed_once_and_anew_for_whoever_signs_and_for_what_comes() -> None:
    async with on_chain() as on:
        keys = [on.rig.delegate]
        chain = DriftChain(
            on.rig.venue,
            Rpc([on.client.net.url], client=on.http, clock=on.seconds),
            account=ACCOUNT,
            delegate=lambda: keys[-1],
            known=dict,
            after=None,
            clock=on.seconds,
        )
        await chain.step()
        first = chain.observe(ACCOUNT)
        assert first.delegate is DelegateSeen.OURS
        assert chain.observe(ACCOUNT).market_seen is first.market_seen
        keys.append(Pubkey.new_unique())
        assert chain.observe(ACCOUNT).delegate is DelegateSeen.FOREIGN
        keys.pop()
        on.client.net.pace.step(slots=2)
        await chain.step()
        assert chain.observe(ACCOUNT).clock.slot > first.clock.slot
