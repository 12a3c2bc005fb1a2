"""What the desk is and what happened: state, activity, single events."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import PathParameter, QueryParameter

from gateway.present import state_view
from gateway.problems import Code, FieldError, Problem
from gateway.routes.shared import CommandsPart, HistoryPart, LivePart, problems
from gateway.stream.protocol import Activity
from gateway.stream.ring import Entry
from gateway.views import ActivityPage, StateView

PAGE_MAX = 500
PAGE = 100
After = Annotated[
    int | None, QueryParameter(ge=0, le=2**63 - 1, description="Oldest first from here")
]
Before = Annotated[
    int | None, QueryParameter(ge=1, le=2**63 - 1, description="Newest first from here")
]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]

_activity = msgspec.json.Decoder(Activity)


@get("/api/state", responses=problems())
async def read_state(live: LivePart, commands: CommandsPart) -> StateView:
    """Give the whole desk at one position of the log."""
    return state_view(live, now=commands.clock())


@get("/api/activity", responses=problems(422, 503))
async def read_activity(
    live: LivePart,
    history: HistoryPart,
    after: After = None,
    before: Before = None,
    limit: Limit = PAGE,
) -> ActivityPage:
    """Give a page of events: the newest, those before a position, or those after one.

    A page looks at `limit` positions; what concerns another account is not in it.
    Newer events come from the gateway's own memory, older ones from audit.
    """
    ring = live.hub.ring
    if after is not None and before is not None:
        raise Problem(
            Code.INVALID_REQUEST,
            "expected after or before, found both",
            errors=[FieldError("after", "expected alone, found with before")],
        )
    if after is not None:
        after = min(after, ring.last)
        if after + 1 >= ring.first:
            entries = ring.after(after, limit=limit)
        else:
            entries = await history.after(after, limit=limit)
    else:
        end = min(before or ring.last + 1, ring.last + 1)
        if end > ring.first or end <= 1:
            entries = ring.before(end, limit=limit)
        else:
            entries = await history.before(end, limit=limit)
    return _page(entries, head=ring.last, is_forward=after is not None)


@get("/api/events/{position:str}", responses=problems(404, 422, 503))
async def read_event(
    position: Annotated[str, PathParameter(pattern=r"^[0-9]{1,18}$")],
    live: LivePart,
    history: HistoryPart,
) -> Activity:
    """Give one event of the log."""
    wanted = int(position)
    entry = live.hub.ring.get(wanted)
    if entry is not None and entry.text:
        return _activity.decode(entry.text)
    if entry is not None or not 1 <= wanted < live.hub.ring.first:
        detail = f"expected the position of an event of this account, found {wanted}"
        raise Problem(Code.EVENT_UNKNOWN, detail)
    return _activity.decode(await history.event(wanted))


def _page(entries: Sequence[Entry], *, head: int, is_forward: bool) -> ActivityPage:
    items = [_activity.decode(entry.text) for entry in entries if entry.text]
    last = entries[-1].position if entries else 0
    has_more = bool(entries) and (last < head if is_forward else last > 1)
    return ActivityPage(items=items, next=str(last) if has_more else None, head=str(head))
