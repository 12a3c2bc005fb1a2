"""What is read off the desk for notices: never what is old, never what nobody says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from contracts.ids import AccountId
from gateway.domain.desk import DeskState
from gateway.domain.gauges import Mark
from gateway.domain.owner import Key as OwnKey
from gateway.domain.owner import OwnerState
from gateway.domain.ticker import Price
from gateway.live import Gauged, Live, Market, ServiceStatus
from gateway.notify.readings import readings_of
from gateway.notify.watching import Key

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_desk(*, heard_ago_s: float = 1) -> Live:
    heard_at = NOW - timedelta(seconds=heard_ago_s)
    price = Price(last_usd=Decimal(101), at=heard_at, trade_id=1)
    mark = Mark(heard_at, Decimal(100), None, None, None)
    return Live(
        DeskState(account_id=AccountId("local")),
        market=Market(price=price, price_heard_at=heard_at),
        gauges=Gauged(mark=mark, mark_heard_at=heard_at, heard_at=NOW),
    )


def execution(
    nodes: str | None, trouble: str = "", *, asked_ago_s: float = 1, is_up: bool = True
) -> ServiceStatus:
    return ServiceStatus(
        name="execution",
        is_up=is_up,
        asked_at=NOW - timedelta(seconds=asked_ago_s),
        answered_at=NOW,
        is_ready=True,
        reason="",
        details={
            **({} if nodes is None else {"nodes": nodes}),
            **({"nodes_trouble": trouble} if trouble else {}),
        },
    )


def test_the_price_is_the_mark_else_the_last_trade_and_never_an_old_one() -> None:
    assert readings_of(a_desk(), NOW).price_usd == 100
    desk = a_desk()
    desk.gauges = Gauged()
    assert readings_of(desk, NOW).price_usd == 101
    assert readings_of(a_desk(heard_ago_s=60), NOW).price_usd is None


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (execution('{"count":2,"silent":0}'), ""),
        (execution('{"count":2,"silent":1}'), "1 of 2 nodes of the chain do not answer"),
        (execution('{"count":2,"silent":0}', "node 1 stands"), "node 1 stands"),
        (
            execution('{"count":3,"silent":1}', "node 1 stands"),
            "1 of 3 nodes of the chain do not answer; node 1 stands",
        ),
        (execution(None), None),
        (execution('{"count":2,"sil'), None),
        (execution('{"count":2,"silent":1}', asked_ago_s=15), None),
        (execution('{"count":2,"silent":1}', is_up=False), None),
        (replace(execution('{"count":2,"silent":1}'), name="risk"), None),
    ],
)
def test_the_nodes_are_as_execution_says_lately(said: ServiceStatus, trouble: str | None) -> None:
    desk = a_desk()
    desk.services = (said,)
    assert readings_of(desk, NOW).rpc_trouble == trouble


def test_the_key_is_the_one_that_lives() -> None:
    desk = a_desk()
    assert readings_of(desk, NOW).key is None
    key = OwnKey(address="a", born_at=NOW, expires_at=NOW + timedelta(hours=1))
    desk.state = replace(desk.state, owner=OwnerState(key=key))
    assert readings_of(desk, NOW).key == Key("a", key.expires_at)
