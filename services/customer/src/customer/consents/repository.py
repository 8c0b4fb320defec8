"""Every SQL statement about purposes and the ledger; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents.tables import consent_head, consent_record, purpose_version
from shared.db import unnest

Rows = Sequence[Row[Any]]

_INSTANT = DateTime(timezone=True)
_RECORD: dict[str, Any] = {
    "id": Uuid,
    "customer_id": Uuid,
    "purpose": Text,
    "purpose_version": Integer,
    "word": Text,
    "channels": Text,
    "data_categories": Text,
    "separate_categories": Text,
    "language": Text,
    "given_by": Text,
    "evidence": LargeBinary,
    "occurred_at": _INSTANT,
    "recorded_at": _INSTANT,
    "expires_at": _INSTANT,
}
_HEAD: dict[str, Any] = {
    "customer_id": Uuid,
    "purpose": Text,
    "channel": Text,
    "record_id": Uuid,
    "purpose_version": Integer,
    "word": Text,
    "denies": Boolean,
    "data_categories": Text,
    "separate_categories": Text,
    "occurred_at": _INSTANT,
    "expires_at": _INSTANT,
}
# unnest() flattens arrays of arrays, so that a list of codes travels as one text; a code holds no blank.
_LISTS = {"channels", "data_categories", "separate_categories"}


def _unpacked(rows: Any, names: Mapping[str, Any]) -> list[Any]:
    return [func.string_to_array(rows.c[name], " ") if name in _LISTS else rows.c[name] for name in names]


_fresh_records = unnest("fresh", **_RECORD)
_INSERT_RECORDS = insert(consent_record).from_select(
    list(_RECORD), select(*_unpacked(_fresh_records, _RECORD)).order_by(_fresh_records.c.id)
)
_fresh_heads = unnest("fresh", **_HEAD)
_said = insert(consent_head).from_select(
    list(_HEAD),
    # Sorted by the unique key: two groups that meet in another order would deadlock.
    select(*_unpacked(_fresh_heads, _HEAD)).order_by(
        _fresh_heads.c.customer_id, _fresh_heads.c.purpose, _fresh_heads.c.channel
    ),
)
_RANK = ("occurred_at", "denies", "record_id")
_ADVANCE_HEADS = _said.on_conflict_do_update(
    index_elements=["customer_id", "purpose", "channel"],
    set_={name: _said.excluded[name] for name in _HEAD if name not in {"customer_id", "purpose", "channel"}},
    # A word that came late does not take the place of a later one.
    where=tuple_(*(_said.excluded[name] for name in _RANK)) > tuple_(*(consent_head.c[name] for name in _RANK)),
).returning(consent_head.c.record_id, consent_head.c.channel)

_IDS = bindparam("ids", type_=ARRAY(Uuid))
_CODES = bindparam("codes", type_=ARRAY(Text))
_CHANNELS = bindparam("channels", type_=ARRAY(Text))
_RULES = [column for column in purpose_version.c if column.name not in {"texts", "recorded_by"}]
_RULES_OF = select(*_RULES).where(purpose_version.c.code == any_(_CODES))


def _circle() -> Any:
    """(asked, member): every id asked for with all ids that are the same person now."""
    link = storage.LINKS
    wanted = unnest("wanted", ids=Uuid)
    own = select(wanted.c.ids.label("asked"), wanted.c.ids.label("member"))
    up = select(wanted.c.ids, link.c.leader).join(link, (link.c.member == wanted.c.ids) & link.c.linked)
    down = select(wanted.c.ids, link.c.member).join(link, (link.c.leader == wanted.c.ids) & link.c.linked)
    mine, other = link.alias("mine"), link.alias("other")
    beside = (
        select(wanted.c.ids, other.c.member)
        .join(mine, (mine.c.member == wanted.c.ids) & mine.c.linked)
        .join(other, (other.c.leader == mine.c.leader) & other.c.linked)
    )
    return own.union(up, down, beside).cte("circle")


_members = _circle()
_ALL_HEADS_OF = select(_members.c.asked, consent_head).join(
    consent_head, consent_head.c.customer_id == _members.c.member
)
_HEADS_OF = _ALL_HEADS_OF.where(consent_head.c.purpose == any_(_CODES), consent_head.c.channel == any_(_CHANNELS))
_WORDS_ABOUT = (
    select(_members.c.asked, consent_record)
    .join(_members, consent_record.c.customer_id == _members.c.member)
    .where(consent_record.c.purpose == any_(_CODES))
)
_LEDGER_OF = select(consent_record).join(_members, consent_record.c.customer_id == _members.c.member)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    def packed(name: str, value: Any) -> Any:
        return " ".join(value) if name in _LISTS and value is not None else value

    return {name: [packed(name, row[name]) for row in rows] for name in names}


async def insert_records(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add words to the ledger, whatever their number, in one statement."""
    await tx.execute(_INSERT_RECORDS, _columns(_RECORD, rows))


