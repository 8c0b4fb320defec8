"""Bus -> handlers: one partition's batch is decoded, deduplicated, handled and its position kept in one transaction."""

import time
from collections import Counter as Counted
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from prometheus_client import Counter, Gauge
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import BigInteger, Integer, Table, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import partitions
from shared.db import Database, is_contention, is_outage, unnest
from shared.events import inbox, parking
from shared.events.envelope import Envelope, Record, Undecodable, epoch_of
from shared.events.tables import EventTables
from shared.problems import Problem
from shared.telemetry import log, traceparent_var

HEARD: Final = Counter("events_heard_total", "Events by type and what became of them", ["type", "outcome"])
PARKED: Final = Gauge("events_parked", "Messages parked")


class Hears(BaseModel):
    """A listener's own idea of an event: the few fields it uses; what else is said does not matter."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    type: ClassVar[str]


M = TypeVar("M", bound=Hears)


class Heard(NamedTuple, Generic[M]):
    """One event as a handler gets it; `sequence` is the version of `subject` within its source."""

    id: str
    type: str
    source: str
    subject: str
    sequence: int | None
    time: datetime
    key: str
    data: M


Handle = Callable[[AsyncConnection, Sequence[Heard[Any]]], Awaitable[None]]


class Handlers:
    """Which events a service hears, and what it does with a batch of them."""

    def __init__(self) -> None:
        self.of_type: dict[str, list[Handle]] = {}

    def on(self, *models: type[Hears]) -> Callable[[Handle], Handle]:
        """Register `handle(tx, events)` for these events; all handlers of one event share its transaction."""

        def register(handle: Handle) -> Handle:
            for model in models:
                self.of_type.setdefault(model.type, []).append(_typed(model, handle))
            return handle

        return register


def _typed(model: type[Hears], handle: Handle) -> Handle:
    async def typed(tx: AsyncConnection, events: Sequence[Heard[Any]]) -> None:
        await handle(tx, events)

    typed.model = model  # type: ignore[attr-defined]  # what this handler wants its data as
    typed.handle = handle  # type: ignore[attr-defined]  # who is behind it, so that one call gets all its types
    return typed


@cache
def _move(table: Table) -> Any:
    to = unnest("moved", number=Integer, next=BigInteger, reached=Integer)
    here = (table.c.topic == bindparam("of_topic")) & (table.c.partition == to.c.number)
    return update(table).where(here).values(next_offset=to.c.next, epoch=to.c.reached)


@cache
def _standing(table: Table) -> Any:
    here = (table.c.topic == bindparam("of_topic")) & (
        table.c.partition == any_(bindparam("numbers", type_=ARRAY(Integer)))
    )
    # In the order of the partitions, so that two workers who share several do not deadlock.
    return select(table).where(here).order_by(table.c.partition).with_for_update()


class Stale(Exception):  # not an error: somebody else has moved on
    """The batch does not begin where the database says this partition stands."""


class _Decoded(NamedTuple):
    record: Record
    envelope: Envelope
    data: dict[type[Hears], Any]


def is_passing(error: BaseException) -> bool:
    """Whether the same batch may succeed later without anyone doing anything: it is retried for ever, never parked."""
    if is_outage(error) or is_contention(error) or isinstance(error, ConnectionError | TimeoutError):
        return True
    if isinstance(error, Problem):
        return error.status in {429, 503}
    # A partition that was not made in time is ours to make, whatever the event says.
    return "no partition of relation" in str(error)


class Consumer:
    """Hears batches of one service; pure of any bus, so that a refill, a replay and a test hear alike."""

    def __init__(self, db: Database, tables: EventTables, handlers: Handlers) -> None:
        self._db = db
        self.tables = tables
        self._handlers = handlers
        self._oldest: tuple[float, datetime | None] = (-1e9, None)

    async def hear(self, records: Sequence[Record], cluster_id: str) -> None:
        """Hear one partition's records, in order; deterministic failures are found by halving and parked.

        Raises what is passing (the caller retries the same batch), and Stale when the position has moved.
        """
        try:
            await self._in_one(records, cluster_id)
        except Stale:
            raise
        except Exception as error:
            if is_passing(error):
                raise
            if len(records) == 1:
                log.warning("event_parked", topic=records[0].topic, offset=records[0].offset, kind=type(error).__name__)
                await self._in_one(records, cluster_id, poison=cause_of(error))
                return
            middle = len(records) // 2
            await self.hear(records[:middle], cluster_id)
            await self.hear(records[middle:], cluster_id)

    async def hear_together(self, batches: Sequence[Sequence[Record]], cluster_id: str) -> None:
        """Hear several partitions of one topic in one transaction, all or nothing: what it raises, `hear` sorts out.

        A quiet topic has an event or two in each partition at a time; a transaction for each would be most of the work.
        """
        async with self._db.begin() as tx:
            await self._advance(tx, batches, cluster_id)
            await self.apply(tx, [record for records in batches for record in records])

    async def _in_one(self, records: Sequence[Record], cluster_id: str, poison: str | None = None) -> None:
        async with self._db.begin() as tx:
            await self._advance(tx, [records], cluster_id)
            if poison is not None:
                if not await parking.known(tx, self.tables, records):
                    await parking.park(tx, self.tables, [(records[0], poison)])
                HEARD.labels("", "parked").inc()
                return
            await self.apply(tx, records)

    async def apply(self, tx: AsyncConnection, records: Sequence[Record]) -> None:
        """Everything but the position: who is blocked waits, who cannot be read is parked, the rest is handled."""
        free = await self._unblocked(tx, records)
        decoded = await self._decoded(tx, free)
        new = await inbox.first_time(tx, self.tables, [one.envelope for one in decoded], await self._oldest_kept(tx))
        fresh = [one for one, first in zip(decoded, new, strict=True) if first]
        HEARD.labels("", "repeated").inc(len(decoded) - len(fresh))
        await self._handle(tx, fresh)

    async def _advance(self, tx: AsyncConnection, batches: Sequence[Sequence[Record]], cluster_id: str) -> None:
        """Move the positions past these records; the rows are the fence between two workers with one partition."""
        table = self.tables.stream_position
        ordered = sorted(batches, key=lambda records: records[0].partition)
        topic = ordered[0][0].topic
        standing = {"of_topic": topic, "numbers": [records[0].partition for records in ordered]}
        known = {row.partition: row for row in await tx.execute(_standing(table), standing)}
        moved: list[dict[str, Any]] = []
        for records in ordered:
            first, last = records[0], records[-1]
            epoch = max(epoch_of(record.headers) for record in records)
            row = known.get(first.partition)
            if row is None:
                values = {"topic": topic, "partition": first.partition, "cluster_id": cluster_id, "epoch": epoch}
                kept = insert(table).values(next_offset=last.offset + 1, **values).on_conflict_do_nothing()
                if (await tx.execute(kept.returning(table.c.epoch))).first() is None:
                    raise Stale
            elif row.cluster_id != cluster_id or first.offset < row.next_offset:
                raise Stale
            else:
                moved.append({"number": first.partition, "next": last.offset + 1, "reached": max(epoch, row.epoch)})
        if moved:
            await tx.execute(
                _move(table), {"of_topic": topic, **{name: [one[name] for one in moved] for name in moved[0]}}
            )

    async def _unblocked(self, tx: AsyncConnection, records: Sequence[Record]) -> list[Record]:
        blocked = await parking.blocked_keys(tx, self.tables, records)
        waiting = [record for record in records if record.key in blocked]
        if not waiting:
            return list(records)
        again = await parking.known(tx, self.tables, waiting)
        fresh = [
            (record, "waits behind a parked message of its key")
            for record in waiting
            if (record.partition, record.offset, _id_of(record)) not in again and not await self._was_heard(tx, record)
        ]
        await parking.park(tx, self.tables, fresh, behind=True)
        return [record for record in records if record.key not in blocked]

    async def _was_heard(self, tx: AsyncConnection, record: Record) -> bool:
        """A refill brings what was handled before its key was blocked: that is not queued again."""
        try:
            identity = UUID(_id_of(record) or "")
        except ValueError:
            return False
        table = self.tables.inbox
        return (await tx.execute(select(table.c.id).where(table.c.id == identity))).first() is not None

    async def _decoded(self, tx: AsyncConnection, records: Sequence[Record]) -> list[_Decoded]:
        decoded: list[_Decoded] = []
        broken: set[bytes] = set()
        for record in records:
            if record.key in broken:
                await parking.park(tx, self.tables, [(record, "waits behind a parked message of its key")], behind=True)
                continue
            try:
                one = self._decode(record)
            except Undecodable as error:
                if not await parking.known(tx, self.tables, [record]):
                    await parking.park(tx, self.tables, [(record, str(error))])
                    HEARD.labels("", "parked").inc()
                    log.warning("event_parked", topic=record.topic, offset=record.offset, kind="Undecodable")
                if record.key is not None:
                    broken.add(record.key)
                continue
            if one is not None:
                decoded.append(one)
        return decoded

    def _decode(self, record: Record) -> _Decoded | None:
        # Most of what a topic says is for others: that is seen by one header, before all are read.
        kind = next((value for name, value in record.headers if name == "ce_type"), None)
        if kind is not None and kind.decode(errors="replace") not in self._handlers.of_type:
            return None
        envelope = Envelope.of(record)
        handles = self._handlers.of_type.get(envelope.type)
        if handles is None:
            return None
        data: dict[type[Hears], Any] = {}
        for handle in handles:
            model: type[Hears] = handle.model  # type: ignore[attr-defined]  # set where it was registered
            if model not in data:
                try:
                    data[model] = model.model_validate_json(envelope.data)
                except ValidationError as error:
                    faults = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()}))
                    raise Undecodable(f"its data does not fit {model.type}: {faults[:200]}") from None
        return _Decoded(record, envelope, data)

    async def _handle(self, tx: AsyncConnection, fresh: Sequence[_Decoded]) -> None:
        """Each handler once, with all its events in order; handlers in the order of their first event."""
        calls: dict[Handle, list[Heard[Any]]] = {}
        for one in fresh:
            envelope = one.envelope
            for handle in self._handlers.of_type[envelope.type]:
                heard = Heard(
                    envelope.id,
                    envelope.type,
                    envelope.source,
                    envelope.subject,
                    envelope.sequence,
                    envelope.time,
                    (one.record.key or b"").decode(errors="replace"),
                    one.data[handle.model],  # type: ignore[attr-defined]  # set where it was registered
                )
                calls.setdefault(handle.handle, []).append(heard)  # type: ignore[attr-defined]  # set where it was registered
        for kind, many in Counted(one.envelope.type for one in fresh).items():
            HEARD.labels(kind, "handled").inc(many)
        if fresh:
            traceparent_var.set(fresh[-1].envelope.traceparent)
        for handle, events in calls.items():
            await handle(tx, events)

    async def _oldest_kept(self, tx: AsyncConnection) -> datetime | None:
        at, kept = self._oldest
        if time.monotonic() - at > 60:
            kept = await partitions.oldest(tx, self.tables.inbox.name)
            self._oldest = (time.monotonic(), kept)
        return kept

    async def replay(self, parked_id: int) -> int:
        """Hear a parked message again, and what waits behind it, in order; how many were handled.

        What still cannot be heard stays parked, with everything behind it; what is passing is raised.
        """
        handled = 0
        async with self._db.read() as conn:
            row = await parking.first_of(conn, self.tables, parked_id)
        while row is not None:
            try:
                async with self._db.begin() as tx:
                    # Whoever parks behind this row holds it; so either they are seen by the next turn, or they see it gone.
                    await parking.drop(tx, self.tables, [row.id])
                    one = self._decode(parking.unpack(row))
                    if one is not None and (await inbox.first_time(tx, self.tables, [one.envelope], None))[0]:
                        await self._handle(tx, [one])
            except Exception as error:
                if is_passing(error):
                    raise
                log.warning("replay_failed", parked_id=row.id, kind=type(error).__name__)
                break
            handled += 1
            async with self._db.read() as conn:
                row = await parking.following(conn, self.tables, row)
        return handled


def cause_of(error: Exception) -> str:
    """Why, in words without values."""
    detail = error.title if isinstance(error, Problem) else ""
    return f"{type(error).__name__}{': ' + detail if detail else ''}"


def _id_of(record: Record) -> str | None:
    return next((value.decode(errors="replace") for name, value in record.headers if name == "ce_id"), None)
