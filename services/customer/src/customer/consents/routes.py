"""HTTP of consent: purposes, words, receipts, decisions. No SQL, no rules."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from customer import storage
from customer.consents import usecases
from customer.consents.access import CanDecide, CanDefine, CanImport, CanRead, CanReadPurposes, CanRecord
from customer.consents.schemas import (
    AskDecision,
    ChangePurpose,
    ConsentDecision,
    ConsentReceipt,
    ConsentRecord,
    Consents,
    DefinePurpose,
    GiveConsent,
    PurposeView,
    RecordConsent,
)
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.jobs.importer import Importer
from shared.jobs.routes import import_route
from shared.pagination import Cursor, Limit, Page
from shared.routing import Router
from shared.subjects import reach

_LISTED = ("channels", "data_categories", "separate_categories")


def cells(row: dict[str, str]) -> dict[str, Any]:
    """A CSV row as a body: lists are separated by semicolons, `method` and `place` are the evidence."""
    told: dict[str, Any] = {name: value.split(";") if name in _LISTED else value for name, value in row.items()}
    evidence = {name: told.pop(name) for name in ("method", "place") if name in told}
    return told | ({"evidence": evidence} if evidence else {})


purposes = Router(prefix="/v1/purposes", tags=["consents"])
imports = Router(prefix="/v1/consents", tags=["consents"])
words = Router(prefix="/v1/customers/{customer_id}/consents", tags=["consents"])
router = Router(tags=["consents"])

CONSENTS = Importer("consents", "consent", RecordConsent, usecases.import_consents, cells)
import_route(imports, CONSENTS, storage.JOBS, CanImport)

Record = Annotated[Grouped[Wish[RecordConsent], Answer[ConsentRecord]], grouped(usecases.record_consents)]
Decide = Annotated[Grouped[tuple[AskDecision, object], ConsentDecision], grouped(usecases.decide_uses, looks=True)]


@purposes.post("", status_code=201, response_model=PurposeView)
async def define_purpose(request: Request, body: DefinePurpose, caller: CanDefine, tx: Tx) -> Response:
    """Define a purpose; its code is its key. Errors: 409 the code is known with other content."""
    view, replayed = await usecases.define_purpose(request.app.state.world, tx, body, caller)
    answer = Answer(view, replayed=replayed)
    return created(answer, location=f"/v1/purposes/{view.code}", version=view.version)


@purposes.get("")
async def list_purposes(caller: CanReadPurposes, db: Read) -> list[PurposeView]:
    """All purposes in their newest version: the catalogue is a handful, so that it comes whole."""
    return await usecases.list_purposes(db)


@purposes.get("/{code}", response_model=PurposeView)
async def show_purpose(
    code: str, caller: CanReadPurposes, db: Read, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    """One purpose, in its newest version or in the one named: the text as it was shown."""
    view = await usecases.show_purpose(db, code, version)
    return with_etag(view, version=view.version)


@purposes.patch("/{code}", response_model=PurposeView)
async def change_purpose(
    request: Request, code: str, body: ChangePurpose, caller: CanDefine, match: IfMatch, tx: Tx
) -> Response:
    """Make the next version by RFC 7396 merge patch; who consented before is asked again unless it is `equivalent`.

    Errors: 412 stale; 422 no legal basis left, or a version that would begin in the past; 428 without `If-Match`.
    """
    view = await usecases.change_purpose(request.app.state.world, tx, code, body, match, caller)
    return with_etag(view, version=view.version)


@words.post("", status_code=201, response_model=ConsentRecord)
async def record_consent(
    request: Request,
    customer_id: UUID,
    body: GiveConsent,
    record: Record,
    caller: CanRecord,
    key: IdempotencyKey = None,
) -> Response:
    """Grant, refuse or withdraw: one call each. A customer for themself; staff and back ends on their behalf.

    Errors: 409 the purpose rests on another basis; 410 erased; 422 what is not in the version shown.
    """
    whole = RecordConsent.model_validate({"customer_id": customer_id, **body.model_dump(exclude_unset=True)})
    answer = await record(wish_for(request.app.state.keyring, "consent", whole, caller, key))
    return created(answer, location=f"/v1/consent-receipts/{answer.view.id}", version=1)


@words.get("")
async def show_consents(
    request: Request,
    customer_id: UUID,
    caller: CanRead,
    tx: Tx,
    as_of: AwareDatetime | None = None,
    valid_at: AwareDatetime | None = None,
) -> Consents:
    """What each purpose allows, channel by channel; `as_of` as recorded then, `valid_at` as true then."""
    await reach(tx, storage.LINKS, caller, customer_id)
    world = request.app.state.world
    return await usecases.show_consents(world, tx, customer_id, caller, as_of=as_of, valid_at=valid_at)


@words.get("/history")
async def list_consent_history(
    request: Request, customer_id: UUID, caller: CanRead, tx: Tx, cursor: Cursor, limit: Limit = 50
) -> Page[ConsentRecord]:
    """Every word in the ledger, newest recorded first, with how and where it was given."""
    await reach(tx, storage.LINKS, caller, customer_id)
    return await usecases.history(request.app.state.world, tx, customer_id, caller, cursor, limit)


@router.get("/v1/consent-receipts/{receipt_id}")
async def show_consent_receipt(request: Request, receipt_id: UUID, caller: CanRead, tx: Tx) -> ConsentReceipt:
    """The receipt of one word in the structure of ISO/IEC TS 27560, with the text as it was shown."""
    return await usecases.show_receipt(request.app.state.world, tx, receipt_id, caller)


@router.post("/v1/consent-decisions", response_model=ConsentDecision)
async def decide_consent(body: AskDecision, decide: Decide, caller: CanDecide) -> Response:
    """May this be done to this customer? Allow with a receipt or a legal basis, else deny; unknown is deny.

    The answer is recorded before it leaves. It is always 200: a denial is an answer.
    """
    view = await decide((body, caller))
    return Response(view.__pydantic_serializer__.to_json(view), media_type="application/json")


router.include_router(purposes)
router.include_router(imports)
router.include_router(words)
