"""What offers hear: that a product was opened, that an offer was shown, that records count as one person."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.offers import usecases
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World


class ProductOpened(Hears):
    """A customer opened a product: it may have been offered to them, or be what they are compared by."""

    type: ClassVar[str] = "cxbank.customer.product_opened.v1"
    customer_id: UUID


class OfferShown(Hears):
    """An offer was shown, which may be told after the product was opened."""

    type: ClassVar[str] = "cxbank.customer.offer_shown.v1"
    customer_id: UUID
    service: str


class Linked(Hears):
    """The member counts as the leader: what either took, the person took."""

    type: ClassVar[str] = "cxbank.customer.linked.v1"
    member: UUID


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears.

    One handler for all of it: each takes the rows it counts in one order, so that two workers do not wait for each other.
    """

    @handlers.on(ProductOpened, OfferShown, Linked)
    async def heard(tx: AsyncConnection, events: Sequence[Heard[ProductOpened | OfferShown | Linked]]) -> None:
        told = [event.data for event in events]
        ids = [one.customer_id for one in told if isinstance(one, ProductOpened)]
        linked = [one.member for one in told if isinstance(one, Linked)]
        shown = [(one.customer_id, one.service) for one in told if isinstance(one, OfferShown)]
        await usecases.hear_takings(world, tx, [*ids, *linked], shown)
