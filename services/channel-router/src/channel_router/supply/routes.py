"""HTTP of places: add, read, list, change. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from channel_router import storage
from channel_router.supply import repository, usecases
from channel_router.supply.access import CanChange, CanRead
from channel_router.supply.domain import PlaceKind, PlaceState
from channel_router.supply.problems import PlaceUnknown
from channel_router.supply.schemas import AddPlace, ChangePlace, Place
from channel_router.supply.tables import place
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.jobs.importer import Importer
from shared.jobs.routes import import_route
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router

router = Router(prefix="/v1/places", tags=["supply"])
PLACES = Importer("places", "place", AddPlace, usecases.add_places)
import_route(router, PLACES, storage.JOBS, CanChange)

Add = Annotated[Grouped[Wish[AddPlace], Answer[Place]], grouped(usecases.add_places)]


@router.post("", status_code=201, response_model=Place)
async def add_place(
    request: Request, body: AddPlace, add: Add, caller: CanChange, key: IdempotencyKey = None
) -> Response:
    """Add a place; a repeat by `external_ref` answers 200 with the place as it is now."""
    answer = await add(wish_for(request.app.state.keyring, "place", body, caller, key))
    return created(answer, location=f"/v1/places/{answer.view.id}", version=answer.view.version)


@router.get("", response_model=Page[Place])
async def list_places(
    caller: CanRead,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    kind: PlaceKind | None = None,
    state: PlaceState | None = None,
) -> Page[Place]:
    """Places, newest first."""
    chosen = repository.listing(kind=kind, state=state)
    return await keyset(db, chosen, (place.c.created_at, place.c.id), cursor, limit, usecases.view_of)


@router.get("/{place_id}", response_model=Place)
async def show_place(place_id: UUID, caller: CanRead, db: Read) -> Response:
    """One place."""
    rows = await repository.by_ids(db, [place_id])
    if not rows:
        raise PlaceUnknown()
    view = usecases.view_of(rows[0])
    return with_etag(view, version=view.version)


@router.patch("/{place_id}", response_model=Place)
async def change_place(
    request: Request, place_id: UUID, body: ChangePlace, caller: CanChange, match: IfMatch, tx: Tx
) -> Response:
    """Change a place by RFC 7396 merge patch, on the version named by `If-Match`."""
    view = await usecases.change_place(request.app.state.world, tx, place_id, body, match, caller)
    return with_etag(view, version=view.version)
