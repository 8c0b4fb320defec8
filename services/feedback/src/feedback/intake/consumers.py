"""What intake hears: who the customers are, in three fields, and their routing cards."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from feedback.intake import usecases
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World


class CustomerRegistered(Hears):
    """What of a customer the frame of a sample and a case's urgency need."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"
    customer_id: UUID
    tier: str
    region: str | None = None
    state: str | None = None


class CustomerChanged(CustomerRegistered):
    """The same, later."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class CustomerClosed(CustomerRegistered):
    """The relation ended."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"


class CustomerSnapshot(CustomerRegistered):
    """Said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"


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
        rows = [event.data.model_dump() | {"version": event.sequence or 0} for event in events]
        await usecases.learn_customers(world, tx, rows)

    @handlers.on(RoutingProfileChanged, RoutingProfileSnapshot)
    async def heard_cards(tx: AsyncConnection, events: Sequence[Heard[RoutingProfileChanged]]) -> None:
        await usecases.learn_cards(world, tx, [event.data.model_dump() for event in events])
