"""What erasure leaves of somebody in a campaign: that there was one more who stood so, and nothing of whom."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.campaigns import repository
from customer.campaigns.domain.counting import counted_ids
from customer.campaigns.usecases.standings import Firsts, as_done, in_the_clear, standings
from shared.subjects import circles, resolve
from shared.world import World


async def count_out(world: World, tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Turn these people into counts, before their keys, messages, links and interactions go: later nobody knows how they stood.

    Somebody who was linked with one of them and stays keeps what the two of them did, as a date.
    """
    await _count_out(tx, ids, as_done(world))


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """The same for whose keys are gone, as after a restore: what they did counts by what stands in the clear."""
    await _count_out(tx, ids, in_the_clear)


async def _count_out(tx: AsyncConnection, ids: Sequence[UUID], firsts: Firsts) -> None:
    around = await circles(tx, storage.LINKS, ids)
    everybody = sorted({other for circle in around.values() for other in circle})
    drawn: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for one in await repository.of_customers(tx, everybody, hold=True):
        drawn[one.campaign_id].append(one)
    for row in await repository.by_ids(tx, sorted(drawn)):
        await _forget(tx, row, drawn[row.id], set(ids), firsts)


async def _forget(
    tx: AsyncConnection, row: Row[Any], people: Sequence[Row[Any]], gone: set[UUID], firsts: Firsts
) -> None:
    told, converted, around = await standings(tx, row, people, firsts)
    for one, at in converted.items():
        await repository.stamp(tx, row.id, [one], at)
    leaders = await resolve(tx, storage.LINKS, [one.customer_id for one in people])
    counted = counted_ids(leaders.items())
    dropped: set[UUID] = set()
    for one in sorted(gone & told.keys()):
        dropped.add(one)
        if one in counted:
            stood = told[one]
            values = {"campaign_id": row.id, "arm": stood.arm, "state": stood.state, "reason": stood.reason or ""}
            await repository.tally(tx, values | {"converted": stood.converted})
            # The person is counted for good: under no other id of theirs once more.
            dropped |= set(around[one]) & told.keys()
    await repository.drop(tx, row.id, sorted(dropped))


async def gather(
    _: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Which campaigns drew a person under these ids, into which group: for their own export."""
    for row in await repository.of_customers(conn, customers):
        yield "campaign", {"campaign_id": str(row.campaign_id), "group": row.arm, "written_at": row.written_at}
