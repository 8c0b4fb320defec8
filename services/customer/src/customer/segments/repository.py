"""Every SQL statement about segments; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.segments.tables import (
    segment,
    segment_cut,
    segment_member,
    segment_rule,
    segment_stay,
)
from shared.db import unnest

Rows = Sequence[Row[Any]]

_INSTANT = DateTime(timezone=True)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_MEMBER: dict[str, Any] = {
    "customer_id": Uuid,
    "segment_id": Uuid,
    "version": Integer,
    "entered_at": _INSTANT,
    "entered_by": Text,
    "recorded_at": _INSTANT,
    "receipt_id": Uuid,
    "legal_basis": Text,
}
_STAY: dict[str, Any] = {
    "id": Uuid,
    **_MEMBER,
    "left_at": _INSTANT,
    "left_by": Text,
    "left_recorded_at": _INSTANT,
    "void_at": _INSTANT,
}

_fresh_members = unnest("fresh", **_MEMBER)
_INSERT_MEMBERS = insert(segment_member).from_select(
    list(_MEMBER), select(*_fresh_members.c).order_by(_fresh_members.c.customer_id, _fresh_members.c.segment_id)
)
_fresh_stays = unnest("fresh", **_STAY)
_INSERT_STAYS = insert(segment_stay).from_select(list(_STAY), select(*_fresh_stays.c).order_by(_fresh_stays.c.id))
_gone = unnest("gone", customer_id=Uuid, segment_id=Uuid)
_DELETE_MEMBERS = delete(segment_member).where(
    segment_member.c.customer_id == _gone.c.customer_id, segment_member.c.segment_id == _gone.c.segment_id
)
_VOID_STAYS = (
    update(segment_stay).where(segment_stay.c.id == any_(_IDS)).values(void_at=bindparam("at", type_=_INSTANT))
)
_MEMBERS_OF = select(segment_member).where(segment_member.c.customer_id == any_(_IDS))
_STAYS_OF = select(segment_stay).where(segment_stay.c.customer_id == any_(_IDS))


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


# ---- Definitions


async def lock_definitions(tx: AsyncConnection) -> None:
    """Hold all definitions until the end of the transaction: two changes at once could close a circle."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext("segment_definitions"))))


