"""HTTP of relationships: say how two parties belong together, list, end. No SQL, no rules."""

from uuid import UUID

from fastapi import Request, Response
from pydantic import AwareDatetime

from customer.relationships import repository, usecases
from customer.relationships.access import CanRead, CanRelate
from customer.relationships.domain import RelationshipKind
from customer.relationships.schemas import Relate, Relationship
from customer.relationships.tables import relationship
from shared.db import Tx
from shared.etags import IfMatch, created
from shared.idempotency import IdempotencyKey, wish_for
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router

router = Router(prefix="/v1/customers/{customer_id}/relationships", tags=["relationships"])


@router.post("", status_code=201, response_model=Relationship)
async def relate_customers(
    request: Request, customer_id: UUID, body: Relate, caller: CanRelate, tx: Tx, key: IdempotencyKey = None
) -> Response:
    """The customer is to `other_id` what the kind says.

    Errors: 404, 410 one of them is unknown or erased; 409 it would close a circle, nest a household or own more than the
    whole; 422 the kinds of party do not fit.
    """
    wish = wish_for(request.app.state.keyring, f"{usecases.RESOURCE}:{customer_id}", body, caller, key)
    answer = await usecases.relate(request.app.state.world, tx, customer_id, wish)
    return created(
        answer,
        location=f"/v1/customers/{customer_id}/relationships/{answer.view.id}",
        version=answer.view.version,
    )


@router.get("", response_model=Page[Relationship])
async def list_relationships(
    request: Request,
    customer_id: UUID,
    caller: CanRead,
    tx: Tx,
    cursor: Cursor,
    limit: Limit = 50,
    kind: RelationshipKind | None = None,
    as_of: AwareDatetime | None = None,
) -> Page[Relationship]:
    """How a party belongs with others, from either end, newest first; with `as_of`, as it was recorded then."""
    await usecases.seen(request.app.state.world, tx, customer_id, caller)
    chosen = repository.listing(customer_id, kind, as_of)
    columns = (relationship.c.recorded_at, relationship.c.id)
    return await keyset(tx, chosen, columns, cursor, limit, usecases.view_of)


@router.delete("/{relationship_id}", status_code=204)
async def end_relationship(
    request: Request, customer_id: UUID, relationship_id: UUID, caller: CanRelate, match: IfMatch, tx: Tx
) -> None:
    """End it, on the version named by `If-Match`; the records keep that it was."""
    await usecases.end_relationship(request.app.state.world, tx, customer_id, relationship_id, match, caller)
