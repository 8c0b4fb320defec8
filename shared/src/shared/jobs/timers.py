"""What is done by time: found by `due_at`, by any worker, once; the effect and the next date commit together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.db import Database
from shared.jobs.tables import JobTables
from shared.jobs.turns import take_turns

Act = Callable[[AsyncConnection, Mapping[str, Any]], Awaitable[None]]


async def at(
    tx: AsyncConnection, tables: JobTables, name: str, key: str, due: datetime, payload: Mapping[str, Any]
) -> None:
    """Let `name` act once at `due`; the same key again moves it."""
    said = insert(tables.timer).values(key=f"{name}:{key}", name=name, due_at=due, payload=dict(payload))
    moved = said.on_conflict_do_update(
        index_elements=["key"], set_={"due_at": said.excluded.due_at, "payload": said.excluded.payload}
    )
    await tx.execute(moved)


class Timers:
    """A part of a worker: acts on what is due. `every` names what recurs, with its seconds."""

    def __init__(
        self, db: Database, tables: JobTables, acts: Mapping[str, Act], every: Mapping[str, int] | None = None
    ) -> None:
        self._db = db
        self._table = tables.timer
        self._acts = acts
        self._every = dict(every or {})

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop."""
        begun = False

        async def turn() -> bool:
            nonlocal begun
            if not begun:
                await self.begin()
                begun = True
            return await self.once()

        await take_turns(stopping, turn, failure="timer_failed")

    async def begin(self) -> None:
        """Set the recurring ones up, once for all workers."""
        now = clock.now()
        async with self._db.begin() as tx:
            for name, seconds in sorted(self._every.items()):
                said = insert(self._table).values(key=name, name=name, due_at=now, every_seconds=seconds, payload={})
                await tx.execute(said.on_conflict_do_update(index_elements=["key"], set_={"every_seconds": seconds}))

    async def once(self) -> bool:
        """Act on one timer that is due, if there is one."""
        table, now = self._table, clock.now()
        waiting = select(table).where(table.c.due_at <= now, table.c.name.in_(list(self._acts)))
        if not await self._db.any(waiting):
            return False
        due = waiting.order_by(table.c.due_at)
        async with self._db.begin() as tx:
            row = (await tx.execute(due.limit(1).with_for_update(skip_locked=True))).one_or_none()
            if row is None:
                return False
            await self._acts[row.name](tx, row.payload)
            here = table.c.key == row.key
            if row.every_seconds is None:
                await tx.execute(delete(table).where(here))
            else:
                following = now + timedelta(seconds=row.every_seconds)
                await tx.execute(update(table).where(here).values(due_at=following))
        return True
