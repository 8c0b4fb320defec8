"""HTTP of the card: one read, grouped, and what the bank notes. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from customer.routing import usecases
from customer.routing.access import CanNote, CanRead
from customer.routing.problems import CardNotTold
from customer.routing.schemas import NoteRoutingProfile, RoutingProfile
from shared.db import Tx
from shared.etags import IfMatch, with_etag
from shared.grouping import Grouped, grouped
from shared.routing import Router

router = Router(prefix="/v1/customers/{customer_id}/routing-profile", tags=["routing"])

Show = Annotated[Grouped[tuple[UUID, object], RoutingProfile], grouped(usecases.show_profiles, looks=True)]


@router.get("", response_model=RoutingProfile)
async def show_routing_profile(request: Request, customer_id: UUID, show: Show, caller: CanRead) -> Response:
    """The card of a party, whichever of its records is asked for; the reading is recorded before the answer leaves.

    Needs, alerts, restrictions, the risk level and why a channel is barred need `customer.routing-details:read` besides.
    The ETag is the card's version: the one `routing_profile_changed` tells.

    Errors: 404 unknown, or another customer's; 410 erased.
    """
    try:
        view = await show((customer_id, caller))
    except CardNotTold:
        world = request.app.state.world
        async with world.db.begin() as tx:
            await usecases.settle(world, tx, [customer_id])
        view = await show((customer_id, caller))
    return with_etag(view, version=view.version)


@router.patch("", response_model=RoutingProfile)
async def note_routing_profile(
    request: Request, customer_id: UUID, body: NoteRoutingProfile, caller: CanNote, match: IfMatch, tx: Tx
) -> Response:
    """Note the bank's own rating and alerts by RFC 7396 merge patch, on the version named by `If-Match`.

    The rest of a card follows from what is recorded elsewhere. Errors: 404; 410 erased; 412 stale; 428 without `If-Match`.
    """
    view = await usecases.note(request.app.state.world, tx, customer_id, body, match, caller)
    return with_etag(view, version=view.version)
