"""Every SQL statement about relationships."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.relationships.tables import relationship
from shared.subjects import same_party

_PRESENT = relationship.c.ended_at.is_(None)
# Everything that can be reached from one party by edges of one kind, each party as the leader it counts as. UNION drops
# what was met already, so that it ends whatever the edges are.
_REACHED = text(
    """
    WITH RECURSIVE edge AS (
        SELECT coalesce(one.leader, r.customer_id) AS source, coalesce(two.leader, r.other_id) AS target
        FROM relationship r
        LEFT JOIN identity_link one ON one.member = r.customer_id AND one.linked
        LEFT JOIN identity_link two ON two.member = r.other_id AND two.linked
        WHERE r.kind = :kind AND r.ended_at IS NULL
    ), reached AS (
        SELECT source, target FROM edge WHERE source = :start
        UNION
        SELECT edge.source, edge.target FROM edge JOIN reached ON edge.source = reached.target
    )
    SELECT source, target FROM reached
    """
)


async def lock(tx: AsyncConnection, kind: str) -> None:
    """One new edge of a kind at a time: two at once could close a circle that neither sees."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"relationship|{kind}", 0))))


async def reached(tx: AsyncConnection, kind: str, start: UUID) -> list[tuple[UUID, UUID]]:
    """The edges of a kind that lead on from there."""
    return [(row.source, row.target) for row in await tx.execute(_REACHED, {"kind": kind, "start": start})]


async def touching(tx: AsyncConnection, kind: str, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The present relationships of a kind with one of these at either end."""
    ends = or_(relationship.c.customer_id.in_(ids), relationship.c.other_id.in_(ids))
    return (await tx.execute(select(relationship).where(relationship.c.kind == kind, _PRESENT, ends))).all()


async def insert_relationship(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep a new one."""
    await tx.execute(insert(relationship).values(**values))


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Relationships by id, ended or not."""
    return (await conn.execute(select(relationship).where(relationship.c.id.in_(ids)))).all()


async def of_parties(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """All relationships with one of these parties at either end, those that ended included, oldest first."""
    ends = or_(relationship.c.customer_id.in_(ids), relationship.c.other_id.in_(ids))
    return (await conn.execute(select(relationship).where(ends).order_by(relationship.c.id))).all()


async def locked(tx: AsyncConnection, relationship_id: UUID) -> Row[Any] | None:
    """One present relationship, held until the transaction ends."""
    chosen = select(relationship).where(relationship.c.id == relationship_id, _PRESENT).with_for_update()
    return (await tx.execute(chosen)).one_or_none()


async def end(tx: AsyncConnection, relationship_id: UUID, version: int, at: datetime) -> None:
    """It holds no longer; the row stays for `as_of`."""
    await tx.execute(
        update(relationship).where(relationship.c.id == relationship_id).values(version=version, ended_at=at)
    )


def listing(customer_id: UUID, kind: str | None, as_of: datetime | None) -> Select[Any]:
    """Relationships of a party, at either end, as recorded now or then."""
    party = same_party(storage.LINKS, customer_id)
    chosen = select(relationship).where(or_(relationship.c.customer_id.in_(party), relationship.c.other_id.in_(party)))
    if kind is not None:
        chosen = chosen.where(relationship.c.kind == kind)
    if as_of is None:
        return chosen.where(_PRESENT)
    stood = or_(_PRESENT, relationship.c.ended_at > as_of)
    return chosen.where(relationship.c.recorded_at <= as_of, stood)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop the relationships of erased parties."""
    ends = or_(relationship.c.customer_id.in_(ids), relationship.c.other_id.in_(ids))
    await tx.execute(delete(relationship).where(ends))
