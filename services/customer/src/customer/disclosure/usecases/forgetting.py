"""What erasure removes of openings besides the key."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.disclosure import repository


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Authorisations and waiting codes; a broken glass stays to be judged, its note blank."""
    await repository.forget(tx, ids)
