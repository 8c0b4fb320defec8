"""What caps count, for other capabilities that ask whether a person may be approached once more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.outreach import repository
from customer.outreach.domain.messages import Category


async def contacts_of(
    conn: AsyncConnection, customer_ids: Sequence[UUID], since: datetime
) -> dict[UUID, list[tuple[datetime, Category]]]:
    """When these customers were written to since then, and with what: those records only that are named."""
    told: dict[UUID, list[tuple[datetime, Category]]] = {one: [] for one in customer_ids}
    for row in await repository.marks_of(conn, customer_ids, since):
        told[row.customer_id].append((row.at, Category(row.category)))
    return told
