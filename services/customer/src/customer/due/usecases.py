"""From when on a customer has to be told anew: noted by whoever changes something, taken by whoever tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.due import repository
from shared import clock
from shared.world import World

SWEEP_PAGE: Final = 2_000
_WAITING: Final = 10_000


@dataclass(frozen=True, slots=True)
class Due:
    """A customer who is told up to `told_until`; `next_check_at` is when that may change (None: by an event only)."""

    customer_id: UUID
    version: int
    told_until: datetime
    next_check_at: datetime | None


async def note(tx: AsyncConnection, since: Mapping[UUID, datetime]) -> None:
    """Something happened to customers at these instants, late or not: they are due from then on.

    In the transaction in which it happened: whoever tells them at this moment is waited for, and tells them again.
    """
    await repository.touch(tx, [{"customer_id": one, "since": at} for one, at in since.items()])


async def note_all(tx: AsyncConnection, since: datetime) -> None:
    """Something that holds for everybody changed at that instant."""
    await repository.add_sweep(tx, clock.new_id(), since)


async def anything(world: World) -> bool:
    """Whether anybody is due now, or something that holds for everybody is still to be carried to some."""
    return await world.db.any(repository.waiting(clock.now())) or await world.db.any(repository.sweeps())


async def take(tx: AsyncConnection, now: datetime, limit: int) -> list[Due]:
    """Those longest due, held until the end of the transaction; those whom another holds are passed over."""
    return [_due(row) for row in await repository.due(tx, now, limit)]


async def sweep(tx: AsyncConnection) -> bool:
    """Carry a change that holds for everybody to the next page of customers; False where there is none."""
    return await repository.sweep_page(tx, SWEEP_PAGE)


async def told(tx: AsyncConnection, rows: Sequence[Due]) -> None:
    """Keep up to when customers were told, and when they are due next."""
    names = ("customer_id", "version", "told_until", "next_check_at")
    await repository.told(tx, [{name: getattr(row, name) for name in names} for row in rows])


async def of(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Due]:
    """How these customers stand."""
    return {row.customer_id: _due(row) for row in await repository.due_of(conn, ids)}


async def after(conn: AsyncConnection, last: UUID | None, size: int) -> list[Due]:
    """How a page of the customers stands, in the order of their ids, after that id."""
    return [_due(row) for row in await repository.after(conn, last, size)]


async def behind(conn: AsyncConnection, now: datetime) -> tuple[datetime, int]:
    """Up to when everybody is told, at the latest now; and how many wait to be told, counted up to 10,000."""
    first, waiting = await repository.freshness(conn, now, _WAITING)
    return min(first or now, now), waiting


async def drawn(conn: AsyncConnection, size: int) -> tuple[list[UUID], int]:
    """A random sample of the customers, everybody where there are not more; and how many there are."""
    count = await repository.population(conn)
    return await repository.drawn(conn, size, count), count


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here: the row. Before the rows of whoever tells: who tells at this moment is waited for."""
    await repository.forget(tx, ids)


def _due(row: Row[Any]) -> Due:
    return Due(row.customer_id, row.version, row.told_until, row.next_check_at)
