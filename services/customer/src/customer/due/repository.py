"""Every SQL statement about who is due; nothing here knows for what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Integer,
    Row,
    Select,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.due.tables import customer_due, due_sweep
from shared.db import Record, leave, unnest

Rows = Sequence[Row[Any]]

_INSTANT = DateTime(timezone=True)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_DUE: dict[str, Any] = {"customer_id": Uuid, "since": _INSTANT}
_TOLD: dict[str, Any] = {"customer_id": Uuid, "version": Integer, "told_until": _INSTANT, "next_check_at": _INSTANT}


def _touching(prefix: str) -> Sequence[Any]:
    touched = unnest("touched", prefix, **_DUE)
    said = insert(customer_due).from_select(
        ["customer_id", "version", "told_until", "next_check_at"],
        # Sorted by the key: two groups that meet in another order would deadlock. Once each, however often it is noted.
        select(touched.c.customer_id, literal(0), func.min(touched.c.since), func.min(touched.c.since))
        .group_by(touched.c.customer_id)
        .order_by(touched.c.customer_id),
    )
    # least() passes over null: a customer of whom nothing was due is due now.
    earliest = func.least(customer_due.c.next_check_at, said.excluded.next_check_at)
    return [said.on_conflict_do_update(index_elements=["customer_id"], set_={"next_check_at": earliest})]


_TOUCH = Record("due", _touching)
# Other names than the columns': an update keeps those for itself.
_told = unnest("told", **{f"new_{name}": kind for name, kind in _TOLD.items()})
_TELL = (
    update(customer_due)
    .where(customer_due.c.customer_id == _told.c.new_customer_id)
    .values({name: _told.c[f"new_{name}"] for name in ("version", "told_until", "next_check_at")})
)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def touch(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let customers be judged anew from an instant on: one row each, (`customer_id`, `since`)."""
    if rows:
        await leave(tx, _TOUCH, _columns(_DUE, rows))


def sweeps() -> Select[Any]:
    """What holds for everybody and is not yet carried to all."""
    return select(due_sweep.c.id)


def waiting(now: datetime) -> Select[Any]:
    """The customers who are due."""
    return select(customer_due).where(customer_due.c.next_check_at <= now)


async def due(tx: AsyncConnection, now: datetime, limit: int) -> Rows:
    """The customers longest due, held; others' are passed over."""
    chosen = waiting(now).order_by(customer_due.c.next_check_at)
    found: Rows = (await tx.execute(chosen.limit(limit).with_for_update(skip_locked=True))).all()
    return found


async def told(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep up to when customers were told and when they are due next."""
    if rows:
        await tx.execute(_TELL, {f"new_{name}": values for name, values in _columns(_TOLD, rows).items()})


async def due_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """The due rows of these customers."""
    return (
        await conn.execute(select(customer_due).where(customer_due.c.customer_id == any_(_IDS)), {"ids": ids})
    ).all()


async def after(conn: AsyncConnection, last: UUID | None, size: int) -> Rows:
    """A page of the due rows in the order of the customers' ids, after that id."""
    page = select(customer_due).order_by(customer_due.c.customer_id).limit(size)
    return (await conn.execute(page if last is None else page.where(customer_due.c.customer_id > last))).all()


async def add_sweep(tx: AsyncConnection, sweep_id: UUID, since: datetime) -> None:
    """Let everybody be judged anew from an instant on, page by page."""
    await tx.execute(insert(due_sweep).values(id=sweep_id, since=since))


async def sweep_page(tx: AsyncConnection, size: int) -> bool:
    """One page of the oldest sweep that nobody else is at; False where there is none."""
    oldest = select(due_sweep).order_by(due_sweep.c.id).limit(1).with_for_update(skip_locked=True)
    row = (await tx.execute(oldest)).one_or_none()
    if row is None:
        return False
    here = due_sweep.c.id == row.id
    page = select(customer_due.c.customer_id).order_by(customer_due.c.customer_id).limit(size)
    page = page if row.reached is None else page.where(customer_due.c.customer_id > row.reached)
    ids = list((await tx.execute(page)).scalars())
    if ids:
        earlier = func.least(customer_due.c.next_check_at, row.since)
        await tx.execute(update(customer_due).where(customer_due.c.customer_id.in_(ids)).values(next_check_at=earlier))
    if len(ids) < size:
        await tx.execute(delete(due_sweep).where(here))
    else:
        await tx.execute(update(due_sweep).where(here).values(reached=ids[-1]))
    return True


async def freshness(conn: AsyncConnection, now: datetime, most: int) -> tuple[datetime | None, int]:
    """The earliest instant from which somebody is not told yet, if any, and how many are waiting (at most `most`)."""
    # Sweeps first: a page that one hands on between the two readings is then seen twice, and not missed.
    swept = (await conn.execute(select(func.min(due_sweep.c.since)))).scalar_one()
    waits = customer_due.c.next_check_at <= now
    first = select(func.min(customer_due.c.next_check_at)).where(waits)
    behind = (await conn.execute(first)).scalar_one()
    some = select(literal_column("1")).select_from(customer_due).where(waits).limit(most).subquery()
    waiting = int((await conn.execute(select(func.count()).select_from(some))).scalar_one())
    return min((one for one in (behind, swept) if one is not None), default=None), waiting


async def population(conn: AsyncConnection) -> int:
    """How many customers are judged at all."""
    return int((await conn.execute(select(func.count()).select_from(customer_due))).scalar_one())


async def drawn(conn: AsyncConnection, size: int, population: int) -> list[UUID]:
    """A random sample of customers; everybody where there are not more than asked for."""
    if population <= size:
        return list(
            (await conn.execute(select(customer_due.c.customer_id).order_by(customer_due.c.customer_id))).scalars()
        )
    # A little more than asked, so that a draw by chance seldom falls short; the surplus is cut off at random too.
    percent = min(100.0, 120.0 * size / population)
    rows = customer_due.tablesample(func.bernoulli(percent))
    chosen = select(rows.c.customer_id).order_by(func.random()).limit(size)
    return list((await conn.execute(chosen)).scalars())


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop the rows of these customers, waiting for whoever is telling them."""
    await tx.execute(delete(customer_due).where(customer_due.c.customer_id.in_(ids)))
