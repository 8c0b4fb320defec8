"""Carries out stored imports: any worker, one at a time each, resumed by line number wherever the last one died."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared import clock
from shared.access import Caller
from shared.crypto import Subject
from shared.db import is_outage
from shared.grouping import run_in_groups
from shared.idempotency import Answer
from shared.jobs.importer import Importer, Reject, reject_of, wish_of
from shared.jobs.parsing import CsvParser, Line, NdjsonParser, Parser
from shared.jobs.routes import JOB
from shared.jobs.tables import JobTables
from shared.telemetry import log
from shared.world import World

LOOK_SECONDS: Final = 1.0
_SLICE: Final = 50
LEASE: Final = timedelta(seconds=30)
ABANDONED: Final = timedelta(hours=1)


class LeaseLost(Exception):  # not an error: another worker goes on from where we were
    """Somebody else works on this job now."""


@dataclass
class _Checked:
    """A group of lines up to `last`, as the verb takes them, and those it cannot take."""

    last: int
    wishes: list[Any] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class JobRunner:
    """A part of a worker: looks for a job, works on it to its end, looks again."""

    def __init__(self, world: World, tables: JobTables, importers: Sequence[Importer]) -> None:
        self._world = world
        self._tables = tables
        self._importers = {importer.kind: importer for importer in importers}

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; a job under way is left at its last kept line."""
        while not stopping.is_set():
            worked = False
            try:
                worked = await self.once(stopping)
            except LeaseLost:
                continue
            except Exception as error:  # noqa: BLE001  # the lease ends by itself and the job is taken up again
                if not is_outage(error):
                    log.error("job_failed", kind=type(error).__name__)
            if not worked:
                try:
                    await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue

    async def once(self, stopping: asyncio.Event | None = None) -> bool:
        """Work on one job, if there is one."""
        job = await self._claim()
        if job is None:
            return False
        importer = self._importers.get(job.kind)
        if importer is None:
            await self._finish(job.id, "failed")
            return True
        caller = Caller(sub=job.sub, actor=job.actor, scopes=frozenset(), request_id=str(job.id))
        # While the database carries out one group the next is read and checked; groups follow one another all the same.
        under_way: asyncio.Task[None] | None = None
        try:
            async for lines in self._lines(job, importer.group):
                group = await self._checked(importer, lines, caller)
                if under_way is not None:
                    await under_way
                    under_way = None
                    if stopping is not None and stopping.is_set():
                        await self._release(job.id)
                        return True
                under_way = asyncio.create_task(self._carry_out(job.id, importer, group))
            if under_way is not None:
                await under_way
        finally:
            if under_way is not None and not under_way.done():
                under_way.cancel()
                await asyncio.gather(under_way, return_exceptions=True)
        await self._finish(job.id, "done")
        log.info("job_done", job_id=str(job.id), job_kind=job.kind)
        return True

    async def _claim(self) -> Any | None:
        table = self._tables.job
        now = clock.now()
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
        waiting = select(table).where(table.c.state.in_(("queued", "running")), free)
        if not await self._world.db.any(waiting):
            return None
        chosen = waiting.order_by(table.c.id).limit(1)
        async with self._world.db.begin() as tx:
            job = (await tx.execute(chosen.with_for_update(skip_locked=True))).one_or_none()
            if job is None:
                return None
            taken = {"state": "running", "started_at": job.started_at or now, "lease_until": now + LEASE}
            return (await tx.execute(update(table).where(table.c.id == job.id).values(**taken).returning(table))).one()

    async def _chunk(self, job_id: UUID, number: int) -> bytes:
        table, subject = self._tables.chunk, Subject(JOB, job_id)
        async with self._world.db.read() as conn:
            found = select(table).where(table.c.job_id == job_id, table.c.number == number)
            row = (await conn.execute(found)).one()
            key = (await self._world.vault.for_read(conn, [subject]))[subject]
        if key is None:
            raise LeaseLost
        return key.open_bytes(row.data, row=row.row_id, field="job_chunk")

    async def _lines(self, job: Any, size: int) -> AsyncIterator[Sequence[Line]]:
        """The lines that are still to be done, a group at a time."""
        parser: Parser = CsvParser() if job.format == "csv" else NdjsonParser()
        waiting: list[Line] = []
        for number in range(job.chunks):
            piece = await self._chunk(job.id, number)
            for line in parser.feed(piece, last=number == job.chunks - 1):
                if line.number <= job.done:
                    continue
                waiting.append(line)
                if len(waiting) >= size:
                    yield waiting
                    waiting = []
        if waiting:
            yield waiting

    async def _checked(self, importer: Importer, lines: Sequence[Line], caller: Caller) -> _Checked:
        group = _Checked(last=lines[-1].number)
        ids, at = clock.new_ids(len(lines)), clock.now()
        for place, line in enumerate(lines):
            if place % _SLICE == 0:
                await asyncio.sleep(0)  # the group before this one waits for its turn between its statements
            made = wish_of(importer, self._world.keyring, line, caller, ids[place], at)
            if isinstance(made, Reject):
                group.rejects.append(made)
            else:
                group.wishes.append(made)
                group.numbers.append(line.number)
        return group

    async def _carry_out(self, job_id: UUID, importer: Importer, group: _Checked) -> None:
        created = unchanged = 0
        if group.wishes:
            verb = partial(importer.verb, self._world)
            answers = await run_in_groups(self._world.db, verb, group.wishes)
            for number, answer in zip(group.numbers, answers, strict=True):
                if isinstance(answer, Exception):
                    group.rejects.append(reject_of(number, answer))
                elif isinstance(answer, Answer) and answer.replayed:
                    unchanged += 1
                else:
                    created += 1
        await self._progress(job_id, group.last, created, unchanged, group.rejects)

    async def _progress(self, job_id: UUID, line: int, created: int, unchanged: int, rejects: Sequence[Reject]) -> None:
        table = self._tables.job
        now = clock.now()
        async with self._world.db.begin() as tx:
            kept = update(table).where(table.c.id == job_id, table.c.lease_until > now)
            moved = kept.values(
                done=line,
                created=table.c.created + created,
                unchanged=table.c.unchanged + unchanged,
                rejected=table.c.rejected + len(rejects),
                lease_until=now + LEASE,
            )
            if (await tx.execute(moved.returning(table.c.id))).first() is None:
                raise LeaseLost
            if rejects:
                rows = [
                    {"job_id": job_id, "line": one.line, "code": one.code, "pointer": one.pointer} for one in rejects
                ]
                await tx.execute(insert(self._tables.reject).on_conflict_do_nothing(), rows)

    async def _release(self, job_id: UUID) -> None:
        async with self._world.db.begin() as tx:
            await tx.execute(update(self._tables.job).where(self._tables.job.c.id == job_id).values(lease_until=None))

    async def _finish(self, job_id: UUID, state: str) -> None:
        """The input is not needed any more: its chunks go, and the key they were sealed with."""
        tables, at = self._tables, clock.now()
        async with self._world.db.begin() as tx:
            ended = update(tables.job).where(tables.job.c.id == job_id)
            values = {"state": state, "finished_at": at, "lease_until": None}
            if state == "done":
                await tx.execute(ended.values(done=tables.job.c.total, **values))
            else:
                await tx.execute(ended.values(**values))
            await tx.execute(delete(tables.chunk).where(tables.chunk.c.job_id == job_id))
            await self._world.vault.erase(tx, Subject(JOB, job_id), at)

    async def sweep(self) -> None:
        """Drop uploads that broke off: they never became a job."""
        tables, before = self._tables, clock.now() - ABANDONED
        async with self._world.db.begin() as tx:
            broken = delete(tables.job).where(tables.job.c.state == "receiving", tables.job.c.created_at < before)
            gone = list((await tx.execute(broken.returning(tables.job.c.id))).scalars())
            await tx.execute(delete(tables.chunk).where(tables.chunk.c.job_id.in_(gone)))
