"""HTTP of tickets: open, read, list, call the next, finish. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from channel_router import storage
from channel_router.queue import repository, usecases
from channel_router.queue.access import CanList, CanOpen, CanRead, CanServe
from channel_router.queue.domain import TicketState
from channel_router.queue.schemas import CallNext, ChangeTicket, OpenTicket, PastTicket, Ticket
from channel_router.queue.tables import ticket
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.jobs.importer import Importer
from shared.jobs.routes import import_route
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router

router = Router(prefix="/v1/tickets", tags=["queue"])
TICKETS = Importer("tickets", "ticket", PastTicket, usecases.import_tickets)
import_route(router, TICKETS, storage.JOBS, CanServe)

Open = Annotated[Grouped[Wish[OpenTicket], Answer[Ticket]], grouped(usecases.open_tickets)]
Show = Annotated[Grouped[tuple[UUID, object], Ticket], grouped(usecases.show_tickets, looks=True)]


@router.post("", status_code=201, response_model=Ticket)
async def open_ticket(
    request: Request, body: OpenTicket, open_: Open, caller: CanOpen, key: IdempotencyKey = None
) -> Response:
    """Draw a ticket; the answer tells number, position and expected wait.

    Errors: 404 in another customer's name; 410 the customer was erased; 422 the place does not exist.
    """
    if body.customer_id is not None:
        caller.see(body.customer_id)
    answer = await open_(wish_for(request.app.state.keyring, "ticket", body, caller, key))
    return created(answer, location=f"/v1/tickets/{answer.view.id}", version=answer.view.version)


@router.get("", response_model=Page[Ticket])
async def list_tickets(
    caller: CanList,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    place_id: UUID | None = None,
    state: TicketState | None = None,
) -> Page[Ticket]:
    """Tickets, newest first, without their positions."""
    chosen = repository.listing(place_id=place_id, state=state)
    return await keyset(db, chosen, (ticket.c.created_at, ticket.c.id), cursor, limit, usecases.line)


@router.post("/calls", response_model=Ticket)
async def call_next(request: Request, body: CallNext, caller: CanServe, tx: Tx) -> Response:
    """Call whoever is next at a place, or 404; a person with an unfinished ticket gets that one again."""
    view = await usecases.call_next(request.app.state.world, tx, body, caller)
    return with_etag(view, version=view.version)


@router.get("/{ticket_id}", response_model=Ticket)
async def show_ticket(ticket_id: UUID, show: Show, caller: CanRead) -> Response:
    """One ticket, with its position and expected wait while it waits."""
    view = await show((ticket_id, caller))
    return with_etag(view, version=view.version)


@router.patch("/{ticket_id}", response_model=Ticket)
async def change_ticket(
    request: Request, ticket_id: UUID, body: ChangeTicket, caller: CanServe, match: IfMatch, tx: Tx
) -> Response:
    """Finish a ticket (`served`, `no_show`), let it go (`abandoned`), or let it wait again. Errors: 409, 412, 428."""
    view = await usecases.change_ticket(request.app.state.world, tx, ticket_id, body, match, caller)
    return with_etag(view, version=view.version)
