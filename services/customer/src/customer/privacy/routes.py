"""HTTP of privacy: erasures, requests with their clocks, bundles, holds. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse

from customer import storage
from customer.privacy import repository, usecases
from customer.privacy.access import CanAnswer, CanAsk, CanErase, CanHold, CanRead, CanSee, CanSeeHolds
from customer.privacy.clients import Others, others
from customer.privacy.domain import RequestKind, RequestState
from customer.privacy.schemas import (
    Certificate,
    CheckIdentity,
    Clocks,
    DecideRequest,
    Erasure,
    ExtendRequest,
    LegalHold,
    PrivacyRequest,
    RequestDetails,
    RequestErasure,
    SetHold,
    SubmitRequest,
)
from customer.privacy.tables import legal_hold, privacy_request
from shared import clock
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.exports import NDJSON
from shared.idempotency import Answer, IdempotencyKey, wish_for
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router
from shared.subjects import circles

router = Router(prefix="/v1/customers/{customer_id}/erasures", tags=["privacy"])
requests_router = Router(prefix="/v1/privacy-requests", tags=["privacy"])
holds_router = Router(prefix="/v1/legal-holds", tags=["privacy"])


def _others(request: Request) -> Others:
    found: Others | None = getattr(request.app.state, "others", None)
    if found is None:
        found = request.app.state.others = others(request.app.state.settings)
    return found


AskOthers = Annotated[Others, Depends(_others)]


@router.post("", status_code=201, response_model=Erasure)
async def request_erasure(
    request: Request, customer_id: UUID, body: RequestErasure, caller: CanErase, tx: Tx
) -> Response:
    """Forget one record of a customer in all five services; a repeat answers 200 with the erasure as it is now.

    An id nobody has heard of yet is accepted: it becomes a tombstone, so that nothing late brings the person back.
    A privacy request of kind `erasure` forgets every record linked as the person. Errors: 409 a duty or an order keeps
    something of the person; such a request does the rest and says what stays.
    """
    caller.see(customer_id)
    view, replayed = await usecases.erase_whole(request.app.state.world, tx, customer_id, caller)
    answer = Answer(view, replayed=replayed)
    return created(answer, location=f"/v1/customers/{customer_id}/erasures", version=view.version)


@router.get("", response_model=Erasure)
async def show_erasure(customer_id: UUID, caller: CanRead, tx: Tx) -> Response:
    """The erasure of a customer: which services have confirmed or kept, and whether it is complete."""
    caller.see(customer_id)
    view = await usecases.show_erasure(tx, customer_id)
    return with_etag(view, version=view.version)


@requests_router.post("", status_code=201, response_model=PrivacyRequest)
async def submit_privacy_request(
    request: Request, body: SubmitRequest, caller: CanAsk, tx: Tx, key: IdempotencyKey = None
) -> Response:
    """A person uses a right: its clock runs, and it is carried out at once where it is sure who asks.

    Errors: 404 no such customer, or another; 410 erased; 422 no regime of that name has a clock for requests.
    """
    caller.see(body.customer_id)
    world = request.app.state.world
    answer = await usecases.submit_request(world, tx, wish_for(world.keyring, "privacy_request", body, caller, key))
    return created(answer, location=f"/v1/privacy-requests/{answer.view.id}", version=answer.view.version)


@requests_router.get("")
async def list_privacy_requests(
    request: Request,
    caller: CanSee,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    customer_id: UUID | None = None,
    kind: RequestKind | None = None,
    state: RequestState | None = None,
) -> Page[PrivacyRequest]:
    """Requests, newest first, each with its deadline as it is now; a customer's token lists its own."""
    ids = None if customer_id is None else [customer_id]
    if caller.actor == "customer" and caller.customer_id is not None:
        ids = (await circles(db, storage.LINKS, [caller.customer_id]))[caller.customer_id]
    chosen = repository.requests(customer_ids=ids, kind=kind, state=state)
    world, at = request.app.state.world, clock.now()
    columns = (privacy_request.c.received_at, privacy_request.c.id)
    return await keyset(db, chosen, columns, cursor, limit, lambda row: usecases.shown(world, row, (), at))


@requests_router.get("/{request_id}", response_model=PrivacyRequest)
async def show_privacy_request(request: Request, request_id: UUID, caller: CanSee, tx: Tx) -> Response:
    """One request: how far it has come, by when it must be answered, and what is refused by which rule."""
    view = await usecases.show_request(request.app.state.world, tx, request_id, caller)
    return with_etag(view, version=view.version)


