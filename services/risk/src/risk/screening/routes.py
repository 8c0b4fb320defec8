"""HTTP of screenings and restrictions: decide, read, list, lift. No SQL, no rules."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response

from risk import storage
from risk.screening import repository
from risk.screening.access import CanLift, CanRead, CanReadRestrictions, CanScreen
from risk.screening.domain.restrictions import RestrictionState
from risk.screening.schemas import LiftRestriction, Restriction, ScreenEvent, Screening, ScreeningLine
from risk.screening.tables import restriction, screening
from risk.screening.usecases import restrictions
from risk.screening.usecases import screening as usecases
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, Wish, wish_for
from shared.jobs.importer import Importer
from shared.jobs.routes import import_route
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router

_OWN_CELLS = frozenset({"event_id", "kind", "customer_id", "occurred_at", "external_ref"})
_MONEY_CELLS = ("amount", "currency")


def nested(cells: dict[str, str]) -> dict[str, Any]:
    """A CSV row as a body: `amount` and `currency` make the money, every column it does not know is an attribute."""
    body: dict[str, Any] = {name: cell for name, cell in cells.items() if name in _OWN_CELLS}
    money = {name: cells[name] for name in _MONEY_CELLS if name in cells}
    attributes = {name: cell for name, cell in cells.items() if name not in _OWN_CELLS and name not in money}
    return body | ({"amount": money} if money else {}) | ({"attributes": attributes} if attributes else {})


router = Router(prefix="/v1/screenings", tags=["screening"])
restrictions_router = Router(prefix="/v1/restrictions", tags=["screening"])
SCREENINGS = Importer("screenings", usecases.SCREENING, ScreenEvent, usecases.screen_events, nested)
import_route(router, SCREENINGS, storage.JOBS, CanScreen)

Screen = Annotated[Grouped[Wish[ScreenEvent], Answer[Screening]], grouped(usecases.screen_events)]
Show = Annotated[Grouped[tuple[UUID, object], Screening], grouped(usecases.show_screenings, looks=True)]


@router.post("", status_code=201, response_model=Screening)
async def screen_event(request: Request, body: ScreenEvent, screen: Screen, caller: CanScreen) -> Response:
    """Decide one event; the decision is durable before it is answered, and the same event id has the same answer.

    Errors: 409 the `event_id` is known with other content; 410 the customer was erased.
    """
    answer = await screen(wish_for(request.app.state.keyring, usecases.SCREENING, body, caller))
    return created(answer, location=f"/v1/screenings/{answer.view.id}", version=answer.view.version)


@router.get("", response_model=Page[ScreeningLine])
async def list_screenings(
    caller: CanRead, db: Read, cursor: Cursor, limit: Limit = 50, customer_id: UUID | None = None
) -> Page[ScreeningLine]:
    """Decisions, newest first, without what they rest on."""
    chosen = repository.listing(customer_id=customer_id)
    return await keyset(db, chosen, (screening.c.created_at, screening.c.id), cursor, limit, usecases.line)


@router.get("/{screening_id}", response_model=Screening)
async def show_screening(screening_id: UUID, show: Show, caller: CanRead) -> Response:
    """One decision with the rules that fired and the values they saw. The reading is recorded before the answer leaves."""
    view = await show((screening_id, caller))
    return with_etag(view, version=view.version)


@restrictions_router.get("", response_model=Page[Restriction])
async def list_restrictions(
    caller: CanReadRestrictions,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    customer_id: UUID | None = None,
    state: RestrictionState | None = None,
) -> Page[Restriction]:
    """Restrictions, newest first; each names the screening that set it."""
    chosen = repository.restriction_listing(customer_id=customer_id, state=state)
    columns = (restriction.c.created_at, restriction.c.id)
    return await keyset(db, chosen, columns, cursor, limit, restrictions.view_of)


@restrictions_router.get("/{restriction_id}", response_model=Restriction)
async def show_restriction(request: Request, restriction_id: UUID, caller: CanReadRestrictions, tx: Tx) -> Response:
    """One restriction. The reading is recorded before the answer leaves."""
    view = await restrictions.show_restriction(request.app.state.world, tx, restriction_id, caller)
    return with_etag(view, version=view.version)


@restrictions_router.patch("/{restriction_id}", response_model=Restriction)
async def lift_restriction(
    request: Request, restriction_id: UUID, body: LiftRestriction, caller: CanLift, match: IfMatch, tx: Tx
) -> Response:
    """Lift a restriction before its time. Errors: 409 it has ended already; 410; 412 stale; 428 without `If-Match`."""
    view = await restrictions.lift_restriction(request.app.state.world, tx, restriction_id, match, caller)
    return with_etag(view, version=view.version)
