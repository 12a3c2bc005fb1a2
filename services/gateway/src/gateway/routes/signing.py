"""Signing by hand: who signs, what waits for the owner's wallet, and what it gives back.

What is submitted bears the wallet's own signature, so submitting is of the stop's class: any
session may that may act for the owner, and nothing counts it.
"""

import base64
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from contracts.manual import SigningMode
from gateway import signing_views as views
from gateway.owner_views import SubmittedView
from gateway.present_signing import height_of, offer_view, signing_view
from gateway.problems import Code, Problem
from gateway.requests import DeclineRequest, SignedTransactionRequest, SigningModeRequest
from gateway.routes.shared import (
    AdmissionPart,
    LivePart,
    OwnersPart,
    SigningPart,
    json_only,
    problems,
)


@get("/api/signing", responses=problems())
async def read_signing(
    live: LivePart, owners: OwnersPart, admission: AdmissionPart
) -> views.SigningView:
    """Say who signs for the account, what waits for the owner, and what came of what it signed."""
    return signing_view(live, may_act=owners.may_act(admission.session))


@get("/api/signing/offers/{tx_id:uuid}", responses=problems(404, 409))
async def read_offer(
    tx_id: FromPath[UUID], live: LivePart, signing: SigningPart
) -> views.SigningOfferView:
    """Give one transaction that waits for the owner's wallet."""
    view = offer_view(signing.offer(tx_id), height_of(live))
    if view is None:
        raise Problem(Code.TX_UNKNOWN, f"expected an offer with its bytes, found {tx_id}")
    return view


@post(
    "/api/signing/mode",
    status_code=200,
    guards=[json_only],
    responses=problems(400, 409, 413, 415, 422, 507),
)
async def choose_mode(
    data: JSONBody[SigningModeRequest],
    live: LivePart,
    signing: SigningPart,
    owners: OwnersPart,
    admission: AdmissionPart,
) -> views.SigningView:
    """Choose who signs from now on. Needs whoever may act for the owner, and a fresh sign-in.

    What is signed already keeps its fate. Offers end when a delegate signs again, and no entry is
    sent before the last block that could take an offered one.
    """
    mode, session = SigningMode(data.mode), admission.session
    await signing.choose(mode, actor=admission.actor, session=session)
    return signing_view(live, may_act=owners.may_act(session))


@post(
    "/api/signing/submit",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 404, 409, 413, 415, 422, 507),
)
async def submit_signed(
    data: JSONBody[SignedTransactionRequest], signing: SigningPart, admission: AdmissionPart
) -> Response[SubmittedView]:
    """Send what the owner's wallet signed.

    It may have set the compute budget and added Lighthouse's assertions; anything else that is not
    as it was offered is `tx_altered`. The same message again gives the same answer.
    """
    try:
        signed = base64.b64decode(data.base64, validate=True)
    except ValueError:
        raise Problem(Code.TX_ALTERED, "expected base64, found something else") from None
    sent = await signing.submit(
        UUID(data.txId), signed, actor=admission.actor, session=admission.session
    )
    view = SubmittedView(tx_id=data.txId, signature=sent.signature, status=sent.status.value)
    return Response(view)


@post(
    "/api/signing/decline",
    status_code=200,
    guards=[json_only],
    responses=problems(400, 404, 409, 413, 415, 422, 507),
)
async def decline(
    data: JSONBody[DeclineRequest],
    live: LivePart,
    signing: SigningPart,
    owners: OwnersPart,
    admission: AdmissionPart,
) -> views.SigningView:
    """Do not sign one. An entry is given up with its setup; anything else is asked for again."""
    session = admission.session
    await signing.decline(UUID(data.txId), actor=admission.actor, session=session)
    return signing_view(live, may_act=owners.may_act(session))
