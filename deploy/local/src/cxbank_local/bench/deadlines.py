"""D1: one million open deadlines recomputed after their calendar changed, while writers go on: how long, and do they notice?

Three changes, one after the other: a holiday that moves few deadlines; an office that moves to another zone and is open day
and night, so that each deadline comes earlier, and every service clock is to be looked at earlier; and all of that back.
"""

import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
from sqlalchemy import Table, select, text, update

from cxbank_local.bench.rows import Row
from shared import clock
from shared.db import Database, new_metadata
from shared.deadlines.calendars import Calendar, Day, Week
from shared.deadlines.feeds import public_holidays
from shared.deadlines.profiles import statutory
from shared.deadlines.rules import Edition, Kind, Policy, Rule, Term, Unit
from shared.deadlines.stored import Basis, recompute_stale
from shared.deadlines.tables import deadline_table
from shared.deadlines.zones import seconds
from shared.testing.engines import Postgres, free_port
from shared.testing.postgres import empty

MANY: Final = 1_000_000
CALM_SECONDS: Final = 10
WRITES_A_SECOND: Final = 200
WRITERS: Final = 8
LIMIT_SECONDS: Final = 60
# A writer that met a batch of ours would wait for its commit: some tens of milliseconds. Twice the calm, or this.
NOTICED_MS: Final = 25.0
TABLE: Final = deadline_table(new_metadata())
SINCE: Final = date(2020, 1, 1)
PAUSES: Final = frozenset({"customer"})
SUPPORT: Final = Policy(
    "support",
    "Service clocks of the bench",
    (
        Edition(
            SINCE,
            (
                Rule("answer", Kind.SERVICE, ("receipt",), ("answer",), Term(8 * 3_600, Unit.OPEN_SECONDS)),
                Rule(
                    "solution",
                    Kind.SERVICE,
                    ("receipt",),
                    ("solved",),
                    Term(40 * 3_600, Unit.OPEN_SECONDS),
                    pauses_for=PAUSES,
                    warnings=(Term(8 * 3_600, Unit.OPEN_SECONDS), Term(3_600, Unit.OPEN_SECONDS)),
                ),
            ),
        ),
    ),
)
CLOCKS: Final = (
    ("support", "answer"),
    ("support", "solution"),
    ("support", "solution"),
    ("eu-data-protection", "data_subject_request"),
    ("uk-complaints", "final_response"),
)


def changes() -> list[tuple[str, Basis]]:
    """The calendar as it was when all was computed first, and as it is after each change, by what changed."""
    week = Week.weekdays("09:00-12:30", "13:30-17:00")
    holidays = public_holidays("GB", range(2025, 2029), subdivision="ENG")
    office = Calendar.weekly("office", "Europe/London", week, holidays)
    moved = Calendar.weekly("office", "Europe/Berlin", Week.always(), holidays)
    calendars = {
        "first computed": office,
        "a holiday added": office.with_days([Day(date(2026, 6, 15), "Added holiday")]),
        "all due earlier": moved,
        "all due later": office,
    }
    policies = [SUPPORT, *statutory().values()]
    revised = (replace(one, revision=revision) for revision, one in enumerate(calendars.values(), 1))
    return [(what, Basis.of(policies, [one])) for what, one in zip(calendars, revised, strict=True)]


def _records(many: int) -> Iterator[tuple[Any, ...]]:
    """Open clocks that began within 90 days; one in five was paused once or twice."""
    told = random.Random(20260601)  # noqa: S311  # a bench repeats itself
    first = datetime(2026, 3, 1, 8, tzinfo=UTC)
    for number in range(many):
        start = first + timedelta(seconds=told.randrange(90 * 86_400))
        policy, name = CLOCKS[number % len(CLOCKS)]
        held = None
        if number % 5 == 1:
            since = seconds(start) + told.randrange(86_400)
            held = {"pauses": [["customer", since, since + told.randrange(3 * 86_400)]], "granted": []}
        identity = clock.new_id()
        yield (
            identity, identity, policy, date(2026, 3, 1), name, "office", 0, 0, start,
            json.dumps(held) if held else None, None, None, 0, False, False, 1, None,
        )  # fmt: skip


