"""RANGE partitions by day or month over UUIDv7 ids for what grows for ever: made ahead, dropped whole, never a default one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock

DAYS_AHEAD = 7

Span = Literal["day", "month"]


def _name(table: str, day: datetime) -> str:
    return f"{table}_p{day:%Y%m%d}"


def _first(at: datetime, span: Span) -> datetime:
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if span == "day" else day.replace(day=1)


def _after(first: datetime, span: Span) -> datetime:
    return first + timedelta(days=1) if span == "day" else (first + timedelta(days=31)).replace(day=1)


def statements(
    table: str, *, at: datetime, days_ahead: int = DAYS_AHEAD, days_back: int = 1, span: Span = "day"
) -> Iterable[str]:
    """The DDL that makes one partition a day (or month) from `days_back` before `at` to `days_ahead` after it."""
    first = _first(at - timedelta(days=days_back), span)
    while first <= at + timedelta(days=days_ahead):
        following = _after(first, span)
        low, high = clock.id_floor(first), clock.id_floor(following)
        yield (
            f"CREATE TABLE IF NOT EXISTS {_name(table, first)} PARTITION OF {table} "
            f"FOR VALUES FROM ('{low}') TO ('{high}')"
        )
        first = following


async def ensure(
    tx: AsyncConnection, table: str, *, days_ahead: int = DAYS_AHEAD, days_back: int = 1, span: Span = "day"
) -> None:
    """Make the partitions that are missing; the caller's role must own the table.

    Asks the catalogue first, so that a turn with nothing to do takes no lock on the parent.
    """
    known = set(await names(tx, table))
    for statement in statements(table, at=clock.now(), days_ahead=days_ahead, days_back=days_back, span=span):
        name = statement.removeprefix("CREATE TABLE IF NOT EXISTS ").split(" ", 1)[0]
        if name not in known:
            await tx.execute(text(statement))


async def names(conn: AsyncConnection, table: str) -> list[str]:
    """The partitions of `table`, oldest first."""
    rows = await conn.execute(
        text(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = to_regclass(:parent) ORDER BY child.relname"
        ),
        {"parent": table},
    )
    return [row[0] for row in rows]


def _day_of(partition: str) -> datetime:
    return datetime.strptime(partition.rsplit("_p", 1)[1], "%Y%m%d").replace(tzinfo=UTC)


async def oldest(conn: AsyncConnection, table: str) -> datetime | None:
    """The first instant the table still holds; what is older was dropped and counts as known."""
    kept = await names(conn, table)
    return _day_of(kept[0]) if kept else None


async def drop_before(tx: AsyncConnection, table: str, at: datetime) -> list[str]:
    """Drop the daily partitions whose last instant lies before `at`; their names are returned."""
    gone = [name for name in await names(tx, table) if _day_of(name) + timedelta(days=1) <= at]
    for name in gone:
        await tx.execute(text(f"DROP TABLE {name}"))
    return gone
