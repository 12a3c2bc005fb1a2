"""Delegation: consent, a key, the owner's transactions, and the way back.

The revoke and its submission are of the stop's class: any session may that may act for the owner,
and nothing counts them.
"""

import base64
from uuid import UUID

from litestar import Response, get, post
from litestar.params import JSONBody

from contracts.delegation import OwnerTransactionKind, OwnerTransactionSent
from gateway import owner_views as views
from gateway.present_owner import consent_view, delegation_view, offer_view, text_of
from gateway.problems import Code, Problem
from gateway.requests import ConsentRequest, SignedTransactionRequest
from gateway.routes.shared import (
    AdmissionPart,
    IdempotencyKey,
    LivePart,
    OwnersPart,
    checked_key,
    json_only,
    problems,
)
from gateway.views import CommandAccepted


@get("/api/delegation", responses=problems())
async def read_delegation(
    live: LivePart, owners: OwnersPart, admission: AdmissionPart
) -> views.DelegationView:
    """Say who may sign for the account, as the chain was seen to show it, and what is missing."""
    session = admission.session
    is_owner, may_act = owners.is_owner(session), owners.may_act(session)
    return delegation_view(live, owners.place, is_owner=is_owner, may_act=may_act)


@get("/api/delegation/consent", responses=problems(409))
async def read_consent(live: LivePart, owners: OwnersPart) -> views.ConsentTextView:
    """Give the text that the owner agrees to before a key is made."""
    text = text_of(live.state, owners.place)
    if text is None:
        detail = "expected an account that a wallet owns, found the paper desk's own"
        raise Problem(Code.NO_OWNER, detail)
    return consent_view(live, text)


@post(
    "/api/delegation/consent",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 409, 413, 415, 422, 507),
)
async def give_consent(
    data: JSONBody[ConsentRequest], owners: OwnersPart, admission: AdmissionPart
) -> CommandAccepted:
    """Agree to the text, named by its hash; needs a fresh sign-in.

    The owner's wallet may, or, where that cannot sign in, any wallet of the account.
    """
    done = await owners.consent(data.textSha256, actor=admission.actor, session=admission.session)
    pos = None if done.position is None else str(done.position)
    return CommandAccepted(command_id=str(done.command), pos=pos, status="recorded")


@post("/api/delegation/delegate", status_code=200, responses=problems(400, 404, 409, 422, 507))
async def delegate(
    live: LivePart,
    owners: OwnersPart,
    admission: AdmissionPart,
    idempotency_key: IdempotencyKey = None,
) -> views.OfferView:
    """Make a key, if none lives, and give the transaction that names it.

    Needs whoever may act for the owner, a fresh sign-in, and consent to the text that stands.
    """
    key = checked_key(idempotency_key)
    offer = await owners.delegate(key, actor=admission.actor, session=admission.session)
    return offer_view(live, owners.place, offer)


@post(
    "/api/delegation/revoke",
    status_code=200,
    request_max_body_size=None,
    responses=problems(409, 507),
)
async def revoke(live: LivePart, owners: OwnersPart, admission: AdmissionPart) -> views.OfferView:
    """Give the transaction that cancels orders and names no delegate, all or nothing.

    With an open position its stop and take-profits stay, and a warning says what that means.
    """
    offer = await owners.revoke(actor=admission.actor, session=admission.session)
    return offer_view(live, owners.place, offer)


@post(
    "/api/delegation/submit",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 404, 409, 413, 415, 422, 507),
)
async def submit_delegate(
    data: JSONBody[SignedTransactionRequest], owners: OwnersPart, admission: AdmissionPart
) -> Response[views.SubmittedView]:
    """Send the delegation that the owner's wallet signed.

    It may have set the compute budget and added Lighthouse's assertions; anything else that is not
    as it was offered is `tx_altered`.
    """
    return await _submit(data, owners, admission, OwnerTransactionKind.DELEGATE)


@post(
    "/api/delegation/revoke/submit",
    status_code=202,
    guards=[json_only],
    responses=problems(400, 404, 409, 413, 415, 422, 507),
)
async def submit_revoke(
    data: JSONBody[SignedTransactionRequest], owners: OwnersPart, admission: AdmissionPart
) -> Response[views.SubmittedView]:
    """Send the revoke that the owner's wallet signed; as with a delegation."""
    return await _submit(data, owners, admission, OwnerTransactionKind.REVOKE)


async def _submit(
    data: SignedTransactionRequest,
    owners: OwnersPart,
    admission: AdmissionPart,
    kind: OwnerTransactionKind,
) -> Response[views.SubmittedView]:
    try:
        signed = base64.b64decode(data.base64, validate=True)
    except ValueError:
        raise Problem(Code.TX_ALTERED, "expected base64, found something else") from None
    sent: OwnerTransactionSent = await owners.submit(
        UUID(data.txId),
        signed,
        kind=kind,
        actor=admission.actor,
        session=admission.session,
    )
    view = views.SubmittedView(tx_id=data.txId, signature=sent.signature, status="sent")
    return Response(view)
