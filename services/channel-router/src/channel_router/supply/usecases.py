"""What can be done with a place: add (many at once), change, find for another capability."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from channel_router import storage
from channel_router.supply import repository
from channel_router.supply.domain import PlaceKind, PlaceState
from channel_router.supply.events import PlaceChanged, PlaceEvent
from channel_router.supply.problems import PlaceUnknown
from channel_router.supply.schemas import AddPlace, ChangePlace, Place
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.etags import check_version
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.problems import Problem
from shared.world import World

PLACE = "place"


async def add_places(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[AddPlace]]
) -> list[Answer[Place] | Problem]:
    """Add places, each once by its gate."""

    async def do(fresh: Sequence[Wish[AddPlace]]) -> Sequence[Place | Problem]:
        made = [_made(world, wish) for wish in fresh]
        await repository.insert_places(tx, [view.model_dump() for view in made])
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said_of(PlaceChanged, view) for view in made])
        entries = [
            audit.Entry("place.add", None, PLACE, view.id, wish.caller) for wish, view in zip(fresh, made, strict=True)
        ]
        await audit.record(tx, storage.AUDIT, world.keyring, entries)
        return made

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Place]:
        return {row.id: view_of(row) for row in await repository.by_ids(tx, ids)}

    passage = Passage(
        storage.GATE, world.vault, Place, do=do, again=again, subject=lambda wish, _: Subject(PLACE, wish.id)
    )
    return await passage.run(tx, wishes)


def _made(world: World, wish: Wish[AddPlace]) -> Place:
    body = wish.body
    return Place(
        id=wish.id,
        version=1,
        kind=PlaceKind(body.kind),
        state=PlaceState.OPEN,
        names=body.names,
        latitude=body.latitude,
        longitude=body.longitude,
        zone=body.zone or world.settings.zone,
        opening_hours=body.opening_hours,
        operator=body.operator,
        wheelchair=body.wheelchair,
        external_ref=body.external_ref,
        created_at=wish.at,
        updated_at=wish.at,
    )


def view_of(row: Row[Any]) -> Place:
    """A row as callers see it."""
    return Place.model_validate(dict(row._mapping))


def said_of(kind: type[PlaceEvent], view: Place) -> Emit:
    """An event of the place as it is now."""
    event = kind(
        place_id=view.id,
        kind=view.kind,
        state=view.state,
        zone=view.zone,
        version=view.version,
        occurred_at=view.updated_at,
    )
    return Emit(event, key=view.id, subject=view.id, sequence=view.version)


async def change_place(
    world: World, tx: AsyncConnection, place_id: UUID, wish: ChangePlace, match: int, caller: Caller
) -> Place:
    """Apply a merge patch to the version the caller saw."""
    row = await repository.locked(tx, place_id)
    if row is None:
        raise PlaceUnknown()
    check_version(match, row.version)
    changes: dict[str, Any] = {name: getattr(wish, name) for name in wish.model_fields_set}
    changes |= {"version": row.version + 1, "updated_at": clock.now()}
    await repository.change(tx, place_id, changes)
    view = view_of(row).model_copy(update=changes)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said_of(PlaceChanged, view)])
    entry = audit.Entry("place.change", None, PLACE, place_id, caller)
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return view


async def zones(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The time zone of each place that exists: the door through which the queue learns of places."""
    return {row.id: row.zone for row in await repository.by_ids(conn, ids)}


async def everywhere(world: World, size: int = 500) -> AsyncIterator[list[Place]]:
    """All places in id order, page by page."""
    last: UUID | None = None
    while True:
        async with world.db.read() as conn:
            rows = await repository.after(conn, last, size)
        yield [view_of(row) for row in rows]
        if len(rows) < size:
            return
        last = rows[-1].id