_COLUMNS: Final = [
    "id", "subject_id", "policy", "edition", "clock", "calendar", "policy_revision", "calendar_revision", "started_at",
    "held", "due_at", "warn_at", "warned", "breach_said", "estimated", "version", "look_at",
]  # fmt: skip


async def _fill(db: Database, url: str, many: int, basis: Basis) -> None:
    """So many clocks as they lie in a table that is vacuumed, each with what it is computed to."""
    async with db.begin() as tx:
        await tx.run_sync(TABLE.metadata.create_all)
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table(TABLE.name, records=_records(many), columns=_COLUMNS)
    finally:
        await connection.close()
    await recompute_stale(db, TABLE, basis)


async def _quiet(url: str) -> None:
    """As after a quiet hour: vacuumed, and the first write to each page is a full one; what was due is kept to compare."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"DROP TABLE IF EXISTS was; CREATE TABLE was AS SELECT id, due_at FROM {TABLE.name}")
        for statement in (f"VACUUM ANALYZE {TABLE.name}", "VACUUM ANALYZE was", "CHECKPOINT"):
            await connection.execute(statement)
    finally:
        await connection.close()


async def _write(db: Database, table: Table, ids: list[Any], told: random.Random, took: list[float]) -> None:
    """What a service does when a case waits: lock the row, add a pause, and commit."""
    begun = time.perf_counter()
    async with db.begin() as tx:
        mine = table.c.id == told.choice(ids)
        row = (await tx.execute(select(table.c.held).where(mine).with_for_update())).one()
        pauses = [*((row.held or {}).get("pauses", [])), ["customer", seconds(clock.now()), None]]
        held = {"pauses": pauses, "granted": []}
        await tx.execute(update(table).where(mine).values(held=held, version=table.c.version + 1))
    took.append((time.perf_counter() - begun) * 1_000)


async def _writers(url: str) -> dict[str, Any]:
    """Writes at a steady pace until standard input ends: milliseconds of each, and how many failed."""
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    db, took, told = Database(url, pool_size=WRITERS), list[float](), random.Random(7)  # noqa: S311  # see above
    async with db.read() as conn:
        ids = list((await conn.execute(text(f"SELECT id FROM {TABLE.name} TABLESAMPLE SYSTEM (5)"))).scalars())
    tasks, failed = set[asyncio.Task[None]](), 0
    due = time.perf_counter()
    while not ended.done():
        failed += sum(task.exception() is not None for task in tasks if task.done())
        tasks = {task for task in tasks if not task.done()}
        if len(tasks) < 4 * WRITERS:
            tasks.add(asyncio.create_task(_write(db, TABLE, ids, told, took)))
        due += 1 / WRITES_A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    failed += sum(one is not None for one in await asyncio.gather(*tasks, return_exceptions=True))
    await db.close()
    return {"took": sorted(took), "failed": failed}


async def _beside(url: str) -> asyncio.subprocess.Process:
    """Writers in a process of their own, as an api is beside a worker."""
    command = [sys.executable, "-m", "cxbank_local.bench.deadlines", "writers", url]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)


async def _took(writers: asyncio.subprocess.Process) -> tuple[list[float], int]:
    said, _ = await writers.communicate(b"")
    told = json.loads(said)
    return told["took"], told["failed"]


def _server_seconds(postgres: Postgres) -> float:
    """What the server's processes, those of our connections among them, have used of a processor."""
    if postgres.pid is None:
        raise RuntimeError("the server is gone")
    return float(sum(sum(one.cpu_times()[:2]) for one in psutil.Process(postgres.pid).children(recursive=True)))


def _at(took: list[float], share: float) -> float:
    return took[min(len(took) - 1, int(len(took) * share))]


async def _calm(url: str) -> list[float]:
    """Milliseconds of each write while nothing else happens."""
    writers = await _beside(url)
    await asyncio.sleep(CALM_SECONDS)
    return (await _took(writers))[0]


