"""Learning what is open, and telling other capabilities of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.matters import repository
from customer.matters.domain import Matter, MatterKind, OpenMatters
from customer.parties.usecases import subject_of
from shared.subjects import circles
from shared.world import World

COMPLAINT: Final = "complaint"


async def learn_matters(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest word of each matter, but nothing of those who were erased."""
    if not rows:
        return
    subjects = sorted({subject_of(row["customer_id"]) for row in rows})
    # Held until the end: an erasure at this moment comes wholly before or after.
    keys = await world.vault.for_write(tx, subjects)
    newest: dict[tuple[str, UUID], Mapping[str, Any]] = {}
    for row in rows:
        place = (row["kind"], row["matter_id"])
        if place not in newest or newest[place]["version"] < row["version"]:
            newest[place] = row
    kept = [row for row in newest.values() if keys[subject_of(row["customer_id"])] is not None]
    if kept:
        await repository.learn(tx, kept)


async def open_matters(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, OpenMatters]:
    """What is open of each customer, whichever of a person's ids it was opened under."""
    around = await circles(conn, storage.LINKS, ids)
    everyone = sorted({one for circle in around.values() for one in circle})
    rows = await repository.open_of(conn, everyone)
    told: dict[UUID, OpenMatters] = {}
    for one, circle in around.items():
        own = [row for row in rows if row.customer_id in circle]
        told[one] = OpenMatters(
            cases=tuple(sorted(row.matter_id for row in own if row.kind == MatterKind.CASE)),
            journeys=tuple(sorted(row.matter_id for row in own if row.kind == MatterKind.JOURNEY)),
            # A case of which nobody said what it is about may be one.
            complaint=any(row.kind == MatterKind.CASE and row.category in (None, COMPLAINT) for row in own),
        )
    return told


async def open_of(conn: AsyncConnection, ids: Sequence[UUID], kind: MatterKind) -> list[Matter]:
    """What is open of that kind under these ids, in the order in which it began (ids are in order of time)."""
    rows = await repository.open_of(conn, ids)
    found = [Matter(kind, row.matter_id, row.category) for row in rows if row.kind == kind]
    return sorted(found, key=lambda one: one.id)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what was heard of erased customers."""
    await repository.forget(tx, ids)
