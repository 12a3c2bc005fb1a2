"""Nodes that are made up: what they answer, as JSON-RPC wants it."""

from typing import Any

import httpx
import msgspec


def called(request: httpx.Request, **answer: Any) -> dict[str, Any]:
    """Give an answer under the number of its call."""
    number = msgspec.json.decode(request.content)["id"]
    return {"jsonrpc": "2.0", "id": number, **answer}
