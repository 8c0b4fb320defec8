"""What insight does by itself: remake the forecasts, four times a day."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights import usecases
from shared import clock
from shared.jobs.timers import Act
from shared.world import World

REMAKE: Final = "insights.remake-forecasts"
SECONDS: Final = 6 * 3_600


def remaking(world: World, country: str) -> Act:
    """The act of remaking the forecasts, with the holidays of a country known ahead."""

    async def remake(tx: AsyncConnection, payload: Mapping[str, Any]) -> None:  # noqa: ARG001  # a timer's form
        await usecases.remake_forecasts(world, tx, country, clock.now())

    return remake
