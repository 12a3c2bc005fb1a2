"""The exchange's REST interface: one address, and one patience when it limits us."""

import time

import httpx

PAUSE_S = 60.0
"""No requests for this long after the exchange limited us, unless it says longer."""
_LIMITED_STATUSES = (418, 429)


class Limited(Exception):
    """The exchange takes no requests from us for now."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"the exchange takes no requests for {wait_s:.0f} s")
        self.wait_s = wait_s


class Rest:
    """Sends what anybody may ask; all users of one address wait together."""

    def __init__(self, base_url: str, *, client: httpx.AsyncClient) -> None:
        self._url = base_url.rstrip("/")
        self._client = client
        self._paused_until_s = 0.0

    async def get(self, path: str, **query: str | int) -> bytes:
        """Give the body of an answer.

        Raises Limited on status 418 and 429 and until the wait is over, httpx.HTTPError for the
        rest of what networks and servers do.
        """
        wait_s = self._paused_until_s - time.monotonic()
        if wait_s > 0:
            raise Limited(wait_s)
        response = await self._client.get(self._url + path, params=query)
        if response.status_code in _LIMITED_STATUSES:
            wait_s = max(PAUSE_S, _retry_after_s(response))
            self._paused_until_s = time.monotonic() + wait_s
            raise Limited(wait_s)
        response.raise_for_status()
        return response.content


def _retry_after_s(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() and len(text) < 6 else 0.0
