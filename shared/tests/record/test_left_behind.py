"""What a transaction leaves behind is written once, at its end, with everything else or not at all."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, func, insert, select, text

from shared.db import Database, Record, leave, unnest
from shared.problems import Unavailable

NOTES = Table("left_note", MetaData(), Column("number", Integer), Column("word", Text, nullable=False))


def _record(word: str) -> Record:
    def statements(prefix: str) -> Sequence[Any]:
        rows = unnest("fresh", prefix, number=Integer, word=Text)
        return [insert(NOTES).from_select(["number", "word"], select(rows.c.number, rows.c.word))]

    return Record(word, statements)


ONE, OTHER = _record("one"), _record("other")


@pytest.fixture
async def notes(empty_database: str) -> AsyncIterator[Database]:
    db = Database(empty_database)
    async with db.begin() as tx:
        await tx.run_sync(NOTES.create)
    yield db
    await db.close()


async def _kept(db: Database) -> list[tuple[int, str]]:
    async with db.read() as conn:
        rows = await conn.execute(select(NOTES).order_by(NOTES.c.number))
        return [(row.number, row.word) for row in rows]


async def _count(tx: Any) -> int:
    return int((await tx.execute(select(func.count()).select_from(NOTES))).scalar_one())


@pytest.mark.parametrize("door", ["begin", "look"])
async def test_all_of_it_is_written_when_the_block_ends(notes: Database, door: str) -> None:
    async with getattr(notes, door)() as tx:
        await leave(tx, ONE, {"number": [1], "word": ["a"]})
        await leave(tx, OTHER, {"number": [2], "word": ["b"]})
        await leave(tx, ONE, {"number": [3], "word": ["c"]})
        assert await _count(tx) == 0
    assert await _kept(notes) == [(1, "a"), (2, "b"), (3, "c")]


async def _broken_off(db: Database, door: str) -> None:
    async with getattr(db, door)() as tx:
        await leave(tx, ONE, {"number": [1], "word": ["a"]})
        raise RuntimeError


async def _unkept(db: Database, door: str) -> None:
    async with getattr(db, door)() as tx:
        if door == "begin":
            await tx.execute(insert(NOTES).values(number=1, word="done"))
        await leave(tx, ONE, {"number": [2], "word": [None]})


@pytest.mark.parametrize("door", ["begin", "look"])
async def test_nothing_of_it_is_written_when_the_block_fails(notes: Database, door: str) -> None:
    with pytest.raises(RuntimeError):
        await _broken_off(notes, door)
    assert await _kept(notes) == []


@pytest.mark.parametrize("door", ["begin", "look"])
async def test_where_it_cannot_be_kept_nothing_else_is_and_the_caller_is_told(notes: Database, door: str) -> None:
    with pytest.raises(Unavailable):
        await _unkept(notes, door)
    assert await _kept(notes) == []


async def test_a_transaction_of_its_own_inside_another_ends_by_itself(notes: Database) -> None:
    async with notes.begin() as outer:
        await leave(outer, ONE, {"number": [1], "word": ["outer"]})
        async with notes.begin() as inner:
            await leave(inner, ONE, {"number": [2], "word": ["inner"]})
        assert await _kept(notes) == [(2, "inner")]
    assert await _kept(notes) == [(1, "outer"), (2, "inner")]


async def test_a_connection_that_no_door_opened_writes_at_once(notes: Database) -> None:
    async with notes.engine.begin() as tx:
        await leave(tx, ONE, {"number": [1], "word": ["now"]})
        assert await _count(tx) == 1


async def test_looking_takes_no_transaction(notes: Database) -> None:
    async with notes.look() as conn:
        first = (await conn.execute(text("SELECT pg_current_xact_id()::text"))).scalar_one()
        second = (await conn.execute(text("SELECT pg_current_xact_id()::text"))).scalar_one()
    assert first != second
