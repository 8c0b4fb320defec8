"""Deciding anew what waited for a channel that risk barred, as soon as it bars fewer."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach import repository
from customer.outreach.domain.messages import Reason
from shared import clock
from shared.subjects import circles


async def unbarred(tx: AsyncConnection, customer_ids: Sequence[UUID]) -> None:
    """Have what these customers wait for, for a bar's sake, decided now; in the transaction in which the bar ends.

    The people are held, as a courier holds them: one that has just read the bar is waited for, and its message is woken.
    """
    around = await circles(tx, storage.LINKS, customer_ids)
    await repository.hold(tx, [min(circle) for circle in around.values()])
    await repository.wake(tx, customer_ids, Reason.CHANNEL_BARRED, clock.now())
