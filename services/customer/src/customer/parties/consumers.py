"""What parties hear: the restrictions that risk sets and lifts, and how each stands when it is said again."""

from collections.abc import Sequence
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import usecases
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World

_ACTIVE: Final = "active"


class _Restriction(Hears):
    restriction_id: UUID
    customer_id: UUID
    state: str = _ACTIVE


class RestrictionSet(_Restriction):
    """A restriction is in force."""

    type: ClassVar[str] = "cxbank.risk.restriction_set.v1"


class RestrictionLifted(_Restriction):
    """A restriction is not in force any more."""

    type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"


class RestrictionSnapshot(_Restriction):
    """How a restriction stands, said again: a service that was rebuilt knows it from this alone."""

    type: ClassVar[str] = "cxbank.risk.snapshot.v1"


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(RestrictionSet, RestrictionLifted, RestrictionSnapshot)
    async def heard_restrictions(tx: AsyncConnection, events: Sequence[Heard[_Restriction]]) -> None:
        rows = [
            {
                "restriction_id": event.data.restriction_id,
                "customer_id": event.data.customer_id,
                "version": event.sequence or 0,
                "in_force": int(not isinstance(event.data, RestrictionLifted) and event.data.state == _ACTIVE),
            }
            for event in events
        ]
        await usecases.learn_restrictions(world, tx, rows)
