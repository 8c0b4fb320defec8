"""Every SQL statement about expressions; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Select,
    SmallInteger,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from feedback import storage
from feedback.intake.tables import feedback, known_card, known_customer
from shared.db import unnest
from shared.subjects import same_party

_FEEDBACK: dict[str, Any] = {
    "id": Uuid,
    "version": Integer,
    "source": Text,
    "source_ref": LargeBinary,
    "text": LargeBinary,
    "redacted_text": Text,
    "rating": SmallInteger,
    "language": Text,
    "kind": Text,
    "customer_id": Uuid,
    "subject_kind": Text,
    "subject_id": Text,
    "captured_at": DateTime(timezone=True),
    "received_at": DateTime(timezone=True),
}
_KNOWN: dict[str, Any] = {"customer_id": Uuid, "tier": Text, "region": Text, "state": Text, "version": Integer}

_fresh = unnest("fresh", **_FEEDBACK)
_INSERT = insert(feedback).from_select(list(_FEEDBACK), select(*_fresh.c).order_by(_fresh.c.id))
_heard = unnest("heard", **_KNOWN)
_said = insert(known_customer).from_select(list(_KNOWN), select(*_heard.c).order_by(_heard.c.customer_id))
_LEARN = _said.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={name: _said.excluded[name] for name in ("tier", "region", "state", "version")},
    where=known_customer.c.version < _said.excluded.version,
)
_WITH_TIER = select(feedback, known_customer.c.tier.label("customer_tier")).outerjoin(
    known_customer, known_customer.c.customer_id == feedback.c.customer_id
)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_BY_IDS = _WITH_TIER.where(feedback.c.id == any_(_IDS))
_TIERS = select(known_customer.c.customer_id, known_customer.c.tier).where(known_customer.c.customer_id == any_(_IDS))

# unnest() flattens arrays of arrays, so that a list of codes travels as one text; a code holds no blank.
_CARD: dict[str, Any] = {
    "customer_id": Uuid,
    "version": Integer,
    "tier": Text,
    "languages": Text,
    "preferred_channels": Text,
}
_LISTS = {"languages", "preferred_channels"}
_cards = unnest("cards", **_CARD)
_carded = insert(known_card).from_select(
    list(_CARD),
    select(
        *(func.string_to_array(_cards.c[name], " ") if name in _LISTS else _cards.c[name] for name in _CARD)
    ).order_by(_cards.c.customer_id),
)
_LEARN_CARDS = _carded.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={name: _carded.excluded[name] for name in _CARD if name != "customer_id"},
    where=known_card.c.version < _carded.excluded.version,
)
_CARDS_OF = select(known_card).where(known_card.c.customer_id == any_(_IDS)).order_by(known_card.c.customer_id)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def insert_feedback(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep expressions, whatever their number, in one statement."""
    await tx.execute(_INSERT, _columns(_FEEDBACK, rows))


async def tiers(conn: AsyncConnection, customer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The tier we last heard of these customers; who is not in it has not been heard of."""
    if not customer_ids:
        return {}
    rows = await conn.execute(_TIERS, {"ids": list(customer_ids)})
    return {row.customer_id: row.tier for row in rows}


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Expressions with the tier of who spoke, still sealed."""
    return (await conn.execute(_BY_IDS, {"ids": list(ids)})).all()


def listing(*, source: str | None, kind: str | None, customer_id: UUID | None) -> Select[Any]:
    """The list of expressions under these filters."""
    chosen = _WITH_TIER
    if source is not None:
        chosen = chosen.where(feedback.c.source == source)
    if kind is not None:
        chosen = chosen.where(feedback.c.kind == kind)
    if customer_id is not None:
        chosen = chosen.where(feedback.c.customer_id.in_(same_party(storage.LINKS, customer_id)))
    return chosen


async def learn_cards(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of routing cards; an older version never overwrites a newer one."""
    latest = {row["customer_id"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}
    told = [{**row, **{name: " ".join(row[name]) for name in _LISTS}} for row in latest.values()]
    await tx.execute(_LEARN_CARDS, _columns(_CARD, told))


async def cards_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """What is kept of these customers' routing cards."""
    return (await conn.execute(_CARDS_OF, {"ids": list(ids)})).all()


async def learn_customers(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of customers; an older version never overwrites a newer one."""
    latest = {row["customer_id"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}
    await tx.execute(_LEARN, _columns(_KNOWN, list(latest.values())))


async def forget_customers(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop the redacted copies and the sealed words of erased customers; the rows stay as counts."""
    changed = update(feedback).where(feedback.c.customer_id.in_(ids))
    await tx.execute(changed.values(redacted_text=None, text=None, source_ref=None))
    for table in (known_card, known_customer):
        await tx.execute(delete(table).where(table.c.customer_id.in_(ids)))


async def after(conn: AsyncConnection, last: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """A page of expressions in id order: for saying all of them again."""
    chosen = _WITH_TIER.order_by(feedback.c.id).limit(limit)
    return (await conn.execute(chosen if last is None else chosen.where(feedback.c.id > last))).all()


async def ids_of(conn: AsyncConnection, customers: Sequence[UUID]) -> list[UUID]:
    """The expressions of these customers, oldest first."""
    chosen = select(feedback.c.id).where(feedback.c.customer_id.in_(customers)).order_by(feedback.c.id)
    return list((await conn.execute(chosen)).scalars())
