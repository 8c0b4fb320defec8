"""What parties hear: the restrictions that risk sets and lifts."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import usecases
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World


class RestrictionSet(Hears):
    """A restriction is in force."""

    type: ClassVar[str] = "cxbank.risk.restriction_set.v1"
    restriction_id: UUID
    customer_id: UUID


class RestrictionLifted(Hears):
    """A restriction is not in force any more."""

    type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"
    restriction_id: UUID
    customer_id: UUID


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(RestrictionSet, RestrictionLifted)
    async def heard_restrictions(
        tx: AsyncConnection, events: Sequence[Heard[RestrictionSet | RestrictionLifted]]
    ) -> None:
        rows = [
            {
                "restriction_id": event.data.restriction_id,
                "customer_id": event.data.customer_id,
                "version": event.sequence or 0,
                "in_force": int(isinstance(event.data, RestrictionSet)),
            }
            for event in events
        ]
        await usecases.learn_restrictions(world, tx, rows)
