"""One connection to the exchange: opened, read until it ends, and told about in notes."""

import asyncio
from dataclasses import dataclass

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

FRAME_BYTES_MAX = 1 << 20
LIMITED_STATUSES = (418, 429)
LIMITED_S = 60.0
"""Wait at least this long after the exchange said that there were too many requests."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long connections live and how failures are waited out; seconds."""

    life_s: float = 24 * 3600
    rotate_at: float = 0.8
    """Part of a life after which the next connection is opened."""
    rotate_jitter: float = 0.05
    overlap_s_max: float = 30
    open_s_max: float = 10
    backoff_first_s: float = 0.5
    backoff_s_max: float = 30
    beat_s: float = 0.25
    """How often deadlines are looked at."""
    ping_s: float = 20
    """How often we ask whether the other end is there; its own pings are answered at once."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The connection stands."""

    number: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A frame came."""

    number: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is gone, or never came; not before `wait_s` again."""

    number: int
    reason: str
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Beat:
    """Time passed."""


Note = Opened | Arrived | Closed | Beat


async def read_socket(
    url: str, *, number: int, inbox: asyncio.Queue[Note], timing: Timing, delay_s: float
) -> None:
    """Open a connection after a delay and put its notes into the inbox; Closed is the last."""
    await asyncio.sleep(delay_s)
    try:
        async with connect(
            url,
            open_timeout=timing.open_s_max,
            close_timeout=1,
            ping_interval=timing.ping_s,
            ping_timeout=timing.ping_s,
            max_size=FRAME_BYTES_MAX,
            compression=None,
        ) as socket:
            await inbox.put(Opened(number))
            while True:
                await inbox.put(Arrived(number, await socket.recv(decode=False)))
    except InvalidStatus as refusal:
        status = refusal.response.status_code
        wait_s = _retry_after_s(refusal) if status in LIMITED_STATUSES else 0.0
        closed = Closed(number, f"expected a socket, found HTTP {status}", wait_s)
    except ConnectionClosed as end:
        closed = Closed(number, f"the connection was closed: {end}")
    except (OSError, TimeoutError, WebSocketException) as error:
        closed = Closed(number, f"the connection failed: {error or type(error).__name__}")
    await inbox.put(closed)


def _retry_after_s(refusal: InvalidStatus) -> float:
    text = refusal.response.headers.get("Retry-After", "")
    return max(LIMITED_S, float(text)) if text.isdigit() and len(text) < 6 else LIMITED_S
