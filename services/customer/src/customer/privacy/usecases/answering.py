"""The end of a request: its state, when it was answered, and its clock, which asks for the first answer and no more."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy import repository
from customer.privacy.domain import RequestState
from customer.privacy.usecases.clocks import keep_clock
from shared import clock
from shared.world import World


async def answer(world: World, tx: AsyncConnection, row: Row[Any], state: RequestState) -> Row[Any]:
    """Answer a request that is held; an erasure that was refused in part and went on is answered again."""
    now = clock.now()
    values = {"state": state, "answered_at": now, "told_at": row.told_at or now, "updated_at": now}
    moved = await repository.change_request(tx, row.id, values)
    await keep_clock(world, tx, moved)
    return moved
