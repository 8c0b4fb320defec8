"""An erasure as a right: of every record that is the person, as far as nothing must be kept, and on by itself after that."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy import repository
from customer.privacy.domain import SERVICES, ErasureState, RequestKind, RequestState, kept_by, try_again_at
from customer.privacy.usecases.answering import answer
from customer.privacy.usecases.duties import as_views, refused
from customer.privacy.usecases.erasing import lock_persons, request_erasure
from shared import clock
from shared.access import Caller
from shared.world import World

_ITSELF: Final = Caller(sub="customer-privacy", actor="service", scopes=frozenset())


async def lock_asked(world: World, tx: AsyncConnection, rows: Sequence[Row[Any]]) -> dict[UUID, list[UUID]]:
    """Every record of whom requests of erasure are about, held; of other requests nobody."""
    return await lock_persons(world, tx, [row.customer_id for row in rows if row.kind == RequestKind.ERASURE])


async def erase(world: World, tx: AsyncConnection, row: Row[Any], persons: Sequence[UUID], caller: Caller) -> Row[Any]:
    """Forget all these records of one person as far as nothing must be kept of any; the request, held, as it is then."""
    told = await refused(world, tx, persons)
    kept = kept_by(told)
    erasures = {}
    if len(kept) < len(SERVICES):
        erasures = {one: (await request_erasure(world, tx, one, caller, kept))[0] for one in persons}
    await repository.name_persons(tx, row.id, {one: erasures[one].id if erasures else None for one in persons})
    values: dict[str, Any] = {
        "refusals": [one.model_dump(mode="json") for one in as_views(told)],
        "due_again_at": try_again_at(told),
        "waits": bool(told),
        "updated_at": clock.now(),
    }
    if not erasures:
        return await answer(world, tx, await repository.change_request(tx, row.id, values), RequestState.REFUSED)
    moved = await repository.change_request(tx, row.id, values | {"erasure_id": erasures[row.customer_id].id})
    # Done by another way meanwhile, and confirmed: nobody will confirm it again.
    done = all(one.state is ErasureState.COMPLETED for one in erasures.values())
    return await answer(world, tx, moved, RequestState.COMPLETED) if done else moved


async def erased(world: World, tx: AsyncConnection, erasure_id: UUID) -> None:
    """All five have confirmed the erasure of one record: requests that waited for it, and for no other, are answered."""
    for row in await repository.of_erasure(tx, erasure_id):
        if not await repository.unfinished(tx, row.id):
            await answer(world, tx, row, RequestState.PARTLY_REFUSED if row.refusals else RequestState.COMPLETED)


async def wake(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Something that kept these records is no more, or has an end now: erasures that wait for it are looked at again."""
    await repository.wake(tx, ids, clock.now())


async def due_again(world: World, tx: AsyncConnection, most: int = 20) -> int:
    """Go on with erasures that were refused in part and of which less must be kept now; how many were looked at."""
    now = clock.now()
    due = await repository.due_again(tx, now, most)
    around = await lock_asked(world, tx, due)
    rows = await repository.hold_due(tx, [row.id for row in due], now)
    for row in rows:
        await _go_on(world, tx, row, around[row.customer_id], now)
    return len(rows)


async def _go_on(world: World, tx: AsyncConnection, row: Row[Any], persons: Sequence[UUID], now: datetime) -> None:
    told = await refused(world, tx, persons)
    kept, before = set(kept_by(told)), {service for one in row.refusals for service in one["services"]}
    if kept < before:
        reopened = {"state": RequestState.IN_PROGRESS, "answered_at": None}
        await erase(world, tx, await repository.change_request(tx, row.id, reopened), persons, _ITSELF)
        return
    values: dict[str, Any] = {"due_again_at": try_again_at(told), "updated_at": now}
    if kept == before:
        # The same, though perhaps for another reason, or until a day that is known now.
        values["refusals"] = [one.model_dump(mode="json") for one in as_views(told)]
    await repository.change_request(tx, row.id, values)
