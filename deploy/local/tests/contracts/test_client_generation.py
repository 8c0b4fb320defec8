"""A client generated from an app's own document can talk to that app."""

import importlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Header, Query, Request, Response
from pydantic import BaseModel

from cxbank_local.contracts.client.generate import client_files, folder_of
from cxbank_local.contracts.client.operations import operation_name
from cxbank_local.contracts.files import Contract

ROOT = Path(__file__).parents[4]
ID = UUID("01936e00-0000-7000-8000-000000000001")
T = TypeVar("T")


class Kind(StrEnum):
    """An enumeration that is both sent and told."""

    SMALL = "small"
    LARGE = "large"


class Page(BaseModel, Generic[T]):
    """A page as the services have it."""

    items: list[T]
    next_cursor: str | None


class NewThing(BaseModel):
    """What is taken."""

    name: str
    kind: Kind = Kind.SMALL
    tags: list[str] = []
    price: Decimal | None = None
    external_ref: str | None = None


class Thing(BaseModel):
    """What is told."""

    id: UUID
    name: str
    kind: Kind
    state: Literal["open", "shut"]
    price: Decimal | None
    made_at: datetime


class Job(BaseModel):
    """Long work."""

    id: UUID
    state: str
    done: int


def app() -> FastAPI:
    """A service in small."""
    made = FastAPI()
    thing = Thing(id=ID, name="x", kind=Kind.LARGE, state="open", price=Decimal("1.50"), made_at=datetime.now(UTC))
    stream = {"requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}
    lines = {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}

    @made.post("/v1/things", status_code=201)
    async def make_thing(
        body: NewThing, response: Response, key: Annotated[str | None, Header(alias="Idempotency-Key")] = None
    ) -> Thing:
        r"""Make a thing; its "name" may hold a \ too."""
        response.headers["ETag"] = '"1"'
        return thing.model_copy(update={"name": body.name + (key or ""), "price": body.price})

    @made.get("/v1/things")
    async def list_things(
        cursor: str | None = None,
        kind: Kind | None = None,
        since: Annotated[datetime | None, Query(alias="from")] = None,
    ) -> Page[Thing]:
        second = cursor == "next"
        names = (f"{kind}", "last" if second else "first", f"{since is not None}")
        items = [thing.model_copy(update={"name": " ".join(names)})]
        return Page[Thing](items=items, next_cursor=None if second else "next")

    @made.patch("/v1/things/{thing_id}")
    async def change_thing(thing_id: UUID, body: NewThing, match: Annotated[str, Header(alias="If-Match")]) -> Thing:
        return thing.model_copy(update={"id": thing_id, "name": f"{body.name} {match}"})

    @made.delete("/v1/things/{thing_id}", status_code=204)
    async def forget_thing(thing_id: UUID) -> None:
        """Forget a thing."""

    @made.post("/v1/things/imports", status_code=202, openapi_extra=stream)
    async def import_things(request: Request) -> Job:
        return Job(id=ID, state="queued", done=(await request.body()).count(b"\n"))

    @made.get("/v1/jobs/{job_id}")
    async def show_job(job_id: UUID) -> Job:
        return Job(id=job_id, state="done", done=2)

    @made.get("/v1/jobs/{job_id}/rejects", response_class=Response, responses=lines)  # type: ignore[arg-type]  # FastAPI's own dict is invariant
    async def show_rejects(job_id: UUID) -> Response:
        return Response('{"line":1}\n', media_type="application/x-ndjson")

    return made


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generated package of the service in small, imported."""
    event = {
        "title": "ThingMoved",
        "type": "object",
        "required": ["from", "to"],
        "properties": {"from": {"type": "string"}, "to": {"$ref": "#/$defs/Place"}},
        "$defs": {"Place": {"title": "Place", "type": "object", "properties": {"name": {"type": "string"}}}},
    }
    contract = Contract("sample", app().openapi(), {}, {"cxbank.sample.thing_moved.v1": event})
    for path, text in client_files(ROOT, [contract]).items():
        if path.is_relative_to(folder_of("sample")):
            target = tmp_path / "sample" / path.name
            target.parent.mkdir(exist_ok=True)
            target.write_text(text.replace("cxbank_client.sample", "sample"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module("sample.client")


@pytest.fixture
async def client(sample: ModuleType) -> AsyncIterator[Any]:
    """The generated client, talking to the service in small."""
    async with sample.Sample("http://service", transport=httpx.ASGITransport(app())) as found:
        yield found


async def test_what_is_made_comes_back_typed(client: Any, sample: ModuleType) -> None:
    new = sample.models.NewThing(name="a", price=Decimal("2.50"), external_ref="r")
    made = await client.make_thing(new)
    assert (made.id, made.name, made.price, made.kind) == (ID, "a", "2.50", "large")
    assert made.meta.etag == '"1"'


async def test_a_list_is_walked_with_its_filters(client: Any) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert [one.name async for one in client.all_things(kind="small", from_=since)] == [
        "small first True",
        "small last True",
    ]


async def test_a_change_names_the_version_it_changes(client: Any, sample: ModuleType) -> None:
    changed = await client.change_thing(ID, sample.models.NewThing(name="b"), if_match=3)
    assert changed.name == 'b "3"'
    assert await client.forget_thing(ID) is None


async def test_an_import_is_sent_as_it_comes_and_its_job_awaited(client: Any) -> None:
    async def rows() -> AsyncIterator[bytes]:
        yield b"{}\n"
        yield b"{}\n"

    job = await client.import_things(rows())
    assert job.done == 2
    assert (await client.wait_for_job(job.id)).state == "done"
    assert [line async for line in client.show_rejects(job.id)] == ['{"line":1}']


async def test_newer_values_are_no_error(sample: ModuleType) -> None:
    told = {"id": str(ID), "name": "x", "kind": "huge", "state": "ajar", "made_at": "2026-01-01T00:00:00Z", "more": 1}
    assert sample.models.Thing.model_validate({**told, "price": None}).kind == "huge"
    with pytest.raises(ValueError, match="kind"):
        sample.models.NewThing(name="x", kind="huge")


def test_an_event_is_read_by_its_type(sample: ModuleType) -> None:
    events = importlib.import_module("sample.events").EVENTS
    moved = events["cxbank.sample.thing_moved.v1"].model_validate({"from": "a", "to": {"name": "b"}})
    assert (moved.from_, moved.to.name) == ("a", "b")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("make_thing_v1_things_post", "make_thing"),
        ("make_thing", "make_thing"),
        ("show_v1_things__thing_id__get", "show"),
    ],
)
def test_an_operation_has_its_routes_own_name(given: str, name: str) -> None:
    path = "/v1/things/{thing_id}" if "thing_id" in given else "/v1/things"
    method = "get" if given.endswith("get") else "post"
    assert operation_name({"operationId": given}, method, path) == name
