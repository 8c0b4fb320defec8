"""What segments do by time: every second everybody who is due is told, whether something happened to them or not."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.segments import usecases
from shared.jobs.timers import Act
from shared.world import World

NAME: Final = "segments"
SECONDS: Final = 1


def acts(world: World) -> dict[str, Act]:
    """The act under its name; each batch has a transaction of its own, so that none is held long."""

    async def tell(_: AsyncConnection, __: Mapping[str, Any]) -> None:
        await usecases.settle(world)

    return {NAME: tell}
