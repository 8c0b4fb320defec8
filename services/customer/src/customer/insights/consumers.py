"""What insight hears: the service's own words about its parties, so that people are counted without opening a seal."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights import usecases
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World


class _Party(Hears):
    customer_id: UUID
    kind: str
    state: str
    tier: str
    age_band: str | None = None
    region: str | None = None
    version: int


class Registered(_Party):
    """A party is known from now on."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"


class Changed(_Party):
    """Something recorded of a party is different now."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class Closed(_Party):
    """The relation ended."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"


class Snapshot(_Party):
    """The present state, said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(Registered, Changed, Closed, Snapshot)
    async def heard_parties(
        tx: AsyncConnection, events: Sequence[Heard[Registered | Changed | Closed | Snapshot]]
    ) -> None:
        await usecases.learn_people(world, tx, [event.data.model_dump() for event in events])
