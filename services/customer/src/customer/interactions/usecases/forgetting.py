"""What erasure leaves of interactions: how many of what, where and on which day, and nobody's any more."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions import repository


async def forget(tx: AsyncConnection, ids: Sequence[UUID], zone: str) -> None:
    """Reduce what is recorded of these customers to counts, by days of the bank's zone; whoever asks for it destroys their keys."""
    gone = await repository.forget_interactions(tx, ids, zone)
    await repository.tally(tx, [dict(row._mapping) for row in gone])
