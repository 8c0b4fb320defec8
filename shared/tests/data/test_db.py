"""The doors: commit before the answer, read-only by the server, and errors that print no value."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Column, Table, Text, insert, select, text
from sqlalchemy.exc import DBAPIError

from shared import db as doors
from shared.db import Database, Read, Tx, new_metadata
from shared.problems import Problem

metadata = new_metadata()
thing = Table("thing", metadata, Column("name", Text, primary_key=True))
# Checked only at commit: the way to make a commit fail.
LATE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.name = 'late' THEN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$;
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
"""


class Thing(BaseModel):
    name: str
    size: int


@pytest.fixture
async def db(empty_database: str) -> AsyncIterator[Database]:
    database = Database(empty_database, pool_size=2)
    async with database.begin() as tx:
        await tx.run_sync(metadata.create_all)
        await tx.execute(text(LATE))
        await tx.execute(text(TRIGGER))
    yield database
    await database.close()


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
async def client(db: Database, events: list[str]) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.db = db

    @app.exception_handler(Problem)
    async def render(_: Request, problem: Problem) -> JSONResponse:
        return JSONResponse({}, status_code=problem.status)

    @app.post("/things/{name}", status_code=201)
    async def make(name: str, tx: Tx, size: str = "1") -> Thing:
        await tx.execute(insert(thing).values(name=name))
        wrong: Any = {"name": name, "size": size}
        return Thing.model_validate(wrong) if size.isdigit() else Thing.model_construct(**wrong)

    @app.get("/write")
    async def write(conn: Read) -> None:
        await conn.execute(insert(thing).values(name="sneaky"))

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                async with db.read() as conn:
                    kept = (await conn.execute(select(thing.c.name))).scalars().all()
                events.append(f"{message['status']} {sorted(kept)}")
            await send(message)

        await app(scope, receive, told)

    transport = httpx.ASGITransport(watched, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def test_the_commit_comes_before_the_first_byte_of_the_answer(
    client: httpx.AsyncClient, events: list[str]
) -> None:
    assert (await client.post("/things/a")).status_code == 201
    assert events == ["201 ['a']"]


async def test_a_failing_commit_is_an_error_and_never_a_201(client: httpx.AsyncClient, events: list[str]) -> None:
    assert (await client.post("/things/late")).status_code == 409
    assert events == ["409 []"]


async def test_an_answer_that_does_not_fit_its_schema_rolls_back(client: httpx.AsyncClient, events: list[str]) -> None:
    assert (await client.post("/things/b?size=wrong")).status_code == 500
    assert events == ["500 []"]


async def test_the_server_refuses_a_write_through_the_read_door(client: httpx.AsyncClient, db: Database) -> None:
    assert (await client.get("/write")).status_code in {409, 500, 503}
    async with db.read() as conn:
        assert (await conn.execute(select(thing.c.name))).all() == []


async def test_an_error_prints_no_value_of_the_statement(db: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with db.begin() as tx:
            await tx.execute(insert(thing), [{"name": "Zhang Wei secret"}, {"name": "Zhang Wei secret"}])
    assert "secret" not in str(caught.value).split("DETAIL")[0]


async def test_whether_a_transaction_is_open_can_be_told(db: Database) -> None:
    assert not doors.tx_open()
    async with db.begin():
        assert doors.tx_open()
    assert not doors.tx_open()
