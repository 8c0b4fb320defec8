"""What erasure leaves of interactions: how many of what, where and on which day, and nobody's any more."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions import repository


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Reduce what is recorded of these customers to counts; their keys are destroyed by whoever asks for it."""
    gone = await repository.forget_interactions(tx, ids)
    await repository.tally(tx, [dict(row._mapping) for row in gone])
