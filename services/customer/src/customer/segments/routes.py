"""HTTP of segments: define, change, list, preview, members, and a customer's own. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from pydantic import AwareDatetime

from customer.segments import repository, usecases
from customer.segments.access import CanDefine, CanRead, CanReadOf
from customer.segments.schemas import (
    ChangeSegment,
    CutVersion,
    DefineSegment,
    FreezeCuts,
    Member,
    Memberships,
    Preview,
    Previewed,
    Segment,
    SegmentDetail,
    State,
)
from customer.segments.tables import segment
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router

segments = Router(prefix="/v1/segments", tags=["segments"])
of_customer = Router(prefix="/v1/customers/{customer_id}/segments", tags=["segments"])
router = Router(tags=["segments"])

Show = Annotated[Grouped[usecases.Look, Memberships], grouped(usecases.show_memberships)]


@segments.post("", status_code=201, response_model=Segment)
async def define_segment(request: Request, body: DefineSegment, caller: CanDefine, tx: Tx) -> Response:
    """Define a segment; its `key` is its key: a repeat answers 200. Everybody is judged by it from this instant on.

    Errors: 409 the key is known with other content; 422 the rule does not parse or type-check, costs too much, asks
    about a segment that is not there or about itself: `errors` say which, with line and column.
    """
    view, replayed = await usecases.define_segment(request.app.state.world, tx, body, caller)
    return created(Answer(view, replayed=replayed), location=f"/v1/segments/{view.id}", version=view.version)


@segments.get("")
async def list_segments(
    caller: CanRead, db: Read, cursor: Cursor, limit: Limit = 50, state: State | None = None
) -> Page[Segment]:
    """Segments, newest first."""
    chosen = repository.listing(state)
    return await keyset(db, chosen, (segment.c.created_at, segment.c.id), cursor, limit, usecases.view_of)


@segments.post("/previews", status_code=200)
async def preview_segment(request: Request, body: Preview, caller: CanDefine, db: Read) -> Previewed:
    """How many a rule would have now, and some of them, before it is saved. Errors: 422 as when saving it."""
    return await usecases.preview(request.app.state.world, db, body)


@segments.post("/presets", status_code=200)
async def adopt_presets(request: Request, caller: CanDefine, tx: Tx) -> list[Segment]:
    """Define the segments that come with the service; those already there stay as they are. The ones made now."""
    return await usecases.adopt_presets(request.app.state.world, tx, caller)


@segments.post("/cuts", status_code=201, response_model=CutVersion)
async def freeze_cuts(request: Request, body: FreezeCuts, caller: CanDefine) -> Response:
    """Freeze the fifths of RFM, or the clusters found now; a repeat for the same instant answers 200 with what was found.

    Errors: 422 `valid_from` lies in the past, or there are too few customers, or they do not differ.
    """
    view, replayed = await usecases.freeze_cuts(request.app.state.world, body, caller)
    return created(Answer(view, replayed=replayed), location="/v1/segments/cuts", version=1)


@segments.get("/cuts")
async def list_cuts(caller: CanRead, db: Read) -> list[CutVersion]:
    """Every version of cut points and clusters: a handful, so that they come whole."""
    return await usecases.list_cuts(db)


@segments.get("/{segment_id}", response_model=SegmentDetail)
async def show_segment(segment_id: UUID, caller: CanRead, db: Read) -> Response:
    """One segment with its size, and up to which instant that is told."""
    view = await usecases.show_segment(db, segment_id)
    return with_etag(view, version=view.version)


@segments.patch("/{segment_id}", response_model=Segment)
async def change_segment(
    request: Request, segment_id: UUID, body: ChangeSegment, caller: CanDefine, match: IfMatch, tx: Tx
) -> Response:
    """Change a segment by RFC 7396 merge patch; a new rule judges from this instant on, what was before stays told.

    Errors: 409 it is asked about and cannot be archived; 412 stale; 422 as when defining; 428 without `If-Match`.
    """
    view = await usecases.change_segment(request.app.state.world, tx, segment_id, body, match, caller)
    return with_etag(view, version=view.version)


@segments.get("/{segment_id}/members")
async def list_members(
    request: Request,
    segment_id: UUID,
    caller: CanRead,
    tx: Tx,
    cursor: Cursor,
    limit: Limit = 50,
    as_of: AwareDatetime | None = None,
) -> Page[Member]:
    """Who is in, latest first: ids, since when, through what, on what that rests; `as_of` as recorded then.

    Who is denied by a word that is recorded and not carried through yet is left out. The reading is recorded. Errors: 422
    `as_of` lies ahead.
    """
    return await usecases.list_members(request.app.state.world, tx, segment_id, caller, cursor, limit, as_of)


@of_customer.get("")
async def show_memberships(
    customer_id: UUID, show: Show, caller: CanReadOf, *, explain: bool = False, as_of: AwareDatetime | None = None
) -> Memberships:
    """A customer's segments; `as_of` as recorded then; `explain` tells of every segment which condition, which value.

    Of themself a customer reads neither reasons nor the segments that rank them or would tip them off.
    """
    return await show(usecases.Look(customer_id, caller, explain, as_of))


router.include_router(segments)
router.include_router(of_customer)
