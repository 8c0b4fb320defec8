"""What privacy does by itself: go on with erasures whose duty has ended, say of clocks that they run out."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy import usecases
from shared.jobs.timers import Act
from shared.world import World

DUTIES_ENDED: Final = "duties_ended"
CLOCKS_SPEAK: Final = "privacy_clocks_speak"
CLOCKS_ANEW: Final = "privacy_clocks_anew"
EVERY: Final = {DUTIES_ENDED: 60, CLOCKS_SPEAK: 60, CLOCKS_ANEW: 86_400}


def acts(world: World) -> Mapping[str, Act]:
    """What is done by time, by name."""

    async def duties_ended(tx: AsyncConnection, _: Mapping[str, Any]) -> None:
        await usecases.due_again(world, tx)

    async def clocks_speak(tx: AsyncConnection, _: Mapping[str, Any]) -> None:
        await usecases.say_clocks(world, tx)

    async def clocks_anew(_: AsyncConnection, __: Mapping[str, Any]) -> None:
        await usecases.compute_anew(world)

    return {DUTIES_ENDED: duties_ended, CLOCKS_SPEAK: clocks_speak, CLOCKS_ANEW: clocks_anew}
