"""What segments do by time: every second everybody who is due is told, whether something happened to them or not."""

import asyncio
from collections.abc import Awaitable, Callable

from customer.segments import usecases
from shared.jobs.turns import take_turns
from shared.world import World

Part = Callable[[asyncio.Event], Awaitable[None]]


def settling(world: World) -> Part:
    """A part of the worker, apart from its timers: telling many takes seconds, in which those must not wait."""

    async def once() -> int:
        return await usecases.settle(world)

    async def run(stopping: asyncio.Event) -> None:
        await take_turns(stopping, once, failure="segments_failed")

    return run
