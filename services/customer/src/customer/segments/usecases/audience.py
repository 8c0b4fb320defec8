"""Who was in a segment at an instant, page by page, for whoever does something to all of them at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import usecases as consents
from customer.due import usecases as due
from customer.segments import repository
from customer.segments.domain.gates import parts_of
from customer.segments.problems import SegmentUnknown
from customer.segments.usecases.library import shelf
from shared import clock


async def known_past(conn: AsyncConnection, at: datetime) -> datetime | None:
    """The instant up to which records tell all of `at`; None while somebody is still to be told of it.

    A reading with this as its `known_at` is the same whenever it is made: what is learned later restates memberships, not it.
    """
    now = clock.now()
    told, _ = await due.behind(conn, now)
    return now if told > at else None


async def members_at(
    conn: AsyncConnection, segment_id: UUID, at: datetime, known_at: datetime, after: UUID | None, most: int
) -> Sequence[UUID]:
    """The members at `at`, as recorded by `known_at`, in id order behind `after`: a page, shorter than `most` at the end."""
    return await repository.members_then(conn, segment_id, at, known_at, after, most)


async def denied_now(conn: AsyncConnection, segment_id: UUID, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Of these people those of whom the segment's use is not allowed now, though it may have been when they were in it.

    Nobody is denied by a segment of which no rule is in force any more: what it rested on cannot be told.
    """
    row, at = await repository.by_id(conn, segment_id), clock.now()
    gate = parts_of((await shelf(conn)).library.at(at)[0].gates.get(row.key, "")) if row is not None else None
    if gate is None:
        return frozenset()
    rests = await consents.profiling_grounds(conn, ids, *gate, at=at)
    return frozenset(one for one, told in rests.items() if not told.value)


async def require_active(conn: AsyncConnection, segment_id: UUID) -> None:
    """Raise SegmentUnknown unless there is such a segment and it is in use."""
    row = await repository.by_id(conn, segment_id)
    if row is None or row.state != "active":
        raise SegmentUnknown()
