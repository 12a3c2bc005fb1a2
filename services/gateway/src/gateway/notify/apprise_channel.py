"""Delivery through apprise, held to what `targets` let through. Loaded in the sender alone."""

import logging
from dataclasses import dataclass
from typing import Any  # What the library gives is typed in parts only.

import requests
from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.common import PersistentStoreMode
from apprise.plugins import NotifyBase

from gateway.notify.targets import TargetRefused

BODY_CHARS_MAX = 1_000
"""The shortest that a channel takes, Pushover's 1,024, is a little more."""


@dataclass
class Seen:
    """What the last request of a delivery came to."""

    status: int | None = None
    failure: BaseException | None = None


def deliver(target: str, scheme: str, *, title: str, body: str, seen: Seen) -> bool:
    """Send a plain text; say whether the service took it. Raises TargetRefused."""
    # The library's words hold targets.
    logging.disable(logging.CRITICAL)
    _watch(seen)
    asset = AppriseAsset(
        app_id="perp-desk",
        app_desc="perp-desk",
        app_url="",
        http_redirects=False,
        allow_templates=False,
        storage_mode=PersistentStoreMode.MEMORY,
        image_url_mask="",
        image_url_logo="",
    )
    library: Any = Apprise
    plugin: Any = library.instantiate(target, asset=asset)
    if not isinstance(plugin, NotifyBase) or not _is_secure(plugin, scheme):
        raise TargetRefused("expected a target that the library reads")
    sender: Any = library(asset=asset)
    sender.add(plugin)
    return bool(
        sender.notify(title=title, body=body[:BODY_CHARS_MAX], body_format=NotifyFormat.TEXT)
    )


def _is_secure(plugin: Any, scheme: str) -> bool:
    """Say whether the library understood what we did: this service, encrypted, checked."""
    known: Any = plugin.secure_protocol
    names = (known,) if isinstance(known, str) else tuple(known or ())
    if scheme not in names or not plugin.verify_certificate or plugin.redirects:
        return False
    mode: Any = getattr(plugin, "secure_mode", None)
    if scheme == "mailtos":
        return mode in ("ssl", "starttls")
    return scheme not in ("jsons", "ntfys") or bool(plugin.secure)


def _watch(seen: Seen) -> None:
    """Note what comes of every request: the library gives only success or none."""
    ask = requests.Session.request

    def watched(session: requests.Session, *args: Any, **kwargs: Any) -> requests.Response:
        seen.status = seen.failure = None
        try:
            answer = ask(session, *args, **kwargs)
        except requests.RequestException as failure:
            seen.failure = failure
            raise
        seen.status = answer.status_code
        return answer

    requests.Session.request = watched  # pyright: ignore[reportAttributeAccessIssue]  # this process delivers once and ends
