"""Every SQL statement about requests, erasures, holds and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, cast, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy.domain import Said
from customer.privacy.tables import (
    erasure,
    erasure_confirmation,
    export_answer,
    legal_hold,
    privacy_deadline,
    privacy_request,
    privacy_request_person,
)

Rows = Sequence[Row[Any]]


async def insert_erasure(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep the erasure, a whole one unless the customer has one; whether it was kept."""
    stored = insert(erasure).values(**values).on_conflict_do_nothing().returning(erasure.c.id)
    return (await tx.execute(stored)).first() is not None


async def of_customer(conn: AsyncConnection, customer_id: UUID) -> Row[Any] | None:
    """The erasure of a customer: the whole one, else the last one in part."""
    chosen = select(erasure).where(erasure.c.customer_id == customer_id)
    chosen = chosen.order_by(erasure.c.partial, erasure.c.requested_at.desc(), erasure.c.id.desc())
    return (await conn.execute(chosen.limit(1))).one_or_none()


async def locked(tx: AsyncConnection, erasure_id: UUID) -> Row[Any] | None:
    """One erasure, held until the end of the transaction."""
    return (await tx.execute(select(erasure).where(erasure.c.id == erasure_id).with_for_update())).one_or_none()


async def erasures_until(conn: AsyncConnection, customers: Sequence[UUID], at: datetime) -> Rows:
    """Every erasure of these records that was asked for by then, in part or whole, the oldest first."""
    chosen = select(erasure).where(erasure.c.customer_id.in_(customers), erasure.c.requested_at <= at)
    return (await conn.execute(chosen.order_by(erasure.c.requested_at, erasure.c.id))).all()


async def confirmations(conn: AsyncConnection, erasure_ids: Sequence[UUID]) -> Rows:
    """Which services have confirmed, and when."""
    table = erasure_confirmation
    chosen = select(table).where(table.c.erasure_id.in_(erasure_ids)).order_by(table.c.service, table.c.erasure_id)
    return (await conn.execute(chosen)).all()


async def confirm(tx: AsyncConnection, erasure_id: UUID, at: datetime, said: Said) -> bool:
    """Keep a service's confirmation, once; whether it is new."""
    stored = insert(erasure_confirmation).values(erasure_id=erasure_id, confirmed_at=at, **asdict(said))
    stored = stored.on_conflict_do_nothing()
    return (await tx.execute(stored.returning(erasure_confirmation.c.service))).first() is not None


async def advance(tx: AsyncConnection, erasure_id: UUID, version: int, completed_at: datetime | None) -> None:
    """Write the new version, and when it was completed."""
    changed = update(erasure).where(erasure.c.id == erasure_id)
    await tx.execute(changed.values(version=version, completed_at=completed_at))


