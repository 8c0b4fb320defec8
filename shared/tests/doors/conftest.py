"""A small service of things: created, listed, changed, and failing in every way, behind the front door all services have."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import UUID

import httpx
import pytest
from fastapi import Query, Response
from pydantic import Field, SecretStr
from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid, insert, select, text

from shared import clock
from shared.access import Caller, Verifier, public, require
from shared.app import create_app
from shared.crypto import Keyring, subject_key_table
from shared.db import Database, Read, Tx, new_metadata
from shared.etags import IfMatch, check_version, with_etag
from shared.pagination import Cursor, Limit, Page, as_it_is, keyset
from shared.problems import Gone
from shared.routing import Router
from shared.schemas import Body, View
from shared.settings import ServiceSettings
from shared.testing.tokens import Issuer

metadata = new_metadata()
KEYS = subject_key_table(metadata)
THING = Table(
    "thing",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
)

CanWrite = Annotated[Caller, require("test.things:write")]
CanRead = Annotated[Caller, require("test.things:read", actors=("client", "staff", "customer"))]


class TestSettings(ServiceSettings):
    service: ClassVar[str] = "test"


class NewThing(Body):
    name: str = Field(max_length=40)
    size: int = 1
    born: datetime | None = None
    parent: UUID | None = None
    inside: list[Any] = []


class ThingView(View):
    id: UUID
    at: datetime
    name: str
    version: int


class Described(View):
    sub: str
    actor: str
    on_behalf_of: str | None
    request_id: str


router = Router(prefix="/v1/things", tags=["things"])


@router.post("", status_code=201)
async def create(body: NewThing, caller: CanWrite, tx: Tx) -> ThingView:
    row = {"id": clock.new_id(), "at": clock.now(), "name": body.name, "version": 1}
    await tx.execute(insert(THING).values(**row))
    return ThingView.model_validate(row)


@router.get("")
async def list_things(
    caller: CanRead, conn: Read, cursor: Cursor, limit: Limit = 50, name: str | None = None
) -> Page[ThingView]:
    chosen = select(THING)
    if name is not None:
        chosen = chosen.where(THING.c.name >= name)
    return await keyset(conn, chosen, (THING.c.at, THING.c.id), cursor, limit, as_it_is(ThingView))


@router.get("/me")
async def me(caller: CanRead) -> Described:
    return Described(sub=caller.sub, actor=caller.actor, on_behalf_of=caller.on_behalf_of, request_id=caller.request_id)


@router.get("/of/{customer_id}")
async def of_customer(customer_id: UUID, caller: CanRead) -> dict[str, str]:
    caller.see(customer_id)
    return {"found": "yes"}


@router.get("/open", dependencies=[public()])
async def open_to_all() -> dict[str, str]:
    return {"open": "yes"}


@router.get("/failing", dependencies=[public()])
async def failing(how: Annotated[str, Query()], conn: Read) -> dict[str, str]:
    """Each failure holds a value that nobody may see."""
    if how == "fault":
        raise ValueError("Zhang Wei 13812345678")
    if how == "gone":
        raise Gone("It was erased.")
    if how == "database":
        await conn.execute(text("SELECT CAST(:value AS integer)"), {"value": "Zhang Wei 13812345678"})
    if how == "division":
        await conn.execute(text("SELECT 1 / (length(:value) - length(:value))"), {"value": "Zhang Wei 13812345678"})
    if how == "answer":
        return {"name": object()}  # type: ignore[dict-item]  # an answer that does not fit its schema
    return {}


@router.patch("/{thing_id}")
async def change(thing_id: UUID, match: IfMatch, caller: CanWrite, tx: Tx) -> Response:
    row = (await tx.execute(select(THING).where(THING.c.id == thing_id))).one()
    check_version(match, row.version)
    changed = THING.update().where(THING.c.id == thing_id).values(version=row.version + 1).returning(THING)
    view = ThingView.model_validate(dict((await tx.execute(changed)).one()._mapping))
    return with_etag(view, version=view.version)


@pytest.fixture
def things() -> Table:
    return THING


@pytest.fixture
async def db(empty_database: str) -> AsyncIterator[Database]:
    database = Database(empty_database)
    async with database.begin() as tx:
        await tx.run_sync(metadata.create_all)
    yield database
    await database.close()


Open = Callable[..., Any]


@pytest.fixture
async def service(db: Database, issuer: Issuer, keyring: Keyring) -> AsyncIterator[Open]:
    """Start the service with other settings than usual: `await service(rate_limit="3/minute")`; callers come of it."""
    async with AsyncExitStack() as stack:

        async def start(*, verifier: Verifier | None = None, **settings: Any) -> Callable[..., httpx.AsyncClient]:
            made = TestSettings(
                mode="test",
                database_url=SecretStr("postgresql://unused"),
                keys_file=Path("unused"),
                issuer=issuer.name,
                **settings,
            )
            app = create_app(
                made,
                [router],
                keys=KEYS,
                db=db,
                keyring=keyring,
                verifier=verifier or Verifier(issuer.name, "test", issuer.fetch),
            )
            await stack.enter_async_context(app.router.lifespan_context(app))

            def caller(*scopes: str, token: str | None = None, **claims: Any) -> httpx.AsyncClient:
                given = token if token is not None else issuer.token("test", scopes, **claims) if scopes else None
                return httpx.AsyncClient(
                    transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                    base_url="http://test",
                    headers={} if given is None else {"Authorization": f"Bearer {given}"},
                )

            return caller

        yield start
