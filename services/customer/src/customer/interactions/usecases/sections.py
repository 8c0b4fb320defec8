"""What a profile is put together from: each capability plugs in its part, and says whether the customer may see it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import usecases as consents
from customer.interactions.domain.rfm import CutPoints
from customer.interactions.schemas import Section
from customer.matters import usecases as matters
from customer.matters.domain import MatterKind
from customer.parties import usecases as parties
from shared import clock
from shared.access import Caller
from shared.world import World


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom a part is asked: the leader, everybody who counts as the same party (the leader first), by whom, when.

    `use` is what the profile is read for.
    """

    customer_id: UUID
    members: Sequence[UUID]
    caller: Caller
    at: datetime
    use: str = consents.SERVICING


@dataclass(frozen=True, slots=True)
class Part:
    """One section of a profile, read in the transaction that records the reading.

    `for_customers` says whether the customer may see it of themself; what would tip them off must say no. `for_any_use`:
    what it tells rests on something of its own, so that not only servicing sees it.
    """

    name: str
    read: Callable[[World, AsyncConnection, Asked], Awaitable[Section]]
    for_customers: bool
    for_any_use: bool = False


# The cut points by which fifths are told, each with when it was recorded; whoever freezes them hands in how to read them.
Cuts = Callable[[AsyncConnection], Awaitable[Sequence[tuple[datetime, CutPoints]]]]


async def no_cuts(_: AsyncConnection) -> Sequence[tuple[datetime, CutPoints]]:
    """Nothing was ever frozen: there are no fifths."""
    return ()


async def _party(world: World, conn: AsyncConnection, asked: Asked) -> Section:
    """The party records of everybody in the circle as the caller may see them: staff see masks here too."""
    found = await parties.seen_by(world, conn, asked.members, asked.caller)
    # What risk decided is not for the customer, not even as a null.
    hidden = {"restricted"} if asked.caller.actor == "customer" else set()
    items = [found[one].model_dump(mode="json", exclude=hidden) for one in asked.members if one in found]
    return Section(as_of=clock.now(), items=items)


async def _consents(world: World, conn: AsyncConnection, asked: Asked) -> Section:
    """What every purpose allows, channel by channel; nothing of an id that no party has."""
    if await parties.absences(world, conn, [asked.customer_id]):
        return Section(as_of=clock.now(), items=[])
    told = await consents.show_consents(world, conn, asked.customer_id, asked.caller, as_of=None, valid_at=None)
    return Section(as_of=told.as_of, items=[one.model_dump(mode="json") for one in told.items])


async def _matters(conn: AsyncConnection, asked: Asked, kind: MatterKind) -> Section:
    """What is open with the party, as it was heard; what the bank calls it is for the bank's own people."""
    found = await matters.open_of(conn, asked.members, kind)
    own = asked.caller.actor == "customer"
    items = [{"id": str(one.id), "category": one.category} for one in found]
    if own:
        items = [{"id": one["id"]} for one in items]
    return Section(as_of=clock.now(), items=items)


async def _cases(_: World, conn: AsyncConnection, asked: Asked) -> Section:
    return await _matters(conn, asked, MatterKind.CASE)


async def _journeys(_: World, conn: AsyncConnection, asked: Asked) -> Section:
    return await _matters(conn, asked, MatterKind.JOURNEY)


PARTS: tuple[Part, ...] = (
    Part("party", _party, for_customers=True),
    Part("consents", _consents, for_customers=True, for_any_use=True),
    Part("open_cases", _cases, for_customers=True),
    Part("journeys", _journeys, for_customers=True),
)
