"""Every SQL statement about places."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    Boolean,
    DateTime,
    Double,
    Integer,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from channel_router.supply.tables import place
from shared.db import unnest

_PLACE: dict[str, Any] = {
    "id": Uuid,
    "version": Integer,
    "kind": Text,
    "state": Text,
    "names": Text,
    "latitude": Double,
    "longitude": Double,
    "zone": Text,
    "opening_hours": Text,
    "operator": Text,
    "wheelchair": Boolean,
    "external_ref": Text,
    "created_at": DateTime(timezone=True),
    "updated_at": DateTime(timezone=True),
}
_fresh = unnest("fresh", **_PLACE)
_INSERT = insert(place).from_select(
    list(_PLACE),
    select(*(cast(one, JSONB) if one.key == "names" else one for one in _fresh.c)).order_by(_fresh.c.id),
)
_BY_IDS = select(place).where(place.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))


async def insert_places(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep places, whatever their number, in one statement."""
    columns = {name: [row[name] for row in rows] for name in _PLACE}
    columns["names"] = [orjson.dumps(row["names"]).decode() for row in rows]
    await tx.execute(_INSERT, columns)


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Places by id."""
    return (await conn.execute(_BY_IDS, {"ids": list(ids)})).all()


async def locked(tx: AsyncConnection, place_id: UUID) -> Row[Any] | None:
    """One place, held until the end of the transaction."""
    return (await tx.execute(select(place).where(place.c.id == place_id).with_for_update())).one_or_none()


async def change(tx: AsyncConnection, place_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one place."""
    await tx.execute(update(place).where(place.c.id == place_id).values(**values))


def listing(*, kind: str | None, state: str | None) -> Select[Any]:
    """The list of places under these filters."""
    chosen = select(place)
    if kind is not None:
        chosen = chosen.where(place.c.kind == kind)
    if state is not None:
        chosen = chosen.where(place.c.state == state)
    return chosen


async def after(conn: AsyncConnection, last: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """A page of places in id order: for saying all of them again."""
    chosen = select(place).order_by(place.c.id).limit(limit)
    return (await conn.execute(chosen if last is None else chosen.where(place.c.id > last))).all()
