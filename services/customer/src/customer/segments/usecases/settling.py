"""Telling memberships up to now: for whoever is due, by event or by time, exactly as of the instant it became so."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.due import usecases as due
from customer.due.usecases import Due
from customer.segments import repository
from customer.segments.domain.memberships import Cause, Stay, stays, walk
from customer.segments.events import SegmentEntered, SegmentLeft
from customer.segments.usecases.library import Shelf, shelf
from customer.segments.usecases.sources import Source, sources
from shared import clock
from shared.events import outbox
from shared.events.envelope import Emit
from shared.world import World

# A batch holds its due rows: small, so that an event that moves one of them does not wait long.
BATCH: Final = 50
# A walk through years is cut, and goes on in the next batch.
STEPS: Final = 2_000
# The smallest step of time that is kept.
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A membership as it stands in the database: `row` of those who are in (`open`) or of those who were."""

    row: Row[Any]
    stay: Stay
    open: bool


@dataclass(slots=True)
class _Changes:
    """What a batch writes."""

    members: list[dict[str, Any]] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    void: list[UUID] = field(default_factory=list)
    told: list[Due] = field(default_factory=list)
    said: list[Emit] = field(default_factory=list)


async def settle(world: World, within: timedelta = timedelta(seconds=10)) -> int:
    """Tell everybody who is due, batch by batch, each in a transaction of its own; how many were told.

    Stops when nobody is due or the time is spent: who is due stays due. Any number of workers may do it together.
    """
    count, until = 0, clock.now() + within
    while clock.now() < until and await due.anything(world):
        async with world.db.begin() as tx:
            swept = await due.sweep(tx)
        async with world.db.begin() as tx:
            told = await settle_batch(world, tx)
        count += told
        if not swept and told == 0:
            break
    return count


async def settle_batch(world: World, tx: AsyncConnection) -> int:
    """Tell a batch of those longest due; how many they were."""
    now = clock.now()
    rows = await due.take(tx, now, BATCH)
    if not rows:
        return 0
    ids = [row.customer_id for row in rows]
    on_shelf = await shelf(tx)
    known = await sources(world, tx, ids, on_shelf)
    kept = await _kept(tx, on_shelf, ids)
    changes = _Changes()
    for row in rows:
        source = known.get(row.customer_id)
        if source is None:
            continue
        _tell(changes, on_shelf, row, source, kept.get(row.customer_id, []), now)
        await asyncio.sleep(0)  # the relay and the ears of this worker want their turn
    # Erased, or heard of and never registered: nothing is to be told of them.
    strangers = [one for one in ids if one not in known]
    await due.forget(tx, strangers)
    await repository.forget(tx, strangers)
    await repository.void_stays(tx, changes.void, now)
    await repository.delete_members(tx, changes.gone)
    await repository.insert_members(tx, changes.members)
    await repository.insert_stays(tx, changes.ended)
    await due.told(tx, changes.told)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, changes.said)
    return len(rows)


async def _kept(tx: AsyncConnection, on_shelf: Shelf, ids: Sequence[UUID]) -> dict[UUID, list[_Kept]]:
    keys = on_shelf.keys
    found: dict[UUID, list[_Kept]] = {}
    for row in await repository.members_of(tx, ids):
        stay = Stay(
            keys[row.segment_id],
            row.version,
            row.entered_at,
            Cause(row.entered_by),
            receipt_id=row.receipt_id,
            legal_basis=row.legal_basis,
        )
        found.setdefault(row.customer_id, []).append(_Kept(row, stay, open=True))
    for row in await repository.stays_of(tx, ids, void=False):
        stay = Stay(
            keys[row.segment_id],
            row.version,
            row.entered_at,
            Cause(row.entered_by),
            row.left_at,
            None if row.left_by is None else Cause(row.left_by),
            row.receipt_id,
            row.legal_basis,
        )
        found.setdefault(row.customer_id, []).append(_Kept(row, stay, open=False))
    return found


def _tell(changes: _Changes, on_shelf: Shelf, row: Due, source: Source, kept: Sequence[_Kept], now: datetime) -> None:
    """One customer from their due instant up to now, and what that changes."""
    since = row.next_check_at
    assert since is not None  # noqa: S101  # it is due
    steps = islice(walk(on_shelf.library, source.read, source.happened, since, now), STEPS)
    after, following = stays([one.stay for one in kept], steps, since)
    before_open = {one.stay.key: one.stay for one in kept if one.open}
    after_open = {one.key: one for one in after if one.left_at is None}
    _write(changes, on_shelf, row.customer_id, kept, after, now)
    crossed = sorted(before_open.keys() ^ after_open.keys())
    version = row.version + bool(crossed)
    for key in crossed:
        said = _said(on_shelf, source, row.customer_id, key, version, after, before_open.get(key), since)
        changes.said.append(said)
    # A walk that was cut is told up to where it goes on.
    until = now if following is None or following > now else following
    changes.told.append(Due(row.customer_id, version, until, following))


