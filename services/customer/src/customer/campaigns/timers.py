"""What campaigns do by time: begin, draw their people, write to them at their pace, end; every second what is due."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.campaigns import usecases
from shared import clock
from shared.jobs.timers import Act
from shared.world import World

NAME: Final = "campaigns"
SECONDS: Final = 1
_AT_A_STRETCH: Final = timedelta(seconds=5)


def acts(world: World) -> dict[str, Act]:
    """The act under its name; each step has a transaction of its own, so that a crash loses one step and repeats none."""

    async def go_on(_: AsyncConnection, __: Mapping[str, Any]) -> None:
        until = clock.now() + _AT_A_STRETCH
        while clock.now() < until and await usecases.step(world):
            continue

    return {NAME: go_on}
