"""Every SQL statement about cards; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.routing.tables import routing_card, routing_level, routing_note, routing_restriction
from shared.db import unnest

Rows = Sequence[Row[Any]]

_CARD: dict[str, Any] = {
    "customer_id": Uuid,
    "version": Integer,
    "own_version": Integer,
    "content": LargeBinary,
    "changed_at": DateTime(timezone=True),
}
# unnest() flattens arrays of arrays, so that a list of codes travels as one text; a code holds no blank.
_RESTRICTION: dict[str, Any] = {
    "restriction_id": Uuid,
    "customer_id": Uuid,
    "version": Integer,
    "in_force": Boolean,
    "channels": Text,
}
_LEVEL: dict[str, Any] = {"customer_id": Uuid, "version": Integer}
_IDS = bindparam("ids", type_=ARRAY(Uuid))

_CARDS = select(routing_card).where(routing_card.c.customer_id == any_(_IDS), routing_card.c.content.is_not(None))
_wanted = unnest("wanted", ids=Uuid)
_BEGIN = (
    insert(routing_card)
    .from_select(
        ["customer_id", "version", "own_version"],
        select(_wanted.c.ids, literal(0), literal(0)).order_by(_wanted.c.ids),
    )
    .on_conflict_do_nothing()
)
_HOLD = (
    select(routing_card)
    .where(routing_card.c.customer_id == any_(_IDS))
    .order_by(routing_card.c.customer_id)
    .with_for_update()
)
# A column's own name is taken where it is set.
_fresh = unnest("fresh", **{f"to_{name}": kind for name, kind in _CARD.items()})
_WRITE = (
    update(routing_card)
    .where(routing_card.c.customer_id == _fresh.c.to_customer_id)
    .values({name: _fresh.c[f"to_{name}"] for name in _CARD if name != "customer_id"})
)
_heard = unnest("heard", **_RESTRICTION)
_said = insert(routing_restriction).from_select(
    list(_RESTRICTION),
    select(
        *(func.string_to_array(_heard.c[name], " ") if name == "channels" else _heard.c[name] for name in _RESTRICTION)
    ).order_by(_heard.c.restriction_id),
)
_RESTRICT = _said.on_conflict_do_update(
    index_elements=["restriction_id"],
    set_={name: _said.excluded[name] for name in ("version", "in_force", "channels")},
    where=routing_restriction.c.version < _said.excluded.version,
)
_levels = unnest("told", **_LEVEL)
_marked = insert(routing_level).from_select(list(_LEVEL), select(*_levels.c).order_by(_levels.c.customer_id))
_MARK = _marked.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={"version": _marked.excluded.version},
    where=routing_level.c.version < _marked.excluded.version,
)
_RESTRICTIONS_OF = select(routing_restriction).where(
    routing_restriction.c.customer_id == any_(_IDS), routing_restriction.c.in_force
)
_NOTES_OF = select(routing_note).where(routing_note.c.customer_id == any_(_IDS))
_LEVELS_OF = select(routing_level).where(routing_level.c.customer_id == any_(_IDS))


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


_TOLD = exists().where(routing_card.c.customer_id == _wanted.c.ids, routing_card.c.content.is_not(None))
_UNTOLD = select(_wanted.c.ids).where(~_TOLD).order_by(_wanted.c.ids)


async def untold(conn: AsyncConnection, ids: Sequence[UUID]) -> list[UUID]:
    """Of these records those whose card was never told, in their order."""
    return list((await conn.execute(_UNTOLD, {"ids": list(ids)})).scalars())


async def alone(tx: AsyncConnection) -> bool:
    """Whether this transaction walks over everybody alone; False where another does."""
    lock = func.pg_try_advisory_xact_lock(func.hashtext("routing.cards"))
    return bool((await tx.execute(select(lock))).scalar_one())


async def cards(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """The cards of these records that were told, still sealed."""
    return (await conn.execute(_CARDS, {"ids": list(ids)})).all()


async def hold(tx: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """The rows of these records, made where there are none, held until the end of the transaction."""
    wanted = {"ids": list(ids)}
    await tx.execute(_BEGIN, wanted)
    return (await tx.execute(_HOLD, wanted)).all()


async def write(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write held cards as they are now."""
    await tx.execute(_WRITE, {f"to_{name}": many for name, many in _columns(_CARD, rows).items()})


async def learn_restrictions(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest word of each restriction (one row each); an older version never overwrites a newer one."""
    told = [{**row, "channels": " ".join(row["channels"])} for row in rows]
    await tx.execute(_RESTRICT, _columns(_RESTRICTION, told))


async def learn_levels(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the highest version of each level (one row a customer)."""
    await tx.execute(_MARK, _columns(_LEVEL, rows))


async def restrictions_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """The restrictions of these customers that are in force."""
    return (await conn.execute(_RESTRICTIONS_OF, {"ids": list(ids)})).all()


async def levels_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Who of these risk has said a level of, and its version."""
    return (await conn.execute(_LEVELS_OF, {"ids": list(ids)})).all()


async def notes_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """What the bank noted of these customers, still sealed."""
    return (await conn.execute(_NOTES_OF, {"ids": list(ids)})).all()


async def keep_note(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep a note of a customer whose card is held, in place of the one before."""
    kept = insert(routing_note).values(**values)
    told = {name: kept.excluded[name] for name in values if name != "customer_id"}
    await tx.execute(kept.on_conflict_do_update(index_elements=["customer_id"], set_=told))


async def forget_notes(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what the bank noted of erased customers."""
    await tx.execute(delete(routing_note).where(routing_note.c.customer_id.in_(ids)))


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Blank the cards of erased customers and drop what was heard of them; the rows stay as counts."""
    nothing = {"content": None, "changed_at": None}
    await tx.execute(update(routing_card).where(routing_card.c.customer_id.in_(ids)).values(**nothing))
    for table in (routing_restriction, routing_level):
        await tx.execute(delete(table).where(table.c.customer_id.in_(ids)))
