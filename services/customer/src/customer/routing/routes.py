"""HTTP of the card: one read, grouped. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from customer.routing import usecases
from customer.routing.access import CanRead
from customer.routing.schemas import RoutingProfile
from shared.etags import with_etag
from shared.grouping import Grouped, grouped
from shared.routing import Router

router = Router(prefix="/v1/customers/{customer_id}/routing-profile", tags=["routing"])

Show = Annotated[Grouped[tuple[UUID, object], RoutingProfile], grouped(usecases.show_profiles)]


@router.get("", response_model=RoutingProfile)
async def show_routing_profile(customer_id: UUID, show: Show, caller: CanRead) -> Response:
    """The card of a party, whichever of its records is asked for; the reading is recorded before the answer leaves.

    Needs, alerts, restrictions, the risk level and why a channel is barred need `customer.routing-details:read` besides.
    The ETag is the card's version: the one `routing_profile_changed` tells.

    Errors: 404 unknown, or another customer's; 410 erased.
    """
    view = await show((customer_id, caller))
    return with_etag(view, version=view.version)