async def insert_segment(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep a new segment; False where its key is taken."""
    said = insert(segment).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(segment.c.id)
    return (await tx.execute(said)).one_or_none() is not None


async def change_segment(tx: AsyncConnection, segment_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one segment."""
    await tx.execute(update(segment).where(segment.c.id == segment_id).values(**values))


async def by_id(conn: AsyncConnection, segment_id: UUID) -> Row[Any] | None:
    """One segment."""
    return (await conn.execute(select(segment).where(segment.c.id == segment_id))).one_or_none()


async def by_keys(conn: AsyncConnection, keys: Sequence[str]) -> Rows:
    """Segments by key."""
    wanted = bindparam("keys", type_=ARRAY(Text))
    return (await conn.execute(select(segment).where(segment.c.key == any_(wanted)), {"keys": list(keys)})).all()


async def every(conn: AsyncConnection) -> Rows:
    """All segments: some hundreds at most."""
    return (await conn.execute(select(segment).order_by(segment.c.key))).all()


def listing(state: str | None) -> Select[Any]:
    """The list of segments."""
    return select(segment) if state is None else select(segment).where(segment.c.state == state)


async def begin_rule(
    tx: AsyncConnection, segment_id: UUID, version: int, rule: str, use: str | None, at: datetime
) -> None:
    """Let a rule be in force from now on."""
    values = {"segment_id": segment_id, "version": version, "rule": rule, "use": use, "valid_from": at}
    await tx.execute(insert(segment_rule).values(**values))


async def end_rule(tx: AsyncConnection, segment_id: UUID, at: datetime) -> None:
    """End the rule in force."""
    here = (segment_rule.c.segment_id == segment_id) & segment_rule.c.valid_until.is_(None)
    await tx.execute(update(segment_rule).where(here).values(valid_until=at))


async def rules(conn: AsyncConnection) -> Rows:
    """Every rule that ever was in force, with the key and id of its segment."""
    chosen = select(segment.c.key, segment_rule).join(segment, segment.c.id == segment_rule.c.segment_id)
    return (await conn.execute(chosen.order_by(segment.c.key, segment_rule.c.version))).all()


async def insert_cut(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Freeze cut points; False where others of the kind begin at the same instant."""
    said = insert(segment_cut).values(**values).on_conflict_do_nothing(index_elements=["kind", "valid_from"])
    return (await tx.execute(said.returning(segment_cut.c.id))).one_or_none() is not None


async def cuts(conn: AsyncConnection, kind: str | None = None) -> Rows:
    """All versions of cut points, in the order in which they come into force."""
    chosen = select(segment_cut).order_by(segment_cut.c.kind, segment_cut.c.valid_from)
    return (await conn.execute(chosen if kind is None else chosen.where(segment_cut.c.kind == kind))).all()


# ---- Who is in, and was


async def members_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """What these customers are in."""
    return (await conn.execute(_MEMBERS_OF, {"ids": list(ids)})).all()


async def stays_of(conn: AsyncConnection, ids: Sequence[UUID], *, void: bool = True) -> Rows:
    """What these customers were in, `void` ones included or not."""
    chosen = _STAYS_OF if void else _STAYS_OF.where(segment_stay.c.void_at.is_(None))
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


async def insert_members(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new memberships, whatever their number, in one statement."""
    if rows:
        await tx.execute(_INSERT_MEMBERS, _columns(_MEMBER, rows))


async def delete_members(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Take memberships out that ended, or never were."""
    if rows:
        await tx.execute(_DELETE_MEMBERS, _columns({"customer_id": Uuid, "segment_id": Uuid}, rows))


async def insert_stays(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep memberships that ended."""
    if rows:
        await tx.execute(_INSERT_STAYS, _columns(_STAY, rows))


async def void_stays(tx: AsyncConnection, ids: Sequence[UUID], at: datetime) -> None:
    """Say of past memberships that they were not so: a late event told otherwise."""
    if ids:
        await tx.execute(_VOID_STAYS, {"ids": list(ids), "at": at})


def listing_members(
    segment_id: UUID, as_of: datetime | None
) -> tuple[Select[Any], tuple[ColumnElement[Any], ColumnElement[Any]]]:
    """Who is in a segment, or was at `as_of` by what was recorded until then; and the columns by which that is ordered."""
    now, past = segment_member.c, segment_stay.c
    if as_of is None:
        return select(segment_member).where(now.segment_id == segment_id), (now.entered_at, now.customer_id)
    names = ("customer_id", "version", "entered_at", "entered_by")
    here = select(*(now[name] for name in names)).where(*_here(segment_id, as_of, as_of))
    gone = select(*(past[name] for name in names)).where(*_gone_since(segment_id, as_of, as_of))
    both = union_all(here, gone).subquery()
    return select(both), (both.c.entered_at, both.c.customer_id)


def _here(segment_id: UUID, at: datetime, known_at: datetime) -> list[ColumnElement[bool]]:
    """Of those who are in: who was at `at` by what was recorded up to `known_at`."""
    now = segment_member.c
    return [now.segment_id == segment_id, now.entered_at <= at, now.recorded_at <= known_at]


def _gone_since(segment_id: UUID, at: datetime, known_at: datetime) -> list[ColumnElement[bool]]:
    """The same of those who were: whose end was not there yet, or not recorded yet."""
    past = segment_stay.c
    return [
        past.segment_id == segment_id,
        past.entered_at <= at,
        past.recorded_at <= known_at,
        past.void_at.is_(None) | (past.void_at > known_at),
        past.left_at.is_(None) | (past.left_at > at) | (past.left_recorded_at > known_at),
    ]


async def members_then(
    conn: AsyncConnection, segment_id: UUID, at: datetime, known_at: datetime, after: UUID | None, most: int
) -> list[UUID]:
    """Who was in a segment at `at` by what was recorded up to `known_at`, in id order behind `after`, at most `most`."""
    now, past = segment_member.c, segment_stay.c
    here = select(now.customer_id).where(*_here(segment_id, at, known_at))
    gone = select(past.customer_id).where(*_gone_since(segment_id, at, known_at))
    if after is not None:
        here, gone = here.where(now.customer_id > after), gone.where(past.customer_id > after)
    both = union(here, gone).subquery()
    chosen = select(both.c.customer_id).order_by(both.c.customer_id).limit(most)
    return list((await conn.execute(chosen)).scalars())


async def size(conn: AsyncConnection, segment_id: UUID) -> int:
    """How many are in a segment."""
    chosen = select(func.count()).select_from(segment_member).where(segment_member.c.segment_id == segment_id)
    return int((await conn.execute(chosen)).scalar_one())


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop all that is kept of these customers, past memberships included."""
    for table in (segment_member, segment_stay):
        await tx.execute(delete(table).where(table.c.customer_id.in_(ids)))
