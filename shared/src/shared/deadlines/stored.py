"""Clocks in the database: kept with what was computed, found when they warn or are due, recomputed when the basis changes."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database
from shared.deadlines import statements
from shared.deadlines.bulk import Rows, recompute
from shared.deadlines.calendars import Beyond, Calendar
from shared.deadlines.rules import Policy, Rule
from shared.deadlines.state import State
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import instant, seconds

BATCH: Final = 2_000
# A row that others hold is left for the next pass; after so many the rest is left for the next sweep.
PASSES: Final = 5
# So many looks that came early are planned anew each time: after a migration or a sweep there may be a million.
EARLY: Final = 1_000
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Basis:
    """What deadlines are computed by: the policies and calendars as they are now.

    What is stored must not be unknown: beyond the holidays they know, calendars estimate here, and the row says so until a
    later revision knows better.
    """

    policies: Mapping[str, Policy]
    calendars: Mapping[str, Calendar]
    almanac: Almanac = field(default_factory=Almanac)

    @classmethod
    def of(cls, policies: Iterable[Policy], calendars: Iterable[Calendar]) -> Self:
        """The basis of these."""
        estimating = (replace(one, beyond=Beyond.ESTIMATE) for one in calendars)
        return cls({one.key: one for one in policies}, {one.key: one for one in estimating})

    def rule(self, policy: str, edition: date, clock: str) -> Rule | None:
        """The rule of a clock, or None when it was taken out: then there is no deadline any more."""
        return self.policies[policy].rules(edition).get(clock)


@dataclass(frozen=True, slots=True)
class Clock:
    """One run of a clock as it is kept; `edition` is any date on which its rule was in force, as a rule that of the start."""

    id: UUID
    subject_id: UUID
    policy: str
    edition: date
    clock: str
    calendar: str
    state: State
    warned: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """A clock that warns, or is over its time: to be told in the transaction that found it."""

    id: UUID
    subject_id: UUID
    policy: str
    clock: str
    due_at: datetime
    breached: bool


@dataclass(frozen=True, slots=True)
class Swept:
    """What a recomputation did: rows written, and rows left stale because others held them to the end."""

    written: int
    left: int


@dataclass(slots=True)
class _Group:
    """Rows of one rule and calendar, as columns."""

    policy: str
    edition: date
    clock: str
    calendar: str
    ids: list[UUID] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    held: list[dict[str, Any] | None] = field(default_factory=list)
    warned: list[int] = field(default_factory=list)


def _computed(basis: Basis, group: _Group) -> dict[str, list[Any]]:
    """Due time, next warning, whether it is an estimate, and by which revisions, for each row of a group in its order."""
    rule, many = basis.rule(group.policy, group.edition, group.clock), len(group.started)
    due: list[int | None] = [None] * many
    warns, estimated = due, [False] * many
    if rule is not None:
        rows = Rows(group.started, group.held, group.warned)
        due, warns, estimated = recompute(rule, rows, basis.calendars[group.calendar], basis.almanac).columns()
    return {
        "due": due,
        "warns": warns,
        "estimated": estimated,
        "policy_revision": [basis.policies[group.policy].revision] * many,
        "calendar_revision": [basis.calendars[group.calendar].revision] * many,
    }


async def keep(tx: AsyncConnection, table: Table, clocks: Sequence[Clock], basis: Basis) -> None:
    """Write clocks with their due times; an id known already gets the new intervals and the next version."""
    if not clocks:
        return
    rows = sorted(clocks, key=lambda clock: clock.id)
    columns: dict[str, list[Any]] = {
        "id": [one.id for one in rows],
        "subject_id": [one.subject_id for one in rows],
        "policy": [one.policy for one in rows],
        "edition": [one.edition for one in rows],
        "clock": [one.clock for one in rows],
        "calendar": [one.calendar for one in rows],
        "started": [seconds(one.state.started_at) for one in rows],
        "held": [one.state.as_json() if one.state.pauses or one.state.granted else None for one in rows],
        "satisfied": [seconds(one.state.satisfied_at) if one.state.satisfied_at else None for one in rows],
        "warned": [one.warned for one in rows],
    }
    groups: dict[tuple[str, date, str, str], list[int]] = defaultdict(list)
    for at, one in enumerate(rows):
        groups[one.policy, one.edition, one.clock, one.calendar].append(at)
    for by, places in groups.items():
        facts = ([columns[name][at] for at in places] for name in ("id", "started", "held", "warned"))
        for name, values in _computed(basis, _Group(*by, *facts)).items():
            whole = columns.setdefault(name, [None] * len(rows))
            for at, value in zip(places, values, strict=True):
                whole[at] = value
    await tx.execute(statements.kept(table), statements.given(columns))


async def to_say(tx: AsyncConnection, table: Table, basis: Basis, *, at: datetime, limit: int = 500) -> list[Said]:
    """Open clocks whose warning has come or whose time is over, each said once, however many warnings were missed.

    The rows are locked and marked in the caller's transaction, which must say it; rows that others hold are left to them.
    """
    now = instant(seconds(at))
    await tx.execute(statements.planned_anew(table), {"now": now, "most": EARLY})
    rows = list(await tx.execute(statements.unsaid(table), {"now": now, "most": limit}))
    if not rows:
        return []
    warned, warns = [], []
    for row in rows:
        group = _Group(
            row.policy, row.edition, row.clock, row.calendar, [row.id], [row.started], [row.held], [row.warned]
        )
        following = seconds(row.warn_at) if row.warn_at is not None else None
        while following is not None and following <= seconds(now):
            group.warned[0] += 1
            following = _computed(basis, group)["warns"][0]
        warned.append(group.warned[0])
        warns.append(following)
    breached = [row.due_at is not None and row.due_at < now for row in rows]
    columns = {"id": [row.id for row in rows], "warned": warned, "warns": warns, "breached": breached}
    await tx.execute(statements.marked(table), statements.given(columns) | {"now": seconds(now)})
    return [
        Said(row.id, row.subject_id, row.policy, row.clock, row.due_at, over)
        for row, over in zip(rows, breached, strict=True)
    ]


async def recompute_stale(
    db: Database, table: Table, basis: Basis, *, lanes: int = 2, batch: int = BATCH, rest_seconds: float = 0.0
) -> Swept:
    """Compute open clocks anew that were computed by an older revision of their policy or calendar.

    Nobody is blocked: a batch is read and computed without a lock, and written in one short statement that skips rows which
    others hold or that changed since; those are met again in the next pass. The lanes walk ranges of the key
    side by side, so that one computes while the other writes. Safe to run twice, anywhere, and to break off. Rows of
    policies and calendars that the basis does not know are left alone.
    """
    written = left = 0
    for _ in range(PASSES):
        bounds = await _ranges(db, table, lanes)
        async with asyncio.TaskGroup() as lane:
            ranges = [lane.create_task(_lane(db, table, basis, *ends, batch, rest_seconds)) for ends in bounds]
        done = [one.result() for one in ranges]
        written, left = written + sum(one.written for one in done), sum(one.left for one in done)
        if not left:
            break
    return Swept(written, left)


async def _ranges(db: Database, table: Table, lanes: int) -> list[tuple[UUID, UUID]]:
    """The key cut into as many ranges; ids are times, so that equal ranges hold about equally many rows."""
    async with db.read() as conn:
        low = (await conn.execute(select(table.c.id).order_by(table.c.id).limit(1))).scalar()
        high = (await conn.execute(select(table.c.id).order_by(table.c.id.desc()).limit(1))).scalar()
    if low is None or high is None:
        return []
    cuts = [low.int + (high.int - low.int) * lane // lanes for lane in range(1, lanes)]
    edges = [_FIRST, *(UUID(int=one) for one in cuts), _LAST]
    return list(pairwise(edges))


async def _lane(
    db: Database, table: Table, basis: Basis, low: UUID, high: UUID, batch: int, rest_seconds: float
) -> Swept:
    after, written, left = low, 0, 0
    while True:
        async with db.read() as conn:
            stale = await read_stale(conn, table, basis, after, high, batch)
        if stale is None:
            return Swept(written, left)
        async with db.begin() as tx:
            changed = await write_back(tx, table, stale)
        after = stale.last
        written += changed
        left += len(stale.columns["id"]) - changed
        if rest_seconds:
            await asyncio.sleep(rest_seconds)


@dataclass(frozen=True, slots=True)
class Stale:
    """A batch of stale rows as they were read, with what they were computed to; all keys lie from `first` to `last`."""

    first: UUID
    last: UUID
    columns: Mapping[str, list[Any]]


async def read_stale(
    conn: AsyncConnection, table: Table, basis: Basis, after: UUID, high: UUID, batch: int = BATCH
) -> Stale | None:
    """The next rows behind `after` that an older revision computed, computed anew; None when there are none."""
    asked = {
        "after": after,
        "high": high,
        "batch": batch,
        "policies": {key: one.revision for key, one in basis.policies.items()},
        "calendars": {key: one.revision for key, one in basis.calendars.items()},
    }
    found = [(_Group(*row[:-1]), row.versions) for row in await conn.execute(statements.stale_rows(table), asked)]
    if not found:
        return None
    columns: dict[str, list[Any]] = defaultdict(list)
    for group, versions in found:
        told = {"id": group.ids, "version": versions, "warned": group.warned} | _computed(basis, group)
        for name, values in told.items():
            columns[name] += values
    return Stale(min(group.ids[0] for group, _ in found), max(group.ids[-1] for group, _ in found), columns)


async def write_back(tx: AsyncConnection, table: Table, stale: Stale) -> int:
    """Write what was computed past rows that others hold or that changed since they were read; how many were written."""
    asked = statements.given(stale.columns) | {"first": stale.first, "last": stale.last}
    return int((await tx.execute(statements.recomputed(table), asked)).rowcount)