def _said(
    on_shelf: Shelf,
    source: Source,
    customer_id: UUID,
    key: str,
    version: int,
    after: Sequence[Stay],
    before: Stay | None,
    since: datetime,
) -> Emit:
    """What is said of somebody who is in now and was not, or was and is not: one event, with the exact instant."""
    last = max((one for one in after if one.key == key), key=lambda one: one.entered_at, default=None)
    if before is None:
        assert last is not None  # noqa: S101  # who entered has a membership
        kind: type[SegmentEntered | SegmentLeft] = SegmentEntered
        at, by, rule = last.entered_at, last.entered_by, last.version
        use, receipt_id, basis = _use_at(on_shelf, key, at), last.receipt_id, last.legal_basis
    else:
        kind, rule = SegmentLeft, before.version
        # Without an end a late event has shown that the membership never was: they are out since it began.
        ended = last is not None and last.left_at is not None and last.left_at >= since
        at = last.left_at if ended and last is not None and last.left_at is not None else before.entered_at
        by = last.left_by if ended and last is not None and last.left_by is not None else Cause.EVENT
        use, receipt_id, basis = _rested(on_shelf, source, before, at)
    event = kind(
        customer_id=customer_id,
        segment_id=on_shelf.ids[key],
        segment=key,
        since=at,
        by=by,
        rule_version=rule,
        occurred_at=at,
        use=use,
        receipt_id=receipt_id,
        legal_basis=basis,
    )
    return Emit(event, key=customer_id, subject=f"{customer_id}/{key}", sequence=version)


def _use_at(on_shelf: Shelf, key: str, at: datetime) -> str | None:
    return on_shelf.library.at(at)[0].uses.get(key)


def _rested(on_shelf: Shelf, source: Source, stay: Stay, at: datetime) -> tuple[str | None, UUID | None, str | None]:
    """For what a membership was told until that instant and what that rested on: a consent may have been renewed since.

    One that never was is told by what it was recorded to rest on when it began.
    """
    before = at - _TICK
    book = on_shelf.library.at(before)[0]
    if before < stay.entered_at or stay.key not in book.gates:
        return _use_at(on_shelf, stay.key, stay.entered_at), stay.receipt_id, stay.legal_basis
    rests = source.grounds(book.gates[stay.key], before)
    if not rests.value:
        return book.uses[stay.key], stay.receipt_id, stay.legal_basis
    return book.uses[stay.key], rests.receipt_id, rests.legal_basis


def _same(one: Stay) -> tuple[Any, ...]:
    return one.key, one.entered_at, one.version, one.entered_by, one.receipt_id, one.legal_basis


def _write(
    changes: _Changes,
    on_shelf: Shelf,
    customer_id: UUID,
    kept: Iterable[_Kept],
    after: Iterable[Stay],
    now: datetime,
) -> None:
    """The rows that make what is kept into what is told; what was recorded is never rewritten, only ended or voided."""
    left = {_same(one): one for one in after}
    for one in kept:
        told = left.get(_same(one.stay))
        if told == one.stay:
            del left[_same(one.stay)]
        elif not one.open:
            changes.void.append(one.row.id)
        else:
            changes.gone.append({"customer_id": customer_id, "segment_id": one.row.segment_id})
            ended = _row(on_shelf, customer_id, told or one.stay, one.row.recorded_at)
            changes.ended.append(ended | _ending(told, now) | {"void_at": now if told is None else None})
            left.pop(_same(one.stay), None)
    for stay in left.values():
        row = _row(on_shelf, customer_id, stay, now)
        if stay.left_at is None:
            changes.members.append(row)
        else:
            changes.ended.append(row | _ending(stay, now) | {"void_at": None})


def _row(on_shelf: Shelf, customer_id: UUID, stay: Stay, recorded_at: datetime) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "segment_id": on_shelf.ids[stay.key],
        "version": stay.version,
        "entered_at": stay.entered_at,
        "entered_by": stay.entered_by,
        "recorded_at": recorded_at,
        "receipt_id": stay.receipt_id,
        "legal_basis": stay.legal_basis,
    }


def _ending(stay: Stay | None, now: datetime) -> dict[str, Any]:
    ended = stay is not None and stay.left_at is not None
    return {
        "id": clock.new_id(),
        "left_at": stay.left_at if stay is not None else None,
        "left_by": stay.left_by if stay is not None else None,
        "left_recorded_at": now if ended else None,
    }


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here: every membership, past ones included. The due row has gone before."""
    await repository.forget(tx, ids)
