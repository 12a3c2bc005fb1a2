"""Whether the gateway lives and works, and what it is."""

from litestar import Response, get

from gateway.present import version_view
from gateway.routes.shared import IdentityPart, LivePart, problems
from gateway.views import Health, Version


@get("/healthz", responses=problems())
async def healthz() -> Health:
    """Say that the process serves requests."""
    return Health(ok=True, reason="")


@get("/readyz", responses={**problems(), 503: problems(503)[503]})
async def readyz(live: LivePart) -> Response[Health]:
    """Say whether the gateway shows the whole log, and has an account to command."""
    if not live.hub.is_open:
        return Response(Health(ok=False, reason="reading the log"), status_code=503)
    if live.state.account is None:
        return Response(Health(ok=False, reason="no account yet"), status_code=503)
    return Response(Health(ok=True, reason=""))


@get("/api/version", responses=problems())
async def read_version(live: LivePart, identity: IdentityPart) -> Version:
    """Say what runs, and where its orders go."""
    return version_view(live, identity)
