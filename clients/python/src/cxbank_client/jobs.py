"""Waiting for long work: asked for again at a growing pause, told to whoever watches, until it has ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

ENDED = frozenset({"done", "finished", "succeeded", "completed", "failed", "cancelled"})
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0


class Progress(Protocol):
    """What every service's job tells."""

    @property
    def state(self) -> str:
        """Where the work stands."""


J = TypeVar("J", bound=Progress)


async def ended(ask: Callable[[], Awaitable[J]], *, within: float, watch: Callable[[J], None] | None = None) -> J:
    """The job once it has ended; TimeoutError where it has not `within` seconds (it goes on all the same)."""
    pause = FIRST_PAUSE
    async with asyncio.timeout(within):
        while True:
            job = await ask()
            if watch is not None:
                watch(job)
            if job.state in ENDED:
                return job
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
