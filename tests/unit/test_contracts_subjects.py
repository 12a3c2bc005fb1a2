"""Subjects: nothing in a name can change which subject, or how many, it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import subjects
from contracts.ids import AccountId, MarketId, SourceVenue, Symbol
from contracts.registry import EVENTS
from contracts.routes import ROUTES, TICK_PATTERNS, UnroutedEvent, route_of, subject_of
from contracts.subjects import CONSUMERS, STREAMS, BadSubjectToken, StreamName
from kit import golden
from kit.memory import matches

tokens = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def names(token: str) -> list[str]:
    """Give every subject that a name can get into."""
    account, market = AccountId(token), MarketId(token)
    venue, symbol = SourceVenue(token), Symbol(token)
    return [
        subjects.trades(venue, symbol),
        subjects.book(venue, symbol),
        subjects.mark(venue, symbol),
        subjects.liquidations(venue, symbol),
        subjects.feed(venue, symbol),
        subjects.minute(market),
        subjects.signals(market),
        subjects.verdicts(account, market),
        subjects.orders(account, market),
        subjects.fills(account, market),
        subjects.control(account),
        subjects.delegation(account),
        subjects.venue(token, market),
        subjects.process(token),
    ]


@given(tokens)
def test_a_token_stays_one_token(token: str) -> None:
    depths = [len(subject.split(".")) for subject in names(token)]

    assert depths == [3, 3, 3, 3, 3, 3, 2, 4, 4, 4, 3, 3, 3, 2]
    assert all(set(subject) <= ALLOWED | {"."} for subject in names(token))


@given(st.text(max_size=80).filter(lambda text: not (0 < len(text) <= 64 and set(text) <= ALLOWED)))
def test_a_name_that_is_not_a_token_makes_no_subject(name: str) -> None:
    for make in (
        lambda: subjects.trades(SourceVenue("a"), Symbol(name)),
        lambda: subjects.verdicts(AccountId(name), MarketId("a")),
        lambda: subjects.orders(AccountId("a"), MarketId(name)),
        lambda: subjects.control(AccountId(name)),
        lambda: subjects.venue(name, MarketId("a")),
        lambda: subjects.process(name),
    ):
        with pytest.raises(BadSubjectToken, match="expected a subject token"):
            make()


@pytest.mark.parametrize("name", ["a.b", "*", ">", "a.>", "", " ", "a\n", "a\r\nb", "a\x00", "A"])
def test_dots_wildcards_and_line_ends_are_refused(name: str) -> None:
    with pytest.raises(BadSubjectToken):
        subjects.signals(MarketId(name))


@given(tokens, tokens)
def test_different_accounts_never_share_a_subject(one: str, other: str) -> None:
    market = MarketId("sol-perp")
    same = subjects.orders(AccountId(one), market) == subjects.orders(AccountId(other), market)

    assert same is (one == other)


def test_the_global_control_subject_is_no_accounts() -> None:
    assert subjects.control(None) == "control.all"
    assert subjects.control(AccountId("all")) != subjects.control(None)


def test_every_event_has_a_route_and_every_route_an_event() -> None:
    assert tuple(ROUTES) == EVENTS


@pytest.mark.parametrize("event", golden.EXAMPLES, ids=lambda event: event.event_type)
def test_an_events_subject_fits_its_pattern(event: golden.Event) -> None:
    subject = subject_of(event)
    wildcards = [
        ".".join("*" if token.startswith("{") else token for token in pattern.split("."))
        for pattern in route_of(type(event)).patterns
    ]

    assert any(matches(wildcard, subject) for wildcard in wildcards)


@pytest.mark.parametrize("event", golden.EXAMPLES, ids=lambda event: event.event_type)
def test_an_events_subject_is_in_the_log_and_in_no_other_stream(event: golden.Event) -> None:
    subject = subject_of(event)
    streams = [
        stream.name
        for stream in STREAMS
        if any(matches(filter_, subject) for filter_ in stream.subjects)
    ]

    assert streams == [StreamName.LOG]


@pytest.mark.parametrize("event", golden.EXAMPLES, ids=lambda event: event.event_type)
def test_a_subject_names_the_account_of_its_event(event: golden.Event) -> None:
    assert subjects.account_of(subject_of(event)) == getattr(event, "account", None)


def test_what_concerns_all_names_no_account() -> None:
    assert subjects.account_of("control.all") is None
    assert subjects.account_of("nothing") is None


def test_a_class_without_a_route_is_named() -> None:
    class Unheard(golden.Event):
        event_type = "unheard"
        owner = "risk"

    with pytest.raises(UnroutedEvent, match="Unheard"):
        subject_of(Unheard())


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.name)
def test_a_consumer_filters_what_its_stream_holds(consumer: subjects.ConsumerSpec) -> None:
    stream = next(stream for stream in STREAMS if stream.name is consumer.stream)

    assert consumer.name.startswith(f"{consumer.service}-")
    assert subjects.consumer(consumer.name) is consumer
    assert all(
        any(matches(held, filter_.replace(">", "x")) for held in stream.subjects)
        for filter_ in consumer.filters
    )


def test_no_two_consumers_share_a_name() -> None:
    assert len({consumer.name for consumer in CONSUMERS}) == len(CONSUMERS)


def test_ticks_stand_in_the_market_stream() -> None:
    held = next(stream for stream in STREAMS if stream.name is StreamName.MARKET).subjects

    for pattern in TICK_PATTERNS.values():
        assert any(matches(filter_, pattern) for filter_ in held)
