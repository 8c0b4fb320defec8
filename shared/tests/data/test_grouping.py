"""Grouped verbs: company is shared, failure is not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial

import pytest
from sqlalchemy import Column, Integer, Table, Text, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database, new_metadata
from shared.grouping import Grouped, run_in_groups
from shared.problems import Conflict, Problem, RequestInFlight, Unavailable

metadata = new_metadata()
thing = Table("thing", metadata, Column("name", Text, primary_key=True), Column("size", Integer))


@pytest.fixture
async def db(empty_database: str) -> AsyncIterator[Database]:
    database = Database(empty_database)
    async with database.begin() as tx:
        await tx.run_sync(metadata.create_all)
    yield database
    await database.close()


async def keep(tx: AsyncConnection, wishes: Sequence[str]) -> list[str | Problem]:
    """Insert all; `bad` breaks a rule, a name seen before breaks a constraint, a NUL breaks the encoding."""
    if any(wish == "bad" for wish in wishes):
        raise Conflict("bad")
    await tx.execute(insert(thing), [{"name": wish} for wish in sorted(wishes)])
    return [wish.upper() for wish in wishes]


async def names(db: Database) -> set[str]:
    async with db.read() as conn:
        return set((await conn.execute(select(thing.c.name))).scalars())


async def test_callers_who_arrive_together_share_transactions(db: Database) -> None:
    groups: list[int] = []

    async def counted(tx: AsyncConnection, wishes: Sequence[str]) -> list[str | Problem]:
        groups.append(len(wishes))
        return await keep(tx, wishes)

    grouped: Grouped[str, str] = Grouped(db, counted)
    answers = await asyncio.gather(*(grouped(f"n{i}") for i in range(100)))
    assert answers == [f"N{i}" for i in range(100)]
    assert len(await names(db)) == 100
    assert len(groups) < 20


async def test_one_bad_row_fails_alone(db: Database) -> None:
    wishes = [f"n{i}" for i in range(30)] + ["bad", "n3", "nul\x00"]
    answers = await run_in_groups(db, keep, wishes)
    assert answers[:3] == ["N0", "N1", "N2"]
    assert isinstance(answers[30], Conflict)
    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 1
    assert isinstance(answers[32], Exception)
    assert await names(db) == {f"n{i}" for i in range(30)}


async def test_a_busy_row_does_not_hold_its_neighbours(db: Database) -> None:
    await run_in_groups(db, keep, ["busy"])

    async def touch(tx: AsyncConnection, wishes: Sequence[str]) -> list[str | Problem]:
        for wish in sorted(wishes):
            await tx.execute(
                text("INSERT INTO thing VALUES (:n, 1) ON CONFLICT (name) DO UPDATE SET size = 1"), {"n": wish}
            )
        return list(wishes)

    async with db.stream() as other, other.begin():
        await other.execute(text("SELECT 1 FROM thing WHERE name = 'busy' FOR UPDATE"))
        wishes = [f"n{i}" for i in range(15)] + ["busy"]
        answers = await asyncio.wait_for(run_in_groups(db, touch, wishes), 10)
        assert answers[:15] == wishes[:15]
        assert isinstance(answers[15], RequestInFlight)


async def test_a_full_queue_sheds_load(db: Database) -> None:
    gate = asyncio.Event()

    async def slow(_: AsyncConnection, wishes: Sequence[str]) -> list[str | Problem]:
        await gate.wait()
        return list(wishes)

    grouped: Grouped[str, str] = Grouped(db, slow, in_flight=1, max_rows=1, queue=2)
    asked = [asyncio.ensure_future(grouped(f"n{i}")) for i in range(6)]
    await asyncio.sleep(0.05)
    gate.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert refused
    assert len(refused) < 6


async def test_an_outage_is_told_as_503_to_everyone(db: Database) -> None:
    broken = Database("postgresql://nobody@127.0.0.1:9/none")
    grouped: Grouped[str, str] = Grouped(broken, keep)
    answers = await asyncio.gather(*(grouped(f"n{i}") for i in range(5)), return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    await broken.close()


async def test_a_caller_who_leaves_does_not_disturb_the_group(db: Database) -> None:
    grouped: Grouped[str, str] = Grouped(db, keep)
    asked = [asyncio.ensure_future(grouped(f"n{i}")) for i in range(20)]
    await asyncio.sleep(0)
    asked[3].cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers[3], asyncio.CancelledError)
    assert [a for i, a in enumerate(answers) if i != 3] == [f"N{i}" for i in range(20) if i != 3]


async def test_verbs_may_be_bound_to_their_world(db: Database) -> None:
    async def verb(world: str, tx: AsyncConnection, wishes: Sequence[str]) -> list[str | Problem]:
        assert world == "w"
        return await keep(tx, wishes)

    assert await run_in_groups(db, partial(verb, "w"), ["a"]) == ["A"]
