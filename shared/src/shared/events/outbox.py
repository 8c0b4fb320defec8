"""Say it in the transaction that made it true: an event becomes a row beside the change it tells of."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, LargeBinary, Table, Text, Uuid, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.db import Record, leave, mark, unnest
from shared.events.envelope import Emit
from shared.events.tables import EventTables
from shared.telemetry import traceparent_var

_COLUMNS: dict[str, Any] = {
    "id": Uuid,
    "type": Text,
    "key": Text,
    "subject": Text,
    "sequence": BigInteger,
    "time": DateTime(timezone=True),
    "traceparent": Text,
    "data": LargeBinary,
}
OUTBOX = "outbox"


@cache
def _record(table: Table) -> Record:
    def statements(prefix: str) -> Sequence[Any]:
        rows = unnest("said", prefix, **_COLUMNS)
        return [insert(table).from_select(list(_COLUMNS), select(*rows.c).order_by(rows.c.id))]

    return Record(OUTBOX, statements)


async def emit(tx: AsyncConnection, tables: EventTables, source: str, said: Sequence[Emit]) -> None:
    """Keep events for the relay, in this order, when the transaction ends; call it after the aggregate's row is locked.

    Positions are given by the database in the order of insertion, so those of one key follow its versions.
    """
    del source  # one service, one source: the relay knows it; it stands here so that a reader sees who speaks
    if not said:
        return
    at, trace = clock.now(), traceparent_var.get()
    await leave(
        tx,
        _record(tables.outbox),
        {
            "id": [clock.new_id() for _ in said],
            "type": [one.event.type for one in said],
            "key": [str(one.key) for one in said],
            "subject": [str(one.subject) for one in said],
            "sequence": [one.sequence for one in said],
            "time": [at] * len(said),
            "traceparent": [trace] * len(said),
            "data": [one.event.__pydantic_serializer__.to_json(one.event) for one in said],
        },
    )
    mark(OUTBOX)
