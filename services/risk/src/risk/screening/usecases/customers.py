"""What is kept of customers here: what was heard of them, until they are erased."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from risk.screening import repository
from shared.crypto import Subject
from shared.world import World


async def learn_customers(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of customers, but nothing of those who were erased: a late event brings nobody back."""
    subjects = [Subject("customer", row["customer_id"]) for row in rows]
    erased = await world.vault.erased(tx, subjects)
    kept = [row for row, subject in zip(rows, subjects, strict=True) if subject not in erased]
    if kept:
        await repository.learn_customers(tx, kept)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here besides the key: hashes of what is theirs, sealed details, what was heard."""
    await repository.forget_customers(tx, ids)
