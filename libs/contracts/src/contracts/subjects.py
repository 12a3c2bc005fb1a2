"""Subjects and streams, as data: the grammar of names and what the server must look like.

A subject is an aggregate and its last sequence is its lock; the event type is a header. Tokens
are `[a-z0-9-]`, broad to narrow.
"""

import functools
import re
from dataclasses import dataclass
from enum import StrEnum

from contracts.ids import AccountId, MarketId, SourceVenue, Symbol, partition_of

_TOKEN = re.compile(r"[a-z0-9-]{1,64}")


class BadSubjectToken(ValueError):
    """A name cannot be a token of a subject."""


@functools.lru_cache(maxsize=4096)
def _join(*tokens: str) -> str:
    for token in tokens:
        if not _TOKEN.fullmatch(token):
            raise BadSubjectToken(
                f"expected a subject token [a-z0-9-]{{1,64}}, found {token!r:.80}"
            )
    return ".".join(tokens)


# MARKET


def trades(venue: SourceVenue, symbol: Symbol) -> str:
    """Name the trades of a feed symbol."""
    return _join("trades", venue, symbol)


def history(venue: SourceVenue, symbol: Symbol) -> str:
    """Name the minutes before the first trade of a feed symbol."""
    return _join("history", venue, symbol)


def book(venue: SourceVenue, symbol: Symbol) -> str:
    """Name the top of book of a feed symbol."""
    return _join("book", venue, symbol)


def mark(venue: SourceVenue, symbol: Symbol) -> str:
    """Name the mark price and funding of a feed symbol."""
    return _join("mark", venue, symbol)


def liquidations(venue: SourceVenue, symbol: Symbol) -> str:
    """Name the liquidations of a feed symbol."""
    return _join("liquidations", venue, symbol)


# LOG


def feed(venue: SourceVenue, symbol: Symbol) -> str:
    """Name the health of a feed symbol."""
    return _join("feed", venue, symbol)


def minute(market: MarketId) -> str:
    """Name the minute facts of a market."""
    return _join("market", "minute", market)


def signals(market: MarketId) -> str:
    """Name what the strategy says about a market."""
    return _join("signals", market)


def verdicts(account: AccountId, market: MarketId) -> str:
    """Name risk's answers for an account in a market."""
    return _join("verdicts", partition_of(account), account, market)


def orders(account: AccountId, market: MarketId) -> str:
    """Name the order life of an account in a market."""
    return _join("orders", partition_of(account), account, market)


def fills(account: AccountId, market: MarketId) -> str:
    """Name the fills of an account in a market."""
    return _join("fills", partition_of(account), account, market)


def control(account: AccountId | None) -> str:
    """Name what people decided for an account, or for all accounts."""
    return (
        _join("control", "all")
        if account is None
        else _join("control", partition_of(account), account)
    )


def delegation(account: AccountId) -> str:
    """Name what became of an account's delegation."""
    return _join("delegation", partition_of(account), account)


def venue(name: str, market: MarketId) -> str:
    """Name what a trading venue was seen to do as a whole."""
    return _join("venue", name, market)


def process(service: str) -> str:
    """Name the life of a service's processes."""
    return _join("process", service)


_OF_ACCOUNTS = frozenset({"verdicts", "orders", "fills", "control", "delegation"})


def account_of(subject: str) -> AccountId | None:
    """Give the account that a subject of LOG is about; None for what concerns all."""
    first, *rest = subject.split(".")
    return AccountId(rest[1]) if first in _OF_ACCOUNTS and len(rest) > 1 else None


class StreamName(StrEnum):
    """The streams."""

    LOG = "LOG"
    MARKET = "MARKET"
    DEAD_LETTERS = "DEAD_LETTERS"
    ADVISORIES = "ADVISORIES"


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What a stream must be; times in seconds, sizes in bytes, 0 means no limit."""

    name: StreamName
    subjects: tuple[str, ...]
    description: str
    discard_new: bool
    bytes_max: int
    age_s_max: int
    duplicate_window_s: int
    message_bytes_max: int
    allow_atomic: bool
    is_permanent: bool
    """Neither messages nor the stream's content may be deleted by a client."""
    is_async_persisted: bool
    """Acknowledges before the disk; what a crash loses is published again (ADR 0005)."""


_GIB = 1 << 30

STREAMS: tuple[StreamSpec, ...] = (
    StreamSpec(
        name=StreamName.LOG,
        subjects=(
            "feed.>",
            "market.minute.>",
            "signals.>",
            "verdicts.>",
            "orders.>",
            "fills.>",
            "control.>",
            "delegation.>",
            "venue.>",
            "process.>",
        ),
        description="The one log: every decision and what it was decided on, in one order",
        discard_new=True,
        bytes_max=16 * _GIB,
        age_s_max=0,
        duplicate_window_s=24 * 3600,
        message_bytes_max=64 * 1024,
        allow_atomic=True,
        is_permanent=True,
        is_async_persisted=False,
    ),
    StreamSpec(
        name=StreamName.MARKET,
        subjects=("trades.>", "history.>", "book.>", "mark.>", "liquidations.>"),
        description="Raw ticks: high volume, short retention",
        discard_new=False,
        bytes_max=2 * _GIB,
        age_s_max=48 * 3600,
        duplicate_window_s=120,
        message_bytes_max=64 * 1024,
        allow_atomic=False,
        is_permanent=False,
        is_async_persisted=True,
    ),
    StreamSpec(
        name=StreamName.DEAD_LETTERS,
        subjects=("dlq.>",),
        description="Messages that could not be handled, for a person to see",
        discard_new=False,
        bytes_max=_GIB,
        age_s_max=30 * 24 * 3600,
        duplicate_window_s=24 * 3600,
        message_bytes_max=1024 * 1024,
        allow_atomic=False,
        is_permanent=False,
        is_async_persisted=False,
    ),
    StreamSpec(
        name=StreamName.ADVISORIES,
        subjects=(
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
            "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
        ),
        description="The server's word on messages that it gave up delivering",
        discard_new=False,
        bytes_max=64 * 1024 * 1024,
        age_s_max=7 * 24 * 3600,
        duplicate_window_s=120,
        message_bytes_max=64 * 1024,
        allow_atomic=False,
        is_permanent=False,
        is_async_persisted=False,
    ),
)


