"""What was heard is known by its id: a repeat is dropped in the transaction that would have counted it twice."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Table, Uuid, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, partitions
from shared.db import unnest
from shared.events.envelope import Envelope
from shared.events.tables import EventTables

OWN = "/cxbank/"


@cache
def _claim(table: Table) -> Any:
    rows = unnest("heard", id=Uuid, heard_at=DateTime(timezone=True))
    chosen = select(*rows.c).order_by(rows.c.id)
    return insert(table).from_select(["id", "heard_at"], chosen).on_conflict_do_nothing().returning(table.c.id)


@cache
def _claim_foreign(table: Table) -> Any:
    rows = unnest("heard", mark=LargeBinary, heard_at=DateTime(timezone=True))
    chosen = select(*rows.c).order_by(rows.c.mark)
    return insert(table).from_select(["mark", "heard_at"], chosen).on_conflict_do_nothing().returning(table.c.mark)


def _own_id(envelope: Envelope) -> UUID | None:
    """The id of an event of ours, whose time stands in it; None for the bank's other systems'."""
    if not envelope.source.startswith(OWN):
        return None
    try:
        identity = UUID(envelope.id)
    except ValueError:
        return None
    return identity if identity.version == 7 else None


async def first_time(
    tx: AsyncConnection, tables: EventTables, envelopes: Sequence[Envelope], oldest: datetime | None
) -> list[bool]:
    """For each event whether this is the first time it is heard; of twins in one batch only the first is.

    An id older than the oldest partition of the inbox counts as heard: it was let go when that was dropped.
    """
    at = clock.now()
    own: dict[UUID, int] = {}
    foreign: dict[bytes, int] = {}
    for index, envelope in enumerate(envelopes):
        identity = _own_id(envelope)
        if identity is None:
            mark = hashlib.sha256(f"{envelope.source}\n{envelope.id}".encode()).digest()
            foreign.setdefault(mark, index)
        elif oldest is None or clock.time_of(identity) >= oldest:
            own.setdefault(identity, index)
    new: set[int] = set()
    if own:
        rows = await tx.execute(_claim(tables.inbox), {"id": list(own), "heard_at": [at] * len(own)})
        new |= {own[one] for one in rows.scalars()}
    if foreign:
        rows = await tx.execute(
            _claim_foreign(tables.foreign_inbox), {"mark": list(foreign), "heard_at": [at] * len(foreign)}
        )
        new |= {foreign[one] for one in rows.scalars()}
    return [index in new for index in range(len(envelopes))]


async def forget(tx: AsyncConnection, tables: EventTables, keep: timedelta) -> None:
    """Let go of what was heard longer ago than `keep` (at least 2E and a day)."""
    before = clock.now() - keep
    await partitions.drop_before(tx, tables.inbox.name, before)
    await tx.execute(delete(tables.foreign_inbox).where(tables.foreign_inbox.c.heard_at < before))
