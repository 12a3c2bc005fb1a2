"""HTTP to this machine, past any proxy that the environment names."""

import urllib.request
from http.client import HTTPResponse


def ask(asked: str | urllib.request.Request, *, timeout_s: float) -> HTTPResponse:
    """Give the answer; raise as `urllib.request.urlopen` does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(asked, timeout=timeout_s)
