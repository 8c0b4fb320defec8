"""Every SQL statement about open matters."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Integer, Row, Text, Uuid, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.matters.tables import known_matter
from shared.db import unnest

_COLUMNS: dict[str, Any] = {
    "kind": Text,
    "matter_id": Uuid,
    "customer_id": Uuid,
    "version": Integer,
    "open": Boolean,
    "category": Text,
}
_heard = unnest("heard", **_COLUMNS)
_said = insert(known_matter).from_select(list(_COLUMNS), select(*_heard.c).order_by(_heard.c.kind, _heard.c.matter_id))
_LEARN = _said.on_conflict_do_update(
    index_elements=["kind", "matter_id"],
    set_={
        "customer_id": _said.excluded.customer_id,
        "version": _said.excluded.version,
        "open": _said.excluded.open,
        # A later word may leave out what an earlier one told.
        "category": func.coalesce(_said.excluded.category, known_matter.c.category),
    },
    where=known_matter.c.version < _said.excluded.version,
)
_OPEN_OF = select(known_matter).where(
    known_matter.c.customer_id == any_(bindparam("ids", type_=ARRAY(Uuid))), known_matter.c.open
)


async def learn(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest word of each matter (one row a matter)."""
    await tx.execute(_LEARN, {name: [row[name] for row in rows] for name in _COLUMNS})


async def open_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """What is open of these customers."""
    return (await conn.execute(_OPEN_OF, {"ids": list(ids)})).all()


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what was heard of erased customers."""
    await tx.execute(delete(known_matter).where(known_matter.c.customer_id.in_(ids)))