class Bucket(StrEnum):
    """KV buckets: never the truth about trading."""

    CHECKPOINTS = "checkpoints"
    CHALLENGES = "challenges"
    SESSIONS = "sessions"
    NOTIFICATIONS = "notifications"
    IDEMPOTENCY = "idempotency"


@dataclass(frozen=True, slots=True)
class BucketSpec:
    """What a KV bucket must be; it holds the newest value of each key. 0 means no limit."""

    name: Bucket
    description: str
    bytes_max: int
    age_s_max: int
    """A value that was not written for this long is gone."""
    value_bytes_max: int


BUCKETS: tuple[BucketSpec, ...] = (
    BucketSpec(
        name=Bucket.CHECKPOINTS,
        description="Checkpoints of folds: an accelerator",
        bytes_max=256 << 20,
        age_s_max=0,
        # Headers included; the server's own limit is 1 MiB.
        value_bytes_max=1000 * 1000,
    ),
    BucketSpec(
        name=Bucket.CHALLENGES,
        description="What wallets were asked to sign, each for one use",
        bytes_max=64 << 20,
        age_s_max=600,
        value_bytes_max=4 * 1024,
    ),
    BucketSpec(
        name=Bucket.SESSIONS,
        description="Who is signed in, by the hash of the cookie",
        bytes_max=64 << 20,
        age_s_max=8 * 3600,
        value_bytes_max=4 * 1024,
    ),
    BucketSpec(
        name=Bucket.NOTIFICATIONS,
        description="What people are told, where, and what is still to be told; targets sealed",
        bytes_max=64 << 20,
        age_s_max=0,
        value_bytes_max=900 * 1000,
    ),
    BucketSpec(
        name=Bucket.IDEMPOTENCY,
        description="What was answered to commands, by the hash of who asked with which key",
        bytes_max=512 << 20,
        age_s_max=48 * 3600,
        value_bytes_max=32 * 1024,
    ),
)


def bucket(name: Bucket) -> BucketSpec:
    """Give what a bucket must be."""
    return next(spec for spec in BUCKETS if spec.name is name)


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """A consumer's name, fixed for ever, and what it hears."""

    name: str
    service: str
    stream: StreamName
    filters: tuple[str, ...]
    is_for_each: bool = False
    """Every process follows for itself; else whoever opens last takes over from the one before."""


_DECISIONS = ("signals.>", "verdicts.>", "orders.>", "fills.>", "control.>", "venue.>", "feed.>")

CONSUMERS: tuple[ConsumerSpec, ...] = (
    ConsumerSpec("signals-fold-trades", "signals", StreamName.MARKET, ("history.>", "trades.>")),
    ConsumerSpec(
        "signals-follow-log",
        "signals",
        StreamName.LOG,
        ("feed.>", "market.minute.>", "signals.>", "process.signals"),
    ),
    ConsumerSpec("risk-judge-proposals", "risk", StreamName.LOG, (*_DECISIONS, "process.risk")),
    ConsumerSpec(
        "execution-plan-orders",
        "execution",
        StreamName.LOG,
        (*_DECISIONS, "delegation.>", "market.minute.>", "process.execution"),
    ),
    ConsumerSpec("execution-work-prints", "execution", StreamName.MARKET, ("trades.>",)),
    ConsumerSpec(
        "localnet-move-market", "localnet", StreamName.MARKET, ("trades.>",), is_for_each=True
    ),
    ConsumerSpec("ingest-follow-log", "ingest", StreamName.LOG, ("feed.>", "control.>")),
    ConsumerSpec("gateway-show-log", "gateway", StreamName.LOG, (), is_for_each=True),
    ConsumerSpec(
        "gateway-show-trades", "gateway", StreamName.MARKET, ("trades.>",), is_for_each=True
    ),
    ConsumerSpec(
        "gateway-show-gauges",
        "gateway",
        StreamName.MARKET,
        ("mark.>", "liquidations.>"),
        is_for_each=True,
    ),
    ConsumerSpec(
        "gateway-notify-people",
        "gateway",
        StreamName.LOG,
        (
            "verdicts.>",
            "orders.>",
            "fills.>",
            "control.>",
            "delegation.>",
            "feed.>",
        ),
        is_for_each=True,
    ),
    ConsumerSpec("audit-archive-log", "audit", StreamName.LOG, ()),
)
"""An empty `filters` hears the whole stream, so that its positions must be contiguous."""


def consumer(name: str) -> ConsumerSpec:
    """Give a consumer by its name; raise KeyError."""
    return next(spec for spec in CONSUMERS if spec.name == name)