@dataclass(frozen=True, slots=True)
class _Sweep:
    """One recomputation: seconds, rows moved and left behind, processor seconds of ours and of the server, the writers."""

    took: float
    moved: int
    behind: int
    spent: float
    served: float
    writes: list[float]
    failed: int


async def _swept(postgres: Postgres, db: Database, url: str, basis: Basis) -> _Sweep:
    await _quiet(url)
    writers = await _beside(url)
    await asyncio.sleep(2)
    begun, spent, served = time.perf_counter(), time.process_time(), _server_seconds(postgres)
    await recompute_stale(db, TABLE, basis)
    took, spent = time.perf_counter() - begun, time.process_time() - spent
    served = _server_seconds(postgres) - served
    writes, failed = await _took(writers)
    old, now = f"{TABLE.name}.calendar_revision < :revision", f"{TABLE.name}.due_at IS DISTINCT FROM was.due_at"
    counted = text(
        f"SELECT count(*) FILTER (WHERE {now}) AS moved, count(*) FILTER (WHERE {old}) AS behind"
        f" FROM {TABLE.name} JOIN was USING (id)"
    )
    async with db.read() as conn:
        left = (await conn.execute(counted, {"revision": basis.calendars["office"].revision})).one()
    return _Sweep(took, left.moved, left.behind, spent, served, writes, failed)


async def _measured(postgres: Postgres, url: str, many: int) -> AsyncIterator[Row]:
    db = Database(url, statement_timeout_ms=60_000)
    (_, first), *following = changes()
    await _fill(db, url, many, first)
    await _quiet(url)
    calm = await _calm(url)
    bound = max(NOTICED_MS, 2 * _at(calm, 0.99))
    for what, basis in following:
        one = await _swept(postgres, db, url, basis)
        met = one.took < LIMIT_SECONDS and one.behind == one.failed == 0 and _at(one.writes, 0.99) <= bound
        yield Row(
            number="D1",
            what=f"{many:,} open deadlines recomputed, {what}; p50, p99 of {WRITES_A_SECOND} writes/s meanwhile",
            floor=f"writes when calm: p50 {_at(calm, 0.5):.1f} ms, p99 {_at(calm, 0.99):.1f} ms",
            ours=f"{one.took:.1f} s, {one.moved:,} moved, {one.behind} left, {one.failed} writes failed",
            ratio=None,
            p50=f"{_at(one.writes, 0.5):.1f} ms",
            p99=f"{_at(one.writes, 0.99):.1f} ms",
            cpu=f"{one.spent / many * 1e6:.0f} µs, and {one.served / many * 1e6:.0f} µs of the server (writers included)",
            must=f"< {LIMIT_SECONDS} s for a million; p99 ≤ {bound:.0f} ms",
            met=met,
        )
    await db.close()


def deadline_rows(folder: Path, many: int = MANY) -> list[Row]:
    """A row for each change, on a durable server of its own under that folder."""
    postgres = Postgres(folder, free_port())
    postgres.start()

    async def measured(url: str) -> list[Row]:
        return [row async for row in _measured(postgres, url, many)]

    try:
        with empty(postgres.url) as url:
            return asyncio.run(measured(url))
    finally:
        postgres.stop()


def _alone(many: int) -> int:
    folder = Path(tempfile.mkdtemp(prefix="cxbank-bench-", dir="/var/tmp"))  # where the server's OS user may enter
    folder.chmod(0o755)
    try:
        rows = deadline_rows(folder / "deadlines", many)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in rows:
        sys.stdout.write(
            f"{row.number} {row.what}: {row.ours}; {row.floor}; {row.p50}, {row.p99}; {row.cpu} ({row.must})\n"
        )
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["writers"]:
        sys.stdout.write(json.dumps(asyncio.run(_writers(sys.argv[2]))))
    else:
        raise SystemExit(_alone(int(sys.argv[1]) if len(sys.argv) > 1 else MANY))
