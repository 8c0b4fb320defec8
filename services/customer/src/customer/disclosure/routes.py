"""HTTP of openings: ask, confirm, revoke, break the glass, review, and see who looked. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from customer import storage
from customer.disclosure import usecases
from customer.disclosure.access import (
    CanAsk,
    CanBreak,
    CanConfirm,
    CanRead,
    CanReadLog,
    CanReadReviews,
    CanReview,
    CanRevoke,
)
from customer.disclosure.schemas import (
    AccessGrant,
    AccessLine,
    AccessReview,
    AskAccess,
    AskAccessOf,
    BreakGlass,
    BreakGlassOf,
    ConfirmAccess,
    JudgeAccess,
)
from shared.db import Read, Tx
from shared.etags import created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.pagination import Cursor, Limit, Page
from shared.routing import Router
from shared.subjects import reach

router = Router(tags=["disclosure"])
_GRANTS = "/v1/customers/{customer_id}/access-grants"

Ask = Annotated[Grouped[Wish[AskAccessOf], Answer[AccessGrant]], grouped(usecases.ask_access)]
Break = Annotated[Grouped[Wish[BreakGlassOf], Answer[AccessGrant]], grouped(usecases.break_glass)]
Confirm = Annotated[Grouped[usecases.Confirmation, AccessGrant], grouped(usecases.confirm_grants)]


@router.post(_GRANTS, status_code=201, response_model=AccessGrant)
async def ask_access(
    request: Request, customer_id: UUID, body: AskAccess, ask: Ask, caller: CanAsk, key: IdempotencyKey = None
) -> Response:
    """Ask to see (or change) fields of a customer for a purpose and a time; nothing is open until it is confirmed.

    Errors: 410 erased; 422 no `Idempotency-Key`; 429 too many codes for this customer within the hour.
    """
    whole = AskAccessOf.model_validate({"customer_id": customer_id, **body.model_dump(exclude_unset=True)})
    answer = await ask(wish_for(request.app.state.keyring, "access_grant", whole, caller, key))
    location = f"/v1/customers/{customer_id}/access-grants/{answer.view.id}"
    return created(answer, location=location, version=answer.view.version)


@router.get(_GRANTS)
async def list_access_grants(
    request: Request, customer_id: UUID, caller: CanRead, db: Read, cursor: Cursor, limit: Limit = 50
) -> Page[AccessGrant]:
    """Who asked to see what of a customer, and where each request stands; newest first.

    Neither this nor what acts on one tells the customer of an opening that their access log keeps quiet.
    """
    await reach(db, storage.LINKS, caller, customer_id)
    return await usecases.list_grants(request.app.state.world, db, customer_id, caller, cursor, limit)


@router.get(_GRANTS + "/{grant_id}", response_model=AccessGrant)
async def show_access_grant(request: Request, customer_id: UUID, grant_id: UUID, caller: CanRead, db: Read) -> Response:
    """One authorisation, with its state now."""
    await reach(db, storage.LINKS, caller, customer_id)
    view = await usecases.show_grant(request.app.state.world, db, customer_id, grant_id, caller)
    return with_etag(view, version=view.version)


@router.post(_GRANTS + "/{grant_id}/confirmations", response_model=AccessGrant)
async def confirm_access(
    customer_id: UUID, grant_id: UUID, body: ConfirmAccess, confirm: Confirm, caller: CanConfirm
) -> Response:
    """The customer's yes: their own token, or the code they read out to whoever asked.

    Errors: 403 the code is wrong (counted); 409 confirmed, declined, expired, or locked after too many wrong codes.
    """
    view = await confirm(usecases.Confirmation(customer_id, grant_id, body.code, caller))
    return with_etag(view, version=view.version)


@router.post(_GRANTS + "/{grant_id}/revocations", response_model=AccessGrant)
async def revoke_access(request: Request, customer_id: UUID, grant_id: UUID, caller: CanRevoke, tx: Tx) -> Response:
    """Decline a request, or end an authorisation now; the same again changes nothing. Errors: 409 it is over."""
    await reach(tx, storage.LINKS, caller, customer_id)
    view = await usecases.revoke_grant(request.app.state.world, tx, customer_id, grant_id, caller)
    return with_etag(view, version=view.version)


@router.post("/v1/customers/{customer_id}/break-glass", status_code=201, response_model=AccessGrant)
async def break_glass(
    request: Request, customer_id: UUID, body: BreakGlass, broken: Break, caller: CanBreak, key: IdempotencyKey = None
) -> Response:
    """Open fields at once without the customer: needs the role `break_glass`, is said aloud, and is reviewed."""
    whole = BreakGlassOf.model_validate({"customer_id": customer_id, **body.model_dump()})
    answer = await broken(wish_for(request.app.state.keyring, "break_glass", whole, caller, key))
    location = f"/v1/customers/{customer_id}/access-grants/{answer.view.id}"
    return created(answer, location=location, version=answer.view.version)


@router.get("/v1/access-reviews")
async def list_access_reviews(
    caller: CanReadReviews,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    *,
    unjudged: Annotated[bool, Query(description="false: all of them")] = True,
) -> Page[AccessReview]:
    """Broken glasses that nobody has judged yet (`unjudged=false`: all), newest first, without their notes."""
    return await usecases.list_reviews(db, cursor, limit, open_only=unjudged)


@router.get("/v1/access-reviews/{review_id}", response_model=AccessReview)
async def show_access_review(request: Request, review_id: UUID, caller: CanReadReviews, tx: Tx) -> Response:
    """One broken glass with the note of who broke it; the reading is recorded."""
    view = await usecases.show_review(request.app.state.world, tx, review_id, caller)
    return with_etag(view, version=view.version)


@router.post("/v1/access-reviews/{review_id}/verdicts", response_model=AccessReview)
async def judge_access(request: Request, review_id: UUID, body: JudgeAccess, caller: CanReview, tx: Tx) -> Response:
    """Judge it, once. Errors: 409 it was judged before, or the reviewer is who broke it."""
    view = await usecases.judge(request.app.state.world, tx, review_id, body.verdict, caller)
    return with_etag(view, version=view.version)


@router.get("/v1/customers/{customer_id}/access-log")
async def show_access_log(
    request: Request, customer_id: UUID, caller: CanReadLog, tx: Tx, cursor: Cursor, limit: Limit = 50
) -> Page[AccessLine]:
    """Who looked at what of a customer, when and why, out of the tamper-evident record itself; newest first.

    Under whichever id it stands that counts as the same customer now.
    """
    await reach(tx, storage.LINKS, caller, customer_id)
    return await usecases.who_looked(request.app.state.world, tx, customer_id, caller, cursor, limit)
