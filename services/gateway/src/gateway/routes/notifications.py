"""What people are told, and where. Targets go in and never come out."""

from litestar import Response, get, post, put
from litestar.params import JSONBody

from gateway.notify.bodies import NotificationsBody, TryBody
from gateway.notify.manage import Notifications
from gateway.notify.views import NotificationsView, TriedView, notifications_view
from gateway.routes.shared import (
    AdmissionPart,
    IfMatch,
    NotificationsPart,
    json_only,
    problems,
    required_revision,
)


@get("/api/notifications", responses=problems())
async def read_notifications(notifications: NotificationsPart) -> Response[NotificationsView]:
    """Give the settings and the newest deliveries; the ETag is the settings' revision."""
    return await _answer(notifications)


@put(
    "/api/notifications",
    guards=[json_only],
    responses=problems(400, 409, 412, 413, 415, 422, 428, 507),
)
async def change_notifications(
    data: JSONBody[NotificationsBody],
    notifications: NotificationsPart,
    admission: AdmissionPart,
    if_match: IfMatch = None,
) -> Response[NotificationsView]:
    """Replace the settings, all of them.

    To add, replace or remove a channel or the heartbeat needs a fresh sign-in; whoever was told
    before is told of it, too.
    """
    await notifications.change(data, if_match=required_revision(if_match), actor=admission.actor)
    return await _answer(notifications)


@post(
    "/api/notifications/test",
    status_code=200,
    guards=[json_only],
    responses=problems(400, 404, 409, 413, 415, 422),
)
async def test_channel(data: JSONBody[TryBody], notifications: NotificationsPart) -> TriedView:
    """Send a test to one channel, and wait for what comes of it."""
    error = await notifications.test(data.channel)
    return TriedView(status="failed" if error else "delivered", error=error)


async def _answer(notifications: Notifications) -> Response[NotificationsView]:
    config, outbox = await notifications.read()
    is_available = notifications.sealer is not None
    view = notifications_view(config, outbox, is_available=is_available)
    return Response(view, headers={"ETag": f'"{config.number}"'})