@requests_router.get("/{request_id}/clocks")
async def show_privacy_clocks(request: Request, request_id: UUID, caller: CanSee, tx: Tx) -> Clocks:
    """The statutory clock with the arithmetic a person can follow, its source and how sure it is."""
    return await usecases.clocks_of(request.app.state.world, tx, request_id, caller)


@requests_router.get("/{request_id}/details")
async def show_privacy_details(request: Request, request_id: UUID, caller: CanAnswer, tx: Tx) -> RequestDetails:
    """What the person wrote, such as what is to be put right, for who answers it; recorded. Errors: 410 erased."""
    return await usecases.show_details(request.app.state.world, tx, request_id, caller)


@requests_router.get("/{request_id}/certificate")
async def show_erasure_certificate(request: Request, request_id: UUID, caller: CanSee, tx: Tx) -> Certificate:
    """What an erasure removed in each of the five services, what stays by which rule and until when.

    Errors: 404 the request is no erasure; 409 not every service has answered yet.
    """
    return await usecases.show_certificate(request.app.state.world, tx, request_id, caller)


@requests_router.get(
    "/{request_id}/bundle",
    response_class=StreamingResponse,
    responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
)
async def fetch_privacy_bundle(request: Request, request_id: UUID, caller: CanSee, ask: AskOthers) -> StreamingResponse:
    """Everything all five services hold of the person, one `{service, section, record}` a line.

    Errors: 409 a service has not answered yet; 410 erased since; 503 a service cannot hand over now.
    """
    stream = await usecases.bundle(request.app.state.world, ask, request_id, caller)
    return StreamingResponse(stream, media_type=NDJSON)


@requests_router.post("/{request_id}/identity-checks", response_model=PrivacyRequest)
async def check_requester(
    request: Request, request_id: UUID, body: CheckIdentity, caller: CanAnswer, tx: Tx
) -> Response:
    """It is sure now who asked: the clock goes on, and the request is carried out.

    Errors: 409 it was sure already, or the request is answered.
    """
    view = await usecases.check_identity(request.app.state.world, tx, request_id, body, caller)
    return with_etag(view, version=view.version)


@requests_router.post("/{request_id}/extensions", response_model=PrivacyRequest)
async def extend_privacy_request(
    request: Request, request_id: UUID, body: ExtendRequest, caller: CanAnswer, tx: Tx
) -> Response:
    """Grant an extension the regime knows. Errors: 409 the period has ended; 422 no such extension."""
    view = await usecases.extend(request.app.state.world, tx, request_id, body, caller)
    return with_etag(view, version=view.version)


@requests_router.post("/{request_id}/decisions", response_model=PrivacyRequest)
async def decide_privacy_request(
    request: Request, request_id: UUID, body: DecideRequest, caller: CanAnswer, tx: Tx
) -> Response:
    """A person's answer: a rectification is done, or a request is refused by a rule that is named.

    Errors: 409 it is answered already, or the service carries it out by itself.
    """
    view = await usecases.decide(request.app.state.world, tx, request_id, body, caller)
    return with_etag(view, version=view.version)


@holds_router.post("", status_code=201, response_model=LegalHold)
async def set_legal_hold(
    request: Request, body: SetHold, caller: CanHold, tx: Tx, key: IdempotencyKey = None
) -> Response:
    """Keep everything of a customer until it is lifted. Errors: 404 no such customer; 410 erased."""
    world = request.app.state.world
    answer = await usecases.set_hold(world, tx, wish_for(world.keyring, "legal_hold", body, caller, key))
    return created(answer, location=f"/v1/legal-holds/{answer.view.id}", version=answer.view.version)


@holds_router.get("")
async def list_legal_holds(
    caller: CanSeeHolds, db: Read, cursor: Cursor, limit: Limit = 50, customer_id: UUID | None = None
) -> Page[LegalHold]:
    """Holds, newest first."""
    chosen = repository.holds(customer_id=customer_id)
    return await keyset(db, chosen, (legal_hold.c.set_at, legal_hold.c.id), cursor, limit, usecases.hold_of)


@holds_router.delete("/{hold_id}", response_model=LegalHold)
async def lift_legal_hold(request: Request, hold_id: UUID, caller: CanHold, match: IfMatch, tx: Tx) -> Response:
    """End a hold: what it kept from being erased goes on by itself."""
    view = await usecases.lift_hold(request.app.state.world, tx, hold_id, match, caller)
    return with_etag(view, version=view.version)