async def advance_heads(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[UUID, str]]:
    """Let each word stand unless a later one does; (record, channel) of those that stand now.

    One row a (customer, purpose, channel): the caller has kept the highest of each.
    """
    found = await tx.execute(_ADVANCE_HEADS, _columns(_HEAD, rows))
    return {(row.record_id, row.channel) for row in found}


async def heads_of(conn: AsyncConnection, ids: Sequence[UUID], codes: Sequence[str], channels: Sequence[str]) -> Rows:
    """The words that stand of these customers for these purposes and channels, with `asked`: whose question each answers."""
    wanted = {"ids": list(ids), "codes": list(codes), "channels": list(channels)}
    return (await conn.execute(_HEADS_OF, wanted)).all()


async def all_heads_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """The words that stand of these customers, whatever the purpose, with `asked`: whose question each answers."""
    return (await conn.execute(_ALL_HEADS_OF, {"ids": list(ids)})).all()


async def rules_of(conn: AsyncConnection, codes: Sequence[str]) -> Rows:
    """All versions of these purposes, without their texts."""
    return (await conn.execute(_RULES_OF, {"codes": list(codes)})).all()


async def rules(conn: AsyncConnection) -> Rows:
    """All versions of all purposes, without their texts."""
    return (await conn.execute(select(*_RULES))).all()


async def versions_of(conn: AsyncConnection, code: str) -> Rows:
    """All versions of one purpose with their texts, newest first."""
    chosen = select(purpose_version).where(purpose_version.c.code == code)
    return (await conn.execute(chosen.order_by(purpose_version.c.version.desc()))).all()


async def newest(conn: AsyncConnection) -> Rows:
    """Every purpose in its newest version."""
    chosen = select(purpose_version).ext(distinct_on(purpose_version.c.code))
    return (await conn.execute(chosen.order_by(purpose_version.c.code, purpose_version.c.version.desc()))).all()


async def insert_version(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep a version unless there is one with that number; whether it was kept."""
    kept = insert(purpose_version).values(**values).on_conflict_do_nothing().returning(purpose_version.c.version)
    return (await tx.execute(kept)).first() is not None


async def records(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Words by id."""
    return (
        await conn.execute(select(consent_record).where(consent_record.c.id == any_(_IDS)), {"ids": list(ids)})
    ).all()


async def ledger_of(conn: AsyncConnection, customer_id: UUID, recorded_until: datetime) -> Rows:
    """All words of a customer, and of who is the same person now, that were recorded by then."""
    chosen = _LEDGER_OF.where(consent_record.c.recorded_at <= recorded_until).order_by(consent_record.c.id)
    return (await conn.execute(chosen, {"ids": [customer_id]})).all()


async def words_about(
    conn: AsyncConnection, ids: Sequence[UUID], codes: Sequence[str], recorded_until: datetime | None
) -> Rows:
    """All words about these purposes that were recorded by then, with `asked`: whose question each answers."""
    chosen = _WORDS_ABOUT
    if recorded_until is not None:
        chosen = chosen.where(consent_record.c.recorded_at <= recorded_until)
    return (await conn.execute(chosen, {"ids": list(ids), "codes": list(codes)})).all()


def history(ids: Sequence[UUID]) -> Select[Any]:
    """All words of these customers."""
    return select(consent_record).where(consent_record.c.customer_id.in_(ids))


async def forget_heads(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what stands of erased customers: nothing is decided for them any more."""
    await tx.execute(delete(consent_head).where(consent_head.c.customer_id.in_(ids)))


async def words_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """All words said under these ids, oldest first."""
    chosen = select(consent_record).where(consent_record.c.customer_id == any_(_IDS)).order_by(consent_record.c.id)
    return (await conn.execute(chosen, {"ids": list(ids)})).all()
