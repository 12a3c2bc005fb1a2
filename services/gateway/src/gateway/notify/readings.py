"""What is read off the desk for a message: what it trades on, and whether all is well."""

from datetime import datetime, timedelta

from gateway.live import Live

ASKED_AGO_MAX = timedelta(seconds=15)


def label_of(live: Live) -> str:
    """Say what the desk trades, where, and on what; it stands before every title."""
    feed, account = live.state.feed, live.state.account
    source = "no feed" if feed is None else str(feed.opened.kind)
    venue = "no account" if account is None else account.opened.venue
    return f"{venue}, {source}, {live.account_id}"


def is_healthy(live: Live, now: datetime) -> bool:
    """Say whether every service answered lately that it is ready, and the whole log is shown."""
    return (
        live.hub.is_open
        and bool(live.services)
        and all(it.is_ready and now - it.asked_at < ASKED_AGO_MAX for it in live.services)
    )
