"""What cannot be heard is parked with its cause, and what follows on its key waits behind it, until it is replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import LargeBinary, Table, any_, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.events.envelope import Record
from shared.events.tables import EventTables


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked message: `behind` says that nothing is wrong with it but what came before it on its key."""

    id: int
    topic: str
    event_id: str | None
    type: str | None
    cause: str
    behind: bool
    parked_at: datetime


def _told(record: Record, name: str) -> str | None:
    return next((value.decode(errors="replace") for key, value in record.headers if key == name), None)


def _pack(record: Record) -> bytes:
    return orjson.dumps([[name, value.decode("latin-1")] for name, value in record.headers])


def unpack(row: Any) -> Record:
    """The message as it came."""
    headers = tuple((name, value.encode("latin-1")) for name, value in orjson.loads(row.headers))
    return Record(row.topic, row.partition, row.record_offset, row.key, row.value, headers)


async def park(
    tx: AsyncConnection, tables: EventTables, records: Sequence[tuple[Record, str]], *, behind: bool = False
) -> None:
    """Keep messages with their causes, in order."""
    if not records:
        return
    at = clock.now()
    rows = [
        {
            "topic": record.topic,
            "partition": record.partition,
            "record_offset": record.offset,
            "key": record.key,
            "event_id": _told(record, "ce_id"),
            "type": _told(record, "ce_type"),
            "headers": _pack(record),
            "value": record.value,
            "cause": cause,
            "behind": behind,
            "parked_at": at,
        }
        for record, cause in records
    ]
    await tx.execute(insert(tables.parked), rows)


@cache
def _blocked(parked: Table) -> Any:
    wanted = any_(bindparam("keys", type_=ARRAY(LargeBinary)))
    found = select(parked.c.key).where(parked.c.topic == bindparam("of_topic"), parked.c.key == wanted)
    # Held, so that a replay cannot take the last one away while another is being parked behind it.
    return found.with_for_update(read=True, key_share=True)


async def blocked_keys(tx: AsyncConnection, tables: EventTables, records: Sequence[Record]) -> set[bytes]:
    """Which keys of these messages have something parked."""
    keys = {record.key for record in records if record.key is not None}
    if not keys:
        return set()
    held = await tx.execute(_blocked(tables.parked), {"of_topic": records[0].topic, "keys": list(keys)})
    return set(held.scalars())


async def known(
    tx: AsyncConnection, tables: EventTables, records: Sequence[Record]
) -> set[tuple[int, int, str | None]]:
    """Which of these messages are parked already: a refill brings them again."""
    parked = tables.parked
    ids = {_told(record, "ce_id") for record in records} - {None}
    found = select(parked.c.event_id).where(parked.c.topic == records[0].topic, parked.c.event_id.in_(ids))
    again = set((await tx.execute(found)).scalars()) if ids else set()
    places = {(record.partition, record.offset) for record in records if _told(record, "ce_id") is None}
    if places:
        here = select(parked.c.partition, parked.c.record_offset, parked.c.value).where(
            parked.c.topic == records[0].topic, tuple_(parked.c.partition, parked.c.record_offset).in_(places)
        )
        values = {(row.partition, row.record_offset): row.value for row in await tx.execute(here)}
    else:
        values = {}
    return {
        (record.partition, record.offset, _told(record, "ce_id"))
        for record in records
        if _told(record, "ce_id") in again or values.get((record.partition, record.offset)) == record.value
    }


async def listed(conn: AsyncConnection, tables: EventTables, limit: int = 100) -> list[Parked]:
    """What is parked, oldest first."""
    parked = tables.parked
    rows = await conn.execute(select(parked).order_by(parked.c.id).limit(limit))
    return [Parked(row.id, row.topic, row.event_id, row.type, row.cause, row.behind, row.parked_at) for row in rows]


async def count(conn: AsyncConnection, tables: EventTables) -> int:
    """How many messages are parked."""
    return int((await conn.execute(select(func.count()).select_from(tables.parked))).scalar_one())


async def first_of(conn: AsyncConnection, tables: EventTables, parked_id: int) -> Any | None:
    """One parked message with its bytes."""
    parked = tables.parked
    return (await conn.execute(select(parked).where(parked.c.id == parked_id))).one_or_none()


async def following(conn: AsyncConnection, tables: EventTables, row: Any) -> Any | None:
    """What waits next on the same key; nothing follows a message without one."""
    if row.key is None:
        return None
    parked = tables.parked
    rest = select(parked).where(parked.c.topic == row.topic, parked.c.key == row.key, parked.c.id > row.id)
    return (await conn.execute(rest.order_by(parked.c.id).limit(1))).one_or_none()


async def drop(tx: AsyncConnection, tables: EventTables, ids: Sequence[int]) -> None:
    """Take messages out of the park."""
    await tx.execute(delete(tables.parked).where(tables.parked.c.id.in_(ids)))
