"""What insight does by itself: remake forecasts and tables of habits four times a day, judge all records once; one worker each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights import usecases
from shared import clock
from shared.jobs.turns import Part, take_turns
from shared.world import World

EVERY: Final = timedelta(hours=6)
LOOK_SECONDS: Final = 30.0

Make = Callable[[AsyncConnection, datetime], Awaitable[None]]


class Remaking:
    """A part of the worker, apart from its timers: what takes half a minute must not let those wait that are due each second."""

    def __init__(self, world: World, country: str) -> None:
        async def forecasts(tx: AsyncConnection, at: datetime) -> None:
            await usecases.remake_forecasts(world, tx, country, at)

        async def habits(tx: AsyncConnection, at: datetime) -> None:
            await usecases.remake_habits(world, tx, at)

        async def mix(tx: AsyncConnection, at: datetime) -> None:
            await usecases.remake_mix(world, tx, at)

        self._world = world
        self._reports: Mapping[str, Make] = {
            usecases.FORECASTS: forecasts,
            usecases.CHANNEL_MIX: mix,
            usecases.HABITS: habits,
        }

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop."""
        await take_turns(stopping, self.once, failure="insight_failed", seconds=LOOK_SECONDS)

    async def once(self) -> list[str]:
        """Remake what is due and what no other worker is at; which reports that was."""
        made = []
        for name, make in self._reports.items():
            async with self._world.db.begin() as tx:
                now = clock.now()
                if await usecases.take_report(tx, name, now - EVERY):
                    await make(tx, now)
                    made.append(name)
        return made


def judging(world: World) -> Part:
    """A part of the worker: every record is opened once a day, which takes minutes where there are many."""
    once = partial(usecases.judge_records, world)
    return partial(take_turns, once=once, failure="quality_failed", seconds=LOOK_SECONDS)
