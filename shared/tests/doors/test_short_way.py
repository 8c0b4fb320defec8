"""The short way of a route gives what FastAPI gives: the same answer to what is in order, and FastAPI's own to what is not."""

from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import Header, Query, Request, Response
from starlette.exceptions import HTTPException

from shared.access import Caller, Verifier, require
from shared.app import Application, install
from shared.routing import Router
from shared.schemas import Body
from shared.short_way import short_ways
from shared.testing.tokens import Issuer

CanWrite = Annotated[Caller, require("test.things:write")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=2, max_length=8)]
ID = "01234567-89ab-7def-8123-456789abcdef"


class Thing(Body):
    name: str
    size: int = 1


def _told(**what: Any) -> Response:
    return Response(repr(sorted(what.items())))


def routes() -> tuple[Router, Router]:
    """Twins: only what they say of their answer differs, and so the way they are taken."""
    short, long = Router(prefix="/short"), Router(prefix="/long")

    async def create(
        request: Request, thing_id: UUID, body: Thing, caller: CanWrite, key: Key = None, at: int | None = Query(None)
    ) -> Response:
        return _told(id=thing_id, body=body, sub=caller.sub, key=key, at=at, method=request.method)

    async def show(thing_id: UUID, caller: CanWrite) -> Response:
        return _told(id=thing_id, sub=caller.sub)

    async def create_long(
        request: Request, thing_id: UUID, body: Thing, caller: CanWrite, key: Key = None, at: int | None = Query(None)
    ) -> Any:
        return await create(request, thing_id, body, caller, key, at)

    async def show_long(thing_id: UUID, caller: CanWrite) -> Any:
        return await show(thing_id, caller)

    short.post("/{thing_id}")(create)
    short.get("/{thing_id}")(show)
    long.post("/{thing_id}")(create_long)
    long.get("/{thing_id}")(show_long)
    return short, long


def client(issuer: Issuer, *routers: Router, token: bool = True, **included: Any) -> httpx.AsyncClient:
    app = Application(_stateful)
    install(app)
    app.state.verifier = Verifier(issuer.name, "test", issuer.fetch)
    for router in routers:
        app.include_router(router, **included)
    head = {"Authorization": f"Bearer {issuer.token('test', ['test.things:write'])}"} if token else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=head)


def _stateful(app: Any) -> Any:
    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {}}, receive, send)

    return asgi


JSON = "application/json"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", ID, b'{"name": "a"}', {}),
        ("POST", ID, b'{"name": "a", "size": 3}', {"Idempotency-Key": "k-1"}),
        ("POST", ID, b'{"name": "a"}', {"Idempotency-Key": "k"}),
        ("POST", ID, b'{"name": "a"}', {"Idempotency-Key": "\xe9\xe9"}),
        ("POST", f"{ID}?at=5", b'{"name": "a"}', {}),
        ("POST", f"{ID}?at=five", b'{"name": "a"}', {}),
        ("POST", "no-id", b'{"name": "a"}', {}),
        ("POST", ID, b'{"name": 5}', {}),
        ("POST", ID, b'{"name": "a", "more": 1}', {}),
        ("POST", ID, b"{", {}),
        ("POST", ID, b"", {}),
        ("POST", ID, b"null", {}),
        ("POST", ID, b"[" * 200 + b"]" * 200, {}),
        ("POST", ID, b'{"name": "a\\u0000"}', {}),
        ("POST", ID, b'{"name": "a"}', {"Content-Type": "text/plain"}),
        ("POST", ID, b'{"name": "a"}', {"Content-Type": f"{JSON}; charset=utf-8"}),
        ("POST", ID, b'{"name": "a"}', {"Content-Type": "application/vnd.thing+json"}),
        ("GET", ID, b"", {}),
        ("GET", "no-id", b"", {}),
        ("GET", f"{ID}?unknown=1", b"", {}),
    ],
)
@pytest.mark.parametrize("token", [True, False])
async def test_both_ways_answer_the_same(
    issuer: Issuer, method: str, path: str, body: bytes, headers: dict[str, str], token: bool
) -> None:
    given = {"Content-Type": JSON, **headers}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    async with client(issuer, *routes(), token=token) as caller:
        short = await caller.request(method, f"/short/{path}", content=body, headers=raw)
        long = await caller.request(method, f"/long/{path}", content=body, headers=raw)
    assert (short.status_code, short.text.replace("/short/", "/long/")) == (long.status_code, long.text)


async def test_of_a_header_said_twice_the_first_counts(issuer: Issuer) -> None:
    twice = [("Idempotency-Key", "first"), ("Idempotency-Key", "second")]
    async with client(issuer, *routes()) as caller:
        told = [
            (await caller.post(f"/{way}/{ID}", json={"name": "a"}, headers=twice)).text for way in ("short", "long")
        ]
    assert told[0] == told[1]
    assert "'first'" in told[0]


def test_the_twins_go_different_ways() -> None:
    short, long = routes()
    assert [(method, path) for method, path, _ in short_ways(short.routes)] == [
        ("POST", "/short/{thing_id}"),
        ("GET", "/short/{thing_id}"),
    ]
    assert not list(short_ways(long.routes))


async def test_what_an_including_router_asks_is_asked_on_the_short_way(issuer: Issuer) -> None:
    short, _ = routes()
    async with client(issuer, short, dependencies=[require("test.things:other")]) as caller:
        assert (await caller.get(f"/short/{ID}")).status_code == 403
        assert (await caller.post(f"/short/{ID}", json={"name": "a"})).status_code == 403
    assert len(list(short_ways(short.routes))) == 2


async def test_each_id_has_its_own_name_whatever_the_order_in_which_it_is_asked_for(issuer: Issuer) -> None:
    short = Router(prefix="/short")

    @short.get("/{thing_id}/parts/{part_id}")
    async def show_part(part_id: UUID, thing_id: UUID, caller: CanWrite) -> Response:
        return _told(thing=str(thing_id), part=str(part_id), sub=caller.sub)

    other = ID.replace("0", "f", 1)
    async with client(issuer, short) as caller:
        told = (await caller.get(f"/short/{ID}/parts/{other}")).text
    assert [method for method, _, _ in short_ways(short.routes)] == ["GET"]
    assert f"('part', '{other}')" in told
    assert f"('thing', '{ID}')" in told


@pytest.mark.parametrize(("method", "path"), [("GET", f"all/{ID}"), ("GET", f"{ID}/"), ("DELETE", ID), ("HEAD", ID)])
async def test_another_path_or_method_is_another_route(issuer: Issuer, method: str, path: str) -> None:
    short, long = routes()
    for router in (short, long):

        @router.get("/all/{thing_id}")
        async def show_of_all(thing_id: UUID, caller: CanWrite) -> Response:
            return _told(all=thing_id, sub=caller.sub)

    async with client(issuer, short, long) as caller:
        told = [await caller.request(method, f"/{way}/{path}") for way in ("short", "long")]
    assert told[0].status_code == told[1].status_code
    assert told[0].text.replace("/short/", "/long/") == told[1].text


@pytest.mark.parametrize(("error", "status"), [(HTTPException(413), 413), (ConnectionError(), 400)])
async def test_a_body_that_is_refused_or_breaks_off_has_the_answer_it_has_elsewhere(
    issuer: Issuer, error: Exception, status: int
) -> None:
    async def breaking() -> Any:
        yield b'{"name": '
        raise error

    async with client(issuer, *routes()) as caller:
        for way in ("short", "long"):
            answer = await caller.post(f"/{way}/{ID}", content=breaking(), headers={"Content-Type": JSON})
            assert answer.status_code == status
