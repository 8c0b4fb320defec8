"""What privacy does by itself: go on with erasures whose duty to keep has ended."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy import usecases
from shared.jobs.timers import Act
from shared.world import World

DUTIES_ENDED: Final = "duties_ended"
EVERY_SECONDS: Final = 60


def acts(world: World) -> Mapping[str, Act]:
    """What is done by time, by name."""

    async def duties_ended(tx: AsyncConnection, _: Mapping[str, Any]) -> None:
        await usecases.due_again(world, tx)

    return {DUTIES_ENDED: duties_ended}
