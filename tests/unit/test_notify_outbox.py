"""The outbox: what is told at once, what waits, what is gathered, and that nothing grows."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from gateway.notify import outbox as box
from gateway.notify.config import Channel, Config, Former, QuietHours
from gateway.notify.kinds import CATALOGUE, MUST_SEE, Kind, Severity
from gateway.notify.outbox import DIGEST, PENDING_MAX, URGENT_CAP, Outbox, Pending
from gateway.notify.rules import Memory, Notice, Tally

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ALL: dict[str, tuple[str, ...]] = {kind: ("phone", "desk") for kind in Kind if kind not in MUST_SEE}


def a_channel(name: str = "phone", *, floor: str = "info", hourly_cap: int = 5) -> Channel:
    return Channel(
        id=name,
        name=name,
        place=f"at-{name}",
        scheme="jsons",
        sealed="",
        floor=floor,
        hourly_cap=hourly_cap,
    )


def a_config(*channels: Channel, quiet: QuietHours | None = None) -> Config:
    return Config(number=1, channels=channels or (a_channel(),), matrix=ALL, quiet_hours=quiet)


def a_notice(kind: Kind = Kind.ORDER_FILLED, *, position: int = 1, at: datetime = NOON) -> Notice:
    about = CATALOGUE[kind]
    return Notice(
        kind=kind,
        severity=about.severity,
        position=position,
        at=at,
        title=about.title,
        body=f"number {position}",
    )


def empty() -> Outbox:
    return Outbox(position=0, memory=Memory(tally=Tally(since=NOON)))


def filed(config: Config, *notices: Notice, outbox: Outbox | None = None) -> Outbox:
    outbox = outbox or empty()
    for notice in notices:
        outbox = box.file(outbox, notice, config, notice.at)
    return outbox


def sent_all(outbox: Outbox, now: datetime) -> tuple[Outbox, list[Pending]]:
    """Send until nothing is due."""
    sent: list[Pending] = []
    while due := box.due(outbox, now):
        for one in due:
            outbox = box.settle(outbox, one, "", now)
            sent.append(one)
    return outbox, sent


def kinds(pending: list[Pending] | tuple[Pending, ...]) -> list[tuple[str, str]]:
    return [(one.place, one.kind) for one in pending]


def test_the_matrix_and_the_floor_say_who_hears() -> None:
    config = a_config(a_channel(), a_channel("desk", floor="warning"))
    outbox = filed(config, a_notice(Kind.ORDER_FILLED), a_notice(Kind.STOP_HIT))
    assert kinds(outbox.pending) == [
        ("at-phone", "order_filled"),
        ("at-phone", "stop_hit"),
        ("at-desk", "stop_hit"),
    ]
    nobody = msgspec.structs.replace(config, matrix={})
    assert filed(nobody, a_notice(Kind.STOP_HIT)).pending == ()


@pytest.mark.parametrize("kind", sorted(MUST_SEE))
def test_what_must_be_seen_goes_everywhere_at_any_hour_and_over_the_cap(kind: Kind) -> None:
    quiet = QuietHours(begin="00:00", end="23:59", zone="UTC")
    channel = a_channel(floor="critical", hourly_cap=1)
    config = Config(channels=(channel,), matrix={}, quiet_hours=quiet)
    outbox = filed(config, *(a_notice(kind, position=at) for at in range(1, 4)))
    assert [one.position for one in outbox.pending] == [1, 2, 3]
    assert all(one.is_urgent for one in outbox.pending)


def test_in_quiet_hours_notices_are_gathered_and_told_once_after_them() -> None:
    config = a_config(quiet=QuietHours(begin="22:00", end="07:00", zone="Europe/Berlin"))
    night = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)  # 22:30 in Berlin
    outbox = filed(
        config,
        a_notice(Kind.STOP_HIT, position=1, at=night),
        a_notice(Kind.ORDER_FILLED, position=2, at=night + timedelta(hours=3)),
    )
    assert outbox.pending == ()
    outbox = box.release(outbox, config, datetime(2026, 3, 3, 5, 59, tzinfo=UTC))
    assert outbox.pending == ()
    outbox = box.release(outbox, config, datetime(2026, 3, 3, 6, 0, tzinfo=UTC))
    (digest,) = outbox.pending
    assert (digest.kind, digest.position) == (DIGEST, 2)
    assert digest.title == "2 notices since 02 Mar 21:30 UTC"
    assert digest.body == "Order filled × 1, Stop hit × 1\n21:30 number 1\n00:30 number 2"
    assert outbox.held == ()


def test_above_the_cap_an_hour_becomes_one_digest_when_there_is_room_again() -> None:
    config = a_config(a_channel(hourly_cap=3))
    notices = [a_notice(position=at, at=NOON + timedelta(seconds=at)) for at in range(1, 11)]
    outbox = empty()
    sent: list[Pending] = []
    for notice in notices:
        outbox = filed(config, notice, outbox=outbox)
        outbox, more = sent_all(outbox, notice.at)
        sent += more
    assert [one.position for one in sent] == [1, 2, 3]
    assert outbox.held[0].counts == {"Order filled": 7}
    outbox = box.release(outbox, config, NOON + timedelta(minutes=59))
    assert outbox.pending == ()
    outbox = box.release(outbox, config, NOON + timedelta(minutes=61))
    (digest,) = outbox.pending
    assert digest.title.startswith("7 notices since")
    assert digest.position == 10
    # An hour never holds more messages than the cap.
    _, more = sent_all(outbox, NOON + timedelta(minutes=61))
    assert len(more) == 1


def test_a_failing_channel_is_tried_again_ever_later_and_given_up() -> None:
    config = a_config(a_channel(), a_channel("desk"))
    outbox = filed(config, a_notice(Kind.STOP_HIT), a_notice(Kind.FEED_STALLED, position=2))
    now, attempts, waits = NOON, 0, list[int]()
    # The other channel is not held up.
    first = [one for one in box.due(outbox, now) if one.place == "at-desk"]
    outbox = box.settle(outbox, first[0], "", now)
    while any(one.kind == "stop_hit" for one in outbox.pending):
        (one,) = (it for it in box.due(outbox, now) if it.place == "at-phone")
        outbox = box.settle(outbox, one, "http_500", now)
        attempts += 1
        retry_at = outbox.line("at-phone").retry_at
        assert retry_at is not None
        assert [it for it in box.due(outbox, now) if it.place == "at-phone"] == []
        waits.append(int((retry_at - now).total_seconds()))
        now = retry_at
    assert waits == [10, 20, 40, 80, 160, 320, 640, 900]
    assert attempts == 8
    statuses = [it.status for it in outbox.deliveries if it.place == "at-phone"]
    assert statuses == ["gave_up"] + ["failed"] * 7
    # The next one is told all the same, and a success ends the waiting.
    (one,) = (it for it in box.due(outbox, now) if it.place == "at-phone")
    outbox = box.settle(outbox, one, "", now)
    assert outbox.line("at-phone").retry_at is None
    assert outbox.deliveries[0].status == "delivered"


def test_an_urgent_message_overtakes_and_is_tried_for_hours() -> None:
    outbox = filed(a_config(), a_notice(), a_notice(Kind.STOP_ENGAGED, position=2))
    (one,) = box.due(outbox, NOON)
    assert one.kind == "stop_engaged"
    now, begin = NOON, NOON
    for _ in range(39):
        (one,) = box.due(outbox, now)
        outbox = box.settle(outbox, one, "timeout", now)
        now = outbox.line("at-phone").retry_at or now
    assert one.kind == "stop_engaged"
    assert timedelta(hours=7) < now - begin < timedelta(hours=12)
    outbox = box.settle(outbox, box.due(outbox, now)[0], "timeout", now)
    assert outbox.deliveries[0].status == "gave_up"


def test_a_channel_that_is_taken_away_hears_of_that_and_then_is_forgotten() -> None:
    old, new = a_channel(), a_channel("desk")
    config = Config(number=2, channels=(new,), former=(Former(channel=old, number=2),))
    change = msgspec.structs.replace(a_notice(Kind.NOTIFICATIONS_CHANGED, position=9), change=2)
    outbox = filed(config, change, a_notice(Kind.STOP_ENGAGED, position=10))
    assert [(one.place, one.position) for one in outbox.pending] == [
        ("at-desk", 9),
        ("at-phone", 9),
        ("at-desk", 10),
    ]
    gone = msgspec.structs.replace(config, former=())
    outbox = box.release(outbox, gone, NOON)
    assert {one.place for one in outbox.pending} == {"at-desk"}


def test_nothing_in_it_grows_without_bound() -> None:
    channels = tuple(a_channel(f"c{at}", hourly_cap=60) for at in range(8))
    matrix: dict[str, tuple[str, ...]] = {Kind.STOP_HIT: tuple(one.id for one in channels)}
    former = tuple(Former(channel=one, number=1) for one in channels)
    config = Config(number=1, channels=channels, matrix=matrix, former=former)
    outbox, now = empty(), NOON
    long_body = "ﬀ" * 230
    for at in range(700):
        now += timedelta(seconds=5)
        kind = Kind.STOP_ENGAGED if at % 3 else Kind.STOP_HIT
        notice = msgspec.structs.replace(a_notice(kind, position=at, at=now), body=long_body)
        outbox = box.file(outbox, notice, config, now)
        outbox = box.release(outbox, config, now)
        for one in box.due(outbox, now):
            outbox = box.settle(outbox, one, "" if at % 50 == 0 else "timeout", now)
    assert len(msgspec.json.encode(outbox)) < 450_000
    per_channel = [sum(one.place == it.place for one in outbox.pending) for it in channels]
    assert max(per_channel) <= PENDING_MAX
    assert max(len(one.sent_at) for one in outbox.lines) <= URGENT_CAP
    assert len(outbox.deliveries) <= 50
    told = sum(sum(one.counts.values()) for one in outbox.held) + len(outbox.pending)
    assert told > 0
    assert msgspec.json.decode(msgspec.json.encode(outbox), type=Outbox) == outbox


def test_severity_decides_in_the_order_of_its_names() -> None:
    assert Severity.INFO < Severity.WARNING < Severity.CRITICAL
    assert all(
        about.severity is Severity.CRITICAL for about in CATALOGUE.values() if about.is_must_see
    )
