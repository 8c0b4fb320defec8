"""HTTP of interactions: record, import, read. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from customer import storage
from customer.interactions import usecases
from customer.interactions.access import CanImport, CanRecord, CanSee
from customer.interactions.schemas import Interaction, RecordInteraction, cells
from shared.etags import created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.jobs.importer import Importer
from shared.jobs.routes import import_route
from shared.routing import Router

router = Router(prefix="/v1/interactions", tags=["interactions"])
INTERACTIONS = Importer(
    "interactions", usecases.INTERACTION, RecordInteraction, usecases.record_interactions, cells=cells
)
import_route(router, INTERACTIONS, storage.JOBS, CanImport)

Record = Annotated[Grouped[Wish[RecordInteraction], Answer[Interaction]], grouped(usecases.record_interactions)]
Show = Annotated[Grouped[tuple[UUID, object], Interaction], grouped(usecases.show_interactions)]


@router.post("", status_code=201, response_model=Interaction)
async def record_interaction(
    request: Request, body: RecordInteraction, record: Record, caller: CanRecord, key: IdempotencyKey = None
) -> Response:
    """Record one thing that happened; a repeat by `event_id` answers 200. A customer not heard of yet is no error.

    Errors: 409 the `event_id` is known with other content; 410 the customer was erased; 422 a time more than two minutes
    ahead, an unknown currency.
    """
    answer = await record(wish_for(request.app.state.keyring, usecases.INTERACTION, body, caller, key))
    return created(answer, location=f"/v1/interactions/{answer.view.id}", version=answer.view.version)


@router.get("/{interaction_id}", response_model=Interaction)
async def show_interaction(interaction_id: UUID, show: Show, caller: CanSee) -> Response:
    """One interaction; the reading is recorded before the answer leaves. A customer sees their own, without screenings."""
    view = await show((interaction_id, caller))
    return with_etag(view, version=view.version)
