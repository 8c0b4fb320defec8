"""Every SQL statement about authorisations and their codes; nothing here knows a rule."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, Uuid, any_, bindparam, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure.tables import access_code, access_grant
from shared.db import unnest

Rows = Sequence[Row[Any]]

_OPEN = select(access_grant).where(
    access_grant.c.customer_id == any_(bindparam("ids", type_=ARRAY(Uuid))),
    access_grant.c.reader == any_(bindparam("readers", type_=ARRAY(Text))),
    access_grant.c.confirmed_at.is_not(None),
    access_grant.c.revoked_at.is_(None),
    access_grant.c.expires_at > bindparam("now"),
)

_wanted = unnest("wanted", ids=Uuid)
_ALONE = select(func.pg_advisory_xact_lock(func.hashtextextended(cast(_wanted.c.ids, Text), 0)))


async def insert_grants(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new authorisations, in id order."""
    await tx.execute(insert(access_grant), sorted((dict(row) for row in rows), key=lambda row: row["id"]))


async def insert_codes(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let sealed codes wait to be sent."""
    if rows:
        await tx.execute(insert(access_code), sorted((dict(row) for row in rows), key=lambda row: row["grant_id"]))


async def open_for(conn: AsyncConnection, ids: Sequence[UUID], readers: Sequence[str], at: datetime) -> Rows:
    """Confirmed authorisations that have not ended, of any of these customers for any of these readers."""
    return (await conn.execute(_OPEN, {"ids": list(ids), "readers": list(readers), "now": at})).all()


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Authorisations by id."""
    return (await conn.execute(select(access_grant).where(access_grant.c.id.in_(ids)))).all()


async def locked(tx: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Authorisations by id, held until the end of the transaction."""
    chosen = select(access_grant).where(access_grant.c.id.in_(ids)).order_by(access_grant.c.id).with_for_update()
    return {row.id: row for row in await tx.execute(chosen)}


async def change(tx: AsyncConnection, grant_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write the given columns of one authorisation; the row as it is then."""
    changed = update(access_grant).where(access_grant.c.id == grant_id).values(**values).returning(access_grant)
    row: Row[Any] = (await tx.execute(changed)).one()
    return row


async def drop_code(tx: AsyncConnection, grant_id: UUID) -> None:
    """The code is of no more use."""
    await tx.execute(delete(access_code).where(access_code.c.grant_id == grant_id))


def waiting_codes() -> Select[Any]:
    """The codes that wait to be sent."""
    return select(access_code.c.grant_id)


async def take_codes(tx: AsyncConnection, limit: int) -> Rows:
    """Take codes that wait, for good: whoever took one sends it once or never."""
    waiting = select(access_code.c.grant_id).order_by(access_code.c.grant_id).limit(limit)
    chosen = (await tx.execute(waiting.with_for_update(skip_locked=True))).scalars().all()
    taken = delete(access_code).where(access_code.c.grant_id.in_(chosen)).returning(*access_code.c)
    return (await tx.execute(taken)).all()


async def codes_since(tx: AsyncConnection, ids: Sequence[UUID], at: datetime) -> dict[UUID, int]:
    """How many codes each of these customers was sent since then; nobody else counts for them until `tx` ends."""
    await tx.execute(_ALONE, {"ids": sorted(ids)})
    count = func.count(access_grant.c.id).label("sent")
    chosen = select(access_grant.c.customer_id, count).where(
        access_grant.c.customer_id.in_(ids), access_grant.c.requested_at > at, access_grant.c.with_code
    )
    rows = await tx.execute(chosen.group_by(access_grant.c.customer_id))
    return {row.customer_id: row.sent for row in rows}


def grants_of(customer_id: UUID, *, purposes: Collection[str] = (), senders: Collection[str] = ()) -> Select[Any]:
    """The authorisations of a customer, but for those with one of these purposes (or reasons) or asked for by these."""
    why = func.coalesce(access_grant.c.glass_reason, access_grant.c.purpose)
    return select(access_grant).where(
        access_grant.c.customer_id == customer_id,
        why.not_in(sorted(purposes)),
        access_grant.c.requested_by.not_in(sorted(senders)),
    )


def reviews(*, open_only: bool) -> Select[Any]:
    """Broken glasses, those not judged yet or all."""
    chosen = select(access_grant).where(access_grant.c.glass_reason.is_not(None))
    return chosen.where(access_grant.c.verdict.is_(None)) if open_only else chosen


async def lines(conn: AsyncConnection, ids: Sequence[UUID], before: UUID | None, limit: int) -> Rows:
    """What the record holds of a customer under these ids, newest first, from an id downwards."""
    record = storage.AUDIT.audit
    chosen: Select[Any] = select(record.c.id, record.c.canonical).where(
        record.c.subject_kind == "customer", record.c.subject_id.in_(ids)
    )
    if before is not None:
        chosen = chosen.where(record.c.id < before)
    rows: Rows = (await conn.execute(chosen.order_by(record.c.id.desc()).limit(limit))).all()
    return rows


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what was granted and asked of erased customers; a broken glass stays to be judged, without its note."""
    await tx.execute(delete(access_code).where(access_code.c.customer_id.in_(ids)))
    of_them = access_grant.c.customer_id.in_(ids)
    await tx.execute(delete(access_grant).where(of_them, access_grant.c.glass_reason.is_(None)))
    await tx.execute(update(access_grant).where(of_them).values(glass_note=b""))
