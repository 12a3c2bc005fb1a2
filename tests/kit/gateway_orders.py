"""An order by hand, as a page asks for it."""

from itertools import count
from typing import Any

import httpx

from kit.gateway_app import Desk

ORDER: dict[str, Any] = {
    "side": "long",
    "type": "post_only_limit",
    "px": "150.125",
    "size": "1.5",
    "sl": "149",
    "tp1": "151",
    "tp2": "152",
    "tp3": "153",
    "leverage": "2",
    "venue": "paper",
    "notes": "by hand",
}

_numbers = count(1)


async def ordered(desk: Desk, *, key: str | None = None, **changes: Any) -> httpx.Response:
    """Ask for an order; without a key under a new one."""
    headers = {"Idempotency-Key": key or f"order-{next(_numbers)}"}
    return await desk.http.post("/api/engine/orders", json={**ORDER, **changes}, headers=headers)
