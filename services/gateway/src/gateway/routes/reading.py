"""What the desk is, the lives of its orders, and single events."""

from typing import Annotated

from litestar import get
from litestar.params import PathParameter

from gateway.activity.pages import read_item
from gateway.order_views import OrderLives
from gateway.present import state_view
from gateway.present_lives import lives_view
from gateway.problems import Code, Problem
from gateway.routes.shared import CommandsPart, HistoryPart, LivePart, problems
from gateway.stream.protocol import Activity
from gateway.views import StateView


@get("/api/state", responses=problems())
async def read_state(live: LivePart, commands: CommandsPart) -> StateView:
    """Give the whole desk at one position of the log."""
    return state_view(live, now=commands.clock())


@get("/api/orders", responses=problems())
async def read_orders(live: LivePart) -> OrderLives:
    """Give the newest orders with all that happened to each, also after it is over.

    `ordersPos` of the state says when there is more to read.
    """
    return lives_view(live.state.lives)


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
        return read_item(entry.text)
    if entry is not None or not 1 <= wanted < live.hub.ring.first:
        detail = f"expected the position of an event of this account, found {wanted}"
        raise Problem(Code.EVENT_UNKNOWN, detail)
    return read_item(await history.event(wanted))
