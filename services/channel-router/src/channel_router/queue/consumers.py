"""What the queue hears: tiers and routing cards of customers, and restrictions of risk."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from channel_router.queue import usecases
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World


class CustomerRegistered(Hears):
    """Two fields of nine: the tier decides how long one waits."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"
    customer_id: UUID
    tier: str


class CustomerChanged(CustomerRegistered):
    """The tier may be another now."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class CustomerClosed(CustomerRegistered):
    """The relation ended."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"


class CustomerSnapshot(CustomerRegistered):
    """Said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"


class RestrictionSet(Hears):
    """A restriction is in force."""

    type: ClassVar[str] = "cxbank.risk.restriction_set.v1"
    restriction_id: UUID
    customer_id: UUID


class RestrictionLifted(RestrictionSet):
    """A restriction is not in force any more."""

    type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"


class RoutingProfileChanged(Hears):
    """A customer's routing card is another: its version, and the fields that are not delicate."""

    type: ClassVar[str] = "cxbank.customer.routing_profile_changed.v1"
    customer_id: UUID
    version: int
    tier: str
    languages: list[str]
    preferred_channels: list[str]


class RoutingProfileSnapshot(RoutingProfileChanged):
    """The card as it is, said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.routing_profile_snapshot.v1"


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(CustomerRegistered, CustomerChanged, CustomerClosed, CustomerSnapshot)
    async def heard_customers(tx: AsyncConnection, events: Sequence[Heard[CustomerRegistered]]) -> None:
        rows = [
            {"customer_id": event.data.customer_id, "tier": event.data.tier, "version": event.sequence or 0}
            for event in events
        ]
        await usecases.learn_customers(world, tx, rows)

    @handlers.on(RestrictionSet, RestrictionLifted)
    async def heard_restrictions(tx: AsyncConnection, events: Sequence[Heard[RestrictionSet]]) -> None:
        rows = [
            {
                "restriction_id": event.data.restriction_id,
                "customer_id": event.data.customer_id,
                "version": event.sequence or 0,
                "in_force": not isinstance(event.data, RestrictionLifted),
            }
            for event in events
        ]
        await usecases.learn_restrictions(world, tx, rows)

    @handlers.on(RoutingProfileChanged, RoutingProfileSnapshot)
    async def heard_cards(tx: AsyncConnection, events: Sequence[Heard[RoutingProfileChanged]]) -> None:
        await usecases.learn_cards(world, tx, [event.data.model_dump() for event in events])
