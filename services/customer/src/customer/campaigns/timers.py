"""What campaigns do by time: begin, draw their people, write to them at their pace, end; every second what is due."""

import asyncio
from collections.abc import Awaitable, Callable

from customer.campaigns import usecases
from shared.jobs.turns import take_turns
from shared.world import World

Part = Callable[[asyncio.Event], Awaitable[None]]


def stepping(world: World) -> Part:
    """A part of the worker; each step has a transaction of its own, so that a crash loses one step and repeats none."""

    async def once() -> bool:
        return await usecases.step(world)

    async def run(stopping: asyncio.Event) -> None:
        await take_turns(stopping, once, failure="campaigns_failed")

    return run
