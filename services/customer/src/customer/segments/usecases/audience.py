"""Who was in a segment at an instant, page by page, for whoever does something to all of them at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.due import usecases as due
from customer.segments import repository
from customer.segments.problems import SegmentUnknown
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


async def require_active(conn: AsyncConnection, segment_id: UUID) -> None:
    """Raise SegmentUnknown unless there is such a segment and it is in use."""
    row = await repository.by_id(conn, segment_id)
    if row is None or row.state != "active":
        raise SegmentUnknown()
