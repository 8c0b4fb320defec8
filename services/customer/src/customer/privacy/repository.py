"""Every SQL statement about erasures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy.tables import erasure, erasure_confirmation


async def insert_erasure(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep the request unless the customer has one; whether it was kept."""
    stored = insert(erasure).values(**values).on_conflict_do_nothing().returning(erasure.c.id)
    return (await tx.execute(stored)).first() is not None


async def of_customer(conn: AsyncConnection, customer_id: UUID) -> Row[Any] | None:
    """The erasure of a customer, if one was asked for."""
    return (await conn.execute(select(erasure).where(erasure.c.customer_id == customer_id))).one_or_none()


async def locked(tx: AsyncConnection, erasure_id: UUID) -> Row[Any] | None:
    """One erasure, held until the end of the transaction."""
    return (await tx.execute(select(erasure).where(erasure.c.id == erasure_id).with_for_update())).one_or_none()


async def confirmations(conn: AsyncConnection, erasure_id: UUID) -> Sequence[Row[Any]]:
    """Which services have confirmed, and when."""
    table = erasure_confirmation
    chosen = select(table).where(table.c.erasure_id == erasure_id).order_by(table.c.service)
    return (await conn.execute(chosen)).all()


async def confirm(tx: AsyncConnection, erasure_id: UUID, service: str, at: datetime) -> bool:
    """Keep a service's confirmation, once; whether it is new."""
    kept = insert(erasure_confirmation).values(erasure_id=erasure_id, service=service, confirmed_at=at)
    stored = kept.on_conflict_do_nothing().returning(erasure_confirmation.c.service)
    return (await tx.execute(stored)).first() is not None


async def advance(tx: AsyncConnection, erasure_id: UUID, version: int, completed_at: datetime | None) -> None:
    """Write the new version, and when it was completed."""
    changed = update(erasure).where(erasure.c.id == erasure_id)
    await tx.execute(changed.values(version=version, completed_at=completed_at))
