"""What is told although no event says it: once, in time, and never of what is not known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from contracts.ids import AccountId
from contracts.venue import VenueObserved
from gateway.notify.config import Config
from gateway.notify.kinds import MUST_SEE, Kind, Severity
from gateway.notify.rules import Memory, Notice, Risk, Tally, remember
from gateway.notify.watching import Key, Readings, watch
from kit.gateway_events import recorded
from kit.golden import EXAMPLES

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BEGUN = Memory(tally=Tally(since=NOON))
LONG = Risk(price_usd=Decimal(90), is_long=True)
SHORT = Risk(price_usd=Decimal(110), is_long=False)
KEY = Key("7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2", NOON + timedelta(hours=24))


def watched(
    memory: Memory, *readings: Readings, config: Config | None = None
) -> tuple[Memory, list[Notice]]:
    """Look at readings in turn, each at its moment."""
    told: list[Notice] = []
    for one in readings:
        memory, notices = watch(memory, one, config or Config(), position=7, now=one.moment)
        told += notices
    return memory, told


def at(price: str | None) -> Readings:
    return Readings(moment=NOON, price_usd=None if price is None else Decimal(price))


def observed(position: str, liquidation: str | None, account: str = "local") -> VenueObserved:
    example = next(one for one in EXAMPLES if isinstance(one, VenueObserved))
    return example.model_copy(
        update={
            "account": account,
            "position_base": Decimal(position),
            "liquidation_usd": None if liquidation is None else Decimal(liquidation),
        }
    )


def seen(memory: Memory, event: VenueObserved) -> Memory:
    memory, notice = remember(memory, recorded(event), AccountId("local"), veto_streak=5)
    assert notice is None
    return memory


# Liquidation.


@pytest.mark.parametrize(
    ("risk", "prices", "told"),
    [
        # Of a long at 90: (100 - 90) / 100 = 10 %, (99 - 90) / 99 = 9.1 %, (94 - 90) / 94 = 4.3 %.
        (LONG, ["100", "99", "98.9"], [99]),
        (LONG, ["99", "94", "93"], [99, 94]),
        (LONG, ["94", "99"], [94]),
        # Back within the limit is told again only after 12.5 % away: (103 - 90) / 103 = 12.6 %.
        (LONG, ["99", "102", "99"], [99]),
        (LONG, ["99", "103", "99"], [99, 99]),
        (LONG, ["80"], [80]),
        # Of a short at 110: (110 - 100) / 100 = 10 %, (110 - 101) / 101 = 8.9 %.
        (SHORT, ["100", "101", "120"], [101, 120]),
        (None, ["1"], []),
    ],
)
def test_a_near_liquidation_is_told_once_and_again_at_half_the_limit(
    risk: Risk | None, prices: list[str], told: list[int]
) -> None:
    memory = msgspec.structs.replace(BEGUN, liquidation=risk)
    found: list[int] = []
    for price in prices:
        memory, notices = watched(memory, at(price))
        found += [int(price) for _ in notices]
    assert found == told


def test_a_near_liquidation_is_urgent_cannot_be_muted_and_says_how_near() -> None:
    memory = msgspec.structs.replace(BEGUN, liquidation=LONG)
    _, (notice,) = watched(memory, at("99"))
    assert notice.kind is Kind.LIQUIDATION_NEAR
    assert Kind.LIQUIDATION_NEAR in MUST_SEE
    assert notice.severity is Severity.CRITICAL
    assert notice.body == (
        "The long position would be liquidated at 90; the price 99 is 9.1 % away, told below 10 %."
    )
    _, (past,) = watched(memory, at("80"))
    assert "the price 80 is 0 % away" in past.body


def test_the_limit_is_the_persons() -> None:
    memory = msgspec.structs.replace(BEGUN, liquidation=LONG)
    assert watched(memory, at("94"), config=Config(liquidation_pct=4))[1] == []
    assert len(watched(memory, at("120"), config=Config(liquidation_pct=30))[1]) == 1


def test_a_price_that_is_not_known_tells_nothing_and_forgets_nothing() -> None:
    memory = msgspec.structs.replace(BEGUN, liquidation=LONG)
    memory, told = watched(memory, at("99"), at(None), at("99"))
    assert len(told) == 1


def test_where_liquidation_stands_is_what_the_venue_showed_last() -> None:
    memory = seen(BEGUN, observed("5", "90"))
    assert memory.liquidation == LONG
    memory, told = watched(memory, at("99"))
    assert len(told) == 1
    moved = seen(memory, observed("4", "90"))
    assert watched(moved, at("99"))[1] == []
    turned = seen(memory, observed("-5", "110"))
    assert turned.liquidation == SHORT
    assert len(watched(turned, at("105"))[1]) == 1
    for gone in (observed("0", None), observed("5", None)):
        assert seen(memory, gone).liquidation is None
    assert seen(memory, observed("5", "1", account="other")) == memory


# The key.


def key_at(**left: float) -> Readings:
    return Readings(moment=KEY.expires_at - timedelta(**left), key=KEY)


def test_the_end_of_a_key_is_told_two_hours_and_a_quarter_of_an_hour_before() -> None:
    memory, told = watched(
        BEGUN,
        key_at(hours=3),
        key_at(hours=2),
        key_at(minutes=119),
        key_at(minutes=15),
        key_at(minutes=14),
        key_at(minutes=-1),
    )
    assert [(it.kind, it.severity) for it in told] == [
        (Kind.DELEGATE_EXPIRING, Severity.WARNING)
    ] * 2
    assert [it.body.split(" may sign for ")[1].split(" more")[0] for it in told] == [
        "2 h 00 min",
        "15 min",
    ]
    assert "until 03 Mar 12:00 UTC" in told[0].body
    other = Key("another", KEY.expires_at)
    _, told = watched(memory, Readings(moment=KEY.expires_at - timedelta(hours=1), key=other))
    assert len(told) == 1


def test_who_looks_late_is_told_once_of_what_is_left() -> None:
    _, told = watched(BEGUN, key_at(minutes=10), key_at(minutes=9))
    assert [it.body.split(" may sign for ")[1][:6] for it in told] == ["10 min"]


def test_the_times_are_the_persons() -> None:
    config = Config(delegate_expiry_min=(300, 60, 1))
    _, told = watched(BEGUN, *(key_at(minutes=it) for it in range(400, -1, -1)), config=config)
    assert [it.body.split(" may sign for ")[1].split(" more")[0] for it in told] == [
        "5 h 00 min",
        "1 h 00 min",
        "1 min",
    ]
    assert watched(BEGUN, key_at(minutes=1), config=Config(delegate_expiry_min=()))[1] == []


def test_without_a_key_nothing_runs_out() -> None:
    assert watched(BEGUN, Readings(moment=NOON)) == (BEGUN, [])


# The chain's nodes.

SILENT = "1 of 2 nodes of the chain do not answer"


def nodes(after_s: float, trouble: str | None) -> Readings:
    return Readings(moment=NOON + timedelta(seconds=after_s), rpc_trouble=trouble)


def test_silent_nodes_are_told_when_it_lasts_and_so_is_its_end() -> None:
    memory, told = watched(
        BEGUN,
        *(nodes(it, SILENT) for it in range(0, 121, 5)),
        nodes(125, None),
        nodes(130, ""),
        nodes(135, ""),
    )
    assert [(it.kind, it.severity, it.body) for it in told] == [
        (Kind.RPC_DEGRADED, Severity.WARNING, f"{SILENT}, for 60 s."),
        (Kind.RPC_DEGRADED, Severity.INFO, "The chain's nodes answer again."),
    ]
    assert memory == BEGUN


def test_a_short_silence_and_its_end_are_not_told() -> None:
    told = watched(BEGUN, nodes(0, SILENT), nodes(59, SILENT), nodes(60, ""), nodes(90, SILENT))[1]
    assert told == []
    config = Config(rpc_silent_s=30)
    assert len(watched(BEGUN, nodes(0, SILENT), nodes(30, SILENT), config=config)[1]) == 1
