"""How a part of a worker takes its turns: while there is something to do it goes on, then it looks again after a while."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from shared.db import is_outage
from shared.telemetry import log

LOOK_SECONDS: Final = 1.0

# A part of a worker: begins its turns, and ends them when it is told to stop.
Part = Callable[[asyncio.Event], Awaitable[None]]


async def take_turns(
    stopping: asyncio.Event, once: Callable[[], Awaitable[object]], *, failure: str, seconds: float = LOOK_SECONDS
) -> None:
    """Call `once` until it finds nothing (any false answer), wait `seconds`, and so on until told to stop.

    What raises is left as it was and met again at the next look; under the name `failure` it is logged, save where the
    database is merely away, which whoever asks for it has said already.
    """
    while not stopping.is_set():
        try:
            while await once() and not stopping.is_set():
                continue
        except Exception as error:  # noqa: BLE001  # a turn's failure must not end the turns
            if not is_outage(error):
                log.error(failure, kind=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
