"""Every SQL statement about insight; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.insights.tables import insight_report, known_person, market_signal, quality_pass
from shared.db import unnest

Rows = Sequence[Row[Any]]

_PERSON: dict[str, Any] = {
    "customer_id": Uuid,
    "version": Integer,
    "kind": Text,
    "state": Text,
    "tier": Text,
    "age_band": Text,
    "region": Text,
}


def _learn() -> Any:
    fresh = unnest("fresh", **_PERSON)
    # Sorted, as every lock of many rows: two groups with the same customers would deadlock.
    said = insert(known_person).from_select(list(_PERSON), select(*fresh.c).order_by(fresh.c.customer_id))
    newer = {name: said.excluded[name] for name in _PERSON if name != "customer_id"}
    return said.on_conflict_do_update(
        index_elements=["customer_id"], set_=newer, where=known_person.c.version < said.excluded.version
    )


_LEARN = _learn()
_BY_IDS = select(market_signal).where(market_signal.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))


async def learn_people(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest version of each person told of; each person once in `rows`."""
    if rows:
        await tx.execute(_LEARN, {name: [row[name] for row in rows] for name in _PERSON})


async def forget_people(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what is known of these people."""
    await tx.execute(delete(known_person).where(known_person.c.customer_id.in_(ids)))


async def people_by(conn: AsyncConnection, rows: str, columns: str) -> list[tuple[str, str, int]]:
    """How many people there are of each pair of words: of the row, of the column, the number.

    Whoever counts as another party is not counted beside it; of a party the words of its leader are.
    """
    row: ColumnElement[str] = func.coalesce(known_person.c[rows], "unknown")
    column: ColumnElement[str] = func.coalesce(known_person.c[columns], "unknown")
    counted = select(row.label("row"), column.label("column"), func.count().label("people"))
    links = storage.LINKS.c
    another = exists().where(links.member == known_person.c.customer_id, links.linked, links.leader != links.member)
    found = await conn.execute(counted.where(~another).group_by(row, column).order_by(row, column))
    return [(one.row, one.column, one.people) for one in found]


async def people(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """The words of these people; of whom nothing was heard there is no row."""
    wanted = bindparam("ids", type_=ARRAY(Uuid))
    return (
        await conn.execute(select(known_person).where(known_person.c.customer_id == any_(wanted)), {"ids": ids})
    ).all()


async def insert_signals(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new market signals."""
    if rows:
        await tx.execute(insert(market_signal), [dict(row) for row in rows])


async def signals(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Market signals by id."""
    return (await conn.execute(_BY_IDS, {"ids": list(ids)})).all()


def signals_listed(
    *, topic: str | None, competitor: str | None, region: str | None, since: date | None, until: date | None
) -> Select[Any]:
    """Market signals observed in [since, until) with these words."""
    table, chosen = market_signal.c, select(market_signal)
    for column, value in ((table.topic, topic), (table.competitor, competitor), (table.region, region)):
        if value is not None:
            chosen = chosen.where(column == value)
    if since is not None:
        chosen = chosen.where(table.observed_on >= since)
    return chosen if until is None else chosen.where(table.observed_on < until)


async def signals_within(conn: AsyncConnection, since: date, until: date, most: int) -> Rows:
    """Market signals observed in [since, until), the latest day first."""
    table = market_signal.c
    chosen = select(market_signal).where(table.observed_on >= since, table.observed_on < until)
    return (await conn.execute(chosen.order_by(table.observed_on.desc(), table.id.desc()).limit(most))).all()


async def hold_report(tx: AsyncConnection, name: str) -> bool:
    """Hold a report until the end of the transaction; False where another worker is making it."""
    lock = func.pg_try_advisory_xact_lock(func.hashtext(f"insights.{name}"))
    return bool((await tx.execute(select(lock))).scalar_one())


async def made_at(conn: AsyncConnection, name: str) -> datetime | None:
    """When a report was made last."""
    found: datetime | None = (
        await conn.execute(select(insight_report.c.made_at).where(insight_report.c.name == name))
    ).scalar_one_or_none()
    return found


async def keep_report(tx: AsyncConnection, name: str, at: datetime, body: Mapping[str, Any]) -> None:
    """Keep what was made in place of what was kept under that name."""
    said = insert(insight_report).values(name=name, made_at=at, body=dict(body))
    newer = {"made_at": said.excluded.made_at, "body": said.excluded.body}
    await tx.execute(said.on_conflict_do_update(index_elements=["name"], set_=newer))


async def report(conn: AsyncConnection, name: str) -> dict[str, Any] | None:
    """What is kept under that name."""
    found: dict[str, Any] | None = (
        await conn.execute(select(insight_report.c.body).where(insight_report.c.name == name))
    ).scalar_one_or_none()
    return found


def report_since(name: str, since: datetime) -> Select[Any]:
    """A report, where it was made after that instant."""
    return select(insight_report.c.name).where(insight_report.c.name == name, insight_report.c.made_at > since)


async def hold_judging(tx: AsyncConnection, at: datetime) -> Row[Any] | None:
    """The judging of all records, held until the end of the transaction; None where another worker is at it.

    One that is not underway begins at that instant.
    """
    held = select(quality_pass).with_for_update(skip_locked=True)
    row = (await tx.execute(held)).one_or_none()
    if row is not None:
        return row
    await tx.execute(insert(quality_pass).values(id=1, began_at=at, tally={}).on_conflict_do_nothing())
    return (await tx.execute(held)).one_or_none()


async def keep_judging(tx: AsyncConnection, reached: UUID, tally: Mapping[str, Any]) -> None:
    """How far the judging of all records has come, and what was counted."""
    await tx.execute(update(quality_pass).values(reached=reached, tally=dict(tally)))


async def end_judging(tx: AsyncConnection) -> None:
    """It is done: what was counted is told, or not at all."""
    await tx.execute(delete(quality_pass))
