"""One part of the suite has the machine: every other role is held still, and catches up afterwards."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text

from cxbank_local.administration import Service
from cxbank_local.suite import Suite

_CATCH_UP_SECONDS = 180


@contextmanager
def alone(suite: Suite, *roles: tuple[str, str]) -> Iterator[None]:
    """Hold every other role still for the time of the block."""
    held = [pid for role in suite.roles() if role not in roles and (pid := suite.pid(role)) is not None]
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)


async def caught_up(services: Sequence[Service]) -> None:
    """Wait until everything said is published, and nothing more was heard for two seconds."""
    before = None
    async with asyncio.timeout(_CATCH_UP_SECONDS):
        while True:
            waiting, heard = 0, []
            for service in services:
                async with service.world.db.read() as conn:
                    unsaid = text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
                    waiting += (await conn.execute(unsaid)).scalar_one()
                    heard.append(
                        (await conn.execute(text("SELECT sum(next_offset) FROM stream_position"))).scalar_one()
                    )
            if waiting == 0 and heard == before:
                return
            before = heard
            await asyncio.sleep(2)
