"""What an id is to us: a party we know, one that was erased, or nobody; for capabilities that need no more of a party."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import repository
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.usecases.sealing import subject_of
from shared.problems import Problem
from shared.world import World


async def absences(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Problem]:
    """Of these ids those that are no party, with why: erased (410) or never known (404). No personal value is opened."""
    missing = set(ids) - await repository.present(conn, ids)
    erased = await world.vault.erased(conn, [subject_of(one) for one in missing])
    return {one: CustomerErased() if subject_of(one) in erased else CustomerUnknown() for one in missing}


async def living_after(conn: AsyncConnection, last: UUID | None, limit: int) -> list[UUID]:
    """The next ids of parties that were not erased, in their order: for whoever walks over everybody. Nothing is opened."""
    return await repository.living_after(conn, last, limit)
