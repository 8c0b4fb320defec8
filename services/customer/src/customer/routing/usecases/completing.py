"""Cards for those who have none: customers who were there before cards were, found by a walk over everybody, told as any other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from customer.parties import usecases as parties
from customer.routing import repository
from customer.routing.usecases.settling import settle
from shared import clock
from shared.events.consumer import is_passing
from shared.telemetry import log
from shared.world import World

# Looked at in one statement, told in one transaction: who tells holds their cards, so that few wait and not for long.
LOOK: Final = 1_000
PAGE: Final = 50
EVERY: Final = timedelta(days=1)


@dataclass
class Walk:
    """How far a worker's walk has come. Kept nowhere: who begins anew passes over those who have a card by then."""

    reached: UUID | None = None
    told: int = 0
    ended_at: datetime | None = None


async def complete_cards(world: World, walk: Walk) -> bool:
    """Tell the next few who have no card; False where the walk of the day has ended, or another worker is on it.

    Each is told once: their card is held before it is looked at, as whenever something changes.
    """
    if walk.ended_at is not None and clock.now() - walk.ended_at < EVERY:
        return False
    batch: list[UUID] = []
    try:
        async with world.db.begin() as tx:
            if not await repository.alone(tx):
                return False
            ids = await parties.living_after(tx, walk.reached, LOOK)
            untold = await repository.untold(tx, ids) if ids else []
            batch = untold[:PAGE]
            if batch:
                await settle(world, tx, batch)
    except Exception as error:
        if is_passing(error) or not batch:
            raise
        # One that cannot be told keeps nobody else waiting.
        told = [one for one in batch if await _told_alone(world, one)]
    else:
        told = batch
    walk.told += len(told)
    if len(untold) > PAGE:
        walk.reached = batch[-1]
    elif len(ids) == LOOK:
        walk.reached = ids[-1]
    else:
        if walk.told:
            log.info("cards_completed", told=walk.told)
        walk.reached, walk.told, walk.ended_at = None, 0, clock.now()
    return True


async def _told_alone(world: World, customer_id: UUID) -> bool:
    try:
        async with world.db.begin() as tx:
            await settle(world, tx, [customer_id])
    except Exception as error:
        if is_passing(error):
            raise
        log.error("card_not_told", customer_id=str(customer_id), kind=type(error).__name__)
        return False
    return True
