"""Settings as a person sends them."""

from collections.abc import Mapping
from typing import Any

import httpx

from kit.gateway_app import Desk

SETTINGS: dict[str, Any] = {
    "max_leverage": "4",
    "risk_per_trade": "25.5",
    "daily_drawdown_limit": "2",
    "priority_fee_cap": 5_000,
    "delegate_enabled": False,
    "strategy_enabled": False,
}


SAME: dict[str, Any] = {
    "max_leverage": "5",
    "risk_per_trade": "50",
    "daily_drawdown_limit": "3",
    "priority_fee_cap": 10_000,
    "delegate_enabled": False,
    "strategy_enabled": True,
}
"""Those that a desk of the tests starts with."""


async def changed(
    desk: Desk, body: dict[str, Any] = SETTINGS, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Replace the settings, whatever they are."""
    sent = {"If-Match": "*", **(headers or {})}
    return await desk.http.put("/api/settings", json=body, headers=sent)