async def insert_request(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep a request."""
    await tx.execute(insert(privacy_request).values(**values))


async def requests_by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Requests by id."""
    return (await conn.execute(select(privacy_request).where(privacy_request.c.id.in_(ids)))).all()


async def of_customers(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """All requests of these customers, oldest first."""
    chosen = select(privacy_request).where(privacy_request.c.customer_id.in_(ids))
    return (await conn.execute(chosen.order_by(privacy_request.c.received_at, privacy_request.c.id))).all()


async def locked_request(tx: AsyncConnection, request_id: UUID) -> Row[Any] | None:
    """One request, held until the end of the transaction."""
    chosen = select(privacy_request).where(privacy_request.c.id == request_id)
    return (await tx.execute(chosen.with_for_update())).one_or_none()


async def change_request(tx: AsyncConnection, request_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write columns of a request that is held; its version moves on."""
    moved = update(privacy_request).where(privacy_request.c.id == request_id)
    changed = moved.values(version=privacy_request.c.version + 1, **values).returning(privacy_request)
    row: Row[Any] = (await tx.execute(changed)).one()
    return row


async def of_erasure(tx: AsyncConnection, erasure_id: UUID) -> Rows:
    """The requests that wait for an erasure, of whichever record of the person, held."""
    named = select(privacy_request_person.c.request_id).where(privacy_request_person.c.erasure_id == erasure_id)
    chosen = select(privacy_request).where(privacy_request.c.id.in_(named), privacy_request.c.answered_at.is_(None))
    return (await tx.execute(chosen.order_by(privacy_request.c.id).with_for_update())).all()


async def name_persons(tx: AsyncConnection, request_id: UUID, erasures: Mapping[UUID, UUID | None]) -> None:
    """Which records a request of erasure is about from now on, each with its erasure."""
    await tx.execute(delete(privacy_request_person).where(privacy_request_person.c.request_id == request_id))
    rows = [{"request_id": request_id, "customer_id": one, "erasure_id": erasures[one]} for one in sorted(erasures)]
    await tx.execute(insert(privacy_request_person).values(rows))


async def persons_of(conn: AsyncConnection, request_id: UUID) -> Rows:
    """The records a request of erasure is about: (customer_id, erasure_id)."""
    named = privacy_request_person
    return (
        await conn.execute(select(named).where(named.c.request_id == request_id).order_by(named.c.customer_id))
    ).all()


async def unfinished(conn: AsyncConnection, request_id: UUID) -> bool:
    """Whether an erasure that a request waits for is not confirmed by all five yet."""
    named = privacy_request_person
    joined = select(erasure.c.id).join(named, named.c.erasure_id == erasure.c.id)
    chosen = joined.where(named.c.request_id == request_id, erasure.c.completed_at.is_(None)).limit(1)
    return (await conn.execute(chosen)).first() is not None


async def wake(tx: AsyncConnection, ids: Sequence[UUID], at: datetime) -> None:
    """Let erasures that wait be due at that instant, of everybody with one of these records."""
    named = select(privacy_request_person.c.request_id).where(privacy_request_person.c.customer_id.in_(ids))
    later = privacy_request.c.due_again_at.is_(None) | (privacy_request.c.due_again_at > at)
    waiting = update(privacy_request).where(privacy_request.c.id.in_(named), privacy_request.c.waits, later)
    await tx.execute(waiting.values(due_again_at=at))


def _due_again(at: datetime) -> Select[Any]:
    due = privacy_request.c.due_again_at
    return select(privacy_request).where(due <= at).order_by(due, privacy_request.c.id)


async def due_again(conn: AsyncConnection, at: datetime, most: int) -> Rows:
    """Erasures refused in part whose reason has ended by then, the longest due first."""
    rows: Rows = (await conn.execute(_due_again(at).limit(most))).all()
    return rows


async def hold_due(tx: AsyncConnection, ids: Sequence[UUID], at: datetime) -> Rows:
    """Those of these that are still due, held until `tx` ends; what another worker holds is passed over."""
    chosen = _due_again(at).where(privacy_request.c.id.in_(ids))
    rows: Rows = (await tx.execute(chosen.with_for_update(skip_locked=True))).all()
    return rows


def requests(*, customer_ids: Sequence[UUID] | None, kind: str | None, state: str | None) -> Select[Any]:
    """Requests for a list."""
    chosen = select(privacy_request)
    if customer_ids is not None:
        chosen = chosen.where(privacy_request.c.customer_id.in_(customer_ids))
    for column, value in (("kind", kind), ("state", state)):
        if value is not None:
            chosen = chosen.where(privacy_request.c[column] == value)
    return chosen


async def answers_of(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Which services are ready to hand over, by request."""
    rows = await conn.execute(
        select(export_answer).where(export_answer.c.request_id.in_(ids)).order_by(export_answer.c.service)
    )
    told: dict[UUID, list[str]] = {}
    for row in rows:
        told.setdefault(row.request_id, []).append(row.service)
    return told


async def keep_answer(tx: AsyncConnection, request_id: UUID, service: str, at: datetime) -> None:
    """A service is ready."""
    row = {"request_id": request_id, "service": service, "ready_at": at}
    await tx.execute(insert(export_answer).values(**row).on_conflict_do_nothing())


async def calendars_in_use(conn: AsyncConnection) -> list[str]:
    """By which calendars clocks run that are not satisfied."""
    chosen = select(privacy_deadline.c.calendar).where(privacy_deadline.c.satisfied_at.is_(None)).distinct()
    return list((await conn.execute(chosen)).scalars())


async def without_clock(tx: AsyncConnection, most: int) -> Rows:
    """Requests that wait for an answer and whose clock is not kept yet."""
    kept = select(privacy_deadline.c.id).where(privacy_deadline.c.id == privacy_request.c.id).exists()
    chosen = select(privacy_request).where(privacy_request.c.told_at.is_(None), ~kept)
    return (await tx.execute(chosen.order_by(privacy_request.c.id).limit(most))).all()


async def clocked(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Requests by id with how often their clock has spoken: `intervals` changes of it, `spoken` since the last."""
    spoken = privacy_deadline.c.warned + cast(privacy_deadline.c.breach_said, Integer)
    chosen = select(privacy_request, privacy_deadline.c.version.label("intervals"), spoken.label("spoken"))
    joined = chosen.join(privacy_deadline, privacy_deadline.c.id == privacy_request.c.id)
    return (await conn.execute(joined.where(privacy_request.c.id.in_(ids)))).all()


async def insert_hold(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep a hold."""
    await tx.execute(insert(legal_hold).values(**values))


async def holds_by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Holds by id."""
    return (await conn.execute(select(legal_hold).where(legal_hold.c.id.in_(ids)))).all()


async def locked_hold(tx: AsyncConnection, hold_id: UUID) -> Row[Any] | None:
    """One hold, held."""
    return (await tx.execute(select(legal_hold).where(legal_hold.c.id == hold_id).with_for_update())).one_or_none()


async def change_hold(tx: AsyncConnection, hold_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write columns of a hold; its version moves on."""
    moved = update(legal_hold).where(legal_hold.c.id == hold_id)
    changed = moved.values(version=legal_hold.c.version + 1, **values).returning(legal_hold)
    row: Row[Any] = (await tx.execute(changed)).one()
    return row


async def holds_of(conn: AsyncConnection, ids: Sequence[UUID], at: datetime) -> Rows:
    """The holds in force on these customers."""
    stands = or_(legal_hold.c.until.is_(None), legal_hold.c.until > at)
    chosen = select(legal_hold).where(legal_hold.c.customer_id.in_(ids), legal_hold.c.lifted_at.is_(None), stands)
    return (await conn.execute(chosen)).all()


def holds(*, customer_id: UUID | None) -> Select[Any]:
    """Holds for a list."""
    chosen = select(legal_hold)
    return chosen if customer_id is None else chosen.where(legal_hold.c.customer_id == customer_id)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what erased customers wrote; that they used a right is the proof that it was answered, and stays."""
    changed = update(privacy_request).where(privacy_request.c.customer_id.in_(ids))
    await tx.execute(changed.values(details=None))
